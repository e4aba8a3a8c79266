// Write with a model: a name letter by letter, or a text that it continues.
import { go, useSettings } from "../address.js";
import { get } from "../api.js";
import { html, useLoaded } from "../lib.js";
import { Problem } from "../parts/connection.js";
import { Choice, Empty, Progress, choices, isWhole, lost } from "../parts/controls.js";
import { WriteName } from "./write/name.js";
import { WriteText } from "./write/text.js";

const LONGEST = 1500; // characters of a text that an address may hold

/** What the address says of settings. */
const toAddress = (settings) =>
  Object.fromEntries(
    Object.entries(settings)
      .filter(([key, value]) => value !== "" && value != null && value !== false && !(key === "text" && value.length > LONGEST))
      .map(([key, value]) => [key, String(value)]),
  );

export function WriteScreen({ query }) {
  const [settings, change] = useSettings("write", query, (there) => there, toAddress);
  const { data, problem, reload } = useLoaded((signal) => get("/studio/runs", { signal }), []);
  if (problem && !data) return html`<${Problem} error=${problem} retry=${reload} />`;
  if (!data) return html`<${Progress} label="Looking for runs" />`;
  const runs = data.filter(isWhole);
  if (!runs.length)
    return html`<${Empty} title="Nothing to write with yet">
      <p>Bring a list of names or a text, and train a model on it. Then it continues what you type here.</p>
      <button type="button" class="primary" onClick=${() => go("list")}>Bring a list</button>
    <//>`;
  const missing = settings.run && !runs.some((run) => run.id === settings.run);
  const run = runs.find((one) => one.id === settings.run) ?? runs[0];
  const Editor = run.form === "text" ? WriteText : WriteName;
  return html`
    <div class="write-run">
      <${Choice} label="Run" value=${run.id} onInput=${(id) => change({ run: id, text: "" })}
        options=${choices(data)} />
    </div>
    ${missing && html`<p class="banner warn" role="status">${lost(data, settings.run)} This is <bdi>${run.id}</bdi>.</p>`}
    <${Editor} key=${run.id} run=${run} settings=${settings} change=${change} generate=${(start) => go("generate", { run: run.id, start })} />
  `;
}
