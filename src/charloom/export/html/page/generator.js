// What a page can do with its model: names, text, and the probability of each letter.
import { Guide } from "./guide.js";
import { LookAhead } from "./lookahead.js";
import { Guided, modelOf } from "./model.js";
import { NEVER, softmax } from "./numbers.js";
import { key, rootKey, uniform } from "./random.js";
import { Search } from "./search.js";
import { unpackArrays, unpackNames } from "./unpack.js";
import { Vocabulary } from "./vocabulary.js";

/** The share of draws that are allowed above which names are found soon without looking ahead. */
const FREQUENT = 0.05;

/** A request that no name satisfies; `field` is the control to change. */
export class Impossible extends Error {
  constructor(message, field) {
    super(message);
    this.field = field;
  }
}

export class Generator {
  /** header: what the page says about the model; arrays, names: bytes, no longer compressed. */
  constructor(header, arrays, names) {
    this.header = header;
    this.config = header.config;
    this.vocabulary = new Vocabulary(header.vocabulary);
    this.arrays = unpackArrays(header.arrays, arrays);
    this.model = modelOf(header.config, this.vocabulary.size, this.arrays);
    this.guided = new Map();
    this.names_ = names;
  }

  /** The model conditioned on a label, an index; null: without one. */
  modelFor(label) {
    if (label === null) return this.model;
    if (!this.guided.has(label)) this.guided.set(label, new Guided(this.model, label, this.header.guidance));
    return this.guided.get(label);
  }

  /** The names of the training list; unpacked when they are first needed. */
  get known() {
    return (this.known_ ??= unpackNames(this.names_));
  }

  /** The ids of what a control holds. */
  ids(text, field) {
    const { ids, missing } = this.vocabulary.encode(text);
    if (missing !== null) throw new Impossible(`The model never saw “${missing}”.`, field);
    return ids;
  }

  /**
   * Names without repeats, as an iterator: each turn takes one step of the model, and yields a name or null.
   * It ends where there are no others. `fresh`: only names that the training list does not have.
   */
  *names({ seed = 0, temperature = 1, start = "", end = "", contains = "", least = null, most = null, fresh = true, label = null }) {
    const { vocabulary, config, header } = this;
    const prompt = this.ids(start, "start");
    if (!prompt.length && !config.begin) throw new Impossible("This model needs a beginning of at least one letter.", "start");
    const parts = { end: this.ids(end, "end"), contains: this.ids(contains, "contains") };
    const usual = 2 * header.longest + 10;
    const limit = Math.max(usual, least !== null || most !== null ? (most ?? 2 * least) : 0);
    const shortest = Math.max(1, least ?? 0, prompt.length, parts.end.length, parts.contains.length);
    const longest = Math.min(most ?? limit, limit);
    let guide = null;
    if (parts.end.length || parts.contains.length || shortest > Math.max(prompt.length, 1) || longest < limit) {
      if (shortest > longest) throw new Impossible("No name is that long and that short.", "most");
      guide = new Guide({ prompt, ...parts, least: shortest, most: longest, size: vocabulary.size });
      if (!guide.satisfiable(prompt.length)) throw new Impossible("No name of that length has all of this.", "end");
    }
    let ahead = null;
    const { "page.bigrams": bigrams, "page.odds": odds, "page.trials": trials, "page.draws": draws } = this.arrays;
    const text = parts.end.length || parts.contains.length; // lengths alone are better met without
    if (text && bigrams && LookAhead.affordable(guide, vocabulary.size)) {
      ahead = new LookAhead(guide, bigrams, odds, vocabulary.size);
      if (ahead.share(prompt, trials, draws) >= FREQUENT) ahead = null;
    }
    const search = new Search({
      model: this.modelFor(label), seed, temperature, prompt, most: longest, guide, ahead, banned: vocabulary.banned, begin: config.begin,
    });
    for (;;) {
      const found = search.next();
      if (found === undefined) return;
      if (found === null) {
        yield null;
        continue;
      }
      const text = vocabulary.decode(found.ids);
      if (!found.ids.length || !vocabulary.isOwn(found.ids, text)) continue;
      const known = header.names && this.known.has(text);
      if (known && fresh) continue;
      yield { text, ids: found.ids, nats: found.nats, arrival: found.arrival, known, label };
    }
  }

  /** Text after `start`, as an iterator over its characters; it ends after `length`, or where its document does. */
  *text({ seed = 0, temperature = 1, start = "", length = 1000 }) {
    const { vocabulary, config } = this;
    const ids = this.ids(start.replace(/\r\n?/g, "\n"), "start");
    const model = temperature < 1 && this.model.cooled ? this.model.cooled(temperature) : this.model;
    rootKey(seed);
    const { high, low } = key;
    let carry = model.read(model.begin(), 0);
    for (const id of ids) carry = model.read(carry, id);
    for (let place = 0; place < length; place++) {
      const logits = model.logits(carry);
      for (const id of vocabulary.banned) logits[id] = NEVER;
      if (!config.documents || (!place && !ids.length)) logits[0] = NEVER;
      const p = softmax(logits, temperature);
      const id = drawn(p, uniform(high, low, place + 1));
      if (id === 0) return;
      yield vocabulary.characters[id - 1];
      carry = model.read(carry, id);
    }
  }

  /** The probability of each letter of a name after those before it, and of its end, with the likeliest others. */
  letters(ids, label = null, shown = 5) {
    const { config, vocabulary } = this;
    const model = this.modelFor(label);
    const found = [];
    let carry = model.begin();
    const [first, ...others] = config.begin ? [0, ...ids, 0] : [...ids, 0];
    let last = first;
    for (const id of others) {
      carry = model.read(carry, last);
      const logits = model.logits(carry);
      for (const one of vocabulary.banned) logits[one] = NEVER;
      const p = softmax(logits);
      const order = Array.from(p.keys()).sort((a, b) => p[b] - p[a]).slice(0, shown);
      const letter = (one) => ({ text: one ? vocabulary.characters[one - 1] : "", probability: p[one] });
      found.push({ ...letter(id), likely: order.map(letter) });
      last = id;
    }
    return found;
  }
}

/** The id at a point in [0, 1) of the probabilities, one after the other. */
function drawn(p, point) {
  let sum = 0;
  let last = 0;
  for (let id = 0; id < p.length; id++) {
    if (!p[id]) continue;
    sum += p[id];
    last = id;
    if (sum > point) break;
  }
  return last;
}
