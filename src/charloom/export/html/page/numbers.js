// What models and search compute with.

/** A logit whose probability is 0. */
export const NEVER = -1e30;

/** The probabilities that logits stand for, divided by a temperature. */
export function softmax(logits, temperature = 1) {
  let best = -Infinity;
  for (const one of logits) if (one > best) best = one;
  const p = new Float64Array(logits.length);
  let sum = 0;
  for (let i = 0; i < p.length; i++) sum += p[i] = Math.exp((logits[i] - best) / temperature);
  for (let i = 0; i < p.length; i++) p[i] /= sum;
  return p;
}

/** log(exp(a) + exp(b)). */
export function logAdd(a, b) {
  const high = Math.max(a, b);
  return high === -Infinity ? high : high + Math.log1p(Math.exp(Math.min(a, b) - high));
}

// Tables of powers of two, by 64ths and whole.
const SMALL = Float64Array.from({ length: 64 }, (_, i) => 2 ** (i / 64));
const WHOLE = Float64Array.from({ length: 128 }, (_, i) => 2 ** (i - 64));

/** exp(x) to 1e-13 of its size for x from -40 to 40, and exp(±40) beyond; in half the time of Math.exp. */
export function exp(x) {
  const bounded = x < -40 ? -40 : x > 40 ? 40 : x;
  const steps = Math.floor(bounded * (64 / Math.LN2) + 0.5);
  const rest = bounded - steps * (Math.LN2 / 64);
  return WHOLE[(steps >> 6) + 64] * SMALL[steps & 63] * (1 + rest * (1 + rest * (1 / 2 + rest * (1 / 6 + rest / 24))));
}
