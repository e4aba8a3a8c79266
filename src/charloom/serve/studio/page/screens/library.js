// The runs of the folder, and those that were deleted.
import { go } from "../address.js";
import { get, post, remove } from "../api.js";
import { counted, date, html, size, useEffect, useLoaded, useRef, useState } from "../lib.js";
import { Problem } from "../parts/connection.js";
import { Busy, Empty, Fold, Progress, TextField, isBusy } from "../parts/controls.js";
import { say, sayProblem } from "../parts/toast.js";
import { Row } from "./library/row.js";

const MANY = 10;

const load = async (signal) => {
  const [runs, bin] = await Promise.all([get("/studio/runs", { signal }), get("/studio/bin", { signal })]);
  return { runs, bin };
};

const matches = (run, wanted) =>
  [run.id, ...run.trained_on.sources, run.model ?? ""].some((text) => text.toLowerCase().includes(wanted.toLowerCase()));

export function LibraryScreen({ query }) {
  const { data, problem, reload } = useLoaded(load, []);
  const [editing, edit] = useState(null);
  const top = useRef();
  const training = data?.runs.some((run) => isBusy(run.training));
  useEffect(() => {
    if (!training || editing || problem) return undefined;
    const timer = setTimeout(reload, 3000);
    return () => clearTimeout(timer);
  }, [data, problem, editing]);
  if (problem && !data) return html`<${Problem} error=${problem} retry=${reload} />`;
  if (!data) return html`<${Progress} label="Reading the folder" />`;

  const restore = async ({ bin }) => {
    try {
      const run = await post(`/studio/bin/${bin}/restore`);
      say(`${run.id} is back.`);
      reload();
    } catch (error) {
      sayProblem(error);
    }
  };
  const bury = async (run) => {
    try {
      const entry = await remove(`/studio/runs/${encodeURIComponent(run.id)}`);
      say(`${run.id} is in the bin.`, { action: { label: "Undo", run: () => restore(entry) } });
      reload();
      top.current?.focus();
    } catch (error) {
      sayProblem(error);
    }
  };
  const renamed = (run) => {
    edit(null);
    if (run) reload();
    top.current?.focus();
  };

  const { runs, bin } = data;
  const wanted = query.find ?? "";
  const found = wanted ? runs.filter((run) => matches(run, wanted)) : runs;
  const search = (find) => go("library", { ...query, find }, { replace: true });
  return html`
    ${problem && html`<${Problem} error=${problem} retry=${reload} />`}
    ${runs.length > MANY &&
    html`<${TextField} label="Find a run" type="search" value=${wanted} onInput=${search}
      hint="By its name, the list, or the model." />`}
    <p class="note" role="status" tabindex="-1" ref=${top}>
      ${runs.length > 0 && (wanted ? `${found.length} of ${counted(runs.length, "run")}` : counted(runs.length, "run"))}
    </p>
    ${!runs.length &&
    html`<${Empty} title="No runs yet">
      <p>A run is a trained model. Bring a list of names or a text, and train one.</p>
      <button type="button" class="primary" onClick=${() => go("list")}>Bring a list</button>
    <//>`}
    ${found.length > 0 &&
    html`<table class="library">
      <thead>
        <tr>
          <th scope="col">Run</th>
          <th scope="col">Trained on</th>
          <th scope="col" class="figure">
            <abbr title="How well it predicts what was held out, in nats a character: lower is better.">Held-out loss</abbr>
          </th>
          <th scope="col" class="figure">Size</th>
          <th scope="col">Saved</th>
          <th scope="col">Actions</th>
        </tr>
      </thead>
      <tbody>
        ${found.map(
          (run) => html`<${Row} key=${run.id} run=${run} bury=${bury} editing=${editing === run.id}
            edit=${() => edit(run.id)} renamed=${renamed} />`,
        )}
      </tbody>
    </table>
    <p class="note">
      Held-out loss: how well the model predicts names or text that it was not trained on, in nats a character.
      Lower is better; compare runs of the same list only.
    </p>`}
    <${Bin} entries=${bin} restore=${restore} reload=${reload} />
  `;
}

/** What was deleted. */
function Bin({ entries, restore, reload }) {
  const [asked, ask] = useState(null);
  const dialog = useRef();
  useEffect(() => {
    if (asked) dialog.current.showModal();
  }, [asked]);
  const destroy = async () => {
    try {
      await remove(`/studio/bin/${asked.bin}`);
      reload();
    } catch (error) {
      sayProblem(error);
    }
    dialog.current.close();
  };
  if (!entries.length) return null;
  return html`<${Fold} title=${`Bin (${entries.length})`}>
    <ul class="bin">
      ${entries.map(
        (entry) => html`<li key=${entry.bin} class="row spread">
          <span><bdi>${entry.name}</bdi> <span class="note">${size(entry.bytes)}, deleted ${date(entry.deleted * 1000)}</span></span>
          <span class="row">
            <${Busy} onClick=${() => restore(entry)} aria-label=${`Restore ${entry.name}`}>Restore<//>
            <button type="button" class="danger" aria-label=${`Delete ${entry.name} for good`} onClick=${() => ask(entry)}>
              Delete for good
            </button>
          </span>
        </li>`,
      )}
    </ul>
    ${asked &&
    html`<dialog ref=${dialog} aria-labelledby="bin-ask" onClose=${() => ask(null)}>
      <h2 id="bin-ask">Delete <bdi>${asked.name}</bdi> for good?</h2>
      <p>Its model cannot be brought back after that.</p>
      <div class="row">
        <${Busy} class="danger" onClick=${destroy}>Delete for good<//>
        <button type="button" autofocus onClick=${() => dialog.current.close()}>Keep it</button>
      </div>
    </dialog>`}
  <//>`;
}
