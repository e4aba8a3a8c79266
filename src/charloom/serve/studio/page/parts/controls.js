// Labelled controls, and what a screen shows while it waits or has nothing.
import { html, useRef, useState } from "../lib.js";

let ids = 0;

/** An id that is unique in the page and the same as long as the component lives. */
export function useId(prefix) {
  const id = useRef();
  id.current ??= `${prefix}-${++ids}`;
  return id.current;
}

/** A label, a control and a hint. `children` is a function of the control's attributes. */
export function Field({ label, hint, problem, children }) {
  const id = useId("field");
  const described = [hint && `${id}-hint`, problem && `${id}-problem`].filter(Boolean).join(" ");
  return html`<div class="field">
    <label for=${id}>${label}</label>
    ${children({ id, "aria-describedby": described || null, "aria-invalid": problem ? "true" : null })}
    ${hint && html`<p class="hint" id=${`${id}-hint`}>${hint}</p>`}
    ${problem && html`<p class="problem" id=${`${id}-problem`}>${problem}</p>`}
  </div>`;
}

/** A line of text. */
export const TextField = ({ label, hint, problem, value, onInput, ...others }) => html`<${Field}
  label=${label}
  hint=${hint}
  problem=${problem}
  >${(attributes) =>
    html`<input
      type="text"
      autocomplete="off"
      spellcheck=${false}
      dir="auto"
      value=${value}
      onInput=${(event) => onInput(event.target.value)}
      ...${attributes}
      ...${others}
    />`}<//
>`;

/** A number on a scale, with its value beside the label. */
export const Slider = ({ label, hint, value, shown, onInput, ...others }) => html`<${Field}
  label=${html`${label} <output>${shown ?? value}</output>`}
  hint=${hint}
  >${(attributes) =>
    html`<input
      type="range"
      value=${value}
      aria-valuetext=${shown}
      onInput=${(event) => onInput(Number(event.target.value))}
      ...${attributes}
      ...${others}
    />`}<//
>`;

/** One of several: options are [value, label, cannot be chosen]. */
export const Choice = ({ label, hint, value, options, onInput, ...others }) => html`<${Field}
  label=${label}
  hint=${hint}
  >${(attributes) =>
    html`<select value=${value} onChange=${(event) => onInput(event.target.value)} ...${attributes} ...${others}>
      ${options.map(([one, text, off]) => html`<option key=${one} value=${one} selected=${one === value} disabled=${off}>${text}</option>`)}
    </select>`}<//
>`;

/** Yes or no. */
export function Check({ label, checked, onInput, ...others }) {
  const id = useId("check");
  return html`<div class="check">
    <input type="checkbox" id=${id} checked=${checked} onChange=${(event) => onInput(event.target.checked)} ...${others} />
    <label for=${id}>${label}</label>
  </div>`;
}

/** What is folded away at first. */
export const Fold = ({ title, open = false, children }) => html`<details class="fold" open=${open}>
  <summary>${title}</summary>
  <div class="folded">${children}</div>
</details>`;

/** Progress from 0 to 1, or of unknown extent. */
export const Progress = ({ label, share = null }) => html`<div class="progress">
  <span id="progress-label">${label}</span>
  <progress aria-label=${label} value=${share} max="1"></progress>
</div>`;

/** What is said where there is nothing yet. */
export const Empty = ({ title, children }) => html`<div class="empty"><h2>${title}</h2>${children}</div>`;

/** A button that waits for what it began. */
export function Busy({ onClick, children, ...others }) {
  const [busy, setBusy] = useState(false);
  const act = async (event) => {
    setBusy(true);
    try {
      await onClick(event);
    } finally {
      setBusy(false);
    }
  };
  return html`<button type="button" aria-busy=${busy ? "true" : null} disabled=${busy} onClick=${act} ...${others}>${children}</button>`;
}

/** The states of a run that is not simply there. */
export const STATES = {
  waiting: "waiting to be trained", running: "being trained", stopping: "stopping",
  stopped: "training stopped", failed: "training failed", lost: "training interrupted",
};

/** Whether a run in this state must be left alone. */
export const isBusy = (state) => ["waiting", "running", "stopping"].includes(state);

/** Whether a run has a model to use. */
export const isWhole = (run) => run.model && !run.problem;

/** Runs to choose from, with what is special about them; those without a model are shown, but not to be chosen. */
export const choices = (runs) =>
  runs.map((run) => {
    const said = [run.form === "text" && "text", run.problem ? "damaged" : STATES[run.training]].filter(Boolean).join(", ");
    return [run.id, said ? `${run.id} (${said})` : run.id, !isWhole(run)];
  });

/** Why a run that the address asks for is not there to choose. */
export function lost(runs, id) {
  const run = runs.find((one) => one.id === id);
  if (!run) return `There is no run called \u2068${id}\u2069 any more.`;
  return run.problem ?? `\u2068${id}\u2069 has no model yet; it is ${STATES[run.training]}.`;
}
