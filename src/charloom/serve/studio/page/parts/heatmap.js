// A table of shares as a heat map: the darker, the larger. The exact shares are told where one points, or goes by arrow keys.
import { html, percent, useEffect, useRef, useState } from "../lib.js";
import { Table, scale } from "./chart.js";
import { useWidth } from "./width.js";

const EDGE = 18;
const LEAST = 15;
const MOST = 24;

/** `rows[i][j]` is a share, `labels` name rows and columns. `told(i, j)` says what a cell means. */
export function Heatmap({ title, labels, rows, told }) {
  const [ref, width] = useWidth();
  const [at, setAt] = useState(null);
  const [keyed, setKeyed] = useState(false); // a screen reader is not told where the mouse is
  const cursor = useRef();
  useEffect(() => {
    if (keyed) cursor.current?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [at]);
  const cell = Math.min(MOST, Math.max(LEAST, (width - EDGE) / labels.length));
  const place = scale(0, labels.length, EDGE, EDGE + cell * labels.length);
  const size = EDGE + cell * labels.length + 1;
  const point = (event) => {
    const box = event.currentTarget.getBoundingClientRect();
    const [j, i] = [event.clientX - box.left, event.clientY - box.top].map((one) => Math.floor((one - EDGE) / cell));
    setKeyed(false);
    setAt(rows[i]?.[j] == null ? null : [i, j]);
  };
  const press = (event) => {
    const last = labels.length - 1;
    const [i, j] = at ?? [0, 0];
    const to = {
      ArrowUp: [i - 1, j], ArrowDown: [i + 1, j], ArrowLeft: [i, j - 1], ArrowRight: [i, j + 1],
      Home: [i, 0], End: [i, last], PageUp: [0, j], PageDown: [last, j],
    }[event.key];
    if (!to || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    setKeyed(true);
    setAt(at ? to.map((one) => Math.min(Math.max(one, 0), last)) : [0, 0]);
  };
  const largest = rows
    .flatMap((row, i) => row.map((share, j) => [labels[i], labels[j], share]))
    .sort((a, b) => b[2] - a[2])
    .slice(0, 40)
    .filter((one) => one[2] > 0);
  return html`<figure ref=${ref}>
    <figcaption>${title}</figcaption>
    <div class="wide" tabindex="0" role="application" aria-roledescription="heat map" aria-label=${`${title}: arrow keys move between cells`} onKeyDown=${press}>
      <svg class="chart heatmap" width=${size} height=${size} viewBox=${`0 0 ${size} ${size}`} aria-hidden="true"
        onPointerMove=${point} onPointerDown=${point} onPointerLeave=${(event) => event.pointerType === "mouse" && setAt(null)}>
        ${labels.map((label, i) => html`<g key=${i} class=${label.length > 1 ? "long" : ""}>
          <text x=${place(i + 0.5)} y=${EDGE - 5} text-anchor="middle">${label}</text>
          <text x=${EDGE - 8} y=${place(i + 0.5) + 4} text-anchor="middle">${label}</text>
        </g>`)}
        <rect class="frame" x=${EDGE} y=${EDGE} width=${size - EDGE - 1} height=${size - EDGE - 1} />
        ${rows.map((row, i) => row.map((share, j) => share >= 0.005 && html`<rect key=${`${i}-${j}`} class="fill-1"
          x=${place(j)} y=${place(i)} width=${cell} height=${cell} fill-opacity=${Math.sqrt(share).toFixed(2)} />`))}
        ${at && html`<rect class="chosen" ref=${cursor} x=${place(at[1])} y=${place(at[0])} width=${cell} height=${cell} />`}
      </svg>
    </div>
    <p class="note told" aria-live=${keyed ? "polite" : "off"}>${at ? told(...at) : "Point at a cell, or move by arrow keys, for its frequencies."}</p>
    <${Table} caption=${`${title}: the most frequent pairs`} head=${["First", "Then", "Share"]}
      rows=${largest.map(([first, then, share]) => [first, then, percent(share)])} />
  </figure>`;
}
