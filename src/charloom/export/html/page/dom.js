// Elements, labelled controls, and what is kept in this browser.

/** An element: properties that begin with "on" are listeners, the others attributes; null leaves one out. */
export function element(tag, attributes = {}, ...children) {
  const found = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) found.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) found.setAttribute(name, value === true ? "" : value);
  }
  found.append(...children.filter((child) => child !== null));
  return found;
}

let controls = 0;

/** A label and a control; `problem(text)` says what is wrong with it, `shown(text)` its value beside the label. */
export function field(label, tag, attributes) {
  const id = `control-${++controls}`;
  const output = element("output");
  const wrong = element("p", { class: "problem", id: `${id}-problem` });
  const control = element(tag, { id, autocomplete: "off", "aria-describedby": wrong.id, ...attributes });
  const whole = element("div", { class: "field" }, element("label", { for: id }, label, output), control, wrong);
  return {
    control,
    whole,
    shown: (text) => {
      output.textContent = text;
      control.setAttribute("aria-valuetext", text);
    },
    problem: (text) => {
      wrong.textContent = text;
      control.setAttribute("aria-invalid", text ? "true" : "false");
    },
  };
}

/** A line of text to type. */
export const textField = (label, attributes = {}) =>
  field(label, "input", { type: "text", dir: "auto", spellcheck: "false", autocapitalize: "off", ...attributes });

/** A temperature on a scale. */
export function temperatureField(value) {
  const found = field("Temperature", "input", { type: "range", min: "0.1", max: "1.5", step: "0.05", value });
  const show = () => {
    const heat = Number(found.control.value);
    found.shown(`${heat.toFixed(2)}, ${heat < 0.55 ? "safe" : heat < 0.85 ? "balanced" : heat < 1.1 ? "varied" : "wild"}`);
  };
  found.control.addEventListener("input", show);
  show();
  return found;
}

/** Yes or no. */
export function check(label, checked) {
  const id = `control-${++controls}`;
  const control = element("input", { type: "checkbox", id, checked });
  return { control, whole: element("div", { class: "check" }, control, element("label", { for: id }, label)) };
}

/** A line that says what happens, also to those who do not see it. */
export const status = () => element("p", { class: "note", role: "status" });

/** What this browser keeps under a name; null if nothing, or if it keeps nothing at all. */
export function kept(name) {
  try {
    return JSON.parse(localStorage.getItem(`charloom.${name}`));
  } catch {
    return null;
  }
}

export function keep(name, value) {
  try {
    localStorage.setItem(`charloom.${name}`, JSON.stringify(value));
  } catch {
    // It lasts until the page is closed.
  }
}

/** Copy text; `said` is told how it went. */
export async function copy(text, said) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without permission, as in older browsers: from a field that is selected.
    const area = element("textarea", { "aria-hidden": "true" });
    const focused = document.activeElement;
    area.value = text;
    document.body.append(area);
    area.select();
    const copied = document.execCommand("copy");
    area.remove();
    focused?.focus();
    if (!copied) return said("This browser does not let a page copy. Select the text instead.");
  }
  said("Copied.");
}

/** A seed that was not used before. */
export const anySeed = () => Math.floor(Math.random() * 2 ** 31);

const channel = new MessageChannel();
let waiting = null;
channel.port1.onmessage = () => waiting?.();

/** Let the browser draw and listen; sooner than a timer does. */
const breathe = () =>
  new Promise((resolve) => {
    const before = waiting;
    waiting = () => {
      before?.();
      waiting = null;
      resolve();
    };
    channel.port2.postMessage(null);
  });

/** Go through an iterator a few milliseconds at a time, until `use(value)` returns true, it ends, or `over()`. */
export async function walk(iterator, use, over) {
  let soon = performance.now() + 12;
  for (;;) {
    const { value, done } = iterator.next(); // a loop over the iterator would close it
    if (done) return "end";
    if (use(value)) return "enough";
    if (performance.now() < soon) continue;
    await breathe();
    if (over()) return "over";
    soon = performance.now() + 12;
  }
}

/** The button that changes between light and dark. */
export function themeButton() {
  const root = document.documentElement;
  if (kept("theme")) root.dataset.theme = kept("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const dark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const button = element("button", { class: "quiet", type: "button", onclick: () => change() });
  const show = () => {
    button.textContent = dark() ? "☀" : "☾";
    button.setAttribute("aria-label", `Change to ${dark() ? "light" : "dark"} colours`);
  };
  const change = () => {
    root.dataset.theme = dark() ? "light" : "dark";
    keep("theme", root.dataset.theme);
    show();
  };
  system.addEventListener("change", show);
  show();
  return button;
}
