// Short messages at the edge of the page, with a button to undo what was done.
import { html, useEffect, useState } from "../lib.js";

let show = () => {};
let count = 0;

/** Say something. `action` is { label, run }: "Undo", most often. `wrong` marks a problem. */
export function say(text, { action = null, wrong = false, seconds = 8 } = {}) {
  show({ id: ++count, text, action, wrong, seconds: action ? Math.max(seconds, 12) : seconds });
}

/** Say what went wrong, if it was not that the user left. */
export const sayProblem = (error) => error.name === "AbortError" || say(error.message, { wrong: true });

function Toast({ toast, close }) {
  const [held, hold] = useState(false);
  useEffect(() => {
    if (held) return undefined;
    const timer = setTimeout(close, toast.seconds * 1000);
    return () => clearTimeout(timer);
  }, [held]);
  const act = () => {
    close();
    toast.action.run();
  };
  return html`<div
    class=${`toast ${toast.wrong ? "wrong" : ""}`}
    role=${toast.wrong ? "alert" : "status"}
    onMouseEnter=${() => hold(true)}
    onMouseLeave=${() => hold(false)}
    onFocusIn=${() => hold(true)}
    onFocusOut=${() => hold(false)}
  >
    <span>${toast.text}</span>
    ${toast.action && html`<button type="button" onClick=${act}>${toast.action.label}</button>`}
    <button type="button" class="quiet" aria-label="Close this message" onClick=${close}>×</button>
  </div>`;
}

export function Toasts() {
  const [toasts, setToasts] = useState([]);
  useEffect(() => {
    show = (toast) => setToasts((before) => [...before.slice(-3), toast]);
  }, []);
  const close = (id) => setToasts((before) => before.filter((toast) => toast.id !== id));
  return html`<section class="toasts" aria-label="Messages">
    ${toasts.map((toast) => html`<${Toast} key=${toast.id} toast=${toast} close=${() => close(toast.id)} />`)}
  </section>`;
}
