// Two runs on the same unseen names, or text: which predicts better, and how their other metrics differ.
import { go } from "../../address.js";
import { counted, html, number } from "../../lib.js";
import { Band } from "../../parts/band.js";
import { BETTER, amount, interval } from "./words.js";

const follow = (run) => (event) => {
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
  event.preventDefault();
  go("understand", { run });
};

export function Comparison({ comparison, again }) {
  const { models } = comparison;
  const worse = models.find((model) => model.difference);
  const best = models.find((model) => !model.difference);
  return html`<article class="report">
    <section class="part first" aria-labelledby="verdict">
      <h2 id="verdict">${comparison.winner ? html`<bdi>${comparison.winner}</bdi> predicts better` : "No significant difference"}</h2>
      <p class="banner" dir="auto">${comparison.verdict}</p>
      ${worse && html`<p class="lead"><bdi>${worse.name}</bdi> needs ${number(worse.difference.value, 3)} nats a character more than <bdi>${best.name}</bdi>; the 95 % interval of the difference is
        ${" "}${number(worse.difference.low, 3)} to ${number(worse.difference.high, 3)}. ${worse.p < 0.05 ? "Chance alone hardly explains it" : "Chance alone may explain it"} (p ${worse.p < 0.0001 ? "< 0.0001" : `= ${number(worse.p, worse.p < 0.01 ? 4 : 2)}`}).</p>`}
      <${Scale} models=${models} />
      <p class="note">Nats a character: how surprised a model is by the next character, on average. Lower is better; 0.1 less means that each real character is about 10 % more likely to the model.</p>
    </section>
    <section class="part" aria-labelledby="fair">
      <h2 id="fair">Is this fair?</h2>
      <p>${comparison.of === "names"
        ? `Both runs are measured on the same ${counted(comparison.items, "name")} (${number(comparison.characters)} characters), which both held out: neither was trained on them.`
        : `Both runs are measured on the same text (${counted(comparison.items, "block")}, ${number(comparison.characters)} characters), which both held out: neither was trained on it.`}
        ${" "}The difference is taken ${comparison.of === "names" ? "name by name" : "block by block"}, so it does not matter how hard ${comparison.of === "names" ? "they are" : "it is"}.
        A model that was refitted to all names in the end is measured as it was before.</p>
      ${comparison.without_first && html`<p class="note">First characters are given, because one of the runs cannot predict them.</p>`}
      ${comparison.left_out > 0 && html`<p class="note">${number(comparison.left_out)} ${comparison.of === "names" ? "names" : "characters"} are left out: a run has never seen their characters.</p>`}
      ${comparison.warnings.map((line) => html`<p key=${line} class="banner warn" dir="auto">${line[0].toUpperCase() + line.slice(1)}</p>`)}
    </section>
    <${Others} comparison=${comparison} />
    <p class="row">
      ${models.map((model) => html`<a key=${model.name} class="button" href=${`/understand?run=${encodeURIComponent(model.name)}`} onClick=${follow(model.name)}>Report on <bdi>${model.name}</bdi></a>`)}
      <button type="button" onClick=${again}>Compare again</button>
    </p>
  </article>`;
}

function Scale({ models }) {
  const all = models.map((model) => model.nats_per_char);
  const [low, high] = [Math.min(...all.map((one) => one.low)), Math.max(...all.map((one) => one.high))];
  const margin = (high - low) * 0.1 || 0.1;
  return html`<table class="measures">
    <thead><tr><th scope="col">Run</th><th scope="col">Nats a character</th></tr></thead>
    <tbody>${models.map((model, i) => html`<tr key=${model.name}>
      <th scope="row"><bdi>${model.name}</bdi><small>${model.kind}</small></th>
      <td data-label="Nats a character"><b>${number(model.nats_per_char.value, 3)}</b> <small>${number(model.nats_per_char.low, 3)} to ${number(model.nats_per_char.high, 3)}</small>
        <${Band} ...${model.nats_per_char} from=${low - margin} to=${high + margin} hue=${i + 1} /></td>
    </tr>`)}</tbody>
  </table>`;
}

function Others({ comparison: { models, of } }) {
  const known = models.map((model) => Object.fromEntries(model.measures.map((one) => [one.name, one])));
  const measures = models.flatMap((model) => model.measures).filter((one, i, all) => all.findIndex((other) => other.name === one.name) === i);
  if (!measures.length) return null;
  const notes = [...new Set(models.flatMap((model) => model.notes))];
  return html`<section class="part" aria-labelledby="others">
    <h2 id="others">Other metrics</h2>
    <p class="lead">Each value has its 95 % interval. Where intervals overlap much, the difference may be chance. The mark is the same metric of real ${of === "names" ? "names" : "text"}.</p>
    <table class="measures both">
      <thead><tr><th scope="col">Metric</th>${models.map((model) => html`<th key=${model.name} scope="col"><bdi>${model.name}</bdi></th>`)}</tr></thead>
      <tbody>${measures.map((one) => {
        const both = known.map((own) => own[one.name]);
        const present = both.filter(Boolean);
        const to = Math.max(...present.flatMap((own) => [own.high, own.real?.value ?? 0]), 1e-9) * 1.05;
        const from = Math.min(0, ...present.map((own) => own.low));
        return html`<tr key=${one.name}>
          <th scope="row">${one.title}<small>${one.explanation} ${BETTER[one.better] ? `${BETTER[one.better]}.` : ""}</small></th>
          ${both.map((own, i) => html`<td key=${i} data-label=${models[i].name}>${own
            ? html`<b>${amount(own.value, own.unit)}</b> <small>${own.low < own.high && interval(own, own.unit)}${own.real ? `; real: ${amount(own.real.value, own.unit)}` : ""}</small>
              <${Band} ...${own} real=${own.real?.value} from=${from} to=${to} hue=${i + 1} />`
            : "–"}</td>`)}
        </tr>`;
      })}</tbody>
    </table>
    ${notes.map((note) => html`<p key=${note} class="note">${note}</p>`)}
  </section>`;
}
