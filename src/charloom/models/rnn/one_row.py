"""The recurrence for a single string: a step with as little overhead as possible.

A step of one row multiplies a vector by a matrix, which takes as long as reading the matrix from
memory; a step of ``NumpyRNN`` spends about as much again on Python calls. Here the memory, its
views and the carry are created once. It should run with one BLAS thread: two threads would wait for
each other longer than they save.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from ...config import Cell
from ..interface import Floats
from .shapes import LayerWeights


class OneRow:
    """A network that reads a single string; created by ``NumpyRNN.one_row``."""

    def __init__(
        self, cell: Cell, layers: list[LayerWeights], kernel: Floats, bias: Floats
    ) -> None:
        self._layers: list[_Layer] = []
        for layer in layers:
            below = self._layers[-1].hidden if self._layers else None
            self._layers.append(_CELLS[cell](layer, below))
        self._hidden = self._layers[-1].hidden
        self._kernel, self._bias = kernel, bias
        self._logits = np.empty_like(bias)

    def read(self, character: int) -> Floats:
        """Read an id in [0, V); return the next one's logits (V,), valid until the next call."""
        for layer in self._layers:
            layer.step(character)
        np.dot(self._hidden, self._kernel, out=self._logits)
        np.add(self._logits, self._bias, out=self._logits)
        return self._logits


class _Layer(ABC):
    """A layer with its carry ``hidden`` (H,) and the memory of its cell."""

    def __init__(self, weights: LayerWeights, below: Floats | None) -> None:
        gates, units, _ = weights.recurrent.shape
        self.hidden = np.zeros(units, np.float32)
        self.gates = np.empty((gates, units), np.float32)
        self._flat_gates = self.gates.reshape(-1)
        self._recurrent = _columns(weights.recurrent)
        self._below = below
        if weights.kernel is None:
            self._inputs = list(weights.inputs.swapaxes(0, 1))  # V views (G, H)
        else:
            own = np.empty((gates, units), np.float32)
            self._flat_inputs = own.reshape(-1)
            self._inputs = [own]
            self._kernel, self._bias = _columns(weights.kernel), weights.inputs.reshape(-1)
        self.prepare(weights, self._inputs)

    @abstractmethod
    def prepare(self, weights: LayerWeights, inputs: list[Floats]) -> None:
        """Create the views that the cell needs."""

    def multiply(self, character: int) -> int:
        """Fill the gates with the recurrent product; return the index of the inputs to add."""
        np.dot(self.hidden, self._recurrent, out=self._flat_gates)
        if self._below is None:
            return character
        np.dot(self._below, self._kernel, out=self._flat_inputs)
        np.add(self._flat_inputs, self._bias, out=self._flat_inputs)
        return 0

    @abstractmethod
    def step(self, character: int) -> None:
        """Update ``hidden`` after ``character``; see the cells of ``rnn.numpy``."""


class _Gru(_Layer):
    def prepare(self, weights: LayerWeights, inputs: list[Floats]) -> None:
        self._late_bias = weights.late_bias
        self._update_reset, self._candidate = self.gates[:2], self.gates[2]
        self._update, self._reset = self.gates[0], self.gates[1]
        self._parts = [(row[:2], row[2]) for row in inputs]

    def step(self, character: int) -> None:
        early, late = self._parts[self.multiply(character)]
        update_reset, candidate, hidden = self._update_reset, self._candidate, self.hidden
        update_reset += early
        np.tanh(update_reset, out=update_reset)
        update_reset += 1
        candidate += self._late_bias
        candidate *= self._reset
        candidate += late
        np.tanh(candidate, out=candidate)
        update = self._update
        update *= 0.5
        hidden -= candidate
        hidden *= update
        hidden += candidate


class _Lstm(_Layer):
    def prepare(self, weights: LayerWeights, inputs: list[Floats]) -> None:
        self._cell = np.zeros_like(self.hidden)
        self._enter, self._forget, self._candidate, self._leave = self.gates

    def step(self, character: int) -> None:
        gates, cell = self.gates, self._cell
        gates += self._inputs[self.multiply(character)]
        np.tanh(gates, out=gates)
        for gate in (self._enter, self._forget, self._leave):
            gate += 1
            gate *= 0.5
        cell *= self._forget
        self._enter *= self._candidate
        cell += self._enter
        np.tanh(cell, out=self.hidden)
        self.hidden *= self._leave


class _Rnn(_Layer):
    def prepare(self, weights: LayerWeights, inputs: list[Floats]) -> None:
        self._parts = [row[0] for row in inputs]

    def step(self, character: int) -> None:
        x = self._parts[self.multiply(character)]
        np.add(self._flat_gates, x, out=self.hidden)
        np.tanh(self.hidden, out=self.hidden)


_CELLS: dict[Cell, type[_Layer]] = {"gru": _Gru, "lstm": _Lstm, "rnn": _Rnn}


def _columns(blocks: Floats) -> Floats:
    """(G, rows, H) -> (rows, G*H), so that rows are contiguous."""
    gates, rows, units = blocks.shape
    return np.ascontiguousarray(blocks.transpose(1, 0, 2)).reshape(rows, gates * units)
