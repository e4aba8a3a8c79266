// What the model makes, beside what is real: samples, lengths, characters, pairs, distances, temperatures.
import { html, number, percent, useState } from "../../lib.js";
import { BarChart, Legend, LineChart, Table } from "../../parts/chart.js";
import { Check } from "../../parts/controls.js";
import { Heatmap } from "../../parts/heatmap.js";
import { Part } from "./section.js";

const TAIL = 0.002;

export function Made(report) {
  const { figures, leads } = report;
  const lengths = figures["drawn-lengths"];
  const { distances, letters, pairs } = figures;
  if (!(report.wall.length || report.passage || lengths || letters)) return null;
  return html`
    ${report.passage && html`<${Part} title="Generated text" lead=${leads.passage}>
      <blockquote class="written" dir="auto" tabindex="0" role="region" aria-label="Generated text">${report.passage}</blockquote><//>`}
    ${report.form === "names" && report.wall.length > 0 && html`<${Part} title="Generated names" lead=${leads.wall}><${Wall} names=${report.wall} /><//>`}
    ${(lengths || distances) && html`<${Part} title="Lengths and distances" lead=${leads.lengths}>
      <div class="columns">
        ${lengths && html`<${BarChart} title="Names by length" names=${["real", "generated"]} xLabel=${`${lengths.unit}s`} yLabel="share of names" format=${percent}
          bars=${binned(lengths.lengths[0], lengths.real, lengths.generated)} />`}
        ${distances && html`<${BarChart} title="Names by edits to the nearest training name" names=${distances.real ? ["held out", "generated"] : ["generated"]} xLabel="edits" yLabel="share of names" format=${percent}
          bars=${binned(0, ...[distances.real, distances.generated].filter(Boolean))} />`}
      </div><//>`}
    ${letters && html`<${Part} title="Characters" lead=${leads.letters}><${Letters} data=${letters} /><//>`}
    ${pairs && html`<${Part} title="Pairs of characters" lead=${leads.pairs}>
      <div class="columns">${[["real", "generated"], ["generated", "real"]].map(([key, other]) => html`<${Heatmap} key=${key}
        title=${key === "real" ? "Real" : "Generated"} labels=${pairs.labels} rows=${pairs[key]}
        told=${(i, j) => `${pairs.labels[j]} after ${pairs.labels[i]}: ${percent(pairs[key][i][j])} ${key}, ${percent(pairs[other][i][j])} ${other}`} />`)}</div><//>`}
  `;
}

/** Bars for whole numbers from `first` on; a long tail of rare ones becomes one bar. */
function binned(first, ...shares) {
  const count = Math.max(...shares.map((one) => one.length));
  const at = (one, i) => one[i] ?? 0;
  let last = count;
  while (last > 1 && shares.every((one) => at(one, last - 1) < TAIL)) last--;
  const bars = Array.from({ length: last }, (_, i) => ({ label: String(first + i), values: shares.map((one) => at(one, i)) }));
  const rest = shares.map((one) => one.slice(last).reduce((sum, share) => sum + share, 0));
  if (rest.some((share) => share > 0)) bars.push({ label: `${first + last}+`, values: rest });
  return bars;
}

function Letters({ data }) {
  const top = Math.max(...data.real, ...data.generated, 1e-9);
  const height = (share) => (46 * share) / top;
  return html`<figure>
    <${Legend} names=${["real", "generated"]} />
    <ul class="letters" aria-hidden="true">${data.labels.map((label, i) => html`<li key=${i} title=${`${percent(data.real[i])} real, ${percent(data.generated[i])} generated`}>
      <svg viewBox="0 0 15 46" preserveAspectRatio="none">
        ${[data.real[i], data.generated[i]].map((share, j) => html`<rect key=${j} class=${`fill-${j + 1}`} x=${8 * j} width="7" y=${46 - height(share)} height=${height(share)} />`)}
      </svg><bdi>${label}</bdi></li>`)}</ul>
    <${Table} caption="Characters" head=${["Character", "Real", "Generated"]} rows=${data.labels.map((label, i) => [label, percent(data.real[i]), percent(data.generated[i])])} />
  </figure>`;
}

const KINDS = [["new", "New"], ["near", "One edit away"], ["copied", "Copied"]];
const kindOf = (one) => ({ 0: "copied", 1: "near" })[one.distance] ?? "new";

function Wall({ names }) {
  const [hidden, hide] = useState({});
  const [told, tell] = useState(null);
  const counts = Object.fromEntries(KINDS.map(([kind]) => [kind, names.filter((one) => kindOf(one) === kind).length]));
  const about = (one) => one.distance == null || one.nearest == null ? "there is no list to compare with"
    : one.distance === 0 ? "in the training list" : `nearest in the list: ${one.nearest}, ${one.distance === 1 ? "1 edit" : `${one.distance} edits`} away`;
  return html`<div>
    <div class="row">${KINDS.filter(([kind]) => counts[kind]).map(([kind, label]) => html`<${Check} key=${kind}
      label=${html`<span class=${`sample ${kind}`}>${label}</span> (${number(counts[kind])})`} checked=${!hidden[kind]} onInput=${(on) => hide({ ...hidden, [kind]: !on })} />`)}</div>
    <ul class="wall" aria-label="Generated names">${names.filter((one) => !hidden[kindOf(one)]).map((one, i) => html`<li key=${`${i}${one.text}`}>
      <button type="button" class=${`sample ${kindOf(one)}`} dir="auto" onClick=${() => tell(one)} onMouseEnter=${() => tell(one)} onFocus=${() => tell(one)}>${one.text}</button></li>`)}</ul>
    <p class="note told" aria-live="polite">${told ? html`<bdi>${told.text}</bdi>: ${about(told)}` : "Choose a name to see the nearest training name."}</p>
  </div>`;
}

export function Temperature(report) {
  const { sweep } = report.figures;
  if (!report.by_temperature.length) return null;
  return html`
    <p class="lead">${report.leads.heat}</p>
    ${sweep && html`<div class="columns">
      <${LineChart} title="Loss of samples" xLabel="temperature" yLabel="nats a character" series=${[
        { name: "generated", points: sweep.draws.map((draw) => [draw.temperature, draw.nats_per_char]) },
        ...(sweep.real_nats_per_char == null ? [] : [{ name: "real names", dashed: true, points: [sweep.draws[0], sweep.draws.at(-1)].map((draw) => [draw.temperature, sweep.real_nats_per_char]) }]),
      ]} />
      <${LineChart} title="Samples that are new, copied or repeated" xLabel="temperature" yLabel="%" zero=${true} digits=${0} series=${["new", "copied", "repeated"].map((name) => ({ name, points: sweep.draws.map((draw) => [draw.temperature, 100 * draw[name]]) }))} />
    </div>`}
    <table class="heats"><caption class="unseen">Samples by temperature</caption>
      <thead><tr><th scope="col">Temperature</th><th scope="col">Samples</th></tr></thead>
      <tbody>${report.by_temperature.map((row) => html`<tr key=${row.temperature}><th scope="row">${row.temperature}</th>
        <td>${row.names ? row.names.map((one, i) => html`<bdi key=${i} class=${`one ${one.copied ? "copied" : ""}`}>${one.text}</bdi> `) : html`<span class="written" dir="auto">${row.text}</span>`}</td></tr>`)}</tbody>
    </table>
    ${report.by_temperature.some((row) => row.names?.some((one) => one.copied)) && html`<p class="note">Struck out: names of the training list.</p>`}
  `;
}

export function Labels(report) {
  if (!report.by_label.length) return null;
  return html`
    <p class="lead">${report.leads.kinds}</p>
    <table class="heats"><caption class="unseen">New names by label</caption>
      <thead><tr><th scope="col">Label</th><th scope="col">Samples</th></tr></thead>
      <tbody>${report.by_label.map((row) => html`<tr key=${row.label}><th scope="row" dir="auto">${row.label}</th>
        <td>${row.names.map((name, i) => html`<bdi class="one" key=${i}>${name}</bdi> `)}</td></tr>`)}</tbody>
    </table>
  `;
}
