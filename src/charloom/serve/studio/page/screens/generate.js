// The wall of names: settings, names as they come, details of one, favourites.
import { get, post } from "../api.js";
import { go, useSettings } from "../address.js";
import { counted, html, number, useEffect, useLoaded, useMemo, useRef, useState } from "../lib.js";
import { Problem } from "../parts/connection.js";
import { Choice, Empty, Progress, choices, isBusy, isWhole, lost } from "../parts/controls.js";
import { Link } from "../parts/link.js";
import { Controls } from "./generate/controls.js";
import { Details, InFront } from "./generate/details.js";
import { Exports, Tray, copy, useFavourites } from "./generate/favourites.js";
import { Limits } from "./generate/limits.js";
import { useNames } from "./generate/names.js";
import { MOST, USUAL, constrained, fitsAddress, freshSeed, fromAddress, toAddress, toRequest, without } from "./generate/settings.js";
import { Help, Wall } from "./generate/wall.js";

/** Whether the window is at least so wide. */
function useWider(width) {
  const query = useMemo(() => matchMedia(`(min-width: ${width})`), []);
  const [wide, setWide] = useState(query.matches);
  useEffect(() => {
    const update = () => setWide(query.matches);
    query.addEventListener("change", update);
    return () => query.removeEventListener("change", update);
  }, []);
  return wide;
}

export function GenerateScreen({ query }) {
  const [settings, change] = useSettings("generate", query, fromAddress, toAddress);
  const { data: runs, problem, reload } = useLoaded((signal) => get("/studio/runs", { signal }), []);
  const run = settings.run || runs?.find((one) => isWhole(one) && one.form === "names")?.id || runs?.find(isWhole)?.id || "";
  const chosen = runs?.find((one) => one.id === run);
  const usable = chosen && isWhole(chosen);
  const names = usable && chosen.form === "names";
  const about = useLoaded(
    async (signal) => {
      if (!names) return null;
      const found = await get(`/v1/runs/${encodeURIComponent(run)}`, { signal });
      const check = { run, text: found.vocabulary.characters[0] ?? "a", allow_known: true };
      const listed = (await post("/v1/check", check, { signal })).new !== null;
      return { run, labels: found.labels, listed };
    },
    [run, names],
  );
  useEffect(() => {
    if (run && (!settings.run || !settings.seed)) change({ run, seed: settings.seed || freshSeed() });
  }, [run, settings.run, settings.seed]);
  const comes = !usable && isBusy(chosen?.training);
  useEffect(() => {
    if (!comes || problem) return undefined;
    const timer = setTimeout(reload, 2000); // until it has a model
    return () => clearTimeout(timer);
  }, [runs, problem]);

  if (problem && !runs) return html`<${Problem} error=${problem} retry=${reload} />`;
  if (!runs) return html`<${Progress} label="Looking for runs" />`;
  if (!run)
    return html`<${Empty} title="There is no model yet">
      <p>Bring a list of names and train on it; a short list takes seconds.</p>
      <p><button type="button" class="primary" onClick=${() => go("list")}>Bring a list</button></p>
    <//>`;
  const options = choices(runs);
  if (!chosen) options.unshift([run, run]);
  // What was blended and which labels counted belongs to the old run.
  const choose = (id) => change({ run: id, labels: "", guidance: "", blend: "", like: "" }, true);
  const here = about.data?.run === run ? about.data : null;
  const others = runs.filter((one) => isWhole(one) && one.form === "names").map((one) => one.id);
  return html`<div class="generate">
    <div class="chooser"><${Choice} label="Run" value=${run} options=${options} onInput=${choose} /></div>
    ${!usable && html`<p class="banner warn" role="status">${lost(runs, run)}
      ${comes && html` <${Link} screen="train" query=${{ run }}>Watch<//>`}</p>`}
    ${names && about.problem && html`<${Problem} error=${about.problem} retry=${about.reload} />`}
    ${usable && !names && html`<${Empty} title="This run writes text">
      <p><bdi>${run}</bdi> was trained on running text, so it has no names for a wall.</p>
      <p><button type="button" class="primary" onClick=${() => go("write", { run })}>Write with it</button></p>
    <//>`}
    ${names && here && html`<${Studio} key=${run} run=${run} about=${here} runs=${others} settings=${{ ...settings, run }} change=${change} />`}
    ${names && !here && !about.problem && html`<${Progress} label="Loading the run" />`}
  </div>`;
}

function Studio({ run, about, runs, settings, change }) {
  const seeded = useMemo(freshSeed, []);
  const asked = useMemo(() => {
    const plain = toRequest({ ...settings, seed: settings.seed || seeded, known: settings.known || !about.listed });
    if (!settings.like) return plain;
    const { best, ...others } = plain;
    return { temperature: Number(settings.temperature), seed: Number(settings.seed || seeded), ...others, text: settings.like };
  }, [JSON.stringify(settings)]);
  const wall = useNames(settings.like ? "/studio/like" : "/v1/names", asked);
  const kept = useFavourites(run);
  const [opened, setOpened] = useState(null);
  const wide = useWider("70rem");
  const roomy = useWider("56rem");
  const near = useRef(new Map());
  const from = useRef();
  const open = (name) => {
    from.current = document.activeElement;
    setOpened(name);
  };
  const close = () => {
    setOpened(null);
    const back = from.current;
    setTimeout(() => (back?.isConnected ? back : document.querySelector('.wall button.name[tabindex="0"]'))?.focus(), 0);
  };
  useEffect(() => {
    if (!opened || !wide) return undefined;
    const press = (event) => event.key === "Escape" && close();
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [opened, wide]);
  const { names, old, end, problem, loading, slow } = wall;
  const field = problem?.field && ["start", "end", "contains", "length", "chars", "regex", "block", "forbid"].includes(problem.field);
  const few = !settings.like && constrained(asked) && (slow > 1 || (problem?.status === 422 && !field) || (end && end.reason && names.length < asked.n));
  const exported = () => names.map((name) => ({ ...name, nearest: near.current.get(name.text) }));
  const aside = opened && html`<${Details}
    run=${run} name=${opened} kept=${kept} close=${close} mixed=${Boolean(settings.labels || settings.blend)} listed=${about.listed}
    learned=${(found) => near.current.set(found.text, found.nearest)}
    like=${(text) => {
      if (!wide) close();
      change({ like: text }, true);
    }}
    begin=${(start) => {
      if (!wide) close();
      change({ start, like: "" }, true);
    }}
  />`;
  const changed = ["start", "end", "contains", "min", "max", "pattern", "chars", "block", "forbid", "edits", "fold", "known", "labels", "blend", "like", "temperature", "best"]
    .some((key) => settings[key] !== USUAL[key]);
  const said = problem ? "" : old || (loading && !names.length) ? "Looking for names" : `${counted(names.length, "name")}${loading ? " so far" : ""}`;
  return html`<div class=${`studio ${aside && wide ? "with-details" : ""}`}>
    <div class="side">
      <${Controls}
        settings=${settings} change=${change} labels=${about.labels} listed=${about.listed} problem=${problem}
        others=${runs.filter((one) => one !== run)} fits=${fitsAddress(settings)} folded=${!roomy}
      />
      ${changed && html`<button type="button" class="quiet" onClick=${() => change({ ...USUAL, run, seed: settings.seed, n: settings.n }, true)}>Reset all settings</button>`}
      <${Help} />
    </div>
    <div class="middle">
      <div class="row spread bar-above">
        <p class="note" role="status">${said}</p>
        <div class="row">
          ${!settings.best && html`<button type="button" class="primary" onClick=${() => change({ seed: freshSeed() }, true)}>Other names</button>`}
        </div>
      </div>
      ${settings.like && html`<p class="banner">Names like <bdi>${settings.like}</bdi>.
        <button type="button" class="quiet" onClick=${() => change({ like: "" }, true)}>Back to all names</button></p>`}
      ${problem && !field && !few && html`<${Problem} error=${problem} />`}
      ${few && html`<${Limits} asked=${{ ...asked, best: false }} drop=${(name, item) => change(without(settings, name, item), true)} />`}
      ${slow > 0 && loading && html`<${Progress} label=${settings.like ? "Comparing names" : "Still looking"} />`}
      <${Wall} names=${names} old=${old || Boolean(problem)} kept=${kept} current=${opened?.text} open=${open} busy=${loading} />
      ${end && !names.length && !few && html`<${Empty} title="No names"><p>${end.reason}</p><//>`}
      ${end && names.length > 0 && html`<div class="below">
        ${end.note && html`<p class="note">Note: ${end.note}.</p>`}
        ${end.reason && !few && html`<p class="note">${capital(end.reason)}.</p>`}
        <div class="row">
          ${!end.reason && asked.n < MOST && html`<button type="button" onClick=${() => change({ n: String(Math.min(MOST, asked.n < 100 ? 200 : 5 * asked.n)) })}>More names</button>`}
          <button type="button" class="quiet" onClick=${() => copy(names.map((name) => name.text).join("\n"), `Copied ${counted(names.length, "name")}`)}>Copy all</button>
          <span class="note">Export ${number(names.length)}:</span>
          <${Exports} title=${`${run} names`} names=${exported()} about=${{ run, settings: toAddress(settings) }} />
        </div>
        ${end.seed != null && html`<p class="note">Seed ${settings.seed}: the address of this page brings back this wall.</p>`}
      </div>`}
      <${Tray} run=${run} kept=${kept} open=${open} />
    </div>
    ${aside && (wide ? html`<aside class="panel beside-wall" aria-label="Details">${aside}</aside>` : html`<${InFront} close=${close}>${aside}<//>`)}
  </div>`;
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
