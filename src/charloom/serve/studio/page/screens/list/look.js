// What a list looks like, and how it is read; every choice is in the address.
import { go } from "../../address.js";
import { get } from "../../api.js";
import { Problem } from "../../parts/connection.js";
import { Progress } from "../../parts/controls.js";
import { html, useEffect, useLoaded, useRef, useState } from "../../lib.js";
import { Figures } from "./figures.js";
import { Reading } from "./reading.js";
import { Start } from "./start.js";

const CHOICES = ["form", "column", "format", "encoding", "header", "label_column", "weight_column", "skip_bad_rows"];

export function Look({ query }) {
  const chosen = Object.fromEntries(CHOICES.filter((name) => query[name]).map((name) => [name, query[name]]));
  const search = new URLSearchParams(chosen).toString();
  const id = query.list;
  const { data, problem, loading, reload } = useLoaded(
    (signal) => get(`/studio/lists/${encodeURIComponent(id)}/look?${search}`, { signal }),
    [id, search],
  );
  const slow = useSlow(loading);
  const heading = useRef();
  useEffect(() => heading.current?.focus(), [id]);
  const change = (changes) => go("list", { list: id, ...chosen, ...changes }, { replace: true });

  if (problem)
    return html`<${Problem} error=${problem} retry=${reload} /><${Back} />`;
  const toStart = () => document.querySelector(".start input").focus();
  return html`
    <div class="row spread">
      <h2 tabindex="-1" ref=${heading} class="list-name"><bdi>${data?.name ?? "Your list"}</bdi></h2>
      <div class="row">
        ${data && !data.problem && html`<button type="button" class="to-start" onClick=${toStart}>Train a model</button>`}
        <${Back} />
      </div>
    </div>
    <div role="status" class="unseen">${data && !loading ? spoken(data) : ""}</div>
    ${slow && html`<${Progress} label="Looking at the list" />`}
    ${data && html`<div class=${`look ${loading ? "stale" : ""}`}>
      <div>
        <${Reading} look=${data} chosen=${chosen} change=${change} />
        ${data.problem ? html`<${CannotRead} look=${data} change=${change} />` : html`<${Figures} look=${data} />`}
      </div>
      ${!data.problem && html`<${Start} look=${data} chosen=${chosen} />`}
    </div>`}
  `;
}

const spoken = (look) =>
  look.problem ?? `Read as ${look.form}: ${look.form === "names" ? `${look.description.names} names` : `${look.description.text_length} characters`}`;

const Back = () => html`<button type="button" onClick=${() => go("list")}>Bring another list</button>`;

const REMEDIES = {
  encoding: (value) => `Read it as ${value}`,
  skip_bad_rows: () => "Leave out rows that cannot be read",
  form: (value) => `Read it as ${value}`,
};

function CannotRead({ look, change }) {
  return html`<div class="banner wrong" role="alert">
    <p dir="auto">${look.problem}</p>
    ${Object.entries(look.remedy ?? {}).map(
      ([name, value]) => html`<button key=${name} type="button" onClick=${() => change({ [name]: value })}>${REMEDIES[name](value)}</button>`,
    )}
  </div>`;
}

/** Whether something has been loading for a while. */
function useSlow(loading) {
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    if (!loading) return setSlow(false);
    const timer = setTimeout(() => setSlow(true), 300);
    return () => clearTimeout(timer);
  }, [loading]);
  return slow;
}
