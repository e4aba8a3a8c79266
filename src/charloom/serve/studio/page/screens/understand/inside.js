// How the model learned, and what is inside it: the map of characters, hidden units, what it expects next.
import { html, number, useState } from "../../lib.js";
import { LineChart } from "../../parts/chart.js";
import { Choice } from "../../parts/controls.js";
import { Scatter } from "../../parts/scatter.js";
import { Part } from "./section.js";

export function Learning(report) {
  const history = report.figures.loss?.history;
  if (!history || report.saved_epoch == null) return null;
  const line = (name, key) => ({ name, points: history.map((one) => [one.epoch, typeof one[key] === "number" ? one[key] : null]) });
  const best = report.best_epoch;
  return html`
    <p class="lead">${report.leads.loss}</p>
    <${LineChart} title="Loss by epoch" xLabel="epoch" yLabel="nats a character" digits=${3} marked=${report.saved_epoch}
      series=${[line("training", "train_nats_per_char"), ...(best ? [line("held out", "held_out_nats_per_char")] : [])]} />
    ${best && html`<p class="note">Held-out loss is lowest after epoch ${number(best.epoch)}: ${number(best.held_out_nats_per_char, 3)} nats a character.
      An epoch is one pass through the training ${report.form}. The dashed line marks the saved model.</p>`}
  `;
}

export function Inside(report) {
  const { embedding } = report.figures;
  if (!embedding && !report.units.length && !report.next.length) return null;
  const { leads } = report;
  return html`
    ${report.next.length > 0 && html`<${Part} title="What it expects next" lead=${leads.next_letter}><${Next} strings=${report.next} /><//>`}
    ${embedding && html`<${Part} title="Map of the characters" lead=${leads.embedding}>
      <${Scatter} title="Characters in the embedding" kinds=${ordered(embedding.kinds)}
        points=${embedding.labels.map((label, i) => ({ label, kind: embedding.kinds[i], at: embedding.points[i] }))} /><//>`}
    ${report.units.length > 0 && html`<${Part} title="Hidden units" lead=${leads.units}><${Units} units=${report.units} /><//>`}
  `;
}

const KINDS = ["consonant", "vowel", "capital"];

/** The kinds that there are, in an order that keeps their colours. */
const ordered = (kinds) => {
  const found = new Set(kinds);
  return [...KINDS.filter((kind) => found.delete(kind)), ...found];
};

const shade = (hue, share) => ({ background: `color-mix(in srgb, var(--${hue}) ${Math.round(48 * Math.min(share, 1))}%, transparent)` });

function Next({ strings }) {
  const [at, choose] = useState(0);
  const string = strings[Math.min(at, strings.length - 1)];
  return html`
    <${Choice} label="String to read" value=${String(at)} options=${strings.map((one, i) => [String(i), one.text.replaceAll("\n", "↵").slice(0, 30)])} onInput=${(value) => choose(Number(value))} />
    <ol class="ladder" dir="auto">${string.places.map((place, i) => html`<li key=${i}>
      <p class="head"><${Label} label=${place.label} /> <small>${place.share}</small></p>
      <ol>${(place.choices ?? []).filter((one, j) => j < 5 || one.late).slice(0, 5).map((one, j) => html`<li key=${j} class=${one.came ? "came" : ""} style=${shade("blue", one.probability)}>
        <${Label} label=${one.label} /> <small>${one.share}</small></li>`)}</ol>
    </li>`)}</ol>
    <p class="note">The character that came has a frame.</p>`;
}

const Label = ({ label }) => (label.title ? html`<abbr title=${label.title}>${label.shown}</abbr>` : html`<bdi>${label.shown}</bdi>`);

function Units({ units }) {
  const [at, choose] = useState(0);
  const unit = units[Math.min(at, units.length - 1)];
  return html`
    <${Choice} label="Hidden unit" value=${String(at)} options=${units.map((one, i) => [String(i), one.title])} onInput=${(value) => choose(Number(value))} />
    <div class="cells" tabindex="0" role="region" aria-label=${unit.title}>${unit.strings.map((string, i) => html`<p key=${i} role="img" aria-label=${string.labels.join("")} dir="auto">${string.labels.map((label, j) => html`<span key=${j}
      class=${`${string.activity[j] < -0.25 ? "below" : ""} ${label.length > 2 ? "long" : ""}`} style=${shade(string.activity[j] >= 0 ? "orange" : "blue", Math.abs(string.activity[j]))}>${label}</span>`)}</p>`)}</div>
    <p class="note">Correlation with the feature: ${number(unit.correlation, 2)}, where 1 or −1 is perfect and 0 is none.</p>`;
}
