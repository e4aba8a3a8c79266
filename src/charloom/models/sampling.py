"""Samplers: the next id from logits. Frozen values; randomness is an argument."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from ..config import SampleConfig
from ..config.arguments import shown
from ..errors import ArgumentError, GenerationError

Floats = NDArray[np.float32]
Ids = NDArray[np.intp]

MANY = 512
"""Rows that are faster to sum side by side than one after the other."""


class Transform(Protocol):
    """What changes a model's distribution: a function from logits to logits.

    Pass one as ``sampler`` to ``names``, ``generate``, ``best`` or ``text``. It is applied to the
    model's logits at every step, before temperature and filters. ``Temperature``, ``TopK``,
    ``TopP``, ``MinP`` and ``Chain`` are transforms, and so is every function of this form.

    A transform, not a function that picks ids, because generation without repeats and under
    constraints does not draw one id after the other: it searches the tree of prefixes, and needs
    the probabilities of all ids. Given those, the search is exact for every transform: strings
    are distributed as if they were sampled one by one and repeats were dropped.

    That holds if the result depends on the logits alone (no random numbers, no state), and if
    each row is treated by itself.

    Example:
        >>> import numpy as np
        >>> from charloom import NameCorpus, train
        >>> class NoCapitals:
        ...     def __init__(self, vocabulary):
        ...         capitals = filter(str.isupper, vocabulary.characters)
        ...         self.ids = vocabulary.encode("".join(capitals))
        ...     def __call__(self, logits):  # (B, V) -> (B, V)
        ...         logits = logits.copy()
        ...         logits[:, self.ids] = -np.inf
        ...         return logits
        >>> model = train(NameCorpus.of(["Ann", "Anna", "Hanna"]), kind="ngram")
        >>> names = model.names(3, sampler=NoCapitals(model.vocabulary), seed=1)
        >>> any(name != name.lower() for name in names)
        False
    """

    def __call__(self, logits: Floats, /) -> Floats:
        """Return changed logits.

        Args:
            logits: (B, V), finite, one row a string; read-only. Column 0 is the end of the
                string.

        Returns:
            logits (B, V); -inf for an id that must not be drawn. Every row needs at least one
            finite logit.
        """


@dataclass(frozen=True)
class _Limit:
    """A transform with one number, which must lie in the range of a field of ``SampleConfig``."""

    value: float
    field: ClassVar[str]

    def __post_init__(self) -> None:
        given: dict[str, Any] = {self.field: self.value}
        SampleConfig(**given)  # raises ConfigError


class Temperature(_Limit):
    """Divides logits by ``value``: 1 changes nothing, 0 leaves the most likely id only."""

    field = "temperature"

    def __call__(self, logits: Floats, /) -> Floats:
        """Return logits (B, V) whose largest in each row is 0."""
        if self.value == 0:
            scores: Floats = np.full_like(logits, -np.inf)
            np.put_along_axis(scores, logits.argmax(axis=1)[:, None], 0, axis=1)
            return scores
        scores = logits - _largest(logits)
        if self.value != 1:
            with np.errstate(over="ignore"):  # next to 0: all but the best become -inf
                scores *= np.float32(min(1 / self.value, 1e30))
        return scores


class TopK(_Limit):
    """Keeps the ``value`` most likely ids; of equal ones, the lower."""

    field = "top_k"

    def __call__(self, logits: Floats, /) -> Floats:
        """Return logits (B, V), -inf for those that are left out."""
        order = _by_likelihood(logits)
        return _without(logits, order, np.arange(order.shape[1]) >= self.value)


class TopP(_Limit):
    """Keeps the fewest most likely ids whose probabilities add up to ``value`` (nucleus)."""

    field = "top_p"

    def __call__(self, logits: Floats, /) -> Floats:
        """Return logits (B, V), -inf for those that are left out."""
        order = _by_likelihood(logits)
        ordered = np.take_along_axis(logits, order, axis=1)
        ends = np.cumsum(np.exp((ordered - ordered[:, :1]).astype(np.float64)), axis=1)
        # An id goes when those before it already add up to the limit.
        excluded = np.zeros(logits.shape, dtype=np.bool_)
        excluded[:, 1:] = ends[:, :-1] >= self.value * ends[:, -1:]
        return _without(logits, order, excluded)


class MinP(_Limit):
    """Keeps ids of at least ``value`` times the probability of the most likely one."""

    field = "min_p"

    def __call__(self, logits: Floats, /) -> Floats:
        """Return logits (B, V), -inf for those that are left out."""
        if self.value == 0:
            return logits
        least = logits.max(axis=1, keepdims=True) + np.float32(np.log(self.value))
        return np.where(logits < least, np.float32(-np.inf), logits)


class Chain(tuple[Transform, ...]):
    """Several transforms, one after the other: ``Chain(Temperature(0.8), TopK(5))``."""

    def __new__(cls, *transforms: Transform) -> Self:
        return super().__new__(cls, transforms)

    def __getnewargs__(self) -> tuple[Transform, ...]:
        """Return what copies are made from."""
        return tuple(self)

    def __call__(self, logits: Floats, /) -> Floats:
        """Return logits (B, V) after all of them."""
        for transform in self:
            logits = transform(logits)
        return logits


@dataclass(frozen=True)
class Sampler:
    """Draws ids according to a ``SampleConfig``, whose seed and max_length it ignores.

    First ``transform``, if there is one, is applied to the model's logits; then ``Temperature``,
    ``TopK``, ``TopP`` and ``MinP``, each acting on what the one before it left.

    Where ids tie for the last place of top_k or top_p, or for the first of greedy, the lower
    id wins. The most likely id is always kept.

    Example:
        >>> import numpy as np
        >>> from charloom import SampleConfig
        >>> greedy = Sampler(SampleConfig(temperature=0))
        >>> greedy.pick(np.array([[0.1, 0.7, 0.2]], np.float32), np.random.default_rng(0)).tolist()
        [1]
    """

    config: SampleConfig = field(default_factory=SampleConfig)
    transform: Transform | None = None

    def __post_init__(self) -> None:
        if self.transform is not None and not callable(self.transform):
            raise ArgumentError(
                f"a sampler must be a function from logits to logits. Received: "
                f"{shown(self.transform)}"
            )

    @property
    def has_filters(self) -> bool:
        """Whether ids are left out."""
        return len(self._steps) > 1

    @property
    def is_plain(self) -> bool:
        """Whether it draws from the model's own distribution."""
        return self.config.temperature == 1 and not self.has_filters and self.transform is None

    def prepared(self, logits: Floats, lengths: NDArray[np.integer]) -> Floats:
        """Return logits (B, V) transformed and, where there is a cycle of temperatures, divided.

        Call it before ``scores``, ``log_probabilities`` and ``pick``, which do the rest.

        Args:
            logits: (B, V), the model's.
            lengths: (B,), the ids of each row's string so far: its place in the cycle.

        Raises:
            GenerationError: the transform returns something else than logits.
        """
        if self.transform is not None:
            logits = _transformed(self.transform, logits)
        heat = self.config.temperature
        if not isinstance(heat, tuple):
            return logits
        divided: Floats = logits / np.array(heat, np.float32)[lengths % len(heat), None]
        return divided

    def log_probabilities(self, logits: Floats) -> NDArray[np.float64]:
        """Return the distribution drawn from, (B, V), in nats; -inf where ids are excluded."""
        scores: NDArray[np.float64] = self.scores(logits).astype(np.float64)
        scores -= np.log(np.exp(scores).sum(axis=1, keepdims=True))
        return scores

    def pick(self, logits: Floats, rng: np.random.Generator, rows: Ids | None = None) -> Ids:
        """Draw ids.

        Args:
            logits: (B, V), prepared.
            rng: gives one uniform number a draw; greedy takes none.
            rows: (N,), the row of ``logits`` that each draw is from; default: each row once.

        Returns:
            ids (N,), the i-th drawn from row ``rows[i]``.

        Raises:
            GenerationError: a logit is NaN or infinite, so that there is no distribution.
        """
        if self.config.temperature == 0:
            best: Ids = logits.argmax(axis=1)
            _require_finite(logits[np.arange(len(logits)), best])
            return best if rows is None else best[rows]
        weights = np.exp(self.scores(logits))
        uniforms = rng.random(len(logits) if rows is None else len(rows))
        return choose(weights, uniforms, rows)

    def scores(self, logits: Floats) -> Floats:
        """Return prepared logits tempered and filtered, (B, V): the best of a row 0, excluded
        ones -inf."""
        return self._steps(logits)

    @cached_property
    def _steps(self) -> Chain:
        c = self.config
        heat = 1.0 if isinstance(c.temperature, tuple) else c.temperature
        steps: list[Transform] = [Temperature(heat)]
        if c.top_k is not None:
            steps.append(TopK(c.top_k))
        if c.top_p is not None and c.top_p < 1:
            steps.append(TopP(c.top_p))
        if c.min_p:
            steps.append(MinP(c.min_p))
        return Chain(*steps)


def choose(weights: Floats, uniforms: NDArray[np.float64], rows: Ids | None = None) -> Ids:
    """Choose ids in proportion to weights that need not sum to 1.

    One binary search over the cumulative sums of all rows, end to end. A row covers [low, high),
    and a choice is a uniform point in it, kept below ``high`` so that it never selects an id of
    weight 0, unless all weights of the row are 0. Many rows are summed side by side instead, and
    the sums that are not above the point are counted.

    Args:
        weights: (B, V), 0 or above.
        uniforms: (N,), in [0, 1).
        rows: (N,), the row that each is for; default: each row once.

    Returns:
        ids (N,).

    Raises:
        GenerationError: a weight is NaN or infinite.
    """
    size = weights.shape[1]
    if rows is None and len(weights) >= MANY:
        return _choose_of_many(weights, uniforms)
    ends = np.cumsum(weights.astype(np.float64))  # (B*V,)
    high = ends[size - 1 :: size]
    if len(high) and not math.isfinite(high[-1]):
        raise _not_finite()
    low = np.zeros(len(high))
    low[1:] = high[:-1]
    if rows is None:
        rows = np.arange(len(weights))
    else:
        low, high = low[rows], high[rows]
    points = low + uniforms * (high - low)
    np.minimum(points, np.nextafter(high, low), out=points)
    ids: Ids = np.searchsorted(ends, points, side="right") - size * rows
    return ids


def _choose_of_many(weights: Floats, uniforms: NDArray[np.float64]) -> Ids:
    """Choose an id in each row: ``choose`` for many rows."""
    size = weights.shape[1]
    ends = np.empty((size, len(weights)))
    ends[:] = weights.T
    for before, end in pairwise(ends):
        end += before
    high = ends[-1]
    if not math.isfinite(high.sum()):
        raise _not_finite()
    points = uniforms * high
    np.minimum(points, np.nextafter(high, 0), out=points)
    below = (ends <= points).view(np.int8)
    ids: Ids = np.add.reduce(below, 0, dtype=np.min_scalar_type(-size)).astype(np.intp)
    return ids


def _largest(logits: Floats) -> Floats:
    """Return the largest logit of each row, (B, 1)."""
    if not logits.size:
        return logits[:, :1]
    size = logits.shape[1]
    # end to end, since a reduction along short rows begins anew at each
    most: Floats = np.maximum.reduceat(logits.ravel(), np.arange(0, logits.size, size))
    return most[:, None]


def _transformed(transform: Transform, logits: Floats) -> Floats:
    """Return what a caller's transform makes of logits (B, V), checked."""
    view = logits.view()
    view.flags.writeable = False  # the originals are still needed
    given = transform(view)
    try:
        result = np.asarray(given, np.float32)
    except (ValueError, TypeError):
        raise ArgumentError(
            f"a sampler must return logits, an array of numbers. Received: {shown(given)}"
        ) from None
    if result.shape != logits.shape:
        raise GenerationError(
            f"a sampler must return logits of the shape that it is given, {logits.shape}. "
            f"Received: {result.shape}"
        )
    if not np.isfinite(result.max(axis=1)).all():
        raise GenerationError(
            "a sampler must leave at least one id in every row. Received: a row of only -inf, or "
            "with NaN or infinity; return -inf only for ids that must not be drawn."
        )
    return result


def _by_likelihood(logits: Floats) -> Ids:
    """Return ids (B, V), the most likely first; of equal ones, the lower first."""
    return np.argsort(-logits, axis=1, kind="stable")


def _without(logits: Floats, order: Ids, excluded: NDArray[np.bool_]) -> Floats:
    """Return logits (B, V) with -inf where ``excluded`` says so, by rank in ``order`` (B, V)."""
    by_id = np.empty(logits.shape, dtype=np.bool_)
    np.put_along_axis(by_id, order, np.broadcast_to(excluded, logits.shape), axis=1)
    return np.where(by_id, np.float32(-np.inf), logits)


def _require_finite(values: NDArray[np.floating]) -> None:
    if not np.isfinite(values).all():
        raise _not_finite()


def _not_finite() -> GenerationError:
    return GenerationError(
        "the model's logits must be finite numbers. Received: NaN or infinity; the training "
        "diverged, so train again with a lower learning rate."
    )
