// Understand: how good a run is, what it makes, whether it copies, what is inside; and two runs side by side.
import { go } from "../address.js";
import { get } from "../api.js";
import { html, useLoaded } from "../lib.js";
import { Problem } from "../parts/connection.js";
import { Choice, Empty, choices, isWhole, lost } from "../parts/controls.js";
import { Comparison } from "./understand/comparison.js";
import { Measuring, useMeasured } from "./understand/measured.js";
import { Report } from "./understand/report.js";

export function UnderstandScreen({ query }) {
  const { data: runs, problem, reload } = useLoaded((signal) => get("/studio/runs", { signal }), []);
  if (problem && !runs) return html`<${Problem} error=${problem} retry=${reload} />`;
  if (!runs) return html`<p class="hint" role="status">Looking for runs …</p>`;
  const whole = runs.filter(isWhole);
  if (!whole.length)
    return html`<${Empty} title="There is no run yet">
      <p>Train one; then this page shows how good it is, what it makes and whether it copies.</p>
      <p><a class="button primary" href="/list">Bring a list</a></p>
    <//>`;
  const run = whole.find((one) => one.id === query.run) ?? (query.run ? null : whole[0]);
  if (!run)
    return html`<${Problem} error=${{ message: lost(runs, query.run) }} />
      <${Chooser} runs=${runs} query=${query} />`;
  const others = whole.filter((one) => one.id !== run.id && one.form === run.form);
  return html`
    <${Chooser} runs=${runs} query=${query} run=${run} others=${others} />
    ${query.with && query.with !== run.id
      ? html`<${Compared} key=${`${run.id}/${query.with}`} a=${run.id} b=${query.with} />`
      : html`<${Reported} key=${run.id} run=${run.id} />`}
  `;
}

function Chooser({ runs, query, run, others = [] }) {
  const choose = (change) => {
    const chosen = { run: run?.id, with: query.with, ...change };
    go("understand", { run: chosen.run, with: chosen.with === chosen.run ? null : chosen.with });
  };
  const form = (id) => runs.find((one) => one.id === id)?.form;
  return html`<div class="columns choosers">
    <${Choice} label="Run" value=${run?.id ?? ""}
      options=${[...(run ? [] : [["", "Choose a run"]]), ...choices(runs)]}
      onInput=${(id) => choose({ run: id, with: form(id) === form(query.with) ? query.with : null })} />
    <${Choice} label="Compare with" value=${query.with ?? ""}
      hint=${others.length ? null : `There is no other run of ${run?.form ?? "this kind"} to compare with.`}
      options=${[["", "Nothing: show this run alone"], ...choices(others)]}
      onInput=${(id) => choose({ with: id })} />
  </div>`;
}

function Reported({ run }) {
  const { data, progress, problem, again } = useMeasured(`/studio/runs/${encodeURIComponent(run)}/report`);
  if (problem) return html`<${Problem} error=${problem} retry=${again} />`;
  if (!data) return progress && html`<${Measuring} progress=${progress} title=${`Measuring ${run}`} />`;
  return html`<${Report} report=${data} again=${again} />`;
}

function Compared({ a, b }) {
  const { data, progress, problem, again } = useMeasured("/studio/compare", { a, b });
  if (problem) return html`<${Problem} error=${problem} retry=${again} />`;
  if (!data) return progress && html`<${Measuring} progress=${progress} title=${`Comparing ${a} and ${b}`} />`;
  return html`<${Comparison} comparison=${data} again=${again} />`;
}
