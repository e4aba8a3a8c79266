// What the server measures: kept while the page is open, so that coming back shows it at once.
import { html, useEffect, useState } from "../../lib.js";
import { Refusal, stream, whenBack } from "../../api.js";
import { Progress } from "../../parts/controls.js";
import { doing } from "./words.js";

/** Ask for a measurement: returns { data, progress, problem, again }. `path` may be null. */
export function useMeasured(path, body) {
  const key = path && JSON.stringify([path, body]);
  const [state, setState] = useState({});
  const [times, setTimes] = useState(0);
  const [tries, setTries] = useState(0);
  useEffect(() => {
    if (!path) {
      setState({});
      return undefined;
    }
    const control = new AbortController();
    const again = times > 0 && state.key === key;
    let forget = () => {};
    const failed = (problem) => {
      if (control.signal.aborted) return;
      setState({ key, problem });
      if (problem.status === 0) forget = whenBack(() => setTries((n) => n + 1));
    };
    setState({ key, progress: { what: "waiting", share: 0 } });
    let ended = false;
    const asked = again && body ? { ...body, again } : body;
    stream(again && !body ? `${path}?again=true` : path, asked, (kind, data) => {
      if (kind !== "progress") ended = true;
      if (kind === "progress") setState({ key, progress: data });
      else if (kind === "error") setState({ key, problem: new Refusal(422, data.message) });
      else setState({ key, data });
    }, { signal: control.signal }).then(
      () => ended || failed(new Refusal(0, "the studio ended before it was measured.")),
      failed,
    );
    return () => {
      control.abort();
      forget();
    };
  }, [key, times, tries]);
  return { ...(state.key === key ? state : {}), again: () => setTimes((n) => n + 1) };
}

/** How far a measurement is. */
export const Measuring = ({ progress, title }) => html`<div class="panel measuring">
  <span class="unseen" role="status">${title}.</span>
  <${Progress} label=${`${title}: ${doing(progress.what)}`} share=${progress.share || null} />
  <p class="hint">It takes some seconds, for text up to a few minutes. The result is kept.</p>
</div>`;
