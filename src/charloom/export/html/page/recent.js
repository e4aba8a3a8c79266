// A model of text that also expects what its last characters lead to.
import { softmax } from "./numbers.js";

const ORDERS = [4, 7];
const LONGEST = 16;
const MOST = 4;
const ABOVE_LETTERS = 1;

export class Recent {
  constructor(inner, config, weights) {
    Object.assign(this, { inner, size: inner.size, characters: config.recent });
    this.letters = weights["ngram.sounds"].map((sound) => (sound > ABOVE_LETTERS ? 1 : 0));
    this.exponents = weights["recent.exponents"];
    // How much an occurrence counts, by its age.
    this.counted = Float64Array.from({ length: config.recent }, (_, age) =>
      Math.min(age / 64, 1) ** 2 * 3.7 * (1 + age / 64) ** -0.75,
    );
  }

  /** The model to sample from at a temperature below 1, where it would otherwise soon repeat itself. */
  cooled(temperature) {
    const exponents = this.exponents.map((one, i) => (i ? one * temperature : one));
    return Object.assign(Object.create(Recent.prototype), this, { exponents });
  }

  /** `ids` are the last characters, the latest at the end; `alike` counts those before each that are the latest ones again. */
  begin() {
    return { inner: this.inner.begin(), word: 0, ids: new Int32Array(0), alike: new Int32Array(0) };
  }

  read(carry, id) {
    const inner = this.inner.read(carry.inner, id);
    if (id === 0) return { ...this.begin(), inner };
    const size = Math.min(carry.ids.length + 1, this.characters);
    const gone = carry.ids.length + 1 - size;
    const ids = new Int32Array(size);
    const alike = new Int32Array(size);
    ids.set(carry.ids.subarray(gone));
    ids[size - 1] = id;
    for (let i = 0; i < size; i++) {
      const before = i + gone - 1;
      if (before >= 0 && carry.ids[before] === id) alike[i] = Math.min(carry.alike[before], LONGEST - 1) + 1;
    }
    const word = this.letters[id] ? Math.min(carry.word + 1, LONGEST - 1) : 0;
    return { inner, word, ids, alike };
  }

  logits(carry) {
    const logits = this.inner.logits(carry.inner);
    const p = softmax(logits);
    const counts = this.counts(carry);
    const best = logits.reduce((a, b) => Math.max(a, b));
    return logits.map((one, i) => {
      let sum = this.exponents[0] * (one - best);
      counts.forEach((count, f) => (sum += this.exponents[1 + f] * Math.log1p(count[i] / Math.max(p[i], 1e-30))));
      return sum;
    });
  }

  /** How often each id followed a context like the present one: the same word so far, and the same last characters. */
  counts({ word, ids, alike }) {
    const counts = [0, ...ORDERS].map(() => new Float64Array(this.size));
    const least = Math.min(Math.max(word, 1), ORDERS[0]);
    for (let i = 0; i < ids.length; i++) {
      if (alike[i] < least) continue;
      const counted = this.counted[ids.length - 1 - i];
      const before = i - word - 1; // the word must begin there, too
      if (alike[i] > word || (alike[i] === word && (before < 0 || !this.letters[ids[before]]))) counts[0][ids[i]] += counted;
      ORDERS.forEach((order, f) => {
        if (alike[i] >= order) counts[1 + f][ids[i]] += counted;
      });
    }
    return counts.map((count) => count.map((one) => one / (1 + one / MOST)));
  }
}
