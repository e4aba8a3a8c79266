// Numbers of reports in words: shares, nats, intervals, and what the server is doing.
import { number, percent } from "../../lib.js";

/** A value in its unit: a share in per cent, anything else with about three digits. */
export function amount(value, unit) {
  if (value == null) return "–";
  if (unit === "%") return percent(value);
  const size = Math.abs(value);
  return number(value, size >= 100 || value === 0 ? 0 : size >= 10 ? 1 : size >= 0.095 ? 2 : 3);
}

/** "1.99 to 2.15 nats". */
export const interval = ({ low, high }, unit) => {
  let [from, to] = [amount(low, unit), amount(high, unit)];
  if (unit === "%" && from === to && low !== high) [from, to] = [low, high].map((one) => `${number(100 * one, 1)} %`);
  return unit === "%" ? `${from.replace(" %", "")} to ${to}` : `${from} to ${to}${unit ? ` ${unit}` : ""}`;
};

export const BETTER = { lower: "Lower is better", higher: "Higher is better", "as real": "Near real is better" };

const DOING = {
  waiting: "Waiting for its turn",
  likelihood: "How well it predicts what it has not seen",
  calibration: "Whether its probabilities are right",
  measures: "The metrics",
  done: "The metrics",
  memorisation: "Whether it copies",
  "new names": "Some new names",
  "a passage": "Some text",
  loss: "The course of training",
  lengths: "Lengths",
  letters: "Characters",
  pairs: "Pairs of characters",
  "drawn-lengths": "Lengths of generated names",
  distances: "Distances to the training list",
  sweep: "Temperatures, one after the other",
  embedding: "The map of characters",
  units: "The hidden units",
  next: "What it expects next",
  labels: "Names of each label",
  temperatures: "Samples at each temperature",
};

/** What is being done, as the progress says it. */
export const doing = (what) => DOING[what] ?? what[0].toUpperCase() + what.slice(1);
