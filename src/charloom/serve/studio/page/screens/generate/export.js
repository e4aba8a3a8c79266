// Names as text, CSV and JSON, and files of them.

/** A cell that no spreadsheet takes for a formula, in quotes where it needs them. */
export function cell(value) {
  const text = value == null ? "" : String(value);
  const plain = typeof value !== "number" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /["\n\r,;]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}

const HEAD = ["name", "nats", "origin", "nearest", "distance"];

const fields = (name) => [name.text, name.nats ?? null, name.origin ?? null, name.nearest?.text ?? null, name.nearest?.distance ?? null];

export const asText = (names) => names.map((name) => `${name.text}\n`).join("");

/** With a byte order mark: spreadsheets would take it for another encoding without. */
export const asCsv = (names) => `\ufeff${[HEAD, ...names.map(fields)].map((row) => `${row.map(cell).join(",")}\r\n`).join("")}`;

export const asJson = (names, about = {}) =>
  `${JSON.stringify({ ...about, names: names.map((name) => Object.fromEntries(fields(name).map((value, i) => [HEAD[i], value]))) }, null, 1)}\n`;

const TYPES = { txt: "text/plain", csv: "text/csv", json: "application/json" };

/** Names as a file of a kind: "txt", "csv" or "json". */
export function save(title, kind, names, about) {
  const text = { txt: asText, csv: asCsv, json: asJson }[kind](names, about);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: `${TYPES[kind]};charset=utf-8` }));
  link.download = `${title}.${kind}`;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
