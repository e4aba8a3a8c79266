// The report on a run, section by section. Its words come from the server, which `charloom report` shares.
import { html } from "../../lib.js";
import { InShort } from "./short.js";
import { Learning, Inside } from "./inside.js";
import { Made, Temperature, Labels } from "./made.js";
import { Measures, Memorisation } from "./quality.js";
import { Section } from "./section.js";

export function Report({ report, again }) {
  const sections = [
    ["learning", "Learning", Learning(report)],
    ["made", report.form === "names" ? "Names it makes" : "Text it makes", Made(report)],
    ["temperature", "Temperature", Temperature(report)],
    ["labels", "Labels", Labels(report)],
    ["metrics", "Metrics", Measures(report)],
    ["memorisation", "Memorisation", Memorisation(report)],
    ["inside", "Inside the model", Inside(report)],
    ["how", "How it was made", html`<${How} report=${report} again=${again} />`],
  ].filter(([, , content]) => content);
  return html`<article class="report">
    <${InShort} report=${report} />
    <nav class="contents" aria-label="Parts of the report">
      ${sections.map(([id, title]) => html`<a key=${id} href=${`#${id}`}>${title}</a>`)}
    </nav>
    ${sections.map(([id, title, content]) => html`<${Section} key=${id} id=${id} title=${title}>${content}<//>`)}
  </article>`;
}

function How({ report, again }) {
  const missing = Object.entries(report.left_out);
  return html`
    <p class="lead">${report.leads.reproducibility}</p>
    <dl class="known">${report.facts.map(({ term, value }) => html`<div key=${term}><dt>${term}</dt><dd dir="auto">${value}</dd></div>`)}</dl>
    ${report.examples.length > 0 && html`<p><b>Some of the training names:</b> ${report.examples.map((name, i) => html`<bdi class="one" key=${i}>${name}</bdi> `)}</p>`}
    <h3>On the command line</h3>
    <pre class="commands" tabindex="0" role="region" aria-label="Commands that train this model and write this report"><code>${report.commands}</code></pre>
    ${missing.length > 0 && html`<h3>Left out</h3>
      <ul>${missing.map(([what, why]) => html`<li key=${what}><b>${what[0].toUpperCase() + what.slice(1)}</b>: <span dir="auto">${why}</span></li>`)}</ul>`}
    <p><button type="button" onClick=${again}>Measure again</button></p>
  `;
}
