// Favourites: kept in this browser, per run.
import { html, useEffect, useState } from "../../lib.js";
import { post } from "../../api.js";
import { Busy } from "../../parts/controls.js";
import { say, sayProblem } from "../../parts/toast.js";
import { save } from "./export.js";

const key = (run) => `charloom.favourites.${run}`;

function read(run) {
  try {
    const found = JSON.parse(localStorage.getItem(key(run)));
    return Array.isArray(found) ? found.filter((name) => typeof name?.text === "string") : [];
  } catch {
    return []; // storage is forbidden here, or somebody else wrote there
  }
}

/** The favourites of a run: { favourites, has(text), toggle(name), set(all) }. */
export function useFavourites(run) {
  const [favourites, setAll] = useState(() => read(run));
  useEffect(() => {
    setAll(read(run));
    const other = (event) => event.key === key(run) && setAll(read(run));
    addEventListener("storage", other);
    return () => removeEventListener("storage", other);
  }, [run]);
  const set = (all) => {
    setAll(all);
    try {
      localStorage.setItem(key(run), JSON.stringify(all));
    } catch {
      say("This browser does not keep favourites. Export them before you close the page.", { wrong: true });
    }
  };
  const has = (text) => favourites.some((name) => name.text === text);
  const drop = (text) => {
    const before = favourites;
    set(before.filter((name) => name.text !== text));
    say(`Removed ${text}`, { action: { label: "Undo", run: () => set(before) } });
  };
  const toggle = ({ text, nats, origin, nearest }) =>
    has(text) ? drop(text) : set([...favourites, { text, nats, origin, nearest }]);
  return { favourites, has, toggle, set };
}

export async function copy(text, said) {
  try {
    await navigator.clipboard.writeText(text);
    say(said);
  } catch {
    say("The browser does not allow copying here.", { wrong: true });
  }
}

/** The names with the nearest training name of each that lacks it. */
async function withNearest(run, names) {
  const missing = names.filter((name) => !name.nearest).map((name) => name.text);
  const found = new Map();
  for (let first = 0; first < missing.length; first += 100) {
    const texts = missing.slice(first, first + 100);
    const { explanations } = await post("/v1/explain", { run, texts, alternatives: 0 });
    for (const one of explanations) found.set(one.text, one.nearest);
  }
  return names.map((name) => ({ ...name, nearest: name.nearest ?? found.get(name.text) ?? null }));
}

/** Buttons that save names as files. `prepare` may add to them before. */
export const Exports = ({ title, names, about, prepare = (all) => all }) => {
  const export_ = async (kind) => {
    try {
      save(title, kind, kind === "txt" ? names : await prepare(names), about);
    } catch (error) {
      sayProblem(error);
    }
  };
  return html`<span class="exports" role="group" aria-label=${`Export ${title}`}>
    ${[["txt", "Text"], ["csv", "CSV"], ["json", "JSON"]].map(
      ([kind, label]) => html`<${Busy} key=${kind} class="quiet" onClick=${() => export_(kind)} disabled=${!names.length}>${label}<//>`,
    )}
  </span>`;
};

/** The tray: favourites, with what can be done with all of them. */
export function Tray({ run, kept, open }) {
  const { favourites, toggle, set } = kept;
  const empty = () => {
    set([]);
    say("Removed all favourites", { action: { label: "Undo", run: () => set(favourites) } });
  };
  return html`<section class="tray panel" aria-label="Favourites">
    <h2>Favourites <span class="count">${favourites.length || ""}</span></h2>
    ${!favourites.length && html`<p class="note">Press <kbd>f</kbd> on a name, or its star, to keep it here.</p>`}
    <ul>
      ${favourites.map(
        (name) => html`<li key=${name.text}>
          <button type="button" class="name" onClick=${() => open(name)}><bdi>${name.text}</bdi></button>
          <button type="button" class="quiet" aria-label=${`Remove ${name.text} from the favourites`} onClick=${() => toggle(name)}>×</button>
        </li>`,
      )}
    </ul>
    ${favourites.length > 0 &&
    html`<div class="row">
      <button type="button" onClick=${() => copy(favourites.map((name) => name.text).join("\n"), "Copied all favourites")}>Copy all</button>
      <span class="note">Export:</span>
      <${Exports} title=${`${run} favourites`} names=${favourites} about=${{ run }} prepare=${(all) => withNearest(run, all)} />
      <button type="button" class="quiet danger" onClick=${empty}>Remove all</button>
    </div>`}
  </section>`;
}
