// The counter-based random numbers of charloom (SplitMix64), exact, in two 32-bit halves.
// A function leaves the halves of a key in `key`: an object for each would cost more than the number.

const GAMMA_HIGH = 0x9e3779b9;
const GAMMA_LOW = 0x7f4a7c15;

let high = 0;
let low = 0;

/** The last key that a function made. */
export const key = { high: 0, low: 0 };

/** The upper 32 bits of the product of two 32-bit numbers. */
function upper(a, b) {
  const a1 = a >>> 16;
  const a0 = a & 0xffff;
  const b1 = b >>> 16;
  const b0 = b & 0xffff;
  const middle = a1 * b0 + ((a0 * b0) >>> 16);
  const other = a0 * b1 + (middle & 0xffff);
  return (a1 * b1 + Math.floor(middle / 65536) + Math.floor(other / 65536)) >>> 0;
}

/** high, low = high, low times a constant, modulo 2^64. */
function times(byHigh, byLow) {
  const first = upper(low, byLow);
  high = (first + Math.imul(low, byHigh) + Math.imul(high, byLow)) >>> 0;
  low = Math.imul(low, byLow) >>> 0;
}

/** high, low ^= high, low >> bits, for fewer than 32 bits. */
function fold(bits) {
  low = (low ^ ((low >>> bits) | (high << (32 - bits)))) >>> 0;
  high = (high ^ (high >>> bits)) >>> 0;
}

/** SplitMix64's output function of the number in `high` and `low`. */
function mix() {
  fold(30);
  times(0xbf58476d, 0x1ce4e5b9);
  fold(27);
  times(0x94d049bb, 0x133111eb);
  fold(31);
}

/** high, low = the key plus `count` times GAMMA. */
function advance(keyHigh, keyLow, count) {
  high = 0;
  low = count;
  times(GAMMA_HIGH, GAMMA_LOW);
  const sum = keyLow + low;
  high = (keyHigh + high + (sum > 0xffffffff ? 1 : 0)) >>> 0;
  low = sum >>> 0;
}

/** The upper 53 bits as a number in [0, 1). */
const fraction = () => (high * 2097152 + (low >>> 11)) * 2 ** -53;

/** Set `key` to that of the continuation of a prefix by an id. */
export function child(keyHigh, keyLow, id) {
  advance(keyHigh, keyLow, id + 1);
  mix();
  high = (high ^ GAMMA_HIGH) >>> 0;
  low = (low ^ GAMMA_LOW) >>> 0;
  mix();
  key.high = high;
  key.low = low;
}

/** Output `count` of a key: a number in [0, 1). */
export function uniform(keyHigh, keyLow, count) {
  advance(keyHigh, keyLow, count);
  mix();
  return fraction();
}

/** The arrival of the empty prefix, its log: the key's own output, changed by GAMMA. */
export function firstArrival(keyHigh, keyLow) {
  const u = uniform((keyHigh ^ GAMMA_HIGH) >>> 0, (keyLow ^ GAMMA_LOW) >>> 0, 0);
  return Math.log(-Math.log1p(-u));
}

/** Set `key` to that of a seed: the first 8 bytes of the sha256 of its decimal digits, little-endian. */
export function rootKey(seed) {
  const [first, second] = sha256(new TextEncoder().encode(String(seed)));
  const swapped = (word) =>
    ((word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0;
  key.low = swapped(first);
  key.high = swapped(second);
}

/** The eight words of the SHA-256 of bytes (FIPS 180-4); the browser's own is not available everywhere. */
export function sha256(bytes) {
  const rotate = (x, by) => (x >>> by) | (x << (32 - by));
  const constants = [];
  const state = [];
  for (let candidate = 2; constants.length < 64; candidate++) {
    let prime = true;
    for (let factor = 2; factor * factor <= candidate; factor++) if (candidate % factor === 0) prime = false;
    if (!prime) continue;
    if (state.length < 8) state.push((Math.sqrt(candidate) * 2 ** 32) | 0);
    constants.push((Math.cbrt(candidate) * 2 ** 32) | 0);
  }
  const blocks = Math.ceil((bytes.length + 9) / 64);
  const padded = new DataView(new ArrayBuffer(64 * blocks));
  bytes.forEach((byte, i) => padded.setUint8(i, byte));
  padded.setUint8(bytes.length, 0x80);
  padded.setUint32(64 * blocks - 4, 8 * bytes.length);
  const w = new Int32Array(64);
  for (let block = 0; block < blocks; block++) {
    for (let i = 0; i < 16; i++) w[i] = padded.getInt32(64 * block + 4 * i);
    for (let i = 16; i < 64; i++) {
      const a = w[i - 15];
      const b = w[i - 2];
      w[i] = w[i - 16] + w[i - 7] + (rotate(a, 7) ^ rotate(a, 18) ^ (a >>> 3)) + (rotate(b, 17) ^ rotate(b, 19) ^ (b >>> 10));
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 64; i++) {
      const one = (h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + constants[i] + w[i]) | 0;
      const two = ((rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0];
    }
    [a, b, c, d, e, f, g, h].forEach((word, i) => (state[i] = (state[i] + word) | 0));
  }
  return state.map((word) => word >>> 0);
}
