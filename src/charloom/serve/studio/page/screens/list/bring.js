// Where a list comes from: a file, pasted text, the built-in list, or one that was brought before.
import { go } from "../../address.js";
import { get, post, remove } from "../../api.js";
import { Problem } from "../../parts/connection.js";
import { Busy, Field, Progress } from "../../parts/controls.js";
import { say, sayProblem } from "../../parts/toast.js";
import { date, html, size, useEffect, useLoaded, useRef, useState } from "../../lib.js";

const MOST_BYTES = 200_000_000;
const PLAIN = ".txt,.csv,.tsv,.json,.jsonl,.gz,.list,.dat,.md,text/*";

export function Bring({ returning }) {
  const [busy, setBusy] = useState(null);
  const [problem, setProblem] = useState(null);

  /** Store a file or text, and look at it. */
  async function bring(content, name) {
    setProblem(null);
    if (content.size > MOST_BYTES)
      return setProblem(new Error(`${name} has ${size(content.size)}; ${size(MOST_BYTES)} is the most. Bring a part of it.`));
    if (content.size === 0) return setProblem(new Error(`${name} is empty. Bring a file with one name a line.`));
    setBusy(`Reading ${name}`);
    try {
      const path = `/studio/lists?name=${encodeURIComponent(name)}`;
      const { id } = await post(path, content, { type: "application/octet-stream" });
      go("list", { list: id });
    } catch (error) {
      setProblem(error);
    } finally {
      setBusy(null);
    }
  }

  return html`
    <p class="lead">A list of names, one a line, or any text. A model learns from it, and makes up new ones.</p>
    <${Drop} focused=${returning} bring=${bring} refuse=${(message) => setProblem(new Error(message))} disabled=${busy} />
    ${busy && html`<${Progress} label=${busy} />`}
    ${problem && html`<${Problem} error=${problem} />`}
    <div class="columns">
      <${Paste} bring=${bring} />
      <section>
        <h2>Or begin with dinosaurs</h2>
        <p>1,524 names of dinosaurs come with charloom, enough to see how it works.</p>
        <button type="button" onClick=${() => go("list", { list: "builtin" })}>Use the built-in list</button>
      </section>
    </div>
    <${Before} />
  `;
}

/** A drop zone that is a button, too. */
function Drop({ focused, bring, refuse, disabled }) {
  const input = useRef();
  const zone = useRef();
  const [over, setOver] = useState(false);
  const take = (files) => {
    if (files.length > 1) return refuse("several files were dropped. Bring one at a time.");
    if (files.length) bring(files[0], files[0].name);
  };
  const drop = (event) => {
    event.preventDefault();
    setOver(false);
    const { files } = event.dataTransfer;
    if (files.length) return take(files);
    const text = event.dataTransfer.getData("text/plain");
    if (text) bring(new Blob([text]), "dropped.txt");
  };
  const drag = (event) => {
    event.preventDefault();
    setOver(true);
  };
  useEffect(() => focused && zone.current.focus(), []);
  useEffect(() => {
    // A file that misses the zone must not replace the page.
    const stop = (event) => event.preventDefault();
    addEventListener("dragover", stop);
    addEventListener("drop", stop);
    return () => {
      removeEventListener("dragover", stop);
      removeEventListener("drop", stop);
    };
  }, []);
  return html`<div>
    <button
      type="button" class=${`drop ${over ? "over" : ""}`} ref=${zone} disabled=${!!disabled}
      onClick=${() => input.current.click()}
      onDragEnter=${drag} onDragOver=${drag} onDragLeave=${() => setOver(false)} onDrop=${drop}
    >
      <span class="drop-title">Drop a file here, or choose one</span>
      <span class="hint">Plain text, CSV, TSV or JSON, also as .gz; up to 200 MB. It stays on this computer.</span>
    </button>
    <input
      type="file" class="unseen" tabindex="-1" aria-hidden="true" ref=${input} accept=${PLAIN} hidden
      onChange=${(event) => {
        take([...event.target.files]);
        event.target.value = "";
      }}
    />
  </div>`;
}

function Paste({ bring }) {
  const [text, setText] = useState("");
  const use = () => bring(new Blob([text]), "pasted.txt");
  return html`<section>
    <h2>Or paste</h2>
    <${Field} label="Names, one a line, or text">
      ${(attributes) =>
        html`<textarea dir="auto" spellcheck="false" value=${text} onInput=${(event) => setText(event.target.value)} ...${attributes} />`}
    <//>
    <${Busy} onClick=${use} disabled=${!text.trim()}>Use this text<//>
  </section>`;
}

function Before() {
  const { data, problem, reload } = useLoaded((signal) => get("/studio/lists", { signal }), []);
  const [gone, setGone] = useState([]);
  if (problem) return html`<${Problem} error=${problem} retry=${reload} />`;
  const lists = (data ?? []).filter((one) => !gone.includes(one.id));
  const drop = async (list) => {
    setGone((before) => [...before, list.id]);
    const back = () => setGone((before) => before.filter((id) => id !== list.id));
    try {
      await remove(`/studio/lists/${list.id}`);
      const undo = () => post(`/studio/lists/${list.id}/restore`).then(back, sayProblem);
      say(`Removed ${list.name}`, { action: { label: "Undo", run: undo } });
    } catch (error) {
      back();
      sayProblem(error);
    }
  };
  return lists.length > 0 && html`<section class="before">
    <h2>Brought before</h2>
    <ul class="plain-list">
      ${lists.map(
        (list) => html`<li key=${list.id} class="row spread">
          <a
            href=${`/list?list=${list.id}`}
            onClick=${(event) => {
              if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
              event.preventDefault();
              go("list", { list: list.id });
            }}
            ><bdi>${list.name}</bdi></a>
          <span class="row"><span class="note">${size(list.bytes)}, ${date(1000 * list.brought)}</span>
          <button type="button" class="quiet" aria-label=${`Remove ${list.name}`} onClick=${() => drop(list)}>Remove</button></span>
        </li>`,
      )}
    </ul>
  </section>`;
}
