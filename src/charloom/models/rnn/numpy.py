"""The recurrence on NumPy: the same results as Keras, without Keras."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...config import ModelConfig
from ...errors import ConfigError
from ..interface import NEVER, Floats, checked_ids
from .products import multiply
from .shapes import STATES, LayerWeights, by_gate, check_shapes, layer_weights

if TYPE_CHECKING:
    from .one_row import OneRow


BLOCK = 120
"""Rows whose gates are computed together: their numbers stay in a core's cache between the passes
over them."""


class Buffers(NamedTuple):
    """Memory that a step of up to ``rows`` rows writes to; for one thread at a time."""

    gates: Floats  # (2 * G * rows * H,), of at most ``BLOCK`` rows
    carry: Floats  # (L*S, rows, H)
    logits: Floats  # (rows, V)


class NumpyRNN:
    """A trained network as the function ``step(ids, carry) -> logits, carry``.

    With B rows, H hidden units, L layers and S states for each layer, the carry is (L*S, B, H):
    layer by layer, and for the LSTM h before c. The GRU applies its reset gate after the recurrent
    product, as Keras' ``reset_after=True`` and cuDNN do (Cho et al. 2014, arXiv:1406.1078v1).

    A model with labels predicts without a label; ``labelled`` conditions it on one.
    """

    def __init__(self, config: ModelConfig, weights: Mapping[str, NDArray[np.float32]]) -> None:
        """Build the network from weights with the names and shapes of ``rnn.shapes``.

        Raises:
            ConfigError: a weight is missing, unknown, of the wrong shape or not finite.
        """
        table = weights.get("embedding")
        self.config = config
        self.vocabulary_size = len(table) if table is not None and table.ndim == 2 else 0
        check_shapes(weights, config, self.vocabulary_size)
        self._layers = [layer_weights(config, weights, layer) for layer in range(config.layers)]
        self._unlabelled = self._layers[0]
        self._labels: Floats | None = None  # what each adds to the first layer's inputs, (G, K, H)
        if config.labels:
            self._labels = by_gate(config, weights["labels"] @ weights["rnn.0.kernel"])
        self._kernel = np.ascontiguousarray(weights["logits.kernel"])
        self._bias = weights["logits.bias"]

    def labelled(self, label: int | None) -> NumpyRNN:
        """Return the model conditioned on label ``label`` of K; ``None``: without a label.

        Steps take no longer, since the label is folded into the first layer's inputs. All other
        arrays are shared.

        Raises:
            ConfigError: ``label`` lies outside [0, K).
        """
        first = self._unlabelled
        if label is not None:
            if self._labels is None or not 0 <= label < self.config.labels:
                raise ConfigError(
                    f"a label must be an integer below {self.config.labels}, the model's labels. "
                    f"Received: {label}"
                )
            first = first._replace(inputs=first.inputs + self._labels[:, label, None])
        other = copy.copy(self)
        other._layers = [first, *self._layers[1:]]
        return other

    def by_label(self, labels: Sequence[int]) -> NumpyRNN:
        """Return the model that reads N * V ids: ``n * V + id`` under ``labels[n]`` (-1: none).

        It predicts V ids, as this one does. All arrays but the first layer's inputs are shared.
        """
        inputs = [self.labelled(None if k < 0 else k)._layers[0].inputs for k in labels]
        other = copy.copy(self)
        other._layers = list(self._layers)
        other._layers[0] = self._unlabelled._replace(inputs=np.concatenate(inputs, axis=1))
        return other

    def without(self, ids: Iterable[int]) -> NumpyRNN:
        """Return the model that never predicts ``ids``, though it can read them.

        The other ids' probabilities are renormalised. All other arrays are shared.

        Raises:
            ConfigError: an id lies outside [0, V).
        """
        other = copy.copy(self)
        other._bias = self._bias.copy()
        other._bias[checked_ids(ids, self.vocabulary_size)] = NEVER
        return other

    def one_row(self) -> OneRow:
        """Return the model for a single string, with a faster step."""
        from .one_row import OneRow

        return OneRow(self.config.cell, self._layers, self._kernel, self._bias)

    def initial_carry(self, rows: int) -> Floats:
        """Return the carry before the first step, (L*S, rows, H): zeros."""
        states = self.config.layers * STATES[self.config.cell]
        return np.zeros((states, rows, self.config.units), dtype=np.float32)

    def buffers(self, rows: int, carry: Floats | None = None) -> Buffers:
        """Allocate memory for steps of up to ``rows`` rows; ``carry``, if given, is part of it."""
        gates, _, units = self._layers[0].recurrent.shape
        return Buffers(
            gates=np.empty(2 * gates * min(rows, BLOCK) * units, dtype=np.float32),
            carry=np.empty_like(self.initial_carry(rows)) if carry is None else carry,
            logits=np.empty((rows, self.vocabulary_size), dtype=np.float32),
        )

    def step(
        self, ids: NDArray[np.integer], carry: Floats, out: Buffers | None = None
    ) -> tuple[Floats, Floats]:
        """Read one character in each row; return the logits of the next one and the new carry.

        Args:
            ids: (B,), each in [0, V).
            carry: (L*S, B, H); not modified.
            out: memory for the results, which are valid until the next step that uses it;
                ``carry`` must not be part of it.

        Returns:
            logits (B, V) and carry (L*S, B, H). Rows are independent.
        """
        rows, states = len(ids), STATES[self.config.cell]
        out = out or self.buffers(rows)
        after, logits = out.carry[:, :rows], out.logits[:rows]
        cell = _CELLS[self.config.cell]
        for start in range(0, rows, BLOCK):
            here = slice(start, start + BLOCK)
            some, before, new = ids[here], carry[:, here], after[:, here]
            memory = self._memory(out.gates, len(some))
            for number, layer in enumerate(self._layers):
                first = number * states  # the layer's h in the carry
                gates, inputs = memory
                multiply(before[first], layer.recurrent, gates)
                if layer.kernel is None:
                    layer.inputs.take(some, 1, inputs, "clip")
                else:
                    multiply(new[first - states], layer.kernel, inputs)
                    inputs += layer.inputs
                own = slice(first, first + states)
                cell(layer, gates, inputs, before[own], new[own])
        multiply(after[-states], self._kernel[None], logits[None])
        logits += self._bias
        return logits, after

    def _memory(self, numbers: Floats, rows: int) -> Floats:
        """Return the gates' products and their inputs, (2, G, rows, H), in ``numbers``."""
        gates, _, units = self._layers[0].recurrent.shape
        return numbers[: 2 * gates * rows * units].reshape(2, gates, rows, units)


# The cells compute a layer's carry ``new`` from its carry ``old`` (S, B, H), its recurrent products
# ``gates`` (G, B, H) and its inputs (G, B, H). They work in place and with few passes over memory.
# The weights of sigmoid gates are halved: sigmoid(x) = (tanh(x / 2) + 1) / 2.


def _gru(layer: LayerWeights, gates: Floats, inputs: Floats, old: Floats, new: Floats) -> None:
    """h' = z h + (1 - z) tanh(x_h + r (h U_h + b)), as Keras with ``reset_after=True``."""
    update_reset, (update, reset, candidate) = gates[:2], gates
    update_reset += inputs[:2]
    np.tanh(update_reset, out=update_reset)
    update_reset += 1  # twice the gates; U_h and b are halved to make up for it
    candidate += layer.late_bias
    candidate *= reset
    candidate += inputs[2]
    np.tanh(candidate, out=candidate)
    update *= 0.5
    np.subtract(old[0], candidate, out=new[0])
    new[0] *= update
    new[0] += candidate


def _lstm(layer: LayerWeights, gates: Floats, inputs: Floats, old: Floats, new: Floats) -> None:
    """c' = f c + i tanh(g), h' = o tanh(c')."""
    enter, forget, candidate, leave = gates
    gates += inputs
    np.tanh(gates, out=gates)
    gates[:2] += 1  # twice the gates
    leave += 1
    np.multiply(forget, old[1], out=new[1])
    enter *= candidate
    new[1] += enter
    new[1] *= 0.5
    np.tanh(new[1], out=new[0])
    leave *= 0.5
    new[0] *= leave


def _rnn(layer: LayerWeights, gates: Floats, inputs: Floats, old: Floats, new: Floats) -> None:
    """h' = tanh(x + h U)."""
    np.add(gates[0], inputs[0], out=new[0])
    np.tanh(new[0], out=new[0])


_CELLS = {"gru": _gru, "lstm": _lstm, "rnn": _rnn}
