// Constraints as an automaton: which prefixes can still become allowed names.

/** The automaton (Knuth, Morris and Pratt) of the strings that end with `text`, or have it anywhere. */
function matching(text, anywhere) {
  const table = [];
  let border = 0; // the state of text.slice(1, j)
  for (let j = 0; j < text.length; j++) {
    const row = new Map(j ? table[border] : []);
    const next = j ? (table[border].get(text[j]) ?? 0) : 0;
    row.set(text[j], j + 1);
    table.push(row);
    if (j) border = next;
  }
  table.push(anywhere ? null : new Map(table[border]));
  return {
    size: table.length,
    after: (state, id) => (table[state] ? (table[state].get(id) ?? 0) : state),
    accepts: (state) => state === text.length,
  };
}

export class Guide {
  /**
   * Names that begin with `prompt`, end with `end`, have `contains` somewhere (ids), and have `least` to `most` ids.
   * `size` is the vocabulary's.
   */
  constructor({ prompt = [], end = [], contains = [], least = 1, most, size }) {
    const parts = [];
    if (end.length) parts.push(matching(end, false));
    if (contains.length) parts.push(matching(contains, true));
    this.most = most;
    this.least = least;
    const number = new Map(); // of each reachable combination of states
    const states = [];
    const stateOf = (combined) => {
      const name = combined.join();
      if (!number.has(name)) number.set(name, states.push(combined) - 1);
      return number.get(name);
    };
    const used = new Set([...end, ...contains]);
    // All ids that no text has lead to the same states; class 0 stands for them.
    this.classes = new Int32Array(size);
    [...used].forEach((id, i) => (this.classes[id] = i + 1));
    const symbols = [-1, ...used];
    this.table = [];
    const first = prompt.reduce((combined, id) => combined.map((s, i) => parts[i].after(s, id)), parts.map(() => 0));
    this.start = stateOf(first);
    for (let at = 0; at < states.length; at++) {
      this.table.push(symbols.map((id) => stateOf(states[at].map((s, i) => parts[i].after(s, id)))));
    }
    this.accepting = states.map((combined) => combined.every((s, i) => parts[i].accepts(s)));
    // possible[t][s]: whether t ids that lead to state s can become an allowed name.
    const others = size - 1 > used.size;
    this.possible = [];
    for (let t = most; t >= 0; t--) {
      const later = this.possible[t + 1];
      this.possible[t] = states.map(
        (_, s) =>
          (t >= least && this.accepting[s]) ||
          (later !== undefined && this.table[s].some((next, k) => (k > 0 || others) && later[next])),
      );
    }
    this.possible.push(states.map(() => false));
  }

  /** Whether any name is allowed after the prompt, which has `length` ids. */
  satisfiable(length) {
    return length <= this.most && this.possible[length][this.start];
  }

  after(state, id) {
    return this.table[state][this.classes[id]];
  }

  /** Whether a prefix of `length` ids in a state may be followed by an id; 0 is the end. */
  allows(state, length, id) {
    if (id === 0) return length >= this.least && length <= this.most && this.accepting[state];
    return this.possible[length + 1][this.after(state, id)];
  }
}
