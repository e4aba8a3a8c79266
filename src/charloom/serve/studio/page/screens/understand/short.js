// In short: headline numbers with their intervals, some new names, and whether the model copies.
import { html } from "../../lib.js";
import { BETTER, amount, interval } from "./words.js";

const MARKS = { none: "good", some: "warn", strong: "warn" };
const SAYS = { none: "None found", some: "Some", strong: "Strong" };

export const InShort = ({ report }) => html`<section class="part first" aria-label="In short">
  <h2>${report.heading.what}${report.heading.style
    ? html` in the style of <bdi>${report.heading.style}</bdi>${report.heading.more ? ` and ${report.heading.more} more` : ""}`
    : " in a style of their own"}</h2>
  <p class="lead">${report.lede}</p>
  <ul class="tiles">
    ${report.tiles.map((one) => html`<li key=${one.name} class="panel">
      <h3>${one.title}</h3>
      <p class="headline"><strong>${amount(one.value, one.unit)}</strong> ${one.unit !== "%" && one.unit}</p>
      ${one.low < one.high && html`<p class="note">95 % interval: ${interval(one, one.unit)}</p>`}
      ${one.real && html`<p class="note">Real ${report.form}: ${amount(one.real.value, one.unit)}</p>`}
      <p class="note">${one.explanation} ${BETTER[one.better]}.</p>
    </li>`)}
  </ul>
  ${report.new_names.length > 0 && html`<div>
    <h3>New names</h3>
    <ul class="words">${report.new_names.map((name, i) => html`<li key=${i} dir="auto">${name}</li>`)}</ul>
  </div>`}
  ${report.verdict && html`<p class=${`banner ${report.level === "none" ? "" : "warn"}`}>
    <b>Memorisation</b> <span class=${`badge ${MARKS[report.level] ?? ""}`}>${SAYS[report.level] ?? report.level}</span><br />${report.verdict}
  </p>`}
</section>`;
