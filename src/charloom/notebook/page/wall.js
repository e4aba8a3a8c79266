// The wall of names: the studio's, without what needs its folder of runs.
import { show, useShared, useWider } from "./frame.js";
import { counted, html, useEffect, useMemo, useRef, useState } from "./lib.js";
import { Problem } from "./parts/connection.js";
import { Empty, Progress } from "./parts/controls.js";
import { say } from "./parts/toast.js";
import { Controls } from "./screens/generate/controls.js";
import { Details, InFront } from "./screens/generate/details.js";
import { Tray, copy } from "./screens/generate/favourites.js";
import { useNames } from "./screens/generate/names.js";
import { MOST, USUAL, freshSeed, toRequest } from "./screens/generate/settings.js";
import { Help, Wall } from "./screens/generate/wall.js";

const FIELDS = ["start", "end", "contains", "length", "chars", "regex", "block", "forbid"];

/** The favourites, which Python sees as strings: { favourites, has(text), toggle(name), set(all) }. */
function useFavourites(model) {
  const [texts, share] = useShared(model, "favourites");
  const known = useRef(new Map()); // names with what was found out about them
  const favourites = texts.map((text) => known.current.get(text) ?? { text });
  const set = (all) => {
    for (const name of all) known.current.set(name.text, name);
    share(all.map((name) => name.text));
  };
  const has = (text) => texts.includes(text);
  const toggle = ({ text, nats, origin, nearest }) => {
    if (!has(text)) return set([...favourites, { text, nats, origin, nearest }]);
    set(favourites.filter((name) => name.text !== text));
    return say(`Removed ${text}`, { action: { label: "Undo", run: () => set(favourites) } });
  };
  return { favourites, has, toggle, set };
}

function App({ model }) {
  const run = model.get("run");
  const listed = model.get("listed");
  const labels = model.get("labels");
  const [set, share, latest] = useShared(model, "settings", 200);
  const [, tell] = useShared(model, "asked", 200);
  const settings = { ...USUAL, ...set, run };
  const change = (some) => share({ ...latest.current, ...some });
  const asked = useMemo(() => toRequest({ ...settings, known: settings.known || !listed }), [JSON.stringify(settings)]);
  useEffect(() => {
    const { run: _, ...others } = asked;
    tell(others);
  }, [asked]);
  const { names, old, end, problem, loading, slow } = useNames("/v1/names", asked);
  const kept = useFavourites(model);
  const [opened, setOpened] = useState(null);
  const frame = useRef();
  const wide = useWider(frame, 62);
  const wider = useWider(frame, 56);
  const from = useRef();
  const open = (name) => {
    from.current = frame.current.getRootNode().activeElement;
    setOpened(name);
  };
  const close = () => {
    setOpened(null);
    const back = from.current;
    setTimeout(() => (back?.isConnected ? back : frame.current.querySelector('.wall button.name[tabindex="0"]'))?.focus(), 0);
  };
  const field = problem?.field && FIELDS.includes(problem.field);
  const said = problem ? "" : old || (loading && !names.length) ? "Looking for names" : `${counted(names.length, "name")}${loading ? " so far" : ""}`;
  const changed = Object.keys(USUAL).some((key) => !["run", "seed", "n"].includes(key) && settings[key] !== USUAL[key]);
  const aside = opened && html`<${Details}
    run=${run} name=${opened} kept=${kept} close=${close} mixed=${Boolean(settings.labels)} listed=${listed} learned=${() => {}}
    begin=${(start) => {
      if (!wide) close();
      change({ start });
    }}
  />`;
  return html`<div class=${`studio ${wider ? "" : "narrow"} ${aside && wide ? "with-details" : ""}`} ref=${frame}
    onKeyDown=${(event) => event.key === "Escape" && opened && wide && close()}>
    <div class="side">
      <${Controls} settings=${settings} change=${change} labels=${labels} listed=${listed} problem=${problem} others=${[]} fits=${true} folded=${!wider} />
      ${changed && html`<button type="button" class="quiet" onClick=${() => change({ ...USUAL, seed: settings.seed, n: settings.n })}>Reset all settings</button>`}
      <${Help} />
    </div>
    <div class="middle">
      <div class="row spread bar-above">
        <p class="note" role="status">${said}</p>
        ${!settings.best && html`<button type="button" class="primary" onClick=${() => change({ seed: freshSeed() })}>Other names</button>`}
      </div>
      ${problem && !field && html`<${Problem} error=${problem} />`}
      ${slow > 0 && loading && html`<${Progress} label="Still looking" />`}
      <${Wall} names=${names} old=${old || Boolean(problem)} kept=${kept} current=${opened?.text} open=${open} busy=${loading} />
      ${end && !names.length && html`<${Empty} title="No names"><p>${end.reason}</p><//>`}
      ${end && names.length > 0 && html`<div class="below">
        ${end.note && html`<p class="note">Note: ${end.note}.</p>`}
        ${end.reason && html`<p class="note">${end.reason.charAt(0).toUpperCase() + end.reason.slice(1)}.</p>`}
        <div class="row">
          ${!end.reason && asked.n < MOST && html`<button type="button" onClick=${() => change({ n: String(Math.min(MOST, asked.n < 100 ? 200 : 5 * asked.n)) })}>More names</button>`}
          <button type="button" class="quiet" onClick=${() => copy(names.map((name) => name.text).join("\n"), `Copied ${counted(names.length, "name")}`)}>Copy all</button>
        </div>
      </div>`}
      <${Tray} run=${run} kept=${kept} open=${open} />
    </div>
    ${aside && (wide ? html`<aside class="panel beside-wall" aria-label="Details">${aside}</aside>` : html`<${InFront} close=${close}>${aside}<//>`)}
  </div>`;
}

export const render = (widget) => show(App, widget);
