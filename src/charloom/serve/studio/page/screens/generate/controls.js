// The settings of the wall, each with immediate effect.
import { html } from "../../lib.js";
import { Check, Choice, Field, Fold, Slider, TextField } from "../../parts/controls.js";
import { MOST, USUAL, freshSeed, readLabels, writeLabels } from "./settings.js";

const NumberField = ({ label, value, onInput, ...others }) => html`<${Field} label=${label} hint=${others.hint} problem=${others.problem}
  >${(attributes) => html`<input
    type="number" inputmode="numeric" value=${value} onInput=${(event) => onInput(event.target.value)}
    ...${attributes} min=${others.min} max=${others.max} step=${others.step ?? 1} placeholder=${others.placeholder}
  />`}<//
>`;

const Lines = ({ label, hint, problem, value, onInput }) => html`<${Field} label=${label} hint=${hint} problem=${problem}
  >${(attributes) => html`<textarea
    rows="3" dir="auto" spellcheck=${false} autocomplete="off" value=${value} onInput=${(event) => onInput(event.target.value)} ...${attributes}
  ></textarea>`}<//
>`;

/** How bold a temperature is, in a word. */
const boldness = (heat) =>
  heat < 0.5 ? "most typical" : heat < 0.9 ? "typical" : heat < 1.15 ? "varied" : heat < 1.5 ? "bold" : "wild";

/** Whether some of the settings are not as usual. */
const any = (settings, ...keys) => keys.some((key) => settings[key] !== USUAL[key]);

/** Settings that are always in sight, or not here. */
const SHOWN = ["run", "temperature", "start", "end", "min", "max", "labels", "guidance", "seed", "like"];

function Labels({ labels, settings, change }) {
  const weights = readLabels(settings.labels);
  const weigh = (label, weight) => change({ labels: writeLabels({ ...weights, [label]: weight }) });
  return html`<fieldset class="labels">
    <legend>Labels</legend>
    ${labels.map((label) => html`<${Slider}
      key=${label} label=${html`<bdi>${label}</bdi>`} min="0" max="1" step="0.05" value=${weights[label] ?? 0}
      shown=${weights[label] ? String(weights[label]) : "off"} onInput=${(weight) => weigh(label, weight)}
    />`)}
    ${settings.labels && html`<${Slider}
      label="Guidance" hint="How strongly the labels count; 1 is what the model itself makes of them." min="0" max="6" step="0.25"
      value=${Number(settings.guidance) || 2} shown=${settings.guidance || "2"} onInput=${(value) => change({ guidance: String(value) })}
    />`}
  </fieldset>`;
}

export function Controls({ settings, change, labels, others, listed, problem, fits, folded }) {
  const at = (...fields) => (problem && fields.includes(problem.field) ? problem.message : null);
  const set = (key) => (value) => change({ [key]: value });
  const heat = Number(settings.temperature);
  const more = html`
    <${Fold} title="Letters" open=${any(settings, "contains", "pattern", "chars", "block")}>
      <${TextField} label="Contains" hint="Several: divide them by commas." value=${settings.contains} onInput=${set("contains")} problem=${at("contains")} />
      <${TextField}
        label="Pattern" hint=${html`A regular expression for the whole name, such as <code>[A-K].*us</code>.`} dir="ltr"
        value=${settings.pattern} onInput=${set("pattern")} problem=${at("regex")}
      />
      <${TextField} label="Only these characters" value=${settings.chars} onInput=${set("chars")} problem=${at("chars")} />
      <${Lines} label="Blocklist" hint="One per line: no name contains any of them, in any case." value=${settings.block} onInput=${set("block")} problem=${at("block")} />
    <//>
    <${Fold} title="New names" open=${any(settings, "forbid", "edits", "fold", "known")}>
      ${listed
        ? html`<${Check} label="Allow names of the training list" checked=${settings.known} onInput=${set("known")} />`
        : html`<p class="note">This run has no training list: nobody can tell which names are new.</p>`}
      <${Lines} label="Names to exclude" hint="One per line." value=${settings.forbid} onInput=${set("forbid")} problem=${at("forbid")} />
      ${!fits && html`<p class="note">These lists are too long for the address: a link to this wall leaves them out.</p>`}
      <${Slider}
        label="Distance from the list" min="1" max="8" step="1" value=${settings.edits || 1}
        shown=${Number(settings.edits) > 1 ? `at least ${settings.edits} letters differ` : "any new name"}
        onInput=${(value) => change({ edits: String(value) })}
      />
      <${Check} label="Upper and lower case are the same" checked=${settings.fold} onInput=${set("fold")} />
    <//>
    ${others.length > 0 && html`<${Fold} title="Blend" open=${any(settings, "blend")}>
      <${Choice}
        label="Blend with" value=${settings.blend} onInput=${set("blend")} options=${["", ...new Set([...others, settings.blend].filter(Boolean))].map((id) => [id, id || "no other run"])}
        hint="Names that both runs find likely, over the characters that both have."
      />
      ${settings.blend && html`<${Slider}
        label="Its share" min="0" max="1" step="0.05" value=${Number(settings.share)} shown=${`${Math.round(100 * settings.share)} %`}
        onInput=${(value) => change({ share: String(value) })}
      />`}
    <//>`}
    <${Fold} title="How many, and which" open=${any(settings, "n", "best")}>
      <${Choice}
        label="Names" value=${settings.n} onInput=${set("n")}
        options=${[...new Set(["20", "60", "200", "1000", "5000", String(MOST), settings.n])].sort((a, b) => a - b).map((n) => [n, Number(n).toLocaleString("en")])}
      />
      <${Check} label="The most likely names, in order" checked=${settings.best} onInput=${set("best")} />
      <${Field} label="Seed" hint="The same seed and settings give the same names."
        >${(attributes) => html`<input
          type="text" inputmode="numeric" pattern="[0-9]*" maxlength="15" value=${settings.seed} disabled=${settings.best}
          onInput=${(event) => change({ seed: event.target.value.replace(/\D/g, "") })} ...${attributes}
        />`}<//
      >
      <button type="button" onClick=${() => change({ seed: freshSeed() }, true)} disabled=${settings.best}>New seed</button>
    <//>`;
  return html`<form class="settings" aria-label="Settings" onSubmit=${(event) => event.preventDefault()}>
    <${Slider}
      label="Temperature" min="0.1" max="2" step="0.05" value=${heat} shown=${settings.best ? "not used" : `${heat} · ${boldness(heat)}`}
      disabled=${settings.best} onInput=${(value) => change({ temperature: String(value) })}
    />
    <div class="pair">
      <${TextField} label="Start" value=${settings.start} onInput=${set("start")} problem=${at("start")} />
      <${TextField} label="End" value=${settings.end} onInput=${set("end")} problem=${at("end")} />
    </div>
    <div class="pair">
      <${NumberField} label="Shortest" min="1" max="1000" placeholder="any" value=${settings.min} onInput=${set("min")} />
      <${NumberField} label="Longest" min="1" max="1000" placeholder="any" value=${settings.max} onInput=${set("max")} problem=${at("length")} />
    </div>
    ${labels.length > 0 && html`<${Labels} labels=${labels} settings=${settings} change=${change} />`}
    ${folded ? html`<${Fold} title="More settings" open=${Object.keys(settings).some((key) => !SHOWN.includes(key) && any(settings, key))}>${more}<//>` : more}
  </form>`;
}
