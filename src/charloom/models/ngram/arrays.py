"""What an n-gram consists of: the arrays that a file holds, and whether they can be trusted.

With M contexts, the nodes, the empty one first and then by their lengths, and E n-grams, sorted by
context and last id; V is the vocabulary's size:

    ngram.starts   (M + 1,) int32    where the n-grams of each context begin; the last is E
    ngram.targets  (E,)     int32    each one's last id; the empty context has all V of them
    ngram.own      (E,)     float32  its own part of its probability
    ngram.next     (E,)     int32    the node after it: of the longest context that there is
    ngram.backoff  (M,)     int32    the node of each context without its first id; 0 for the first
    ngram.left     (M,)     float32  γ, what its own parts leave; more than 0

p(w | node) is w's own part there, if it has one, plus γ of the node times p(w | backoff); for the
empty context, 1/V in place of the last. Own parts and γ of a node sum to 1, so p does.
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

SHARE = "mixture.share"
"""(1,) float32: the n-gram's share of a mixture."""

BYTES_A_NGRAM, BYTES_A_CONTEXT = 12, 12
"""That the arrays take, but for the last of ``ngram.starts``."""

ROUNDING = 1e-4
"""By which what sums to 1 may miss it: float32, and thousands of numbers."""

LEAST_LEFT = 1e-6
"""γ at least, so that the product of all stays above 0 in float32."""


def uniform_arrays(size: int) -> dict[str, NDArray[Any]]:
    """Return the model without any counts: all V ids are equally likely."""
    return {
        "ngram.starts": np.array([0, size], np.int32),
        "ngram.targets": np.arange(size, dtype=np.int32),
        "ngram.own": np.zeros(size, np.float32),
        "ngram.next": np.zeros(size, np.int32),
        "ngram.backoff": np.zeros(1, np.int32),
        "ngram.left": np.ones(1, np.float32),
    }


def check_arrays(arrays: Arrays, size: int) -> None:
    """Raise ConfigError unless ``arrays`` are an n-gram of V = ``size`` ids, as described above."""
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
    _check_levels(backoff)
    finite = np.isfinite(own).all() and np.isfinite(left).all()
    if not finite or (own < 0).any() or (left < LEAST_LEFT).any():
        _refuse("ngram.own and ngram.left", "be finite and not below 0, γ above it", "others")
    total = np.add.reduceat(own.astype(np.float64), starts[:-1]) + left
    if (np.abs(total - 1) > ROUNDING).any():
        _refuse("ngram.own and ngram.left", "sum to 1 in each context", float(total.max()))


def level_ends(backoff: NDArray[np.int32]) -> list[int]:
    """Return where the nodes of each context length end: the empty context's is 1.

    Raises:
        ConfigError: the nodes do not come in the order of their contexts' lengths, or there are
            more than ``MOST_ORDER`` lengths.
    """
    _check_levels(backoff)
    return _level_ends(backoff)


def _level_ends(backoff: NDArray[np.int32]) -> list[int]:
    """The nodes whose backoff lies in the level before, as far as they are side by side."""
    ends = [0, 1]
    while ends[-1] < len(backoff) and len(ends) <= MOST_ORDER:
        inside = (backoff[ends[-1] :] >= ends[-2]) & (backoff[ends[-1] :] < ends[-1])
        more = len(inside) if inside.all() else int(inside.argmin())
        if not more:
            break
        ends.append(ends[-1] + more)
    return ends[1:]


def _check_levels(backoff: NDArray[np.int32]) -> None:
    if backoff[0] != 0 or _level_ends(backoff)[-1] != len(backoff):
        rule = f"lead to shorter contexts, from at most {MOST_ORDER} lengths in order"
        _refuse("ngram.backoff", rule, "others")


def _in_range(name: str, array: NDArray[Any], end: int) -> None:
    if array.min() < 0 or array.max() >= end:
        _refuse(name, f"lie in [0, {end})", f"{array.min()} to {array.max()}")


def _refuse(name: str, rule: str, received: object) -> None:
    raise ConfigError(f"{name} must {rule}. Received: {received}")
