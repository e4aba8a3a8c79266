// N-grams, as functions like the network: interpolated Kneser-Ney, and the fitted one with classes and sparse contexts.

/** The nodes are contexts; each backs off to the node of its context without the first id. */
export class Chain {
  constructor(weights, prefix = "ngram.") {
    for (const name of ["starts", "targets", "own", "next", "backoff", "left"]) this[name] = weights[prefix + name];
    this.size = this.starts[1];
    this.even = new Float64Array(this.size).fill(1 / this.size);
  }

  /** The node after an id: that of the longest known context. */
  after(node, id) {
    for (;;) {
      let from = this.starts[node];
      let to = this.starts[node + 1];
      const end = to;
      while (from < to) {
        const middle = (from + to) >> 1;
        if (this.targets[middle] < id) from = middle + 1;
        else to = middle;
      }
      if (from < end && this.targets[from] === id) return this.next[from];
      node = this.backoff[node];
    }
  }

  /** The probabilities of the next id at a node, where the empty context backs off to `base`. */
  probabilities(node, base = this.even) {
    const path = [node];
    while (node) path.push((node = this.backoff[node]));
    const found = Float64Array.from(base);
    for (const here of path.reverse()) {
      const left = this.left[here];
      for (let i = 0; i < found.length; i++) found[i] *= left;
      for (let at = this.starts[here]; at < this.starts[here + 1]; at++) found[this.targets[at]] += this.own[at];
    }
    return found;
  }
}

/** Interpolated modified Kneser-Ney. The carry is a node. */
export class KneserNey {
  constructor(weights) {
    this.chain = new Chain(weights);
    this.size = this.chain.size;
  }

  begin() {
    return 0;
  }

  read(carry, id) {
    return this.chain.after(carry, id);
  }

  logits(carry) {
    return Float32Array.from(this.chain.probabilities(carry), (p) => Math.log(Math.max(p, 1e-38)));
  }
}

const STATE = ["place", "word", "last", "second", "third", "sounds", "w1", "w2", "s1", "s2"];
const FAMILIES = [
  ["third", "second"], ["last", "sounds"], ["last", "place"], ["place"],
  ["s1", "s2", "last"], ["last", "word"], ["w1", "w2", "last"], ["sounds"],
];
const FARTHEST = 20;
const SOUNDS = 4 ** 6;
const NO_LETTER = 1;
const TINY = 1e-30;
const MOST_CERTAIN = 1 - 1e-6;
const EXPONENTS = 3 + FAMILIES.length;

/** The n-gram with character classes and sparse contexts, mixed log-linearly. The carry is two nodes and a state. */
export class ContextNGram {
  constructor(weights) {
    this.chain = new Chain(weights);
    this.classChain = new Chain(weights, "ngram.class.");
    for (const name of ["classes", "sounds", "spelling", "keys", "firsts", "ids", "counts"]) this[name] = weights[`ngram.${name}`];
    this.exponents = weights["ngram.weights"];
    this.size = this.classes.length;
    this.pair = this.exponents.slice(2, EXPONENTS).reduce((sum, one) => sum + one, 0);
    this.layout();
    this.bases = new Map();
  }

  /** For each family, the strides of the columns in its keys, and its first key. */
  layout() {
    const radix = { place: FARTHEST + 1, word: FARTHEST + 1, sounds: SOUNDS };
    let first = 0;
    this.families = FAMILIES.map((names) => {
      let stride = 1;
      const columns = [...names].reverse().map((name) => {
        const column = [STATE.indexOf(name), stride];
        stride *= radix[name] ?? this.size;
        return column;
      });
      const family = { columns, first };
      first += stride;
      return family;
    });
  }

  begin() {
    return new Int32Array(2 + STATE.length);
  }

  read(carry, id) {
    const after = new Int32Array(carry.length);
    after[0] = this.chain.after(carry[0], id);
    after[1] = this.classChain.after(carry[1], this.classes[id]);
    if (id === 0) return after; // the boundary resets the state
    const [, , place, word, last, second, , sounds, w1, w2, s1, s2] = carry;
    const letter = this.sounds[id] > NO_LETTER;
    after[2] = Math.min(place + 1, FARTHEST);
    after[3] = letter ? Math.min(word + 1, FARTHEST) : 0;
    after[4] = id;
    after[5] = last;
    after[6] = second;
    after[7] = ((sounds * 4) % SOUNDS) + this.sounds[id];
    after[8] = letter ? (word === 0 ? id : w1) : 0;
    after[9] = letter ? (word === 1 ? id : w2) : 0;
    after[10] = place === 0 ? id : s1;
    after[11] = place === 1 ? id : s2;
    return after;
  }

  logits(carry) {
    const { size, exponents, classes } = this;
    const base = this.base(carry[1]);
    const logits = this.chain.probabilities(carry[0], base.characters);
    const pair = this.chain.probabilities(this.chain.next[carry[4]], base.characters);
    for (let i = 0; i < size; i++) {
      pair[i] = Math.max(pair[i], TINY);
      logits[i] =
        exponents[0] * Math.log(Math.max(logits[i], TINY)) + this.pair * Math.log(pair[i]) + base.terms[classes[i]];
    }
    this.families.forEach(({ columns, first }, f) => {
      let key = first;
      for (const [column, stride] of columns) key += carry[2 + column] * stride;
      const place = this.find(key);
      if (place < 0) return;
      for (let at = this.firsts[place]; at < this.firsts[place + 1]; at++) {
        const id = this.ids[at];
        logits[id] += exponents[3 + f] * Math.log(this.counts[at] / pair[id] + 1);
      }
    });
    return Float32Array.from(logits);
  }

  /** The place of a sparse context, by its key; -1 if it never occurred. */
  find(key) {
    let from = 0;
    let to = this.keys.length;
    while (from < to) {
      const middle = (from + to) >> 1;
      if (this.keys[middle] < key) from = middle + 1;
      else to = middle;
    }
    return this.keys[from] === key ? from : -1;
  }

  /** What the class n-gram says at a node: p(class) p(character | class), and what it adds to the logits by class. */
  base(node) {
    const kept = this.bases.get(node);
    if (kept) return kept;
    const { classes, spelling, exponents } = this;
    const byClass = this.classChain.probabilities(node);
    const characters = Float64Array.from(spelling, (p, i) => p * byClass[classes[i]]);
    const [g, h] = [exponents[EXPONENTS] ?? 0, exponents[EXPONENTS + 1] ?? 0];
    const others = Math.log1p(-Math.min(Math.max(byClass[0], TINY), MOST_CERTAIN));
    const terms = byClass.map((p, k) => {
      const log = Math.log(Math.max(p, TINY));
      return exponents[1] * log + (k ? g : h) * (log - others);
    });
    const found = { characters, terms };
    if (this.bases.size * this.size < 1 << 20) this.bases.set(node, found);
    return found;
  }
}
