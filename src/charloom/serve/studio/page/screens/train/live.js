// One training as it goes: how far, how well, and what it would make up by now.
import { go } from "../../address.js";
import { get, post, remove } from "../../api.js";
import { LineChart } from "../../parts/chart.js";
import { Problem } from "../../parts/connection.js";
import { Busy, Empty, Progress } from "../../parts/controls.js";
import { Link } from "../../parts/link.js";
import { say, sayProblem } from "../../parts/toast.js";
import { html, number, useEffect, useLoaded, useRef } from "../../lib.js";
import { Bar } from "./all.js";
import { useTraining } from "./follow.js";
import { Samples } from "./samples.js";
import { extent, sentence } from "./words.js";

const MOST_POINTS = 300;

export function Live({ run }) {
  const path = `/studio/trainings/${encodeURIComponent(run)}`;
  const first = useLoaded((signal) => get(path, { signal }), [run]);
  const known = useTraining(run);
  const training = known.training ?? first.data;
  if (known.gone || first.problem?.status === 404) return html`<${Gone} run=${run} />`;
  if (!training && first.problem) return html`<${Problem} error=${first.problem} retry=${first.reload} />`;
  if (!training) return html`<${Progress} label="Looking for the training" />`;
  return html`<${View} run=${run} path=${path} training=${training} known=${known} />`;
}

/** What is shown where a run is not trained any more, or never was. */
const Gone = ({ run }) => html`<${Empty} title="No training here">
  <p><bdi>${run}</bdi> is not being trained. If the command line trained it, that is over.</p>
  <div class="row middle">
    <button type="button" class="primary" onClick=${() => go("library")}>Look into the library</button>
    <button type="button" onClick=${() => go("train")}>All trainings</button>
  </div>
<//>`;

function View({ run, path, training, known }) {
  const { step, phase, started } = known;
  const title = useRef();
  useEffect(() => {
    // What had the focus may be gone: a link to this screen, or a button that was pressed.
    if (document.activeElement === document.body) title.current.focus({ preventScroll: true });
  }, [training.state]);
  const running = training.state === "running";
  const now = { ...training, epochs: started?.epochs ?? training.epochs, ...(running && step) };
  const share = phase && running ? phase.progress : now.progress;
  return html`
    <p class="up"><${Link} screen="train">All trainings<//></p>
    <h2 class="run-title" dir="auto" tabindex="-1" ref=${title}>${run}</h2>
    <p class="state" role="status">${sentence(training, known)}</p>
    ${["running", "stopping"].includes(training.state) &&
    html`<${Bar} label="Progress of the training" text=${extent(now, running && phase)} share=${share} />`}
    <${Actions} run=${run} path=${path} training=${training} change=${known.change} />
    ${known.said.map(
      ({ kind, message }) => html`<p key=${message} class=${kind === "warning" ? "banner warn" : "note"}>${message}</p>`,
    )}
    <div class="watch">
      <${Samples} known=${known} form=${training.form} />
      <section aria-label="Loss">
        <${Losses} known=${known} />
        ${started && html`<${Facts} started=${started} list=${training.list} />`}
      </section>
    </div>
  `;
}

/** What can be done now. */
function Actions({ run, path, training, change }) {
  const { state, where, form } = training;
  const act = (what) => post(`${path}/${what}`).then(change, sayProblem);
  const ready = ["finished", "stopped", "failed", "lost"].includes(state);
  async function discard() {
    try {
      const { bin } = await remove(path);
      go("train", {}, { replace: true });
      document.querySelector("h1").focus();
      const undo = () =>
        post(`/studio/bin/${bin}/restore`).then(({ id }) => go("train", { run: id ?? run }), sayProblem);
      say(`Discarded ${run}.`, { action: { label: "Undo", run: undo } });
    } catch (error) {
      sayProblem(error);
    }
  }
  if (where === "terminal") return html`<p class="note">Press Ctrl-C in that terminal to stop it.</p>`;
  const use = form === "text" ? ["write", "Write with it"] : ["generate", "Generate names"];
  return html`<div class="row actions">
    ${state === "finished" && html`<button type="button" class="primary" onClick=${() => go(use[0], { run })}>${use[1]}</button>`}
    ${["waiting", "running"].includes(state) && html`<${Busy} onClick=${() => act("stop")}>Stop<//>`}
    ${training.resumable && html`<${Busy} class="primary" onClick=${() => act("resume")}>Resume<//>`}
    ${ready && state !== "finished" && html`<button type="button" onClick=${() => go(use[0], { run })}>${use[1]}</button>`}
    ${state === "finished" && form === "names" && html`<button type="button" onClick=${() => go("write", { run })}>Write</button>`}
    ${state === "finished" && html`<button type="button" onClick=${() => go("understand", { run })}>Understand</button>`}
    <${Busy} class="quiet danger" onClick=${discard}>Discard<//>
  </div>`;
}

/** The losses of the epochs, and of the steps in between. */
function Losses({ known }) {
  const { epochs, curve, started } = known;
  const all = [...epochs.values()].sort((a, b) => a.epoch - b.epoch);
  const per = started?.steps_per_epoch;
  const from = all.length > 2 ? 1 : 0; // the first steps are far above all others
  const steps = per ? curve.map((one) => [Math.round((100 * one.step) / per) / 100, one.loss]).filter(([at]) => at >= from) : [];
  const every = Math.ceil(steps.length / MOST_POINTS) || 1;
  const train = steps.length ? steps.filter((_, i) => i % every === 0 || i === steps.length - 1) : all.map((one) => [one.epoch, one.train]);
  const heldOut = all.filter((one) => one.held_out != null).map((one) => [one.epoch, one.held_out]);
  const latest = all.at(-1);
  const best = all.reduce((low, one) => (one.held_out != null && (low == null || one.held_out < low.held_out) ? one : low), null);
  return html`
    <dl class="facts losses">
      <div><dt>Training loss</dt><dd>${number(latest?.train ?? curve.at(-1)?.loss, 3)}</dd></div>
      <div><dt>Held-out loss</dt><dd>${number(latest?.held_out, 3)}</dd></div>
      <div><dt>Best</dt><dd>${best ? html`${number(best.held_out, 3)} <small>epoch ${number(best.epoch)}</small>` : "–"}</dd></div>
    </dl>
    <${LineChart}
      title="Loss in nats per character; lower is better" xLabel="epoch" yLabel="nats per character" digits=${3}
      series=${[{ name: "training", points: train }, { name: "held out", points: heldOut }].filter((one) => one.points.length)}
    />
  `;
}

const Facts = ({ started, list }) => html`<p class="note">
  ${started.model[0].toUpperCase() + started.model.slice(1)}; ${number(started.parameters)} parameters.
  ${" "}Trained on ${number(started.train_size)} ${started.counted} of <bdi>${list.name}</bdi>;
  ${" "}${started.held_out_size
    ? `${number(started.held_out_size)} are held out, to measure how well it does on what it has not seen.`
    : "none are held out."}
  ${started.steps_per_epoch > 0 && (started.model.includes(", mixed with ")
    ? " The training loss is that of the network alone, with dropout; the held-out loss is that of the mixture."
    : " The training loss is measured with dropout, so it may be above the held-out loss.")}
</p>`;
