// The settings of the wall: as the address has them, as the page has them, and as a request.

export const USUAL = {
  run: "", temperature: "0.7", min: "", max: "", start: "", end: "", contains: "", pattern: "", chars: "", block: "",
  forbid: "", edits: "1", fold: false, known: false, labels: "", guidance: "", blend: "", share: "0.5", n: "60",
  seed: "", best: false, like: "",
};

export const MOST = 10_000;

/** Characters of an address above which it leaves out lists of names: servers refuse longer ones. */
export const LONGEST_ADDRESS = 12_000;

/** What the settings that are numbers look like; an address may hold anything. */
const NUMBERS = { temperature: /^\d(\.\d+)?$/, share: /^(0(\.\d+)?|1(\.0+)?)$/, guidance: /^\d{1,2}(\.\d+)?$/ };
for (const key of ["min", "max", "edits", "n", "seed"]) NUMBERS[key] = /^\d{1,15}$/;

/** Settings from the address's. */
export function fromAddress(query) {
  const settings = { ...USUAL };
  for (const key of Object.keys(USUAL)) {
    if (query[key] == null || (query[key] && NUMBERS[key] && !NUMBERS[key].test(query[key]))) continue;
    settings[key] = typeof USUAL[key] === "boolean" ? String(query[key]) === "true" : query[key];
  }
  if (settings.n) settings.n = String(Math.min(MOST, Number(settings.n)) || USUAL.n);
  return settings;
}

/** What the address says of settings: only what is not usual. */
export function toAddress(settings) {
  const query = Object.fromEntries(Object.keys(USUAL).filter((key) => settings[key] !== USUAL[key]).map((key) => [key, settings[key]]));
  if (new URLSearchParams(query).toString().length > LONGEST_ADDRESS) {
    delete query.block;
    delete query.forbid;
  }
  return query;
}

/** Whether the address can hold all settings. */
export const fitsAddress = (settings) => {
  const query = toAddress(settings);
  return ["block", "forbid"].every((key) => settings[key] === (query[key] ?? USUAL[key]));
};

const lines = (text) => text.split("\n").map((line) => line.trim()).filter(Boolean);

/** Texts divided by commas. */
export const parts = (text) => text.split(",").map((part) => part.trim()).filter(Boolean);

/** Labels and their weights: "label:weight" lines; a label may itself have colons. */
export function readLabels(text) {
  const found = {};
  for (const line of lines(text)) {
    const at = line.lastIndexOf(":");
    const weight = Number(line.slice(at + 1));
    if (at > 0 && weight > 0) found[line.slice(0, at)] = weight;
  }
  return found;
}

export const writeLabels = (labels) =>
  Object.entries(labels).filter(([, weight]) => weight > 0).map(([label, weight]) => `${label}:${weight}`).join("\n");

/** A length as the server reads it. */
export const lengthOf = ({ min, max }) => (min || max ? `${min}:${max}` : null);

/** What the server is asked for. */
export function toRequest(settings) {
  const asked = { run: settings.run, n: Math.min(MOST, Math.max(1, Math.round(Number(settings.n)) || 60)) };
  if (settings.best) asked.best = true;
  else {
    asked.temperature = Number(settings.temperature);
    asked.seed = Number(settings.seed) || 0;
  }
  if (settings.start) asked.start = settings.start;
  if (settings.end) asked.end = settings.end;
  if (parts(settings.contains).length) asked.contains = parts(settings.contains);
  if (lengthOf(settings)) asked.length = lengthOf(settings);
  if (settings.pattern) asked.regex = settings.pattern;
  if (settings.chars) asked.chars = settings.chars;
  if (lines(settings.block).length) asked.block = lines(settings.block);
  if (lines(settings.forbid).length) asked.forbid = lines(settings.forbid);
  if (Number(settings.edits) > 1) asked.min_edits = Math.round(Number(settings.edits));
  if (settings.fold) asked.fold_case = true;
  if (settings.known) asked.allow_known = true;
  const labels = readLabels(settings.labels);
  if (Object.keys(labels).length) {
    asked.labels = labels;
    if (settings.guidance) asked.guidance = Number(settings.guidance);
  }
  if (settings.blend) asked.blend = { run: settings.blend, weight: Number(settings.share) };
  return asked;
}

/** Whether anything but the model decides which names come. */
export const constrained = (asked) =>
  ["start", "end", "contains", "length", "regex", "chars", "block", "forbid", "min_edits"].some((field) => field in asked);

/** The settings without a constraint that the server names. */
export function without(settings, field, item) {
  if (field === "contains") return { contains: parts(settings.contains).filter((_, i) => i !== item).join(", ") };
  if (field === "length") return { min: "", max: "" };
  if (field === "allow_known") return { known: true };
  const key = { regex: "pattern", min_edits: "edits" }[field] ?? field;
  return { [key]: USUAL[key] };
}

/** A new seed, short enough to be read out. */
export const freshSeed = () => String(1 + Math.floor(Math.random() * 999_999));
