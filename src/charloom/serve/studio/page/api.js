// Requests to the server. A refusal becomes an Error with the server's line as its message.

export class Refusal extends Error {
  constructor(status, message, field) {
    super(message);
    this.status = status;
    this.field = field;
  }
}

async function refused(response) {
  const body = await response.json().catch(() => null);
  const error = body?.error ?? {};
  return new Refusal(response.status, error.message ?? `the server answered ${response.status}.`, error.param);
}

/** Whether the studio is away, and whom to tell. */
export const connection = { away: undefined, watchers: new Set() };
const back = new Set();
const CALM = 30_000; // milliseconds after which a further silence begins with a short pause
const [SHORTEST, LONGEST] = [500, 15_000];
let [pause, since, asking] = [SHORTEST, -CALM, false];

/** Ask whether the studio answers, ever more seldom; then do what waits for that. */
async function ask() {
  const answer = await fetch("/healthz").catch(() => null);
  pause = Math.min(1.6 * pause, LONGEST);
  const away = !answer?.ok;
  if (away !== (connection.away ?? false)) {
    connection.away = away;
    for (const tell of connection.watchers) tell(away);
  }
  if (away) {
    setTimeout(ask, pause);
    return;
  }
  [since, asking] = [performance.now(), false];
  const waiting = [...back];
  back.clear();
  for (const run of waiting) run();
}

/** Do something when the studio answers, which it does not now. Returns a function that forgets it. */
export function whenBack(run) {
  back.add(run);
  if (!asking) {
    if (performance.now() - since > CALM) pause = SHORTEST;
    asking = true;
    setTimeout(ask, pause);
  }
  return () => back.delete(run);
}

const silent = () => new Refusal(0, "the studio does not answer.");

async function send(method, path, body, { signal, type = "application/json" } = {}) {
  const headers = body == null ? {} : { "content-type": type };
  const plain = body == null || type !== "application/json" ? body : JSON.stringify(body);
  let response;
  try {
    response = await fetch(path, { method, headers, body: plain, signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw silent();
  }
  if (!response.ok) throw await refused(response);
  return response;
}

const json = async (...all) => {
  const response = await send(...all);
  return response.status === 204 ? null : response.json();
};

export const get = (path, options) => json("GET", path, null, options);
export const post = (path, body, options) => json("POST", path, body, options);
export const patch = (path, body, options) => json("PATCH", path, body, options);
export const remove = (path, options) => json("DELETE", path, null, options);

/** Post, and call `on(event, data, id)` for each server-sent event of the answer, until it ends. */
export async function stream(path, body, on, options = {}) {
  const response = await send(options.method ?? "POST", path, body, options);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read().catch((error) => {
      throw error.name === "AbortError" ? error : silent();
    });
    if (done) return;
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const fields = { event: "message", data: "", id: null };
      for (const line of block.split("\n")) {
        const at = line.indexOf(": ");
        if (at > 0) fields[line.slice(0, at)] = line.slice(at + 2);
      }
      on(fields.event, fields.data === "[DONE]" ? null : JSON.parse(fields.data), fields.id);
    }
  }
}

/** Follow a stream of events that the server can resume, while the page is seen. Returns a function that ends it. */
export function follow(path, kinds, on) {
  let source = null;
  let last = "";
  let forget = () => {};
  const open = () => {
    source = new EventSource(last ? `${path}?after=${encodeURIComponent(last)}` : path);
    source.onerror = () => {
      source.close(); // it would ask at a steady pace
      forget();
      forget = whenBack(open);
    };
    for (const kind of kinds)
      source.addEventListener(kind, (event) => {
        last = event.lastEventId || last;
        on(kind, JSON.parse(event.data));
      });
  };
  const close = () => {
    forget();
    source?.close();
  };
  const seen = () => {
    close(); // a browser has few connections for all its tabs
    if (!document.hidden) open();
  };
  document.addEventListener("visibilitychange", seen);
  seen();
  return () => {
    document.removeEventListener("visibilitychange", seen);
    close();
  };
}
