"""What recent text says about the next character, as ``models.recent`` computes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from ...data.vocabulary import BOUNDARY
from ...models.ngram.alphabet import NO_LETTER
from ...models.recent import EXPONENTS, HALF, LONGEST, MOST, MOST_ALIKE, ORDERS, POWER, SCALE, TINY
from .graph import Graph, ints

ONE, INT32 = np.int32(1), TensorProto.INT32


def add_recent(
    graph: Graph, weights: Mapping[str, NDArray[Any]], characters: int, ids: str, logits: str
) -> str:
    """Return the logits (B, V) of a model that adapts to the last N characters.

    The carry is the input ``memory``, (B, 1 + 2 N) int32: the length of the word so far, the last
    characters, and how many characters before each are those before the next one.
    """
    columns = 1 + 2 * characters
    memory = graph.input("memory", np.int32, columns)
    parts = ints(1, characters, characters)
    word, recent, alike = graph.ops("Split", 3, memory, parts, axis=1)
    letters = (weights["ngram.sounds"] > NO_LETTER).astype(np.int32)
    column = graph.column(ids)  # (B, 1)
    inside = graph.op(
        "Cast", graph.op("Not", graph.op("Equal", column, np.int32(BOUNDARY))), to=INT32
    )

    # The memory after reading the ids.
    longer = graph.op("Min", graph.op("Add", word, ONE), np.int32(LONGEST - 1))
    word = graph.op("Mul", longer, graph.op("Gather", letters, column))
    same = graph.op("Cast", graph.op("Equal", recent, column), to=INT32)
    alike = graph.op("Add", graph.op("Min", alike, np.int32(LONGEST - 1)), ONE)
    alike = graph.op("Mul", graph.op("Mul", alike, same), inside)
    last = graph.op("Slice", recent, ints(1), ints(characters), ints(1))
    recent = graph.op("Mul", graph.op("Concat", last, column, axis=1), inside)
    after = graph.op("Concat", word, recent, alike, axis=1)
    graph.output("memory_after", after, np.int32, columns)

    # Which of them are alike, the latest ones: (B, N).
    least = graph.op("Max", graph.op("Min", word, np.int32(ORDERS[0])), ONE)
    mask = graph.op("GreaterOrEqual", alike, least)
    order = graph.op("CumSum", graph.op("Cast", mask, to=INT32), np.int64(1), reverse=1)
    mask = graph.op("And", mask, graph.op("LessOrEqual", order, np.int32(MOST_ALIKE)))
    before = graph.op("Sub", graph.op("Sub", np.arange(characters, dtype=np.int32), word), ONE)
    first = graph.op("Less", before, np.int32(0))
    before = graph.op("GatherElements", recent, graph.op("Max", before, np.int32(0)), axis=1)
    outside = graph.op("Equal", graph.op("Gather", letters, before), np.int32(0))
    begins = graph.op("And", graph.op("Equal", alike, word), graph.op("Or", first, outside))
    families = [graph.op("Or", graph.op("Greater", alike, word), begins)]
    families += [graph.op("GreaterOrEqual", alike, np.int32(one)) for one in ORDERS]

    ages = np.arange(characters)[::-1]
    counted = np.minimum(ages / HALF, 1) ** 2 * SCALE * (1 + ages / HALF) ** -POWER
    logits = graph.op("LogSoftmax", logits, axis=1)
    inner = graph.op("Max", graph.op("Exp", logits), TINY)
    none = graph.op("Mul", inner, np.float32(0))
    exponents = weights[EXPONENTS]
    logits = graph.op("Mul", logits, exponents[0])
    for family, exponent in zip(families, exponents[1:], strict=True):
        chosen = graph.op("And", mask, family)
        seen = graph.op("Where", chosen, counted.astype(np.float32), np.float32(0))
        count = graph.op("ScatterElements", none, recent, seen, axis=1, reduction="add")
        bound = graph.op("Add", graph.op("Div", count, np.float32(MOST)), np.float32(1))
        ratio = graph.op("Div", graph.op("Div", count, bound), inner)
        added = graph.op("Log", graph.op("Add", ratio, np.float32(1)))
        logits = graph.op("Add", logits, graph.op("Mul", added, exponent))
    return logits
