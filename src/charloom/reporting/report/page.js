"use strict";
(() => {
  const root = document.documentElement;
  root.dataset.js = "";
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  const theme = document.getElementById("theme");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme || (dark.matches ? "dark" : "light")) === "dark";
  const name = () => { theme.textContent = isDark() ? "Light page" : "Dark page"; };
  theme.hidden = false;
  theme.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    name();
  });
  dark.addEventListener("change", name);
  name();

  for (const picker of all("[data-picker]")) {
    const buttons = all("[data-panel]", picker);
    const choose = (chosen) => {
      for (const button of buttons) {
        button.setAttribute("aria-pressed", button === chosen);
        document.getElementById(button.dataset.panel).hidden = button !== chosen;
      }
    };
    for (const button of buttons) button.addEventListener("click", () => choose(button));
    choose(buttons[0]);
  }

  for (const head of all(".head")) {
    head.addEventListener("click", () => {
      const open = head.parentElement.classList.toggle("open");
      head.setAttribute("aria-expanded", open);
    });
  }

  for (const area of all("[data-tips]")) {
    const output = area.querySelector("output");
    let marked = null;
    const tell = (event) => {
      const target = event.target.closest("[data-tip]");
      if (!target || target === marked) return;
      if (marked) delete marked.dataset.on;
      marked = target;
      target.dataset.on = "";
      output.textContent = target.dataset.tip;
    };
    for (const kind of ["pointerover", "click", "focusin"]) area.addEventListener(kind, tell);

    const names = all(".wall button", area);
    names.forEach((button, i) => { button.tabIndex = i ? -1 : 0; });
    area.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      const shown = names.filter((button) => !button.parentElement.hidden);
      const at = shown.indexOf(document.activeElement);
      if (!step || at < 0) return;
      event.preventDefault();
      const next = shown[(at + step + shown.length) % shown.length];
      document.activeElement.tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
    });

    for (const button of all("[data-only]", area)) {
      button.addEventListener("click", () => {
        const on = button.getAttribute("aria-pressed") !== "true";
        button.setAttribute("aria-pressed", on);
        for (const item of all(`.wall li.${button.dataset.only}`, area)) item.hidden = !on;
        const first = names.find((other) => !other.parentElement.hidden);
        names.forEach((other) => { other.tabIndex = other === first ? 0 : -1; });
      });
    }
  }
})();
