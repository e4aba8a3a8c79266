// The wall of names: shown in blocks as it is scrolled, moved through by arrow keys.
import { html, useEffect, useMemo, useRef, useState } from "../../lib.js";

const BLOCK = 120;

const RIGHT_TO_LEFT = /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Adlam}]/u;

/** Which way names run: that of the first of them with a letter. */
export const directionOf = (names) => {
  const first = names.find((name) => /\p{L}/u.test(name.text));
  return first && RIGHT_TO_LEFT.test(first.text) ? "rtl" : "ltr";
};

/** How wide columns must be for most of the names: one of a few, so that the wall stays calm. */
function widthOf(names) {
  const lengths = names.slice(0, 200).map((name) => name.text.length).sort((a, b) => a - b);
  const most = lengths[Math.floor(lengths.length * 0.9)] ?? 0;
  return ["narrow", "usual", "wide", "wider"][[9, 15, 26].filter((limit) => most > limit).length];
}

function Name({ name, at, kept, current }) {
  return html`<li>
    <button
      type="button" class="name" tabindex="-1" data-at=${at} aria-current=${current ? "true" : null}
      aria-keyshortcuts="f"
    ><bdi>${name.text}</bdi>${name.origin === "known" && html`<span class="mark">known</span>`}${kept &&
    html`<span class="star" aria-hidden="true">★</span><span class="unseen">, favourite</span>`}</button>
  </li>`;
}

/** Some names; they are compared and drawn again only where they have changed. */
function Block({ names, first, has, favourites, current }) {
  return useMemo(
    () => html`<ul class="block">
      ${names.map((name, i) => html`<${Name} key=${i} name=${name} at=${first + i} kept=${has(name.text)} current=${name.text === current} />`)}
    </ul>`,
    [names.length, names[0], names[names.length - 1], favourites, current],
  );
}

/** The button of the row above or below that is nearest in the horizontal. */
function across(buttons, from, step) {
  const here = buttons[from].getBoundingClientRect();
  let [row, best] = [null, from];
  for (let i = from + step; i >= 0 && i < buttons.length; i += step) {
    const there = buttons[i].getBoundingClientRect();
    if (Math.abs(there.top - here.top) < 4) continue;
    row ??= there.top;
    if (Math.abs(there.top - row) > 4) break;
    const distance = (at) => Math.abs(buttons[at].getBoundingClientRect().left - here.left);
    if (best === from || distance(i) < distance(best)) best = i;
  }
  return best;
}

export const Help = () => html`<details class="fold help"><summary>Keys</summary>
  <dl>
    <dt><kbd>←</kbd> <kbd>→</kbd> <kbd>↑</kbd> <kbd>↓</kbd></dt><dd>move through the names</dd>
    <dt><kbd>Enter</kbd></dt><dd>opens a name: its letters, and what is like it</dd>
    <dt><kbd>f</kbd></dt><dd>keeps it as a favourite</dd>
    <dt><kbd>Esc</kbd></dt><dd>closes it again</dd>
  </dl>
</details>`;

export function Wall({ names, old, kept, current, open, busy }) {
  const wall = useRef();
  const edge = useRef();
  const [blocks, setBlocks] = useState(2);
  const chunks = useMemo(
    () => Array.from({ length: Math.ceil(names.length / BLOCK) }, (_, i) => names.slice(i * BLOCK, (i + 1) * BLOCK)),
    [names],
  );
  const shown = chunks.slice(0, blocks);
  const count = useRef();
  count.current = chunks.length;
  const more = () => setBlocks((n) => (n < count.current ? n + 2 : n));
  useEffect(() => setBlocks(2), [names[0]]);
  useEffect(() => {
    const observer = new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && more(), { rootMargin: "800px" });
    observer.observe(edge.current);
    return () => observer.disconnect();
  }, [shown.length < chunks.length, blocks]);
  // One name is reached by Tab; the arrows move on from there.
  useEffect(() => {
    const buttons = wall.current.querySelectorAll("button.name");
    if (buttons.length && !wall.current.querySelector('button.name[tabindex="0"]')) buttons[0].tabIndex = 0;
  });
  const focus = (button) => {
    for (const one of wall.current.querySelectorAll('button.name[tabindex="0"]')) one.tabIndex = -1;
    button.tabIndex = 0;
    button.focus();
  };
  const nameOf = (event) => {
    const button = event.target.closest("button.name");
    return button && names[Number(button.dataset.at)];
  };
  const direction = directionOf(names);
  const press = (event) => {
    const name = nameOf(event);
    if (!name || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "f") {
      event.preventDefault();
      kept.toggle(name);
      return;
    }
    const buttons = [...wall.current.querySelectorAll("button.name")];
    const at = buttons.indexOf(event.target.closest("button.name"));
    const side = direction === "rtl" ? -1 : 1;
    const to = {
      ArrowRight: () => at + side,
      ArrowLeft: () => at - side,
      ArrowDown: () => across(buttons, at, 1),
      ArrowUp: () => across(buttons, at, -1),
      Home: () => 0,
      End: () => buttons.length - 1,
    }[event.key]?.();
    if (to == null) return;
    event.preventDefault();
    if (at > buttons.length - 30) more();
    if (buttons[to]) focus(buttons[to]);
  };
  const click = (event) => {
    const name = nameOf(event);
    if (!name) return;
    focus(event.target.closest("button.name"));
    open(name);
  };
  return html`<div
    ref=${wall} class=${`wall ${widthOf(names)} ${old ? "old" : ""}`} dir=${direction} role="group"
    aria-label="Generated names" aria-busy=${busy ? "true" : "false"} onKeyDown=${press} onClick=${click}
  >
    ${shown.map((chunk, i) => html`<${Block}
      key=${i} names=${chunk} first=${i * BLOCK} has=${kept.has} favourites=${kept.favourites}
      current=${chunk.some((name) => name.text === current) ? current : null}
    />`)}
    <div ref=${edge} aria-hidden="true"></div>
  </div>`;
}
