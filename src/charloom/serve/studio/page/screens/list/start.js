// The start of a training: a name for the run, how long it may take, and the rest folded away.
import { go } from "../../address.js";
import { get, post } from "../../api.js";
import { Problem } from "../../parts/connection.js";
import { Check, Choice, Field, Fold, TextField } from "../../parts/controls.js";
import { html, useEffect, useLoaded, useRef, useState } from "../../lib.js";

const BUDGETS = [
  ["", "As long as it takes"],
  ["30", "30 seconds"],
  ["120", "2 minutes"],
  ["600", "10 minutes"],
];
const NETWORKS = ["", "network", "mixture"];
const LABELS = {
  kind: { network: "Network", mixture: "Network and n-gram", ngram: "N-gram", unigram: "Character frequencies", uniform: "All characters equally likely" },
  base: { latin: "Latin names", none: "None" },
  cell: { gru: "GRU", lstm: "LSTM", rnn: "RNN" },
};

export function Start({ look, chosen }) {
  const id = encodeURIComponent(look.id);
  const list = useLoaded((signal) => get(`/studio/lists/${id}`, { signal }), [id]);
  const settings = useLoaded((signal) => get("/studio/settings", { signal }), []);
  const [run, setRun] = useState(null);
  const [given, setGiven] = useState({});
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);
  const wrong = useRef();
  const name = run ?? list.data?.run ?? "";
  const set = (field, value) => setGiven((before) => ({ ...before, [field]: value }));
  const usable = (one) =>
    (one.form == null || one.form === look.form) &&
    (!one.network || NETWORKS.includes(given.kind ?? "")) &&
    (one.name !== "order" || !["network", "unigram", "uniform"].includes(given.kind));
  const all = (settings.data ?? []).filter(usable);
  useEffect(() => problem && wrong.current?.scrollIntoView({ block: "nearest" }), [problem]);

  async function train(event) {
    event.preventDefault();
    setProblem(null);
    setBusy(true);
    const reading = Object.fromEntries(
      Object.entries({ ...chosen, form: look.form, column: look.column }).filter(([, value]) => value),
    );
    if (reading.header) reading.header = reading.header === "true";
    if (reading.skip_bad_rows) reading.skip_bad_rows = reading.skip_bad_rows === "true";
    const usableGiven = all
      .filter((one) => given[one.name] != null && given[one.name] !== "")
      .map((one) => [one.name, one.kind === "integer" || one.kind === "number" ? Number(given[one.name]) : given[one.name]]);
    try {
      const body = { list: look.id, look: reading, run: name.trim() || null, settings: Object.fromEntries(usableGiven) };
      const training = await post("/studio/trainings", body);
      go("train", { run: training.run });
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  }

  return html`<form class="panel start" onSubmit=${train} aria-label="Train a model">
    <h2>Train a model</h2>
    <${TextField}
      label="Name of the run" value=${name} maxlength="100" onInput=${setRun}
      problem=${problem?.field === "run" ? problem.message : null}
    />
    <fieldset class="budget">
      <legend>Time</legend>
      ${BUDGETS.map(
        ([value, label]) => html`<label key=${value} class="pick">
          <input
            type="radio" name="seconds" checked=${(given.seconds ?? "") === value}
            disabled=${!NETWORKS.includes(given.kind ?? "")}
            onChange=${() => set("seconds", value)}
          /> ${label}</label>`,
      )}
    </fieldset>
    <p class="note">${NETWORKS.includes(given.kind ?? "")
      ? "It can be stopped at any time, and keeps the best model so far."
      : "This kind of model only counts, which takes seconds."}</p>
    <${Fold} title="Advanced">
      <p class="note">What is left empty is chosen for this list.</p>
      ${settings.problem && html`<${Problem} error=${settings.problem} retry=${settings.reload} />`}
      ${[...new Set(all.map((one) => one.group))].map(
        (group) => html`<fieldset key=${group} class="group">
          <legend>${group}</legend>
          ${all.filter((one) => one.group === group && one.name !== "seconds").map(
            (one) => html`<${Setting}
              key=${one.name} setting=${one} value=${given[one.name]}
              problem=${problem?.field === one.name ? problem.message : null}
              onInput=${(value) => set(one.name, value)}
            />`,
          )}
        </fieldset>`,
      )}
    <//>
    <div ref=${wrong}>${problem && html`<${Problem} error=${problem} />`}</div>
    <button class="primary" type="submit" disabled=${busy} aria-busy=${busy ? "true" : null}>${busy ? "Starting…" : "Train"}</button>
  </form>`;
}

function Setting({ setting, value, problem, onInput }) {
  const { name, help, kind, choices, least, most, unit } = setting;
  const label = !unit || setting.label.toLowerCase().includes(unit) ? setting.label : `${setting.label} (${unit})`;
  if (kind === "flag")
    return html`<${Check} label=${label} checked=${!!value} onInput=${(on) => onInput(on || null)} /><p class="hint">${help}</p>`;
  if (kind === "choice") {
    const options = [["", "Chosen for this list"], ...choices.map((one) => [one, LABELS[name]?.[one] ?? one])];
    return html`<${Choice} label=${label} hint=${help} value=${value ?? ""} options=${options} onInput=${onInput} />`;
  }
  return html`<${Field} label=${label} hint=${help} problem=${problem}>
    ${(attributes) => html`<input
      type="number" inputmode="decimal" min=${least} max=${most} step=${kind === "integer" ? 1 : "any"}
      placeholder="automatic" value=${value ?? ""}
      onInput=${(event) => onInput(event.target.value)} ...${attributes}
    />`}
  <//>`;
}
