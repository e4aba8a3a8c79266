// Preact and htm for all modules of the page, and a few hooks of our own.
import { whenBack } from "./api.js";
import { html, render, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "./vendor/preact.js";

export { html, render, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState };

/** The value, once it has not changed for so many milliseconds. */
export function useSettled(value, milliseconds) {
  const [settled, settle] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => settle(value), milliseconds);
    return () => clearTimeout(timer);
  }, [value, milliseconds]);
  return settled;
}

/** Load something: returns { data, problem, loading, reload }. `load` gets an AbortSignal. What was loaded stays if loading it
    again fails; if the studio did not answer, it is tried again. */
export function useLoaded(load, dependencies) {
  const [state, setState] = useState({ loading: true });
  const [times, setTimes] = useState(0);
  const reload = () => setTimes((n) => n + 1);
  const of = JSON.stringify(dependencies);
  useEffect(() => {
    const control = new AbortController();
    let forget = () => {};
    setState((before) => ({ ...before, loading: true, problem: before.problem?.status === 0 ? before.problem : null }));
    load(control.signal).then(
      (data) => control.signal.aborted || setState({ data, of, loading: false }),
      (problem) => {
        if (control.signal.aborted) return;
        setState((before) => ({ ...(before.of === of && before), problem, loading: false }));
        if (problem.status === 0) forget = whenBack(reload);
      },
    );
    return () => {
      control.abort();
      forget();
    };
  }, [...dependencies, times]);
  return { ...state, reload };
}

/** A number as people read it: 12,345. */
export const number = (value, digits = 0) =>
  value == null ? "–" : value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** "1 name", "2 names". */
export const counted = (count, noun) => `${number(count)} ${noun}${count === 1 ? "" : "s"}`;

/** A share as a percentage. */
export const percent = (share) => (share == null ? "–" : `${number(100 * share, share < 0.1 ? 1 : 0)} %`);

/** Seconds as "45 s", "3 min", "2 h 5 min". */
export function duration(seconds) {
  if (seconds == null) return "–";
  if (seconds < 100) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 100 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A moment, in milliseconds or ISO 8601, as "28 Nov 2026, 14:05". */
export function date(moment) {
  const at = new Date(moment ?? NaN);
  if (Number.isNaN(at.getTime())) return "–";
  return at.toLocaleString("en-GB", { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" });
}

/** Bytes as "12 kB" or "3.4 MB". */
export function size(bytes) {
  if (bytes < 1000) return counted(bytes, "byte");
  if (bytes < 1e6) return `${number(Math.round(bytes / 1e3))} kB`;
  return bytes < 1e9 ? `${number(bytes / 1e6, 1)} MB` : `${number(bytes / 1e9, 1)} GB`;
}

/** A number that an address holds, or the usual one: an address may hold anything. */
export const sane = (text, usual) => (text !== "" && text != null && Number(text) >= 0 ? Number(text) : usual);
