// The address holds the screen and every setting, so a link restores them.
import { useEffect, useRef, useState } from "./lib.js";

const listeners = new Set();

const read = () => ({
  screen: location.pathname.slice(1) || "list",
  query: Object.fromEntries(new URLSearchParams(location.search)),
});

/** Go to a screen. `query` replaces all settings; empty ones are left out. */
export function go(screen, query = {}, { replace = false } = {}) {
  const kept = Object.entries(query).filter(([, value]) => value !== "" && value != null && value !== false);
  const search = new URLSearchParams(kept.map(([key, value]) => [key, String(value)])).toString();
  const address = `/${screen}${search ? `?${search}` : ""}`;
  if (address !== location.pathname + location.search)
    history[replace ? "replaceState" : "pushState"](null, "", address);
  for (const listener of listeners) listener(read());
}

/** The current screen and its settings: { screen, query }. */
export function useAddress() {
  const [state, setState] = useState(read);
  useEffect(() => {
    const update = () => setState(read());
    listeners.add(setState);
    addEventListener("popstate", update);
    return () => {
      listeners.delete(setState);
      removeEventListener("popstate", update);
    };
  }, []);
  return state;
}

/** Settings of a screen that its address holds; it follows a moment later, so that sliders move freely. Returns them, and
    a function that changes some; with `push`, the back button undoes that. */
export function useSettings(screen, query, fromAddress, toAddress) {
  const [settings, setSettings] = useState(() => fromAddress(query));
  const written = useRef(JSON.stringify(query));
  const timer = useRef();
  const latest = useRef(settings);
  const write = (replace) => {
    clearTimeout(timer.current);
    const address = toAddress(latest.current);
    written.current = JSON.stringify(address);
    go(screen, address, { replace });
  };
  const change = (some, push = false) => {
    if (push) write(true);
    latest.current = { ...latest.current, ...some };
    setSettings(latest.current);
    clearTimeout(timer.current);
    if (push) write(false);
    else timer.current = setTimeout(() => write(true), 200);
  };
  const now = JSON.stringify(query);
  useEffect(() => {
    // Somebody went back, or followed a link.
    const there = fromAddress(query);
    if (now === written.current || JSON.stringify(toAddress(there)) === written.current) return;
    clearTimeout(timer.current);
    written.current = now;
    latest.current = there;
    setSettings(there);
  }, [now]);
  useEffect(() => () => clearTimeout(timer.current), []);
  return [settings, change];
}
