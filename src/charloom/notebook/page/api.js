// Requests to the kernel, in place of the studio's to its server. A refusal becomes an Error with the kernel's line as its message.

const models = new Map(); // widgets by the name of their run
let requests = 0;
const own = Math.random().toString(36).slice(2);

/** Let what asks for a run ask this widget's model. */
export const connect = (model) => models.set(model.get("run"), model);

export class Refusal extends Error {
  constructor(message, field) {
    super(message);
    this.status = 422;
    this.field = field;
  }
}

/** A kernel is never away as a server may be: what it is asked waits for it. */
export const connection = { away: false, watchers: new Set() };
export const whenBack = () => () => {};

/** Ask, and call `on(item)` for each item of the answer as it comes; resolves to its end. */
function ask(path, body, on, signal) {
  const model = models.get(body.run ?? body.model);
  const id = `${own}-${++requests}`;
  return new Promise((resolve, reject) => {
    const end = (settle, value) => {
      model.off("msg:custom", receive);
      signal?.removeEventListener("abort", leave);
      settle(value);
    };
    const receive = (message) => {
      if (message.id !== id) return;
      for (const item of message.items) on(item);
      if (message.problem) end(reject, new Refusal(message.problem.message, message.problem.field));
      else if ("end" in message) end(resolve, message.end);
    };
    const leave = () => {
      model.send({ abort: id });
      end(reject, new DOMException("The answer is not waited for.", "AbortError"));
    };
    if (signal?.aborted) return reject(new DOMException("The answer is not waited for.", "AbortError"));
    signal?.addEventListener("abort", leave);
    model.on("msg:custom", receive);
    model.send({ id, path, body });
  });
}

export const post = (path, body, { signal } = {}) => ask(path, body, () => {}, signal);

/** Post, and call `on(event, data)` for each name or piece of the answer, and for its end. */
export async function stream(path, body, on, { signal } = {}) {
  const end = await ask(path, body, (item) => on("name", item), signal);
  on("end", end);
}
