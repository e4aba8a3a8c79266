// From the bytes in the page to arrays and names; `packing.py` is the other half.

/** The bytes that base64 text stands for. */
export function fromBase64(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/** The bytes before they were compressed by deflate. */
export async function inflated(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

const TYPES = { f8: Float64Array, f4: Float32Array, i1: Int8Array, u1: Uint8Array, u2: Uint16Array, u4: Uint32Array, f2: Uint16Array };

/** The number that 16 bits stand for (IEEE 754, binary16). */
function half(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -24 * fraction);
}

/** Arrays by name, from their descriptions and bytes. */
export function unpackArrays(described, bytes) {
  let at = 0;
  const take = (type, count) => {
    const found = new TYPES[type](count);
    const own = new Uint8Array(found.buffer);
    const size = found.BYTES_PER_ELEMENT;
    if (size === 1) own.set(bytes.subarray(at, at + count));
    else for (let plane = 0; plane < size; plane++) for (let i = 0, from = at + plane * count; i < count; i++) own[i * size + plane] = bytes[from + i];
    at += size * count;
    return found;
  };
  let halves = null;
  const unpacked = (field) => {
    const count = field.shape.reduce((a, b) => a * b, 1);
    const columns = field.shape.at(-1);
    const found = new Float32Array(count);
    if (field.values) {
      const values = take("f4", field.values);
      const places = take(field.type, count);
      for (let i = 0; i < count; i++) found[i] = values[places[i]];
      return found;
    }
    if (field.scales) {
      const ofRow = field.scales === "rows";
      const scales = take("f4", ofRow ? count / columns : columns);
      const steps = take(field.type, count);
      for (let i = 0, row = 0; i < count; row++) {
        for (let column = 0; column < columns; column++, i++) found[i] = steps[i] * scales[ofRow ? row : column];
      }
      return found;
    }
    const raw = take(field.type, count);
    if (field.type === "f2") {
      halves ??= Float32Array.from({ length: 65536 }, (_, bits) => half(bits));
      for (let i = 0; i < count; i++) found[i] = halves[raw[i]];
      return found;
    }
    if (!field.rises) return raw;
    const rising = new Float64Array(count); // keys may need more than 32 bits, which float64 has
    for (let i = 0, sum = 0; i < count; i++) rising[i] = sum += raw[i];
    return rising;
  };
  return Object.fromEntries(described.map((field) => [field.name, unpacked(field)]));
}

/** The names that were packed as what each shares with the one before it, and the rest. */
export function unpackNames(bytes) {
  let last = "";
  if (!bytes.length) return new Set();
  const lines = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes).split("\n");
  return new Set(lines.map((line) => (last = last.slice(0, line.charCodeAt(0) - 33) + line.slice(1))));
}
