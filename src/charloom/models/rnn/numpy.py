"""The recurrence on NumPy: the same results as Keras, without Keras."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...config import ModelConfig
from ...errors import ConfigError
from ..interface import NEVER, Floats, checked_ids
from .shapes import STATES, LayerWeights, by_gate, check_shapes, layer_weights

if TYPE_CHECKING:
    from .one_row import OneRow


class Buffers(NamedTuple):
    """Memory that a step of up to ``rows`` rows writes to; for one thread at a time."""

    gates: Floats  # (2, rows, H), as many as a cell needs at once
    inputs: Floats  # (rows, H)
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
        units = self.config.units
        return Buffers(
            gates=np.empty((2, rows, units), dtype=np.float32),
            inputs=np.empty((rows, units), dtype=np.float32),
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
        gates, inputs = out.gates[:, :rows], out.inputs[:rows]
        after, logits = out.carry[:, :rows], out.logits[:rows]
        for number, layer in enumerate(self._layers):
            first = number * states  # the layer's h in the carry
            own = slice(first, first + states)
            sums = _Sums(layer, ids, after[first - states], carry[first], inputs)
            _CELLS[self.config.cell](sums, gates, carry[own], after[own])
        np.matmul(after[-states], self._kernel, out=logits)
        logits += self._bias
        return logits, after


class _Sums(NamedTuple):
    """What the gates of a layer are functions of: its inputs and its recurrent products.

    Gate by gate, so that a block's numbers stay in a core's cache between the passes over them.
    """

    layer: LayerWeights
    ids: NDArray[np.integer]  # (B,)
    below: Floats  # (B, H), h of the layer below; unused in the first layer
    hidden: Floats  # (B, H), h before the step
    memory: Floats  # (B, H)

    def products(self, gate: int, out: Floats) -> None:
        """Write a gate's recurrent products to ``out`` (B, H)."""
        np.matmul(self.hidden, self.layer.recurrent[gate], out=out)

    def add_inputs(self, gate: int, out: Floats) -> None:
        """Add a gate's inputs to ``out``."""
        if self.layer.kernel is None:
            self.layer.inputs[gate].take(self.ids, 0, self.memory, "clip")
        else:
            np.matmul(self.below, self.layer.kernel[gate], out=self.memory)
            np.add(self.memory, self.layer.inputs[gate], out=self.memory)
        np.add(out, self.memory, out=out)

    def tanh(self, gate: int, out: Floats) -> None:
        """Write tanh of a gate's sums to ``out``."""
        self.products(gate, out)
        self.add_inputs(gate, out)
        np.tanh(out, out=out)

    def sigmoid(self, gate: int, out: Floats) -> None:
        """Write the sigmoid of a gate's sums to ``out``; its weights are halved."""
        self.tanh(gate, out)
        out += 1
        out *= 0.5


# The cells compute a layer's carry ``new`` from its carry ``old`` (S, B, H) and its sums, with two
# arrays (B, H) to write to. They work in place and with few passes over memory.


def _gru(sums: _Sums, memory: Floats, old: Floats, new: Floats) -> None:
    """h' = z h + (1 - z) tanh(x_h + r (h U_h + b)), as Keras with ``reset_after=True``."""
    gate, candidate = memory
    sums.tanh(1, gate)
    gate += 1  # 2r; U_h and b are halved to make up for it
    sums.products(2, candidate)
    candidate += sums.layer.late_bias
    candidate *= gate
    sums.add_inputs(2, candidate)
    np.tanh(candidate, out=candidate)
    sums.sigmoid(0, gate)
    np.subtract(old[0], candidate, out=new[0])
    new[0] *= gate
    new[0] += candidate


def _lstm(sums: _Sums, memory: Floats, old: Floats, new: Floats) -> None:
    """c' = f c + i tanh(g), h' = o tanh(c')."""
    gate, candidate = memory
    sums.sigmoid(1, gate)
    np.multiply(gate, old[1], out=new[1])
    sums.sigmoid(0, gate)
    sums.tanh(2, candidate)
    gate *= candidate
    new[1] += gate
    sums.sigmoid(3, gate)
    np.tanh(new[1], out=new[0])
    new[0] *= gate


def _rnn(sums: _Sums, memory: Floats, old: Floats, new: Floats) -> None:
    """h' = tanh(x + h U)."""
    sums.tanh(0, new[0])


_CELLS = {"gru": _gru, "lstm": _lstm, "rnn": _rnn}
