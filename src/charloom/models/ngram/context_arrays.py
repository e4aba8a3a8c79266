"""The arrays of an n-gram with classes and sparse contexts, and their validation.

Beside those of ``ngram.arrays``, whose empty context has no probability of its own (``ngram.left``
is 1 there), V the vocabulary's size, K the number of character classes:

    ngram.classes   (V,) int32    each id's class; 0 is the boundary's
    ngram.sounds    (V,) int32    0 for the boundary, 1 no letter, 2 consonant, 3 vowel
    ngram.spelling  (V,) float32  each id's probability within its class
    ngram.class.*                 an n-gram over the K classes, as in ``ngram.arrays``
    ngram.keys      (C,) int64    the keys of the sparse contexts, sorted; see ``ngram.contexts``
    ngram.firsts    (C + 1,) int32  the index of each context's first character below
    ngram.ids       (E,) int32    the characters that occurred there, sorted within a context
    ngram.counts    (E,) float32  how often each did, divided by ``context_model.PSEUDO``
    ngram.weights   (5 + F,) float32  the exponents of the n-gram, the class, the pair, the F
                                  families of sparse contexts, the class if the string does not
                                  end, and the odds of the end; the last two may be missing
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import ConfigError
from ..interface import MOST_EXPONENT
from .arrays import LEAST_LEFT, PREFIX, ROUNDING, TYPES, check_arrays
from .contexts import FAMILIES, Keyring

Arrays = Mapping[str, NDArray[Any]]

MOST_COUNT = 3e8
"""The largest of ``ngram.counts``; divided by a tiny probability it is still a float32."""

CLASS_PREFIX = "ngram.class."
CLASS_TYPES = {CLASS_PREFIX + name.removeprefix(PREFIX): kind for name, kind in TYPES.items()}
CONTEXT_TYPES = {
    **TYPES,
    "ngram.classes": np.dtype(np.int32),
    "ngram.sounds": np.dtype(np.int32),
    "ngram.spelling": np.dtype(np.float32),
    **CLASS_TYPES,
    "ngram.keys": np.dtype(np.int64),
    "ngram.firsts": np.dtype(np.int32),
    "ngram.ids": np.dtype(np.int32),
    "ngram.counts": np.dtype(np.float32),
    "ngram.weights": np.dtype(np.float32),
}


def class_arrays(arrays: Arrays) -> dict[str, NDArray[Any]]:
    """Return the arrays of the n-gram over classes, by the names of ``ngram.arrays``."""
    return {PREFIX + name.removeprefix(CLASS_PREFIX): arrays[name] for name in CLASS_TYPES}


def check_context_arrays(arrays: Arrays, size: int) -> None:
    """Raise ConfigError unless ``arrays`` are valid for V = ``size`` ids; see above."""
    if different := sorted(set(arrays) ^ set(CONTEXT_TYPES)):
        raise ConfigError(
            f"an n-gram with contexts must have the arrays {sorted(CONTEXT_TYPES)}. "
            f"Missing or unknown: {different[:8]}"
        )
    for name, kind in CONTEXT_TYPES.items():
        array = arrays[name]
        if array.dtype != kind or array.ndim != 1:
            _refuse(name, f"be {kind} in one dimension", f"{array.dtype} {array.shape}")
    check_arrays({name: arrays[name] for name in TYPES}, size)
    if arrays["ngram.own"][:size].any() or abs(arrays["ngram.left"][0] - 1) > LEAST_LEFT:
        _refuse("ngram.own", "be 0 in the empty context, whose classes decide", "others")
    classes, sounds, spelling = (arrays["ngram." + n] for n in ("classes", "sounds", "spelling"))
    for name, array in (("classes", classes), ("sounds", sounds), ("spelling", spelling)):
        if len(array) != size:
            _refuse(f"ngram.{name}", f"hold {size} numbers", len(array))
    count = int(classes.max()) + 1
    if classes.min() < 0 or not np.bincount(classes, minlength=count).all() or classes[0] != 0:
        _refuse("ngram.classes", "number the classes from 0, the boundary's", "others")
    if sounds.min() < 0 or sounds.max() > 3:
        _refuse("ngram.sounds", "lie in [0, 4)", f"{sounds.min()} to {sounds.max()}")
    sums = np.bincount(classes, spelling)
    if not (spelling > 0).all() or (np.abs(sums - 1) > ROUNDING).any():
        _refuse("ngram.spelling", "be above 0 and sum to 1 in each class", "others")
    check_arrays(class_arrays(arrays), count)
    _check_contexts(arrays, size)


def _check_contexts(arrays: Arrays, size: int) -> None:
    keys, firsts, ids, counts, weights = (
        arrays["ngram." + name] for name in ("keys", "firsts", "ids", "counts", "weights")
    )
    most = 5 + len(FAMILIES)
    if len(weights) not in (most - 2, most) or not (np.abs(weights) <= MOST_EXPONENT).all():
        rule = f"be {most} numbers within ±{MOST_EXPONENT:g}"
        _refuse("ngram.weights", rule, weights.tolist()[:16])
    most = Keyring(size).layout()[1][-1]
    if len(keys) and (keys[0] < 0 or keys[-1] >= most or (np.diff(keys) <= 0).any()):
        _refuse("ngram.keys", f"be sorted, different and in [0, {most})", "others")
    if len(firsts) != len(keys) + 1 or firsts[0] != 0 or firsts[-1] != len(ids):
        _refuse("ngram.firsts", f"go from 0 to {len(ids)}, with {len(keys) + 1} numbers", "others")
    if (np.diff(firsts) < 1).any() or len(counts) != len(ids):
        _refuse("ngram.firsts", "grow from context to context, with a count for each id", "others")
    if len(ids) and (ids.min() < 0 or ids.max() >= size):
        _refuse("ngram.ids", f"lie in [0, {size})", f"{ids.min()} to {ids.max()}")
    if not ((counts > 0) & (counts <= MOST_COUNT)).all():
        _refuse("ngram.counts", f"lie in (0, {MOST_COUNT:g}]", "others")


def _refuse(name: str, rule: str, received: object) -> None:
    raise ConfigError(f"{name} must {rule}. Received: {received}")
