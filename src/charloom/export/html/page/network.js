// A network (RNN, GRU or LSTM) as a function: `read` an id, then ask for the `logits` of the next one.
// Weights and states are float32, as in charloom; sums are computed in float64 and rounded once.
import { exp } from "./numbers.js";

const GATES = { gru: 3, lstm: 4, rnn: 1 };

/** (rows, columns) -> (columns, rows), so that the weights of one sum lie side by side. */
function transposed(matrix, rows, columns) {
  const found = new Float32Array(matrix.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) found[j * rows + i] = matrix[i * columns + j];
  return found;
}

/** Rows that are stepped together: each weight is read once for all of them. */
export const ROWS = 4;

/** out[j] = start[j] + the product of row j of `matrix` and `vector`. */
function product(matrix, vector, start, out) {
  const size = vector.length;
  for (let j = 0, at = 0; j < start.length; j++) {
    let a = 0, b = 0, c = 0, d = 0; // prettier-ignore
    let i = 0;
    for (; i + 3 < size; i += 4, at += 4) {
      a += matrix[at] * vector[i];
      b += matrix[at + 1] * vector[i + 1];
      c += matrix[at + 2] * vector[i + 2];
      d += matrix[at + 3] * vector[i + 3];
    }
    for (; i < size; i++, at++) a += matrix[at] * vector[i];
    out[j] = start[j] + (a + b + c + d);
  }
}

/** The same for ROWS vectors, side by side: `vectors` is (size, ROWS), `out` is (ROWS, columns). */
function products(matrix, vectors, start, out) {
  const size = vectors.length / ROWS;
  const columns = start.length;
  for (let j = 0; j < columns; j += 2) {
    let one = j * size;
    let two = j + 1 < columns ? one + size : one;
    let a0 = 0, a1 = 0, a2 = 0, a3 = 0, b0 = 0, b1 = 0, b2 = 0, b3 = 0; // prettier-ignore
    for (let i = 0; i < vectors.length; i += ROWS, one++, two++) {
      const a = matrix[one];
      const b = matrix[two];
      const v0 = vectors[i];
      const v1 = vectors[i + 1];
      const v2 = vectors[i + 2];
      const v3 = vectors[i + 3];
      a0 += a * v0;
      a1 += a * v1;
      a2 += a * v2;
      a3 += a * v3;
      b0 += b * v0;
      b1 += b * v1;
      b2 += b * v2;
      b3 += b * v3;
    }
    out[j] = start[j] + a0;
    out[columns + j] = start[j] + a1;
    out[2 * columns + j] = start[j] + a2;
    out[3 * columns + j] = start[j] + a3;
    if (j + 1 === columns) break;
    out[j + 1] = start[j + 1] + b0;
    out[columns + j + 1] = start[j + 1] + b1;
    out[2 * columns + j + 1] = start[j + 1] + b2;
    out[3 * columns + j + 1] = start[j + 1] + b3;
  }
}

const sigmoid = (x) => 1 / (1 + exp(-x));
const tanh = (x) => 1 - 2 / (1 + exp(2 * x));

export class Network {
  /** From the configuration, the size of the vocabulary, and the weights by name. */
  constructor(config, size, weights) {
    const { cell, units, layers, embedding } = config;
    this.cell = cell;
    this.units = units;
    this.states = cell === "lstm" ? 2 : 1;
    this.layers = [];
    const columns = GATES[cell] * units;
    for (let l = 0; l < layers; l++) {
      const below = l ? units : embedding;
      const bias = weights[`rnn.${l}.bias`];
      const kernel = transposed(weights[`rnn.${l}.kernel`], below, columns);
      const layer = {
        recurrent: transposed(weights[`rnn.${l}.recurrent_kernel`], units, columns),
        // The GRU has a bias of its own for the recurrent product.
        late: cell === "gru" ? bias.slice(columns) : new Float32Array(columns),
        kernel,
        bias: bias.slice(0, columns),
      };
      if (l === 0) {
        // The first layer's input has V values only: their products with the kernel are kept.
        layer.table = new Float32Array(size * columns);
        for (let id = 0; id < size; id++) {
          const row = weights.embedding.subarray(id * below, (id + 1) * below);
          product(kernel, row, layer.bias, layer.table.subarray(id * columns, (id + 1) * columns));
        }
      }
      this.layers.push(layer);
    }
    this.kernel = transposed(weights["logits.kernel"], units, size);
    this.bias = weights["logits.bias"];
    this.gates = new Float32Array(ROWS * columns);
    this.inputs = new Float32Array(ROWS * columns);
    this.outputs = new Float32Array(ROWS * size);
    this.vectors = new Float64Array(ROWS * units);
    this.columns = columns;
    this.size = size;
    this.labels = weights.labels;
  }

  /** The network that reads a label with every id; all else is shared. */
  labelled(label) {
    const { labels, columns, layers } = this;
    const [{ kernel, table }] = layers;
    const below = kernel.length / columns;
    const added = new Float32Array(columns);
    product(kernel, labels.subarray(label * below, (label + 1) * below), added, added);
    const first = { ...layers[0], table: table.map((one, i) => one + added[i % columns]) };
    return Object.assign(Object.create(Network.prototype), this, { layers: [first, ...layers.slice(1)] });
  }

  /** The carry before the first id. */
  begin() {
    return new Float32Array(this.layers.length * this.states * this.units);
  }

  /** The carries after an id each, for up to ROWS of them. */
  readAll(carries, ids) {
    const { units, states, columns } = this;
    const after = carries.map((carry) => new Float32Array(carry.length));
    this.layers.forEach((layer, l) => {
      const at = l * states * units;
      if (l) this.multiply(layer.kernel, after, at - states * units, layer.bias, this.inputs);
      this.multiply(layer.recurrent, carries, at, layer.late, this.gates);
      ids.forEach((id, row) => {
        const inputs = l
          ? this.inputs.subarray(row * columns, (row + 1) * columns)
          : layer.table.subarray(id * columns, (id + 1) * columns);
        const gates = this.gates.subarray(row * columns, (row + 1) * columns);
        const old = carries[row].subarray(at, at + states * units);
        this[this.cell](gates, inputs, old, after[row].subarray(at, at + states * units));
      });
    });
    return after;
  }

  /** The carry after an id. */
  read(carry, id) {
    return this.readAll([carry], [id])[0];
  }

  /** out[row] = start + the product of `matrix` and the hidden units of each carry, which begin `at` there. */
  multiply(matrix, carries, at, start, out) {
    const { units, vectors } = this;
    if (carries.length === 1) {
      product(matrix, Float64Array.from(carries[0].subarray(at, at + units)), start, out);
      return;
    }
    carries.forEach((carry, row) => {
      for (let i = 0; i < units; i++) vectors[i * ROWS + row] = carry[at + i];
    });
    products(matrix, vectors, start, out);
  }

  rnn(gates, inputs, old, fresh) {
    for (let i = 0; i < this.units; i++) fresh[i] = tanh(gates[i] + inputs[i]);
  }

  gru(gates, inputs, old, fresh) {
    const n = this.units;
    for (let i = 0; i < n; i++) {
      const update = sigmoid(gates[i] + inputs[i]);
      const reset = sigmoid(gates[n + i] + inputs[n + i]);
      const candidate = tanh(inputs[2 * n + i] + reset * gates[2 * n + i]);
      fresh[i] = update * (old[i] - candidate) + candidate;
    }
  }

  lstm(gates, inputs, old, fresh) {
    const n = this.units;
    for (let i = 0; i < n; i++) {
      const enter = sigmoid(gates[i] + inputs[i]);
      const forget = sigmoid(gates[n + i] + inputs[n + i]);
      const candidate = tanh(gates[2 * n + i] + inputs[2 * n + i]);
      const leave = sigmoid(gates[3 * n + i] + inputs[3 * n + i]);
      fresh[n + i] = forget * old[n + i] + enter * candidate;
      fresh[i] = leave * tanh(fresh[n + i]);
    }
  }

  /** The logits of the next id after each of up to ROWS carries. */
  logitsAll(carries) {
    const { size, outputs } = this;
    this.multiply(this.kernel, carries, carries[0].length - this.states * this.units, this.bias, outputs);
    return carries.map((_, row) => outputs.slice(row * size, (row + 1) * size));
  }

  logits(carry) {
    return this.logitsAll([carry])[0];
  }
}
