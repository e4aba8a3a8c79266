// How good the model is: all metrics, calibration, and whether it copies.
import { html, number } from "../../lib.js";
import { Band } from "../../parts/band.js";
import { LineChart } from "../../parts/chart.js";
import { Part } from "./section.js";
import { BETTER, amount, interval } from "./words.js";

export function Measures(report) {
  if (!report.measures.length) return null;
  const bins = (report.figures.calibration?.bins ?? []).filter((bin) => bin.count);
  return html`
    <p class="lead">${report.leads.measures}</p>
    <table class="measures">
      <thead><tr><th scope="col">Metric</th><th scope="col">This model</th><th scope="col">Real ${report.form}</th></tr></thead>
      <tbody>${report.measures.map((one) => html`<${Row} key=${one.name} one=${one} form=${report.form} />`)}</tbody>
    </table>
    ${report.notes.map((note) => html`<p key=${note} class="note">${note}</p>`)}
    ${bins.length > 0 && html`<${Part} title="Calibration" lead=${report.leads.calibration}>
      <${LineChart} title="How often characters occur, by the probability that the model gave them"
        series=${[
          { name: "this model", points: bins.map((bin) => [100 * bin.predicted, 100 * bin.observed]) },
          { name: "perfect", dashed: true, points: [[0, 0], [100, 100]] },
        ]}
        xLabel="predicted, %" yLabel="observed, %" zero=${true} digits=${1} />
    <//>`}
  `;
}

function Row({ one, form }) {
  const to = Math.max(one.high, one.real?.high ?? 0, one.real?.value ?? 0, 1e-9) * 1.05;
  const from = Math.min(0, one.low, one.real?.low ?? 0);
  return html`<tr>
    <th scope="row">${one.title}<small>${one.explanation} ${BETTER[one.better]}.</small></th>
    <td data-label="This model"><b>${amount(one.value, one.unit)}</b>${one.unit !== "%" && one.unit ? ` ${one.unit}` : ""}
      ${one.low < one.high && html`<small>${interval(one, one.unit)}</small>`}
      <${Band} ...${one} real=${one.real?.value} from=${from} to=${to} /></td>
    <td data-label=${`Real ${form}`}>${one.real
      ? html`${amount(one.real.value, one.unit)}${one.real.low < one.real.high && html`<small>${interval(one.real, one.unit)}</small>`}`
      : "–"}</td>
  </tr>`;
}

export function Memorisation(report) {
  const found = report.memorisation;
  if (!found) return null;
  const shares = report.figures.memorisation;
  const losses = [["Training loss", found.train_nats_per_char], ["Held-out loss", found.held_out_nats_per_char], ["Gap", found.gap]];
  const { longest_copy: longest, canaries } = found;
  return html`
    <p class="lead">${found.verdict}</p>
    ${shares && html`<${LineChart} title="Share of copies by temperature"
      series=${[
        { name: "this model", points: shares.by_temperature.map((one) => [one.temperature, 100 * one.copied.value]) },
        { name: shares.expected ?? "to be expected of the style alone", dashed: true, points: shares.by_temperature.map((one) => [one.temperature, 100 * one.ideal.value]) },
      ]}
      xLabel="temperature" yLabel="copies, %" zero=${true} />`}
    <dl class="known">
      ${losses.filter(([, one]) => one).map(([title, one]) => html`<div key=${title}><dt>${title}</dt>
        <dd>${number(one.value, 3)} nats a character${one.low < one.high ? `, ${number(one.low, 3)} to ${number(one.high, 3)}` : ""}</dd></div>`)}
      ${longest && html`<div><dt>Longest copy</dt><dd>${number(longest.characters)} characters: <q dir="auto">${String(longest.text).slice(0, 200)}</q></dd></div>`}
      ${longest?.real && html`<div><dt>In real text</dt><dd>${number(longest.real.characters)} characters</dd></div>`}
      ${canaries && html`<div><dt>Canaries</dt><dd>${number(canaries.count)} random strings were added to the training names; their mean exposure is ${number(canaries.exposure, 1)} bits, where 1.4 is chance</dd></div>`}
    </dl>
    <p class="note">The gap says how much better the model predicts what it was trained on than what it has not seen. A copy is a
      ${report.form === "names" ? " generated name that is in the training list" : " long stretch of generated text that is in the training text"}.</p>
  `;
}

