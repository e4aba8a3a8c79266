// The frame of a widget: a shadow root with the studio's style, in the notebook's colours, and what Python sees.
import { connect } from "./api.js";
import { html, render, useEffect, useRef, useState } from "./lib.js";
import { Toasts } from "./parts/toast.js";
import { STYLE } from "./style.js";

/** Whether an element lies on a dark background. */
function onDark(element) {
  for (let one = element; one; one = one.parentElement ?? one.getRootNode().host) {
    const [r, g, b, alpha = 1] = getComputedStyle(one).backgroundColor.match(/[\d.]+/g).map(Number);
    if (alpha > 0.5) return 0.299 * r + 0.587 * g + 0.114 * b < 128;
  }
  return false;
}

/** Show a component, which gets the widget's model; returns a function that removes it. */
export function show(Component, { model, el }) {
  connect(model);
  const host = document.createElement("div");
  host.dataset.lmSuppressShortcuts = "true"; // keys are for the widget, not for JupyterLab's cells
  const root = host.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  root.adoptedStyleSheets = [sheet];
  const page = document.createElement("div");
  page.className = "page";
  root.append(page);
  el.append(host);
  for (const kind of ["keydown", "keypress", "keyup"]) host.addEventListener(kind, (event) => event.stopPropagation());
  const dress = () => (host.dataset.theme = onDark(el) ? "dark" : "light");
  dress();
  requestAnimationFrame(dress); // by then it is in the page
  const themes = new MutationObserver(dress);
  for (const one of [document.documentElement, document.body]) themes.observe(one, { attributes: true });
  const system = matchMedia("(prefers-color-scheme: dark)");
  system.addEventListener("change", dress);
  render(html`<${Component} model=${model} /><${Toasts} />`, page);
  return () => {
    themes.disconnect();
    system.removeEventListener("change", dress);
    render(null, page);
  };
}

/** A value that Python sees, and a function that sets it, `wait` milliseconds after its last call. */
export function useShared(model, name, wait = 0) {
  const [value, set] = useState(() => model.get(name));
  const timer = useRef();
  const waiting = useRef(false);
  useEffect(() => {
    const update = () => waiting.current || set(model.get(name)); // else what is typed would be lost
    model.on(`change:${name}`, update);
    return () => model.off(`change:${name}`, update);
  }, []);
  const latest = useRef();
  latest.current = value;
  const share = (next) => {
    latest.current = next;
    set(next);
    clearTimeout(timer.current);
    waiting.current = true;
    timer.current = setTimeout(() => {
      waiting.current = false;
      model.set(name, next);
      model.save_changes();
    }, wait);
  };
  return [value, share, latest];
}

/** Whether the widget that an element is in is at least so wide, in rem: what `@container` goes by. */
export function useWider(element, width) {
  const [wide, setWide] = useState(false);
  useEffect(() => {
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const observer = new ResizeObserver(([entry]) => setWide(entry.contentRect.width >= width * rem));
    observer.observe(element.current.getRootNode().host);
    return () => observer.disconnect();
  }, []);
  return wide;
}
