"""The step of an n-gram with classes and sparse contexts; see ``models.ngram.context_model``."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...config import ModelConfig
from ...models.ngram.alphabet import NO_LETTER
from ...models.ngram.arrays import Arrays
from ...models.ngram.context_arrays import class_arrays
from ...models.ngram.context_model import EXPONENTS, MOST_CERTAIN, TINY, backoff_products
from ...models.ngram.contexts import FAMILIES, FARTHEST, SOUNDS, STATE, Keyring
from .graph import Graph, ints, padded
from .ngram import Nodes

COLUMNS = 2 + len(STATE)
"""The numbers of a string's state: its nodes of both n-grams, and what the contexts need."""

Columns = dict[str, str]


def add_contexts(
    graph: Graph, config: ModelConfig, arrays: Arrays, ids: str, state: str
) -> tuple[str, str]:
    """Add a step; return the logits (B, V) and the new ``state``, (B, COLUMNS); ids are (B, 1)."""
    chain = Nodes(graph, config, arrays, base=0.0)
    by_class = Nodes(graph, config, class_arrays(arrays))
    node, class_node, *columns = graph.ops("Split", COLUMNS, state, ints(*[1] * COLUMNS), axis=1)
    node = chain.after(node, ids)
    class_node = by_class.after(class_node, graph.op("Gather", arrays["ngram.classes"], ids))
    now = _advanced(graph, dict(zip(STATE, columns, strict=True)), arrays, ids)
    after = graph.op("Concat", node, class_node, *now.values(), axis=1)

    classes = by_class.probabilities(class_node)  # (B, K)
    base = graph.op("Gather", classes, arrays["ngram.classes"], axis=1)
    base = graph.op("Mul", base, arrays["ngram.spelling"])
    left = backoff_products(arrays["ngram.left"], arrays["ngram.backoff"])
    exponents = arrays["ngram.weights"]

    def backed_off(nodes: str) -> str:
        rest = graph.op("Mul", graph.op("Gather", left, nodes), base)
        return graph.op("Max", graph.op("Add", chain.probabilities(nodes), rest), TINY)

    def logs(probabilities: str, exponent: np.float32) -> str:
        return graph.op("Mul", graph.op("Log", probabilities), np.float32(exponent))

    logits = logs(backed_off(node), exponents[0])
    size = len(arrays["ngram.classes"])
    pair = backed_off(graph.op("Gather", arrays["ngram.next"][:size], now["last"]))
    logits = graph.op("Add", logits, logs(pair, exponents[2:EXPONENTS].sum()))
    by = _class_terms(graph, graph.op("Max", classes, TINY), exponents)
    by = graph.op("Gather", by, arrays["ngram.classes"], axis=1)
    logits = graph.op("Add", logits, by)
    if len(arrays["ngram.keys"]):
        logits = _with_sparse(graph, arrays, now, pair, logits)
    return logits, after


def _advanced(graph: Graph, old: Columns, arrays: Arrays, ids: str) -> Columns:
    """Return the columns (B, 1) of the state after ``ids``; see ``contexts.advance``."""

    def number(value: int) -> NDArray[np.int32]:
        return np.array(value, np.int32)

    def counted(name: str) -> str:
        return graph.op("Min", graph.op("Add", old[name], number(1)), number(FARTHEST))

    def first(name: str, count: str, place: int) -> str:
        return graph.op("Where", graph.op("Equal", old[count], number(place)), ids, old[name])

    sounds = graph.op("Mod", graph.op("Mul", old["sounds"], number(4)), number(4**SOUNDS))
    new = {
        "place": counted("place"),
        "word": counted("word"),
        "last": ids,
        "second": old["last"],
        "third": old["second"],
        "sounds": graph.op("Add", sounds, graph.op("Gather", arrays["ngram.sounds"], ids)),
        "w1": first("w1", "word", 0),
        "w2": first("w2", "word", 1),
        "s1": first("s1", "place", 0),
        "s2": first("s2", "place", 1),
    }
    inside = np.ones(len(arrays["ngram.sounds"]), np.int32)
    inside[0] = 0  # the boundary resets all
    letters = (arrays["ngram.sounds"] > NO_LETTER).astype(np.int32)
    of_word, of_string = (graph.op("Gather", table, ids) for table in (letters, inside))
    return {
        name: graph.op("Mul", new[name], of_word if name in ("word", "w1", "w2") else of_string)
        for name in STATE
    }


def _class_terms(graph: Graph, classes: str, exponents: NDArray[np.float32]) -> str:
    """Return what the classes' probabilities (B, K) add to the logits, (B, K)."""
    logs = graph.op("Log", classes)
    found = graph.op("Mul", logs, np.float32(exponents[1]))
    g, h = (np.float32(value) for value in [*exponents[EXPONENTS:], 0.0, 0.0][:2])
    if not (g or h):
        return found
    end = graph.op("Min", graph.op("Slice", classes, ints(0), ints(1), ints(1)), MOST_CERTAIN)
    others = graph.op("Log", graph.op("Sub", np.float32(1), end))
    odds = graph.op("Sub", logs, others)
    first = graph.op("Mul", graph.op("Slice", odds, ints(0), ints(1), ints(1)), h)
    rest = graph.op("Mul", graph.op("Slice", odds, ints(1), ints(2**31), ints(1)), g)
    return graph.op("Add", found, graph.op("Concat", first, rest, axis=1))


def _with_sparse(graph: Graph, arrays: Arrays, now: Columns, pair: str, logits: str) -> str:
    """Return the logits with the terms of the sparse contexts.

    Contexts are found by their keys in a hash table: all keys with the same remainder are compared.
    """
    firsts, weights = arrays["ngram.firsts"], arrays["ngram.weights"]
    prime, starts, order, widest = _hashed(arrays["ngram.keys"])
    keys = padded(arrays["ngram.keys"][order] + 1, widest)  # 0 where there is none
    matrix, offsets = Keyring(len(arrays["ngram.classes"])).layout()
    states = graph.op("Concat", *now.values(), axis=1)
    states = graph.op("Cast", states, to=7)  # int64
    wanted = graph.op("Add", graph.op("MatMul", states, matrix), offsets[:-1] + 1)  # (B, F)
    slot = graph.op("Mod", graph.op("Sub", wanted, ints(1)), ints(prime))
    slot = graph.op("Gather", starts, slot)
    places = graph.op("Add", graph.column(slot), np.arange(widest, dtype=np.int32))
    same = graph.op("Equal", graph.op("Gather", keys, places), graph.column(wanted))
    place = graph.op("Where", same, places, np.array(-1, np.int32))
    place = graph.op("ReduceMax", place, ints(2), keepdims=0)
    there = graph.op("GreaterOrEqual", place, np.array(0, np.int32))
    place = graph.op("Max", place, np.array(0, np.int32))

    lengths = np.diff(firsts)
    most = int(lengths.max())
    first = graph.op("Gather", firsts[:-1][order], place)
    count = graph.op("Gather", lengths[order].astype(np.int32), place)
    count = graph.op("Where", there, count, np.array(0, np.int32))
    entry, exist = graph.entries(first, count, most)  # (B, F, most)
    cells = graph.op("Gather", padded(arrays["ngram.ids"], most), entry)
    cells = graph.op("Where", exist, cells, np.array(0, np.int32))
    counts = graph.op("Gather", padded(arrays["ngram.counts"], most), entry)
    counts = graph.op("Where", exist, counts, np.array(0, np.float32))
    cells = graph.op("Reshape", cells, ints(0, -1))
    ratios = graph.op("Reshape", counts, ints(0, -1))
    ratios = graph.op("Div", ratios, graph.op("GatherElements", pair, cells, axis=1))
    ratios = graph.op("Log", graph.op("Add", ratios, np.float32(1)))
    ratios = graph.op("Mul", ratios, np.repeat(weights[3 : 3 + len(FAMILIES)], most))
    return graph.op("ScatterElements", logits, cells, ratios, axis=1, reduction="add")


def _hashed(keys: NDArray[np.int64]) -> tuple[int, NDArray[np.int32], NDArray[np.intp], int]:
    """Return a prime P; for each remainder the index of its first key, once the keys are sorted by
    remainders; that order; and how many keys have the same remainder at most."""

    def most(prime: int) -> int:
        return int(np.bincount(keys % prime).max())

    prime = min(_primes(max(2, len(keys) // 2), 12), key=most)
    rests = keys % prime
    counts = np.bincount(rests, minlength=prime)
    starts = (np.cumsum(counts) - counts).astype(np.int32)
    return prime, starts, np.argsort(rests, kind="stable"), most(prime)


def _primes(least: int, count: int) -> list[int]:
    """Return the first primes from ``least`` on."""
    found: list[int] = []
    number = least
    while len(found) < count:
        if all(number % divisor for divisor in range(2, int(number**0.5) + 1)):
            found.append(number)
        number += 1
    return found
