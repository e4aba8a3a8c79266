// Why there are so few names: how much each constraint leaves out.
import { post } from "../../api.js";
import { html, useLoaded } from "../../lib.js";
import { Progress } from "../../parts/controls.js";
import { portion } from "./words.js";

export function Limits({ asked, drop }) {
  const { data, loading, problem } = useLoaded((signal) => post("/studio/limits", asked, { signal }), [JSON.stringify(asked)]);
  if (problem) return null; // the wall says what is wrong
  if (!data) return html`<${Progress} label="Looking at what each setting leaves out" />`;
  // That names are new is said only where it matters.
  const matters = (row) => row.field !== "allow_known" || row.share_without > 1.2 * data.share;
  const rows = data.each.filter(matters).sort((a, b) => (b.share_without ?? 0) - (a.share_without ?? 0));
  if (!rows.length) return null;
  const most = Math.max(...rows.map((row) => row.share_without ?? 0), 1e-300);
  return html`<section class="limits panel" aria-label="What leaves so few names" aria-busy=${loading ? "true" : "false"}>
    ${data.contradiction
      ? html`<h2>No name can satisfy all of this</h2><p>${data.contradiction}</p>`
      : html`<h2>These settings leave little</h2><p>Of this model’s names, <b>${portion(data.share)}</b> satisfy all of it.</p>`}
    <div class="wide"><table>
      <thead><tr><th scope="col">Setting</th><th scope="col">Share of names without it</th><th scope="col"><span class="unseen">Action</span></th></tr></thead>
      <tbody>${rows.map((row) => html`<tr key=${row.field + row.item}>
        <th scope="row" dir="auto">${row.says}</th>
        <td>${row.share_without > 0 ? portion(row.share_without) : data.contradiction ? "still none" : portion(row.share_without)}
          <span class="share" aria-hidden="true"><span style=${{ width: `${Math.round((100 * (row.share_without ?? 0)) / most)}%` }}></span></span></td>
        <td><button type="button" class="quiet" onClick=${() => drop(row.field, row.item)} aria-label=${`Drop: ${row.says}`}>Drop</button></td>
      </tr>`)}</tbody>
    </table></div>
  </section>`;
}
