// Light or dark: by default as the system has it; a choice is kept in this browser.
import { html, useEffect, useState } from "../lib.js";

const KEY = "charloom.theme";
const root = document.documentElement;

function saved() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null; // storage is forbidden here
  }
}

const dark = () =>
  root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;

if (saved()) root.dataset.theme = saved();

export function ThemeButton() {
  const [isDark, setDark] = useState(dark);
  useEffect(() => {
    const system = matchMedia("(prefers-color-scheme: dark)");
    const update = () => setDark(dark());
    system.addEventListener("change", update);
    return () => system.removeEventListener("change", update);
  }, []);
  const change = () => {
    root.dataset.theme = isDark ? "light" : "dark";
    setDark(!isDark);
    try {
      localStorage.setItem(KEY, root.dataset.theme);
    } catch {
      // It lasts until the page is closed.
    }
  };
  return html`<button class="quiet" type="button" onClick=${change} aria-label=${`Change to ${isDark ? "light" : "dark"} colours`}>
    ${isDark ? "☀" : "☾"}
  </button>`;
}
