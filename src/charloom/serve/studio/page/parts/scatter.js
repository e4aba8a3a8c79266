// Labelled points on a plane; labels that would overlap are moved apart.
import { html, number, useMemo } from "../lib.js";
import { Legend, Table, scale } from "./chart.js";
import { useWidth } from "./width.js";

const APART = 17;
const TURNS = 60;

/** Move points apart until their marks do not overlap, or a limit is reached. */
export function apart(points, least = APART) {
  const moved = points.map((point) => [...point]);
  for (let turn = 0; turn < TURNS; turn++) {
    let touched = false;
    for (let i = 0; i < moved.length; i++)
      for (let j = 0; j < i; j++) {
        let [dx, dy] = [moved[i][0] - moved[j][0], moved[i][1] - moved[j][1]];
        const distance = Math.hypot(dx, dy);
        if (distance >= least) continue;
        if (distance < 1e-6) [dx, dy] = [Math.cos(i), Math.sin(i)];
        const push = (least - distance) / 2 / (distance < 1e-6 ? 1 : distance);
        moved[i] = [moved[i][0] + dx * push, moved[i][1] + dy * push];
        moved[j] = [moved[j][0] - dx * push, moved[j][1] - dy * push];
        touched = true;
      }
    if (!touched) break;
  }
  return moved;
}

/** Points are { label, kind, at: [x, y] }; `kinds` are coloured in their order. */
export function Scatter({ title, points, kinds }) {
  const [ref, width] = useWidth();
  const height = Math.min(Math.max(width * 0.75, 300), 460);
  const placed = useMemo(() => {
    const [xs, ys] = [0, 1].map((axis) => points.map((point) => point.at[axis]));
    const x = scale(Math.min(...xs), Math.max(...xs), 14, width - 14);
    const y = scale(Math.min(...ys), Math.max(...ys), height - 14, 14);
    const inside = (value, most) => Math.min(Math.max(value, 9), most - 9);
    return apart(points.map((point) => [x(point.at[0]), y(point.at[1])])).map(([left, top]) => [inside(left, width), inside(top, height)]);
  }, [points, width, height]);
  return html`<figure ref=${ref}>
    <figcaption>${title}</figcaption>
    <${Legend} names=${kinds} />
    <svg class="chart scatter" viewBox=${`0 0 ${width} ${height}`} height=${height} aria-hidden="true">
      <rect class="frame" x="0.5" y="0.5" width=${width - 1} height=${height - 1} />
      ${points.map((point, i) => html`<text key=${i} class=${`ink-${kinds.indexOf(point.kind) + 1} ${point.label.length > 1 ? "long" : ""}`}
        x=${placed[i][0].toFixed(1)} y=${(placed[i][1] + 5).toFixed(1)} text-anchor="middle">${point.label}</text>`)}
    </svg>
    <${Table} caption=${title} head=${["Character", "Kind", "Across", "Up"]}
      rows=${points.map((point) => [point.label, point.kind, ...point.at.map((one) => number(one, 2))])} />
  </figure>`;
}
