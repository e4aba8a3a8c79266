// What the model makes up after an epoch: the latest large, the earlier ones folded away.
import { Fold } from "../../parts/controls.js";
import { html, number } from "../../lib.js";

const EARLIER = 30; // epochs that are shown, spread over all

const Names = ({ names, large }) => html`<ul class=${large ? "made large" : "made"}>
  ${names.map((name, i) => html`<li key=${i} dir="auto">${name}</li>`)}
</ul>`;

const Made = ({ one, large }) =>
  one.text != null
    ? html`<p class=${large ? "prose large" : "prose"} dir="auto">${one.text}</p>`
    : html`<${Names} names=${one.samples} large=${large} />`;

export function Samples({ known, form }) {
  const made = [...known.epochs.values()].filter((one) => one.samples || one.text != null).sort((a, b) => b.epoch - a.epoch);
  const finished = known.finished && (known.finished.samples || known.finished.text != null) ? known.finished : null;
  const [latest, ...before] = finished ? [finished, ...made] : made;
  const what = form === "text" ? "Text" : "Names";
  if (!latest)
    return html`<section aria-label=${what}><h3>${what}</h3><p class="note">The first ones come after the first epoch.</p></section>`;
  const every = Math.ceil(before.length / EARLIER) || 1;
  const shown = before.filter((_, i) => i % every === 0 || i === before.length - 1);
  return html`<section aria-label=${what}>
    <h3>${finished ? `New ${what.toLowerCase()} from the kept model` : `${what} after epoch ${number(latest.epoch)}`}</h3>
    <${Made} one=${latest} large=${true} />
    ${shown.length > 0 &&
    html`<${Fold} title=${`Earlier ${what.toLowerCase()}`}>
      ${shown.map((one) => html`<div key=${one.epoch}><h4>Epoch ${number(one.epoch)}</h4><${Made} one=${one} /></div>`)}
    <//>`}
  </section>`;
}
