// Names without repeats, in the order in which each would first be drawn.
//
// A string of probability p first arrives after an exponential time of rate p. A prefix arrives with the first of its
// strings: one of its continuations arrives with it, the others later. The random numbers are a function of seed and
// prefix, so what comes next is found by always stepping the prefix that arrives first. A guide says which
// continuations can still become allowed strings; the probability of the others is taken away, and the prefix then
// arrives accordingly later. This is the search of `charloom generate`, which steps many prefixes at once.
import { Heap } from "./heap.js";
import { ROWS } from "./network.js";
import { NEVER, logAdd, softmax } from "./numbers.js";
import { child, firstArrival, key, rootKey, uniform } from "./random.js";

/** Draws to look ahead at first, and the factor by which the next walk goes farther. */
const DRAWS = 20000;
const FEW = 400;
const FARTHER = 8;

/** Names that are passed over to find prefixes to step together. */
const PASSED = 32;

/** With a look-ahead: how much earlier than it seems a prefix may arrive, as the log of a factor; less where it is likely. */
const SLACK = Math.log(64);
const UNSURE = 0.1;

/** What a prefix seems to arrive at, less what its estimate may be wrong by; as in `generation/search/walk.py`. */
function soonest(arrival, logEstimate) {
  const margin = (SLACK / 3) * Math.min(1, (1 - Math.exp(logEstimate)) / UNSURE);
  return arrival - Math.min(SLACK, margin - logEstimate);
}

export class Search {
  /**
   * model: the model; prompt: ids that every name begins with; most: the longest name, in ids.
   * guide: see `guide.js`, or null; ahead: a `LookAhead` for it, or null; banned: ids that are never predicted; begin: whether the model reads a begin symbol.
   */
  constructor({ model, seed, temperature = 1, prompt = [], most, guide = null, ahead = null, banned = [], begin = true }) {
    Object.assign(this, { model, seed, temperature, prompt, most, guide, ahead, banned, begin });
    this.steps = 0;
    // With a look-ahead, about as many draws as give a few hundred names.
    this.horizon = Math.log(ahead ? FEW / ahead.acceptance(prompt) : DRAWS);
    this.until = -Infinity; // arrivals up to here have been returned
    this.start();
  }

  start() {
    rootKey(this.seed);
    const { high, low } = key;
    let carry = this.model.begin();
    const [first, ...others] = this.begin ? [0, ...this.prompt] : this.prompt;
    let nats = 0;
    let last = first;
    for (const id of others) {
      carry = this.model.read(carry, last);
      nats -= Math.log(softmax(this.allowed(this.model.logits(carry)))[id]);
      last = id;
    }
    const arrival = firstArrival(high, low);
    this.queue = new Heap();
    this.complete = arrival <= this.horizon;
    const root = { id: last, carry, ids: this.prompt, state: this.guide?.start ?? 0, high, low, logP: 0, logEstimate: 0, nats, arrival };
    if (this.complete) this.queue.push(arrival, root);
  }

  /** Logits, without the ids that are never predicted. */
  allowed(logits) {
    for (const id of this.banned) logits[id] = NEVER;
    return logits;
  }

  /** Take a step. A name, `{ids, nats, arrival}`; null if this step found none; undefined if there are no others. */
  next() {
    if (!this.queue.size) {
      if (this.complete) return undefined;
      this.until = this.horizon;
      this.horizon += Math.log(FARTHER);
      this.start();
      return null;
    }
    const first = this.queue.pop();
    if (first.ended) return first.arrival > this.until ? first : null;
    // More of what comes next, as several are stepped in less time than one after the other.
    const together = [first];
    const ended = [];
    while (together.length < ROWS && this.queue.size && ended.length < PASSED) {
      const one = this.queue.pop();
      (one.ended ? ended : together).push(one);
    }
    for (const one of ended) this.queue.push(one.arrival, one);
    this.steps += together.length;
    const ids = together.map((here) => here.id);
    const carries = together.map((here) => here.carry);
    const after = this.model.readAll?.(carries, ids) ?? carries.map((carry, i) => this.model.read(carry, ids[i]));
    const logits = this.model.logitsAll?.(after) ?? after.map((carry) => this.model.logits(carry));
    together.forEach((here, i) => this.expand(here, after[i], this.allowed(logits[i])));
    return null;
  }

  /** Push the continuations of a prefix that arrive before the horizon; `carry` is the model's after it, with the logits of the next id. */
  expand(here, carry, logits) {
    const { guide, ahead, horizon } = this;
    const p = softmax(logits, this.temperature);
    const own = this.temperature === 1 ? p : softmax(logits);
    const length = here.ids.length;
    let total = 1;
    let q = p; // the rates of the continuations, over the prefix's probability
    if (guide) {
      total = 0;
      q = p.map((one, id) => one * (ahead ? ahead.estimate(here.state, length, id) : Number(guide.allows(here.state, length, id))));
      for (const one of q) total += one;
      if (!total) return;
    }
    const end = horizon + (ahead ? SLACK : 0);
    const now = here.arrival + here.logEstimate - Math.log(total);
    if (now > end) {
      this.complete = false;
      return;
    }
    // One of them arrives with the prefix itself.
    const point = uniform(here.high, here.low, 0) * total;
    let first = -1;
    for (let id = 0, sum = 0; id < p.length; id++) {
      if (!q[id]) continue;
      sum += q[id];
      first = id;
      if (sum > point) break;
    }
    const reach = Math.exp(Math.min(here.logP + end + Math.log1p(-Math.exp(Math.min(now - end, 0))), 600));
    for (let id = 0; id < p.length; id++) {
      if (!q[id]) continue;
      let arrival = now;
      if (id !== first) {
        const u = uniform(here.high, here.low, id + 1);
        if (u < q[id] * reach) arrival = logAdd(now, Math.log(-Math.log1p(-u)) - here.logP - Math.log(q[id]));
        else arrival = Infinity;
      }
      const logEstimate = ahead ? Math.log(q[id] / p[id]) : 0;
      const place = ahead && id ? soonest(arrival, logEstimate) : arrival;
      if (place > horizon) {
        this.complete = false;
        continue;
      }
      const nats = here.nats - Math.log(own[id]);
      const logP = here.logP + Math.log(p[id]);
      if (id === 0) this.queue.push(place, { ended: true, ids: here.ids, nats, logP, arrival });
      else if (length < this.most) {
        child(here.high, here.low, id);
        const { high, low } = key;
        const state = guide ? guide.after(here.state, id) : 0;
        this.queue.push(place, { id, carry, ids: [...here.ids, id], state, high, low, logP, logEstimate, nats, arrival });
      }
    }
  }
}
