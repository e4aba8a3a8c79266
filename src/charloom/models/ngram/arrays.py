"""The arrays of an n-gram model, as the run folder stores them, and their validation.

The M contexts are the nodes: the empty context first, then sorted by length. There are E n-grams,
sorted by context and last id. V is the vocabulary's size:

    ngram.starts   (M + 1,) int32    the index of each context's first n-gram; the last is E
    ngram.targets  (E,)     int32    the last id of each n-gram; the empty context has all V ids
    ngram.own      (E,)     float32  its discounted probability
    ngram.next     (E,)     int32    the node after it: the longest context that is a suffix of it
    ngram.backoff  (M,)     int32    the node of each context without its first id; 0 for the first
    ngram.left     (M,)     float32  γ, the backoff weight; above 0

p(w | node) is the discounted probability of w there, if it has one, plus γ p(w | backoff); for the
empty context, 1/V takes the place of p(w | backoff). The discounted probabilities and γ of a node
sum to 1, and so does p.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...config import MOST_ORDER
from ...errors import ConfigError

Arrays = Mapping[str, NDArray[Any]]

PREFIX = "ngram."
TYPES = {
    "ngram.starts": np.dtype(np.int32),
    "ngram.targets": np.dtype(np.int32),
    "ngram.own": np.dtype(np.float32),
    "ngram.next": np.dtype(np.int32),
    "ngram.backoff": np.dtype(np.int32),
    "ngram.left": np.dtype(np.float32),
}

MIXTURE_WEIGHT = "mixture.share"
"""(1,) float32: the weight of the n-gram in a mixture."""

BYTES_A_NGRAM, BYTES_A_CONTEXT = 12, 12
"""The bytes that the arrays take, apart from the last of ``ngram.starts``."""

ROUNDING = 1e-4
"""The rounding error to allow in sums of thousands of float32 numbers."""

LEAST_LEFT = 1e-6
"""The smallest γ, so that the product of several stays above 0 in float32."""


def uniform_arrays(size: int) -> dict[str, NDArray[Any]]:
    """Return the arrays of the uniform model: all V ids are equally likely."""
    return {
        "ngram.starts": np.array([0, size], np.int32),
        "ngram.targets": np.arange(size, dtype=np.int32),
        "ngram.own": np.zeros(size, np.float32),
        "ngram.next": np.zeros(size, np.int32),
        "ngram.backoff": np.zeros(1, np.int32),
        "ngram.left": np.ones(1, np.float32),
    }


def check_arrays(arrays: Arrays, size: int) -> None:
    """Raise ConfigError unless ``arrays`` are a valid n-gram of V = ``size`` ids; see above."""
    if different := sorted(arrays.keys() ^ TYPES.keys()):
        raise ConfigError(
            f"an n-gram must have the arrays {sorted(TYPES)}. Missing or unknown: {different[:8]}"
        )
    for name, kind in TYPES.items():
        array = arrays[name]
        if array.dtype != kind or array.ndim != 1:
            _refuse(name, f"be {kind} in one dimension", f"{array.dtype} {array.shape}")
    starts, targets, own, following, backoff, left = (arrays[name] for name in TYPES)
    nodes, ngrams = len(backoff), len(targets)
    sizes = {"starts": nodes + 1, "own": ngrams, "next": ngrams, "left": nodes}
    for short, length in sizes.items():
        if len(arrays[PREFIX + short]) != length:
            _refuse(PREFIX + short, f"hold {length} numbers", len(arrays[PREFIX + short]))
    if not nodes or ngrams < size or starts[0] != 0 or starts[-1] != ngrams:
        _refuse("ngram.starts", f"go from 0 to the n-grams, {ngrams}, {size} or more", nodes)
    if nodes > 1 and (np.diff(starts) < 1).any():
        _refuse("ngram.starts", "grow from context to context", "one that does not")
    if starts[1] != size or not np.array_equal(targets[:size], np.arange(size)):
        _refuse("ngram.targets", f"begin with all ids, 0 to {size - 1}", targets[:3].tolist())
    _in_range("ngram.targets", targets, size)
    _in_range("ngram.next", following, nodes)
    grows = np.diff(targets) > 0
    grows[starts[1:-1] - 1] = True
    if not grows.all():
        _refuse("ngram.targets", "be sorted within a context", "some that are not")
    level_ends(backoff)  # raises unless contexts are sorted by length
    finite = np.isfinite(own).all() and np.isfinite(left).all()
    if not finite or (own < 0).any() or (left < LEAST_LEFT).any():
        _refuse("ngram.own and ngram.left", "be finite and not below 0, γ above it", "others")
    total = np.add.reduceat(own.astype(np.float64), starts[:-1]) + left
    if (np.abs(total - 1) > ROUNDING).any():
        _refuse("ngram.own and ngram.left", "sum to 1 in each context", float(total.max()))


def level_ends(backoff: NDArray[np.int32]) -> list[int]:
    """Return where the nodes of each context length end; the empty context's end is 1.

    Raises:
        ConfigError: the nodes are not sorted by the lengths of their contexts, or there are more
            than ``MOST_ORDER`` lengths.
    """
    ends = [0, 1]
    while ends[-1] < len(backoff) and len(ends) <= MOST_ORDER:
        inside = (backoff[ends[-1] :] >= ends[-2]) & (backoff[ends[-1] :] < ends[-1])
        more = len(inside) if inside.all() else int(inside.argmin())
        if not more:
            break
        ends.append(ends[-1] + more)
    if backoff[0] != 0 or ends[-1] != len(backoff):
        rule = f"lead to shorter contexts, from at most {MOST_ORDER} lengths in order"
        _refuse("ngram.backoff", rule, "others")
    return ends[1:]


def _in_range(name: str, array: NDArray[Any], end: int) -> None:
    if array.min() < 0 or array.max() >= end:
        _refuse(name, f"lie in [0, {end})", f"{array.min()} to {array.max()}")


def _refuse(name: str, rule: str, received: object) -> None:
    raise ConfigError(f"{name} must {rule}. Received: {received}")
