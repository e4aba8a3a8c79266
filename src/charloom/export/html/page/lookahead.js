// An estimate of how probable it is that a prefix becomes an allowed name, where few names are allowed.
//
// The page holds a bigram model that was distilled from the model when it was exported: for it, the probability can be
// computed exactly, from the longest names back to the beginning. The estimate only directs the search.

/** Values to compute at most; a larger vocabulary or longer names are searched without looking ahead. */
const MOST_VALUES = 4e6;

/** Draws with the prompt from which a share can be told. */
const ENOUGH = 100;

export class LookAhead {
  /** `bigrams` (V, V) are probabilities of the next id, `odds` factors of the odds of the end at each length. */
  constructor(guide, bigrams, odds, size) {
    Object.assign(this, { guide, size });
    const states = guide.accepting.length;
    this.states = states;
    this.values = Array.from({ length: guide.most + 2 }, () => null);
    this.values[guide.most + 1] = new Float64Array(size * states);
    for (let length = guide.most; length >= 0; length--) {
      const later = this.values[length + 1];
      const values = new Float64Array(size * states);
      for (let state = 0; state < states; state++) {
        if (!guide.possible[length][state]) continue;
        const ends = guide.allows(state, length, 0) ? 1 : 0;
        for (let last = 0; last < size; last++) {
          const end = bigrams[last * size] * (odds[length] ?? 1);
          let sum = end * ends;
          for (let id = 1; id < size; id++) sum += bigrams[last * size + id] * later[id * states + guide.after(state, id)];
          values[last * states + state] = Math.max(sum / (end + 1 - bigrams[last * size]), 1e-250);
        }
      }
      this.values[length] = values;
    }
  }

  static affordable(guide, size) {
    return size * guide.accepting.length * (guide.most + 2) <= MOST_VALUES / size;
  }

  /** The estimate for a prefix of `length` ids with a last id (0: none) in a state, followed by an id; 0 is the end. */
  estimate(state, length, id) {
    if (id === 0) return this.guide.allows(state, length, 0) ? 1 : 0;
    return Math.min(this.values[length + 1][id * this.states + this.guide.after(state, id)], 1);
  }

  /** The share of draws that are allowed: of those that begin with the prompt if there are enough, else the estimate. */
  share(prompt, trials, draws) {
    let state = this.guide.start;
    let at = 0;
    let all = 0;
    let allowed = 0;
    for (const count of draws) {
      const end = trials.indexOf(0, at);
      if (prompt.every((id, i) => trials[at + i] === id)) {
        all += count;
        state = this.guide.start;
        for (let i = at + prompt.length; i < end; i++) state = this.guide.after(state, trials[i]);
        if (this.guide.allows(state, end - at, 0)) allowed += count;
      }
      at = end + 1;
    }
    return all >= ENOUGH ? allowed / all : this.acceptance(prompt);
  }

  /** The estimate for the prompt itself. */
  acceptance(prompt) {
    return this.values[prompt.length][(prompt.at(-1) ?? 0) * this.states + this.guide.start];
  }
}
