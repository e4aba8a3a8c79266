// How the list is read: names or text, and of a table which columns.
import { Check, Choice, Fold } from "../../parts/controls.js";
import { html } from "../../lib.js";

const FORMATS = [
  ["", "What its first lines show"],
  ["lines", "Lines, as they are"],
  ["list", "List, without numbers and bullets"],
  ["csv", "CSV"],
  ["tsv", "TSV"],
  ["json", "JSON"],
  ["jsonl", "JSON Lines"],
];
const ENCODINGS = [
  ["", "UTF-8, or what its mark says"],
  ["cp1252", "Western European (cp1252)"],
  ["cp1250", "Central European (cp1250)"],
  ["cp1251", "Cyrillic (cp1251)"],
  ["koi8-r", "Cyrillic (koi8-r)"],
  ["cp1253", "Greek (cp1253)"],
  ["cp1254", "Turkish (cp1254)"],
  ["cp1255", "Hebrew (cp1255)"],
  ["cp1256", "Arabic (cp1256)"],
  ["gb18030", "Chinese (gb18030)"],
  ["big5", "Chinese (big5)"],
  ["cp932", "Japanese (cp932)"],
  ["euc_jp", "Japanese (euc_jp)"],
  ["euc_kr", "Korean (euc_kr)"],
  ["mac-roman", "Mac Roman"],
  ["utf-16", "UTF-16"],
];

export function Reading({ look, chosen, change }) {
  const builtin = look.id === "builtin";
  const names = look.form === "names";
  return html`<section aria-label="How the list is read">
    ${!builtin && html`<div class="row">
      <fieldset class="switch">
        <legend class="unseen">What the list holds</legend>
        ${[["names", "Names"], ["text", "Text"]].map(
          ([form, label]) => html`<label key=${form}>
            <input type="radio" name="form" value=${form} checked=${(chosen.form ?? look.form) === form} onChange=${() => change({ form })} />
            <span>${label}</span>
          </label>`,
        )}
      </fieldset>
      ${look.why && html`<p class="note">Read as ${look.form}: ${look.why}.</p>`}
    </div>`}
    ${names && look.columns && html`<${Columns} look=${look} chosen=${chosen} change=${change} />`}
    ${!builtin && html`<${Fold} title="How the file is read" open=${!!(chosen.format || chosen.encoding)}>
      <div class="columns">
        <${Choice}
          label="Format" value=${chosen.format ?? ""} options=${FORMATS}
          hint=${!chosen.format && look.format ? `Read as ${FORMATS.find(([one]) => one === look.format)[1]}` : null}
          onInput=${(format) => change({ format, column: "", label_column: "", weight_column: "", header: "" })}
        />
        <${Choice}
          label="Encoding" value=${chosen.encoding ?? ""} options=${withOwn(ENCODINGS, chosen.encoding)}
          onInput=${(encoding) => change({ encoding })}
        />
      </div>
      ${chosen.skip_bad_rows && html`<${Check}
        label="Leave out rows that cannot be read" checked
        onInput=${() => change({ skip_bad_rows: "" })}
      />`}
    <//>`}
  </section>`;
}

/** The options, with a value of the address that is none of them. */
const withOwn = (options, value) =>
  !value || options.some(([one]) => one === value) ? options : [...options, [value, value]];

const titled = (look) => (name) => (look.header === false ? `Column ${name}` : name);

function Columns({ look, chosen, change }) {
  const title = titled(look);
  const column = chosen.column ?? look.column; // at once, before the look at it is there
  const all = look.columns.map(({ name }) => [name, title(name)]);
  const others = [["", "None"], ...all.filter(([name]) => name !== column)];
  const what = look.header === null ? "Field" : "Column";
  return html`<div class="panel table-choice">
    <fieldset class="wide">
      <legend>${what} with the names</legend>
      <table>
        <thead class="unseen"><tr><th scope="col">${what}</th><th scope="col">First values</th></tr></thead>
        <tbody>
          ${look.columns.slice(0, 30).map(
            ({ name, examples }) => html`<tr key=${name}>
              <td><label class="pick"><input
                type="radio" name="column" checked=${name === column}
                onChange=${() => change({ column: name, label_column: "", weight_column: "" })}
              /> <bdi>${title(name)}</bdi></label></td>
              <td class="note">${examples.map((one, i) => html`${i > 0 && ", "}<bdi key=${i}>${one}</bdi>`)}</td>
            </tr>`,
          )}
        </tbody>
      </table>
    </fieldset>
    ${all.length > 30 && html`<${Choice} label="All columns" value=${column} options=${all} onInput=${(other) => change({ column: other })} />`}
    ${look.header !== null && html`<${Check}
      label="The first row is a header" checked=${chosen.header ? chosen.header === "true" : look.header}
      onInput=${(on) => change({ header: String(on), column: "", label_column: "", weight_column: "" })}
    />`}
    ${all.length > 1 && html`<div class="columns">
      <${Choice}
        label="Label (optional)" value=${chosen.label_column ?? ""} options=${others}
        hint="Such as a country: the model can then make names for each."
        onInput=${(label_column) => change({ label_column, column })}
      />
      <${Choice}
        label="Weight (optional)" value=${chosen.weight_column ?? ""} options=${others}
        hint="How often each name counts, such as how many people bear it."
        onInput=${(weight_column) => change({ weight_column, column })}
      />
    </div>`}
  </div>`;
}
