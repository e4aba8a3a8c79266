// One name: how likely each letter was, what else might have stood there, what is nearest in the list.
import { post } from "../../api.js";
import { counted, html, percent, useEffect, useLoaded, useRef, useState } from "../../lib.js";
import { Problem } from "../../parts/connection.js";
import { Progress } from "../../parts/controls.js";
import { copy } from "./favourites.js";
import { oneIn } from "./words.js";

const END = "<end>";

/** Four steps of how likely a letter was: they differ in height, too. */
const level = (p) => (p >= 0.5 ? "sure" : p >= 0.15 ? "likely" : p >= 0.03 ? "rare" : "odd");

/** Height of a bar: logarithmic, from one in a thousand to certain. */
const height = (p) => `${Math.round(8 + 92 * Math.max(0, 1 + Math.log10(Math.max(p, 1e-3)) / 3))}%`;

const shown = (character) => (character === END ? "end" : character === " " ? "space" : character);

function Letters({ given, steps, begin }) {
  const [at, setAt] = useState(Math.min(2, steps.length - 1));
  const row = useRef();
  useEffect(() => setAt(Math.min(2, steps.length - 1)), [steps]);
  const move = (event) => {
    const rtl = getComputedStyle(row.current).direction === "rtl" ? -1 : 1;
    const step = { ArrowRight: rtl, ArrowLeft: -rtl }[event.key];
    const to = event.key === "Home" ? 0 : event.key === "End" ? steps.length - 1 : at + step;
    if (!(to >= 0 && to < steps.length)) return;
    event.preventDefault();
    setAt(to);
    row.current.children[to].focus();
  };
  const here = steps[Math.min(at, steps.length - 1)];
  const before = given + steps.slice(0, at).map((step) => step.character).join("");
  const through = here.character === END ? before : before + here.character;
  return html`<div class="letters-part">
    <div class="letters" ref=${row} dir="auto" role="group" aria-label="Letters and how likely each was" onKeyDown=${move}>
      ${steps.map((step, i) => html`<button
        type="button" key=${i} class=${`letter p-${level(step.probability)}`} tabindex=${i === at ? 0 : -1} aria-pressed=${i === at ? "true" : "false"}
        aria-label=${`${shown(step.character)}, ${percent(step.probability)}`}
        onClick=${() => setAt(i)} onFocus=${() => setAt(i)} onMouseEnter=${() => setAt(i)}
      ><span class="bar"><span style=${{ height: height(step.probability) }}></span></span>
        <span class="glyph">${step.character === END ? "▪" : step.character === " " ? "␣" : step.character}</span></button>`)}
    </div>
    <div class="instead">
      <p>${here.character === END ? "The end" : html`<bdi>${shown(here.character)}</bdi>`}: <b>${percent(here.probability)}</b>
        ${before && html` <span class="note">after <bdi>${before}</bdi></span>`}</p>
      <p class="note">Instead:</p>
      <div class="row">
        ${here.alternatives.map((other) => {
          const label = html`<bdi>${shown(other.character)}</bdi> <span class="note">${percent(other.probability)}</span>`;
          return other.character === END
            ? html`<span key=${END} class="button quiet">${label}</span>`
            : html`<button key=${other.character} type="button" class="quiet" onClick=${() => begin(before + other.character)}
                title=${`Names that start with ${before}${other.character}`}>${label}</button>`;
        })}
      </div>
      <button type="button" onClick=${() => begin(through)}>Start from <bdi>${through}</bdi></button>
    </div>
    <details class="fold"><summary>As a table</summary><div class="wide"><table>
      <thead><tr><th scope="col">Letter</th><th scope="col" class="figure">Probability</th><th scope="col">Instead</th></tr></thead>
      <tbody>${steps.map((step, i) => html`<tr key=${i}>
        <th scope="row"><bdi>${shown(step.character)}</bdi></th><td class="figure">${percent(step.probability)}</td>
        <td>${step.alternatives.map((other, j) => html`${j ? ", " : ""}<bdi>${shown(other.character)}</bdi> ${percent(other.probability)}`)}</td>
      </tr>`)}</tbody>
    </table></div></details>
  </div>`;
}

/** What is said of a name's origin. */
const Origin = ({ name }) =>
  name.origin === "known"
    ? html`<span class="badge warn">In the training list</span>`
    : name.origin === "new"
      ? html`<span class="badge good">New</span>`
      : html`<span class="badge">No list to compare with</span>`;

export function Details({ run, name, kept, mixed, listed, close, like, begin, learned }) {
  const { data, problem, loading, reload } = useLoaded(
    async (signal) => (await post("/v1/explain", { run, texts: [name.text], alternatives: 5 }, { signal })).explanations[0],
    [run, name.text],
  );
  const heading = useRef();
  useEffect(() => heading.current.focus(), [name.text]);
  const found = data?.text === name.text ? data : null;
  useEffect(() => {
    if (found) learned(found);
  }, [found]);
  const favourite = kept.has(name.text);
  const nearest = found?.nearest;
  return html`<div class="details" onKeyDown=${(event) => {
    if (event.key === "f" && event.target === heading.current) kept.toggle({ ...name, nearest });
  }}>
    <div class="row spread">
      <h2 tabindex="-1" ref=${heading} dir="auto" class=${name.text.length > 14 ? "long" : ""}>${name.text}</h2>
      <button type="button" class="quiet close" aria-label="Close the details" onClick=${close}>×</button>
    </div>
    <p class="origin"><${Origin} name=${name} /> <span class="note">${oneIn(found ? found.nats : name.nats)}</span></p>
    ${mixed && html`<p class="note">By the run itself, without labels or the other run.</p>`}
    ${nearest && nearest.distance > 0 && html`<p class="note">Nearest in the list: <bdi>${nearest.text}</bdi>, ${counted(nearest.distance, "letter")} away</p>`}
    <div class="row actions">
      <button type="button" aria-pressed=${favourite ? "true" : "false"} onClick=${() => kept.toggle({ ...name, nearest })}>
        <span aria-hidden="true">${favourite ? "★" : "☆"}</span> Favourite
      </button>
      <button type="button" onClick=${() => copy(name.text, `Copied ${name.text}`)}>Copy</button>
      ${like && html`<button type="button" onClick=${() => like(name.text)}>More like this</button>`}
    </div>
    ${problem && html`<${Problem} error=${problem} retry=${reload} />`}
    ${!found && loading && html`<${Progress} label="Looking at each letter" />`}
    ${found && found.steps.length > 0 && html`<${Letters} given=${found.given} steps=${found.steps} begin=${begin} />`}
  </div>`;
}

/** Where there is little width, the details come in front of the wall. */
export function InFront({ close, children }) {
  const dialog = useRef();
  useEffect(() => {
    dialog.current.showModal();
  }, []);
  return html`<dialog ref=${dialog} class="in-front" aria-label="Details" onClose=${close}
    onClick=${(event) => event.target === dialog.current && close()}>${children}</dialog>`;
}
