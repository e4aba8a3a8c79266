// A name, letter by letter.
import { html, percent, sane, useEffect, useRef, useState } from "../../lib.js";
import { Problem } from "../../parts/connection.js";
import { Slider } from "../../parts/controls.js";
import { say } from "../../parts/toast.js";
import { Characters, Row, useNext } from "./next.js";

/** `generate(start)` shows names on a wall; `focused`: whether typing can begin at once. */
export function WriteName({ run, settings, change, generate, focused = true }) {
  const text = settings.text ?? "";
  const temperature = sane(settings.temperature, 1);
  const { found, problem, waiting, asked } = useNext(run.id, text, temperature);
  const [past, setPast] = useState([]);
  const field = useRef();
  const typed = useRef(false); // then Tab takes a name; a second one leaves the field
  useEffect(() => focused && field.current.focus(), []);
  const write = (next) => {
    setPast([...past.slice(-99), text]);
    change({ text: next });
  };
  const input = (event) => {
    typed.current = true;
    write(event.target.value);
  };
  const take = (next) => {
    write(next);
    field.current.focus();
  };
  const undo = () => {
    if (!past.length) return;
    change({ text: past.at(-1) });
    setPast(past.slice(0, -1));
    field.current.focus();
  };
  const first = found?.continuations.find((one) => one.text !== found.text);
  const letter = found?.characters.find((one) => one.text);
  const fresh = !waiting && asked === text;
  const keys = (event) => {
    const atEnd = field.current.selectionStart === text.length;
    const whole = (event.key === "Tab" && !event.shiftKey && atEnd && typed.current) || event.key === "Enter";
    if (event.key === "ArrowDown") {
      event.preventDefault();
      field.current.getRootNode().querySelector(".next-names button")?.focus();
    } else if (whole && fresh && first) {
      event.preventDefault();
      take(first.text);
      typed.current = false;
    } else if (event.key === "ArrowRight" && atEnd && fresh && letter) {
      event.preventDefault();
      take(found.text + letter.text);
    } else if (event.key === "z" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      undo();
    }
  };
  const copy = () => navigator.clipboard.writeText(text).then(() => say("Copied."), () => say("The browser does not let the page copy.", { wrong: true }));
  return html`<div class="beside">
    <div>
      <${Slider} label="Temperature" min="0" max="2" step="0.05" value=${temperature} shown=${temperature.toFixed(2)}
        hint="Below 1 more typical, above 1 bolder." onInput=${(value) => change({ temperature: value === 1 ? "" : value })} />
      <p class="note"><kbd>→</kbd> takes the next letter, <kbd>Tab</kbd> or <kbd>Enter</kbd> the likeliest name; <kbd>↓</kbd> goes to
        the names, <kbd>Ctrl Z</kbd> undoes. A second <kbd>Tab</kbd> leaves the field.</p>
    </div>
    <div>
      <label class="unseen" for="write-name">The beginning of a name</label>
      <input id="write-name" class="write-name" type="text" dir="auto" autocomplete="off" autocapitalize="off" spellcheck="false"
        placeholder="Type a beginning" ref=${field} value=${text} onInput=${input} onKeyDown=${keys}
        aria-describedby="write-state" />
      <div class="row write-tools">
        <button type="button" onClick=${undo} disabled=${!past.length}>Undo</button>
        <button type="button" onClick=${() => take("")} disabled=${!text}>Clear</button>
        <button type="button" onClick=${copy} disabled=${!text}>Copy</button>
        ${generate && html`<button type="button" onClick=${() => generate(text)}>Generate names that begin so</button>`}
      </div>
      <p class="unseen" id="write-state" role="status">
        ${fresh && first ? `Likeliest: ${first.text}, ${percent(first.probability)}` : ""}
      </p>
      ${problem && html`<${Problem} error=${problem} />`}
      ${found &&
      html`<div class=${fresh ? "" : "stale"}>
        <h2>Next letter</h2>
        ${found.characters.length
          ? html`<${Characters} found=${found.characters} take=${(letter) => take(found.text + letter)} />`
          : html`<p class="note">Type a first letter: this model cannot choose one.</p>`}
        <h2>Likeliest names</h2>
        <${Row} label="Likeliest names" className="next-names">
          ${found.continuations.map(
            (one) => html`<button type="button" key=${one.text} onClick=${() => take(one.text)}>
              <bdi><b>${one.text.slice(0, found.text.length)}</b>${one.text.slice(found.text.length)}</bdi>
              <span class="row"><span class="note">${percent(one.probability)}</span>
                ${one.known && html`<span class="badge">known</span>`}</span>
            </button>`,
          )}
        <//>
        ${found.characters.length > 0 && !found.continuations.length && html`<p class="note">No name was found. Undo, or type something else.</p>`}
      </div>`}
    </div>
  </div>`;
}
