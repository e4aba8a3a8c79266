"""A graph of ONNX operators, built one call an operator."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import GraphProto, NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

Value = str | NDArray[Any] | np.generic
"""A tensor of the graph, by its name, or a constant."""


class Graph:
    """The operators and constants of a model; tensors are named by their operators."""

    def __init__(self) -> None:
        self._nodes: list[NodeProto] = []
        self._constants: dict[tuple[str, tuple[int, ...], bytes], TensorProto] = {}
        self._inputs: list[ValueInfoProto] = []
        self._outputs: list[ValueInfoProto] = []

    def input(self, name: str, kind: type[np.generic], *columns: int) -> str:
        """Add an input of shape (batch, columns...)."""
        self._inputs.append(_value(name, kind, columns))
        return name

    def output(self, name: str, tensor: str, kind: type[np.generic], *columns: int) -> None:
        """Give ``tensor``, (batch, columns...), to whoever runs the graph, as ``name``."""
        self._nodes.append(helper.make_node("Identity", [tensor], [name]))
        self._outputs.append(_value(name, kind, columns))

    def op(self, kind: str, *inputs: Value, **attributes: Any) -> str:
        """Add an operator, and return its first output."""
        return self.ops(kind, 1, *inputs, **attributes)[0]

    def ops(self, kind: str, outputs: int, *inputs: Value, **attributes: Any) -> list[str]:
        """Add an operator, and return its outputs."""
        names = [value if isinstance(value, str) else self._constant(value) for value in inputs]
        made = [f"{kind}_{len(self._nodes)}_{number}" for number in range(outputs)]
        self._nodes.append(helper.make_node(kind, names, made, **attributes))
        return made

    def _constant(self, value: NDArray[Any] | np.generic) -> str:
        array = np.asarray(value, order="C")
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._constants:
            name = f"constant_{len(self._constants)}"
            self._constants[key] = numpy_helper.from_array(array, name)
        return self._constants[key].name

    def finished(self, name: str) -> GraphProto:
        """Return the graph as an ONNX ``GraphProto``."""
        constants = list(self._constants.values())
        return helper.make_graph(self._nodes, name, self._inputs, self._outputs, constants)

    # What several operators do together

    def column(self, tensor: str) -> str:
        """(...) to (..., 1)."""
        return self.op("Unsqueeze", tensor, ints(-1))

    def entries(self, first: str, count: str, most: int) -> tuple[str, str]:
        """Return the indices of up to ``most`` entries from ``first`` on, (..., most), and which
        of them are among ``count``; both are (...)."""
        steps = np.arange(most, dtype=np.int32)
        places = self.op("Add", self.column(first), steps)
        return places, self.op("Less", steps, self.column(count))


def ints(*values: int) -> NDArray[np.int64]:
    """Return a constant, as axes and shapes need it."""
    return np.array(values, np.int64)


def padded(array: NDArray[Any], count: int) -> NDArray[Any]:
    """Return an array with ``count`` zeros behind it, so that no index lies outside."""
    return np.concatenate([array, np.zeros(count, array.dtype)])


def _value(name: str, kind: type[np.generic], columns: tuple[int, ...]) -> ValueInfoProto:
    element = helper.np_dtype_to_tensor_dtype(np.dtype(kind))
    return helper.make_tensor_value_info(name, element, ["batch", *columns])
