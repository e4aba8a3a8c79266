// A value with its interval on a scale, and what it is compared with. The figures stand beside it in words.
import { html } from "../lib.js";
import { useWidth } from "./width.js";

const HEIGHT = 18;

/** `value`, `low`, `high` and `real`, which may be null, between `from` and `to`. */
export function Band({ value, low, high, real = null, from, to, hue = 1 }) {
  const [ref, width] = useWidth(120);
  const x = (one) => 4 + (Math.min(Math.max((one - from) / (to - from || 1), 0), 1)) * (width - 8);
  return html`<div class="band" ref=${ref} aria-hidden="true">
    <svg class="chart" viewBox=${`0 0 ${width} ${HEIGHT}`} height=${HEIGHT}>
      <line class="grid" x1="0" x2=${width} y1=${HEIGHT / 2} y2=${HEIGHT / 2} />
      ${from < 0 && to > 0 && html`<line class="axis" x1=${x(0)} x2=${x(0)} y1="1" y2=${HEIGHT - 1} />`}
      <rect class=${`fill-${hue} extent`} x=${x(low)} width=${Math.max(x(high) - x(low), 1)} y=${HEIGHT / 2 - 4} height="8" />
      <circle class=${`fill-${hue}`} cx=${x(value)} cy=${HEIGHT / 2} r="4" />
      ${real != null && html`<line class="real" x1=${x(real)} x2=${x(real)} y1="1" y2=${HEIGHT - 1} />`}
    </svg>
  </div>`;
}
