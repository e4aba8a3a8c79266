// All trainings of the folder, the latest first.
import { go } from "../../address.js";
import { get } from "../../api.js";
import { Problem } from "../../parts/connection.js";
import { Link } from "../../parts/link.js";
import { Empty, Progress, isBusy } from "../../parts/controls.js";
import { date, html, useEffect, useLoaded } from "../../lib.js";
import { extent, sentence, STATES, TONES } from "./words.js";

export function All() {
  const { data, problem, reload } = useLoaded((signal) => get("/studio/trainings", { signal }), []);
  const runs = data?.some((one) => isBusy(one.state));
  useEffect(() => {
    if (!runs || problem) return undefined;
    const timer = setTimeout(reload, 1500);
    return () => clearTimeout(timer);
  }, [data, problem]);
  if (problem && !data) return html`<${Problem} error=${problem} retry=${reload} />`;
  if (!data) return html`<${Progress} label="Looking for trainings" />`;
  const bring = () => go("list");
  if (!data.length)
    return html`<${Empty} title="No training yet">
      <p>Bring a list of names or a text, and train a model on it.</p>
      <button type="button" class="primary" onClick=${bring}>Bring a list</button>
    <//>`;
  return html`
    ${problem && html`<${Problem} error=${problem} retry=${reload} />`}
    <ul class="trainings">
      ${data.map((one) => html`<${Row} key=${one.run} training=${one} />`)}
    </ul>
    <p><button type="button" onClick=${bring}>Train on another list</button></p>
  `;
}

function Row({ training }) {
  const { run, state, list, started } = training;
  return html`<li>
    <div class="row spread">
      <${Link} class="run-name" screen="train" query=${{ run }}><bdi>${run}</bdi><//>
      <span class=${`badge ${TONES[state] ?? ""}`}>${STATES[state]}</span>
    </div>
    <p class="note">on <bdi>${list.name}</bdi>, ${date(1000 * started)}</p>
    ${state === "waiting" && html`<p class="note">${sentence(training, {})}</p>`}
    ${state === "running" && html`<${Bar} label=${`Progress of ${run}`} text=${extent(training)} share=${training.progress} />`}
  </li>`;
}

/** A progress bar with a text that is not read out whenever it changes. */
export const Bar = ({ label, text, share }) => html`<div class="progress">
  <span>${text}</span>
  <progress aria-label=${label} aria-valuetext=${text} value=${share} max="1"></progress>
</div>`;
