// A text that the model continues, each character coloured by its probability.
import { html, number, sane, useEffect, useRef, useState } from "../../lib.js";
import { Problem } from "../../parts/connection.js";
import { Check, Fold, Progress, Slider, TextField } from "../../parts/controls.js";
import { say } from "../../parts/toast.js";
import { Characters, Row, useNext } from "./next.js";
import { CLASSES, useWriting } from "./writing.js";

const Legend = () => html`<ul class="write-legend" aria-label="How likely each character was">
  ${CLASSES.map(([name, words]) => html`<li key=${name}><span class=${`p-${name}`}>abc</span> ${words}</li>`)}
</ul>`;

export function WriteText({ run, settings, change, focused = true }) {
  const text = settings.text ?? "";
  const temperature = sane(settings.temperature, 0.7);
  const length = sane(settings.length, 400);
  const topP = sane(settings.top_p, 1);
  const { runs, written, busy, problem, ended, generate, stop, clear } = useWriting(run.id);
  const [looking, look] = useState(false);
  const { found, problem: unread } = useNext(run.id, text, temperature, looking && !busy);
  const field = useRef();
  useEffect(() => focused && field.current.focus(), []);
  const begin = () => generate({
    prompt: text, temperature, top_p: topP, max_tokens: length,
    stop: (settings.stop ?? "").split("|").filter(Boolean).slice(0, 16),
    seed: sane(settings.seed, null),
    no_repeat: settings.no_repeat ? 12 : null,
  });
  const keep = () => {
    change({ text: text + written });
    clear();
    field.current.focus();
  };
  const add = (piece) => {
    clear();
    change({ text: text + piece });
  };
  const copy = () => navigator.clipboard.writeText(text + written).then(() => say("Copied."), () => say("The browser does not let the page copy.", { wrong: true }));
  const keys = (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) (busy ? stop : begin)();
  };
  return html`<div class="beside">
    <div>
      <${Slider} label="Temperature" min="0" max="2" step="0.05" value=${temperature} shown=${temperature.toFixed(2)}
        hint="Below 1 more typical, above 1 bolder." onInput=${(value) => change({ temperature: value })} />
      <${Slider} label="Length" min="50" max="5000" step="50" value=${Math.min(length, 5000)} shown=${`${number(length)} characters`}
        onInput=${(value) => change({ length: value })} />
      <${Fold} title="More settings" open=${Boolean(settings.top_p || settings.stop || settings.seed || settings.no_repeat || length > 5000)}>
        <${Slider} label="Top-p" min="0.05" max="1" step="0.05" value=${topP} shown=${topP.toFixed(2)}
          hint="Only the likeliest characters that make up this share." onInput=${(value) => change({ top_p: value === 1 ? "" : value })} />
        <${Check} label="No 12 characters twice" checked=${Boolean(settings.no_repeat)} onInput=${(on) => change({ no_repeat: on ? 1 : "" })} />
        <${TextField} label="Exact length" inputmode="numeric" value=${length} hint="Up to 100,000 characters."
          onInput=${(value) => change({ length: Math.max(1, Math.min(100000, parseInt(value, 10) || 1)) })} />
        <${TextField} label="Stop before" value=${settings.stop ?? ""} hint="Texts that end the output, divided by |"
          onInput=${(value) => change({ stop: value })} />
        <${TextField} label="Seed" inputmode="numeric" value=${settings.seed ?? ""} hint="The same seed, the same text. Empty: another one each time."
          onInput=${(value) => change({ seed: value.replace(/\D/g, "").slice(0, 15) })} />
      <//>
    </div>
    <div>
      <div class="field">
        <label for="write-text">The text so far</label>
        <textarea id="write-text" dir="auto" spellcheck="false" ref=${field} value=${text} onKeyDown=${keys}
          placeholder="Type a beginning, or leave it empty" onInput=${(event) => change({ text: event.target.value })}></textarea>
      </div>
      <div class="row">
        <button type="button" class="primary" onClick=${busy ? stop : begin}>${busy ? "Stop" : "Generate"}</button>
        <button type="button" onClick=${keep} disabled=${busy || !written}>Add it to the text</button>
        <button type="button" onClick=${copy} disabled=${!text && !written}>Copy all</button>
      </div>
      <p class="note"><kbd>Ctrl Enter</kbd> generates and stops.</p>
      ${problem && html`<${Problem} error=${problem} />`}
      ${busy && html`<${Progress} label=${`${number(written.length)} of up to ${number(length)} characters`} share=${Math.min(1, written.length / length)} />`}
      ${runs.length > 0 &&
      html`<section aria-label="What the model wrote">
        <${Legend} />
        <div class="written" dir="auto" tabindex="0" role="group" aria-label="The text that was written">${runs.map((block, i) => html`<${Block} key=${i} block=${block} />`)}</div>
      </section>`}
      <p class="note" role="status">${ended}</p>
      <${Check} label="Show likely continuations" checked=${looking} onInput=${look} />
      ${looking && unread && html`<${Problem} error=${unread} />`}
      ${looking && found &&
      html`<h2>Next character</h2>
        <${Characters} found=${found.characters} take=${add} />
        <h2>Continuations</h2>
        <${Row} label="Continuations" className="next-texts">
          ${found.continuations.map(
            (one) => html`<button type="button" key=${one.text} dir="auto" onClick=${() => add(one.text)}>${one.text.replaceAll("\n", "↵")}</button>`,
          )}
        <//>`}
    </div>
  </div>`;
}

/** A part of the output, drawn again only when it grew. */
function Block({ block }) {
  const drawn = useRef({});
  const { runs, size } = block;
  if (drawn.current.block !== block || drawn.current.size !== size) {
    const node = html`<span class=${block.alone && block.ended ? "lines" : null}>
      ${runs.map((run, i) => html`<span key=${i} class=${`p-${run.of}`}>${run.text}</span>`)}
    </span>`;
    drawn.current = { block, size, node };
  }
  return drawn.current.node;
}
