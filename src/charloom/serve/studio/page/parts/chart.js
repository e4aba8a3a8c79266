// Charts as SVG, coloured by the style sheet, each with its figures as a table for screen readers.
import { html, number } from "../lib.js";
import { useWidth } from "./width.js";

const HEIGHT = 260;
const LEFT = 56;
const BOTTOM = 34;
const TOP = 8;
const RIGHT = 10;

/** Round steps from `low` to `high`, about `count` of them. */
export function ticks(low, high, count = 5) {
  if (!(high > low)) return [low];
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= rough) * power;
  const first = Math.ceil(low / step - 1e-9) * step;
  return Array.from({ length: Math.floor((high - first) / step + 1e-9) + 1 }, (_, i) => +(first + i * step).toPrecision(12));
}

export const scale = (low, high, from, to) => (value) => from + ((value - low) / (high - low || 1)) * (to - from);

function Axes({ width, x, y, xTicks, yTicks, xLabel, yLabel, format = String }) {
  return html`
    ${yTicks.map(
      (tick) => html`<g key=${`y${tick}`}>
        <line class="grid" x1=${LEFT} x2=${width - RIGHT} y1=${y(tick)} y2=${y(tick)} />
        <text x=${LEFT - 6} y=${y(tick) + 4} text-anchor="end">${format(tick)}</text>
      </g>`,
    )}
    ${xTicks.map(
      ([at, text]) => html`<text key=${`x${at}`} x=${x(at)} y=${HEIGHT - BOTTOM + 16} text-anchor="middle">${text}</text>`,
    )}
    <line class="axis" x1=${LEFT} x2=${width - RIGHT} y1=${HEIGHT - BOTTOM} y2=${HEIGHT - BOTTOM} />
    <text x=${(LEFT + width - RIGHT) / 2} y=${HEIGHT - 3} text-anchor="middle">${xLabel}</text>
    <text x=${-(HEIGHT - BOTTOM) / 2} y="11" text-anchor="middle" transform="rotate(-90)">${yLabel}</text>
  `;
}

/** The figures of a chart for those who do not see it. */
export const Table = ({ caption, head, rows }) => html`<div class="unseen"><table>
  <caption>${caption}</caption>
  <thead><tr>${head.map((cell) => html`<th key=${cell} scope="col">${cell}</th>`)}</tr></thead>
  <tbody>${rows.map((row) => html`<tr key=${row[0]}>${row.map((cell, i) => html`<td key=${i}>${cell}</td>`)}</tr>`)}</tbody>
</table></div>`;

export const Legend = ({ names }) =>
  names.length > 1 &&
  html`<ul class="legend">${names.map((name, i) => html`<li key=${name} class=${`of-${i + 1}`}>${name}</li>`)}</ul>`;

/** Lines: series are { name, points: [[x, y], ...], dashed }; y may be null where there is none.
    A dashed line stands at `marked`. */
export function LineChart({ title, series, xLabel, yLabel, zero = false, digits = 2, marked = null }) {
  const [ref, width] = useWidth();
  const points = series.flatMap((one) => one.points).filter(([, value]) => value != null);
  if (!points.length) return null;
  const xs = points.map(([at]) => at);
  const ys = points.map(([, value]) => value);
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const [low, high] = [zero ? 0 : Math.min(...ys), Math.max(...ys)];
  const margin = (high - low || 1) * 0.05;
  const x = scale(left, right, LEFT, width - RIGHT);
  const y = scale(zero ? 0 : low - margin, high + margin, HEIGHT - BOTTOM, TOP);
  const path = (line) =>
    line.filter(([, value]) => value != null).map(([at, value], i) => `${i ? "L" : "M"}${x(at).toFixed(1)} ${y(value).toFixed(1)}`).join("");
  const table = [...new Set(xs)].sort((a, b) => a - b).map((at) => [
    at,
    ...series.map((one) => {
      const value = one.points.find(([other]) => other === at)?.[1];
      return value == null ? "" : number(value, digits);
    }),
  ]);
  return html`<figure ref=${ref}>
    <figcaption>${title}</figcaption>
    <${Legend} names=${series.map((one) => one.name)} />
    <svg class="chart" viewBox=${`0 0 ${width} ${HEIGHT}`} height=${HEIGHT} aria-hidden="true">
      <${Axes}
        width=${width} x=${x} y=${y}
        xTicks=${ticks(left, right, Math.min(width / 60, 8)).filter((tick) => Number.isInteger(tick) || !xs.every(Number.isInteger)).map((tick) => [tick, number(tick, Number.isInteger(tick) ? 0 : 1)])}
        yTicks=${ticks(zero ? 0 : low, high)}
        xLabel=${xLabel} yLabel=${yLabel}
        format=${(tick) => +tick.toPrecision(6)}
      />
      ${series.map(
        (one, i) => html`<g key=${one.name}>
          <path class=${`line of-${i + 1} ${one.dashed ? "dashed" : ""}`} d=${path(one.points)} />
          ${one.points.length < 40 &&
          one.points.map(([at, value]) => value != null && html`<circle key=${at} class=${`fill-${i + 1}`} cx=${x(at)} cy=${y(value)} r="2.5" />`)}
        </g>`,
      )}
      ${marked != null && html`<line class="axis dashed" x1=${x(marked)} x2=${x(marked)} y1=${TOP} y2=${HEIGHT - BOTTOM} />`}
    </svg>
    <${Table} caption=${title} head=${[xLabel, ...series.map((one) => one.name)]} rows=${table} />
  </figure>`;
}

/** Bars side by side: bars are { label, values: [...] }, `names` what the values are of. */
export function BarChart({ title, bars, names = [title], xLabel, yLabel, format = (value) => number(value) }) {
  const [ref, width] = useWidth();
  if (!bars.length) return null;
  const high = Math.max(...bars.flatMap((bar) => bar.values), 1e-9);
  const x = scale(0, bars.length, LEFT, width - RIGHT);
  const y = scale(0, high * 1.05, HEIGHT - BOTTOM, TOP);
  const wide = ((width - RIGHT - LEFT) / bars.length) * 0.8;
  const each = wide / names.length;
  const longest = Math.max(...bars.map((bar) => String(bar.label).length));
  const every = Math.ceil((bars.length * (7 * longest + 8)) / (width - RIGHT - LEFT));
  return html`<figure ref=${ref}>
    <figcaption>${title}</figcaption>
    <${Legend} names=${names} />
    <svg class="chart" viewBox=${`0 0 ${width} ${HEIGHT}`} height=${HEIGHT} aria-hidden="true">
      <${Axes}
        width=${width} x=${x} y=${y}
        xTicks=${bars.map((bar, i) => [i + 0.5, bar.label]).filter((_, i) => i % every === 0)}
        yTicks=${ticks(0, high, 4)}
        xLabel=${xLabel} yLabel=${yLabel} format=${format}
      />
      ${bars.map((bar, i) =>
        bar.values.map(
          (value, j) => html`<rect
            key=${`${i}-${j}`} class=${`fill-${j + 1}`}
            x=${x(i + 0.1) + j * each} width=${Math.max(each - 0.5, 0.5)}
            y=${y(value)} height=${Math.max(HEIGHT - BOTTOM - y(value), 0)}
          />`,
        ),
      )}
    </svg>
    <${Table} caption=${title} head=${[xLabel, ...names]} rows=${bars.map((bar) => [bar.label, ...bar.values.map(format)])} />
  </figure>`;
}
