"""How much a mixture trusts its two parts, by what its n-gram knows of the last characters.

After a context that only one character has ever followed, the n-gram is mostly right, and the
network adds little; after one of many followers it is the other way round. So an exponent is

    max(0, e + e_d (d - m_d) + e_f (1 / f - m_f) + e_b (1 / b - m_b))

for a context of d characters, the longest that the n-gram knows, with f different followers, and
b without its first character. m_d, m_f and m_b are the means of what stands before them, so e is
the mean exponent.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .ngram.arrays import Arrays, level_ends

FEATURES = 4
"""1, d, 1 / f and 1 / b."""

ROWS = 3
"""Of exponents that depend on the context: network, n-gram, and means; (3, FEATURES) float32."""


def features(arrays: Arrays) -> NDArray[np.float32]:
    """Return 1, d, 1 / f and 1 / b of each of M contexts, (M, FEATURES), given an n-gram's arrays.

    Raises:
        ConfigError: the contexts are not sorted.
    """
    backoff = arrays["ngram.backoff"]
    ends = level_ends(backoff)
    found = np.ones((len(backoff), FEATURES), np.float32)
    found[:, 1] = np.repeat(np.arange(len(ends)), np.diff([0, *ends]))
    found[:, 2] = 1 / np.maximum(np.diff(arrays["ngram.starts"]), 1)
    found[:, 3] = found[backoff, 2]
    return found


def by_context(exponents: NDArray[np.float32], of: NDArray[Any]) -> NDArray[np.float32]:
    """Return the exponents of network and n-gram, (N, 2), after N contexts of features ``of``.

    Args:
        exponents: (3, FEATURES); or (2,), which is the same after every context.
        of: (N, FEATURES).
    """
    if exponents.ndim == 1:
        return np.tile(exponents, (len(of), 1))
    means = exponents[2] * (np.arange(FEATURES) > 0)  # that of the constant is not subtracted
    found: NDArray[np.float32] = np.maximum((of - means) @ exponents[:2].T, 0).astype(np.float32)
    return found


def shaped(numbers: Sequence[float]) -> NDArray[np.float64]:
    """Return exponents, (2,) or (3, FEATURES), of which ``numbers`` are the rows joined."""
    found = np.array(numbers, np.float64)
    return found if len(found) == 2 else found.reshape(ROWS, FEATURES)


def mean(exponents: NDArray[Any]) -> tuple[float, float]:
    """Return the mean exponents of network and n-gram."""
    network, ngram = exponents if exponents.ndim == 1 else exponents[:2, 0]
    return float(network), float(ngram)
