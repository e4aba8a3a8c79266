// The model of a run: a network, an n-gram, a mixture of both, and what it remembers of recent text.
import { Network } from "./network.js";
import { ContextNGram, KneserNey } from "./ngram.js";
import { softmax } from "./numbers.js";
import { Recent } from "./recent.js";

/** The model that a configuration and the weights by name describe, for a vocabulary of `size` ids. */
export function modelOf(config, size, weights) {
  if (config.recent) return new Recent(modelOf({ ...config, recent: 0 }, size, weights), config, weights);
  if (config.kind === "network") return new Network(config, size, weights);
  const fitted = config.smoothing === "fitted";
  const ngram = fitted ? new ContextNGram(weights) : new KneserNey(weights);
  if (config.kind !== "mixture") return ngram;
  return new Mixture(new Network(config, size, weights), ngram, weights);
}

const FEATURES = 4;

/** What exponents depend on: the length of each context, and one by the followers of it and of what it backs off to. */
function featuresOf(weights) {
  const [starts, backoff] = [weights["ngram.starts"], weights["ngram.backoff"]];
  const lengths = new Int32Array(backoff.length);
  for (let node = 1; node < lengths.length; node++) lengths[node] = lengths[backoff[node]] + 1;
  const followers = Float32Array.from(lengths, (_, node) => 1 / Math.max(starts[node + 1] - starts[node], 1));
  return [lengths, followers, Float32Array.from(backoff, (shorter) => followers[shorter])];
}

/** A network and an n-gram, mixed log-linearly if there are exponents, else linearly. */
class Mixture {
  constructor(network, ngram, weights) {
    Object.assign(this, { network, ngram, size: network.size });
    this.exponents = weights["mixture.exponents"];
    this.features = this.exponents && featuresOf(weights);
    this.share = weights["mixture.share"]?.[0];
  }

  /** The exponents of network and n-gram after a context; two, or what they depend on the context by. */
  exponentsAt(node) {
    if (this.exponents.length === 2) return this.exponents;
    const [count, means] = [FEATURES, this.exponents.subarray(2 * FEATURES)];
    return [0, 1].map((part) => {
      let sum = this.exponents[part * count];
      for (let k = 1; k < count; k++) sum += this.exponents[part * count + k] * (this.features[k - 1][node] - means[k]);
      return Math.max(sum, 0);
    });
  }

  begin() {
    return [this.network.begin(), this.ngram.begin()];
  }

  read([network, ngram], id) {
    return [this.network.read(network, id), this.ngram.read(ngram, id)];
  }

  /** The carries after an id each, for up to `ROWS` of them. */
  readAll(carries, ids) {
    const networks = this.network.readAll(carries.map((carry) => carry[0]), ids);
    return networks.map((network, row) => [network, this.ngram.read(carries[row][1], ids[row])]);
  }

  /** The logits of the next id after each of up to `ROWS` carries. */
  logitsAll(carries) {
    const networks = this.network.logitsAll(carries.map((carry) => carry[0]));
    return networks.map((logits, row) => this.mixed(logits, carries[row][1]));
  }

  logits(carry) {
    return this.logitsAll([carry])[0];
  }

  mixed(logits, ngram) {
    if (this.exponents) {
      const [a, b] = this.exponentsAt(ngram[0]);
      const other = this.ngram.logits(ngram);
      for (let i = 0; i < logits.length; i++) logits[i] = a * logits[i] + b * other[i];
      return logits;
    }
    const p = softmax(logits);
    const other = this.ngram.chain.probabilities(ngram);
    return logits.map((_, i) => Math.log(Math.max((1 - this.share) * p[i] + this.share * other[i], 1e-30)));
  }
}

/** A network conditioned on a label, with guidance: (1 - guidance) times the logits without the label, and guidance times those with it. */
export class Guided {
  constructor(network, label, guidance) {
    Object.assign(this, { network, labelled: network.labelled(label), guidance, size: network.size });
  }

  begin() {
    return [this.network.begin(), this.labelled.begin()];
  }

  read(carry, id) {
    return this.readAll([carry], [id])[0];
  }

  readAll(carries, ids) {
    const without = this.network.readAll(carries.map((carry) => carry[0]), ids);
    const within = this.labelled.readAll(carries.map((carry) => carry[1]), ids);
    return without.map((one, row) => [one, within[row]]);
  }

  logitsAll(carries) {
    const without = this.network.logitsAll(carries.map((carry) => carry[0]));
    const within = this.labelled.logitsAll(carries.map((carry) => carry[1]));
    return without.map((logits, row) => logits.map((one, i) => (1 - this.guidance) * one + this.guidance * within[row][i]));
  }

  logits(carry) {
    return this.logitsAll([carry])[0];
  }
}
