// How likely something is, in words.
import { number } from "../../lib.js";

/** A number with one or two digits that count: 41,873 becomes 42,000. */
const round = (value) => {
  const power = 10 ** Math.max(0, Math.floor(Math.log10(value)) - 1);
  return Math.round(value / power) * power;
};

const NAMED = [[1e12, "trillion"], [1e9, "billion"], [1e6, "million"]];

/** "about 1 in 42,000 names", from nats. */
export function oneIn(nats) {
  if (nats == null) return "cannot occur";
  const count = Math.exp(nats);
  if (count < 1.5) return "nearly every name";
  if (count >= 1e15) return "less than 1 in a thousand trillion names";
  for (const [size, word] of NAMED) if (count >= size) return `about 1 in ${number(round((count / size) * 10) / 10, count / size < 9.95 ? 1 : 0).replace(/\.0$/, "")} ${word} names`;
  return `about 1 in ${number(round(count))} names`;
}

/** A share in per cent, as exact as its size asks for. */
export function portion(share) {
  if (share == null) return "unknown";
  const percent = 100 * share;
  if (percent >= 10) return `${number(percent)} %`;
  if (percent >= 0.1) return `${number(percent, 1)} %`;
  if (percent <= 0) return "none";
  const count = 1 / share;
  return count < 1e6 ? `1 in ${number(round(count))}` : count < 1e9 ? `1 in ${number(round(count / 1e5) / 10)} million` : "less than 1 in a billion";
}
