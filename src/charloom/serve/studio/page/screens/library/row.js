// A run: a row of the table, or a card where it is narrow.
import { patch } from "../../api.js";
import { date, html, number, size, useEffect, useRef, useState } from "../../lib.js";
import { Link } from "../../parts/link.js";
import { STATES, isBusy } from "../../parts/controls.js";

const To = ({ screen, run, children }) => html`<${Link} class="button" screen=${screen} query=${{ run }} aria-label=${`${children}: ${run}`}>${children}<//>`;

/** A field in place of the name; Enter renames, Escape leaves it as it was. */
function Rename({ run, renamed }) {
  const [name, setName] = useState(run.id);
  const [problem, setProblem] = useState(null);
  const field = useRef();
  useEffect(() => {
    field.current.focus();
    field.current.select();
  }, []);
  const save = async (event) => {
    event.preventDefault();
    if (name === run.id) return renamed(null);
    try {
      return renamed(await patch(`/studio/runs/${encodeURIComponent(run.id)}`, { name }));
    } catch (error) {
      return setProblem(error.message);
    }
  };
  return html`<form class="rename" onSubmit=${save} onKeyDown=${(event) => event.key === "Escape" && renamed(null)}>
    <input type="text" ref=${field} dir="auto" autocomplete="off" spellcheck="false" aria-label=${`New name of ${run.id}`}
      aria-invalid=${problem ? "true" : null} aria-describedby=${problem ? "rename-problem" : null}
      value=${name} onInput=${(event) => setName(event.target.value)} />
    <div class="row">
      <button type="submit" class="primary">Rename</button>
      <button type="button" onClick=${() => renamed(null)}>Cancel</button>
    </div>
    ${problem && html`<p class="problem" id="rename-problem" role="alert">${problem}</p>`}
  </form>`;
}

/** A menu of further actions; Escape and a click elsewhere close it. */
function More({ run, children }) {
  const menu = useRef();
  useEffect(() => {
    const close = (event) => {
      if (event.type === "keydown" ? event.key === "Escape" : !menu.current.contains(event.target)) menu.current.open = false;
    };
    document.addEventListener("click", close);
    document.addEventListener("keydown", close);
    return () => {
      document.removeEventListener("click", close);
      document.removeEventListener("keydown", close);
    };
  }, []);
  return html`<details class="more" ref=${menu}>
    <summary class="button" aria-label=${`More actions for ${run.id}`}>More</summary>
    <div class="panel" onClick=${() => (menu.current.open = false)}>${children}</div>
  </details>`;
}

export function Row({ run, bury, editing, edit, renamed }) {
  const { id, trained_on: on } = run;
  const busy = isBusy(run.training);
  const ready = !run.problem && run.model;
  const archive = `/studio/runs/${encodeURIComponent(id)}/archive`;
  const what = on.count == null ? "" : `${number(on.count)} ${on.counted === "names" ? "names" : "characters of text"}`;
  return html`<tr>
    <th scope="row">
      ${editing ? html`<${Rename} run=${run} renamed=${renamed} />` : html`<span class="run-name" dir="auto">${id}</span>`}
      ${run.model && html`<span class="note">${run.model[0].toUpperCase() + run.model.slice(1)}</span>`}
      ${STATES[run.training] && html`<span class=${`badge ${busy ? "good" : "warn"}`}>${STATES[run.training]}</span>`}
      ${run.problem && html`<p class="problem">${run.problem}</p>`}
    </th>
    <td data-label="Trained on">${what || (on.sources.length ? "" : "–")}${what && on.sources.length > 0 && ", "}${on.sources.map(
      (source, i) => html`${i > 0 && ", "}<bdi>${source}</bdi>`,
    )}</td>
    <td data-label="Held-out loss" class="figure">${number(run.held_out_nats_per_char, 3)}</td>
    <td data-label="Size" class="figure">${size(run.bytes)}</td>
    <td data-label="Saved">${date(run.created)}</td>
    <td class="actions">
      <div class="row">
        ${ready && run.form === "names" && html`<${To} screen="generate" run=${id}>Generate<//>`}
        ${ready && html`<${To} screen="write" run=${id}>Write<//>`}
        ${ready && html`<${To} screen="understand" run=${id}>Understand<//>`}
        ${busy && html`<${To} screen="train" run=${id}>Watch<//>`}
        ${!busy &&
        html`<${More} run=${run}>
          <button type="button" class="quiet" onClick=${edit}>Rename</button>
          ${ready &&
          html`<a class="button quiet" href=${archive} download>Download</a>
            ${run.names &&
            html`<a class="button quiet" href=${`${archive}?names=false`} download>
              Download without the ${run.form === "text" ? "text" : "names"}
            </a>`}`}
          <button type="button" class="quiet danger" onClick=${() => bury(run)}>Delete</button>
        <//>`}
      </div>
    </td>
  </tr>`;
}
