// What may follow what is typed.
import { post, whenBack } from "../../api.js";
import { html, percent, useEffect, useRef, useState } from "../../lib.js";

/** Ask how a text may continue, 80 ms after it was changed; an earlier question is given up. */
export function useNext(run, text, temperature, wanted = true) {
  const [state, setState] = useState({ waiting: true });
  const [tries, setTries] = useState(0);
  useEffect(() => {
    if (!wanted) return undefined;
    const control = new AbortController();
    let forget = () => {};
    setState((before) => ({ ...before, waiting: true }));
    const timer = setTimeout(() => {
      post("/studio/next", { run, text, temperature }, { signal: control.signal }).then(
        (found) => control.signal.aborted || setState({ found, asked: text }),
        (problem) => {
          if (control.signal.aborted) return;
          setState({ problem, asked: text });
          if (problem.status === 0) forget = whenBack(() => setTries((n) => n + 1));
        },
      );
    }, 80);
    return () => {
      clearTimeout(timer);
      control.abort();
      forget();
    };
  }, [run, text, temperature, wanted, tries]);
  return state;
}

const NAMES = { " ": "space", "\n": "line break", "\t": "tab", "": "end" };
const SIGNS = { " ": "␣", "\n": "↵", "\t": "⇥", "": "end" };

/** A row of buttons of which one is in the tab order; arrows move between them. */
export function Row({ label, className, children }) {
  const row = useRef();
  const move = (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const buttons = [...row.current.querySelectorAll("button:not(:disabled)")];
    const at = buttons.indexOf(row.current.getRootNode().activeElement);
    event.preventDefault();
    buttons[(at + step + buttons.length) % buttons.length]?.focus();
  };
  return html`<div role="group" aria-label=${label} class=${className} ref=${row} onKeyDown=${move}>${children}</div>`;
}

/** The next characters as buttons with bars. */
export const Characters = ({ found, take }) => html`<${Row} label="Next character" className="next-characters">
  ${found.map(
    ({ text, probability }) => html`<button type="button" key=${text} disabled=${text === ""}
      aria-label=${`${NAMES[text] ?? text}, ${percent(probability)}`} onClick=${() => take(text)}>
      <span class="next-letter" dir="auto">${SIGNS[text] ?? text}</span>
      <span class="next-bar"><span style=${{ width: `${Math.max(2, 100 * probability)}%` }}></span></span>
      <span class="note">${percent(probability)}</span>
    </button>`,
  )}
<//>`;
