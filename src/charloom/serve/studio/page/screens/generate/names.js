// Names as they come: a request at once for every change, the old names until the first new ones.
import { stream, whenBack } from "../../api.js";
import { useEffect, useLayoutEffect, useRef, useState } from "../../lib.js";

/** Milliseconds for which a request may wait for its first name before a newer one replaces it:
    while a slider moves, names keep coming instead of always being asked for again. */
const PATIENCE = 150;

/** Milliseconds between updates of the wall after the first names. */
const EVERY = 80;

/** Seconds without a name after which that is said, and then explained. */
const WAITS = [0.8, 4];

/** Stream names: { names, old, end, problem, loading, slow }. `old`: these are of an earlier request. `slow`: seconds
    for which the first name has not come, one of WAITS. */
export function useNames(path, asked) {
  const [state, setState] = useState({ names: [], old: false, loading: Boolean(asked) });
  const line = useRef({ control: null, waiting: null, since: 0, first: true });
  const key = asked && path + JSON.stringify(asked);
  useLayoutEffect(() => {
    // Before the browser paints: the request is on its way while the slider is drawn.
    const here = line.current;
    clearTimeout(here.waiting);
    if (!asked) {
      here.control?.abort();
      setState({ names: [], old: false, loading: false });
      return;
    }
    setState((before) => (before.loading ? before : { ...before, loading: true, problem: null }));
    const begin = () => {
      here.control?.abort();
      here.control = new AbortController();
      here.since = performance.now();
      here.first = true;
      receive(path, asked, here, setState);
    };
    const left = here.first && here.control ? here.since + PATIENCE - performance.now() : 0;
    here.next = begin;
    if (left > 0) here.waiting = setTimeout(begin, left);
    else begin();
  }, [key]);
  useEffect(() => () => {
    clearTimeout(line.current.waiting);
    line.current.control?.abort();
  }, []);
  return state;
}

async function receive(path, asked, here, setState) {
  const { signal } = here.control;
  const begin = here.next;
  const found = [];
  let timer = null;
  const show = (more) => {
    clearTimeout(timer);
    timer = null;
    if (!signal.aborted) setState((before) => ({ ...before, names: found.slice(), old: false, slow: 0, ...more }));
  };
  // The first names have come, or there are none: a newer request need not wait any longer.
  const proceed = () => {
    here.first = false;
    if (here.next !== begin) {
      clearTimeout(here.waiting);
      setTimeout(here.next, 0);
    }
  };
  setState((before) => ({ ...before, old: before.names.length > 0, loading: true, problem: null, end: null, slow: 0 }));
  const later = (slow) => setTimeout(() => signal.aborted || found.length || setState((before) => ({ ...before, slow })), slow * 1000);
  const slow = WAITS.map(later);
  try {
    await stream(path, { ...asked, stream: true }, (event, data) => {
      if (signal.aborted) return;
      if (event === "name") {
        found.push(data);
        if (found.length === 1) {
          timer = setTimeout(show, 0); // with those that came in the same piece
          proceed();
        } else timer ??= setTimeout(show, EVERY);
      } else if (event === "end") show({ end: data, loading: false, problem: null });
    }, { signal });
    if (!signal.aborted) show({ loading: false });
  } catch (problem) {
    if (!signal.aborted) {
      setState((before) => ({ ...before, problem, loading: false, slow: 0 }));
      if (problem.status === 0) whenBack(() => signal.aborted || begin());
    }
  } finally {
    slow.forEach(clearTimeout);
    if (here.first && !signal.aborted) proceed();
  }
}
