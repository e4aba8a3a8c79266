"""How the next id is drawn from logits: a frozen value; randomness is an argument."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..config import SampleConfig
from ..errors import GenerationError

Floats = NDArray[np.float32]
Ids = NDArray[np.intp]


@dataclass(frozen=True)
class Sampler:
    """Draws ids as a ``SampleConfig`` says (its seed and max_length play no part here).

    In this order, each filter acting on what the one before it left:

    1. temperature divides the logits; 0 is greedy: the most likely id and nothing else; a cycle
       of several must have been applied beforehand, by ``heated``;
    2. top_k keeps the k most likely ids;
    3. top_p keeps the fewest most likely ids that hold a share p of the probability left;
    4. min_p keeps the ids of at least min_p times the probability of the most likely one.

    Where ids tie for the last place of top_k or top_p, or for the first of greedy, the lower
    id wins. The most likely id is always kept.
    """

    config: SampleConfig = field(default_factory=SampleConfig)

    @property
    def is_plain(self) -> bool:
        """Whether it draws from the model's own distribution."""
        config = self.config
        filters = config.top_k is not None or config.top_p not in (None, 1) or bool(config.min_p)
        return config.temperature == 1 and not filters

    def heated(self, logits: Floats, lengths: NDArray[np.integer]) -> Floats:
        """Return logits (B, V) divided by their place's temperature, where there is a cycle.

        ``lengths`` (B,) are the ids of each row's string so far. One temperature for all places
        is left to ``pick``.
        """
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
            logits: (B, V).
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
        """Return logits tempered and filtered, (B, V): the best of a row 0, excluded ones -inf.

        A cycle of temperatures must have been applied beforehand, by ``heated``.
        """
        config = self.config
        if config.temperature == 0:
            scores: Floats = np.full_like(logits, -np.inf)
            np.put_along_axis(scores, logits.argmax(axis=1)[:, None], 0, axis=1)
            return scores
        scores = logits - logits.max(axis=1, keepdims=True)
        if not isinstance(config.temperature, tuple) and config.temperature != 1:
            with np.errstate(over="ignore"):  # next to 0: all but the best become -inf
                scores *= np.float32(min(1 / config.temperature, 1e30))
        share = 1.0 if config.top_p is None else config.top_p
        if config.top_k is not None or share < 1:
            _keep_most_likely(scores, config.top_k, share)
        if config.min_p:
            scores[scores < np.float32(np.log(config.min_p))] = -np.inf
        return scores


def choose(weights: Floats, uniforms: NDArray[np.float64], rows: Ids | None = None) -> Ids:
    """Choose ids in proportion to weights that need not sum to 1.

    One search over all rows' cumulative sums, end to end: a row's stretch is [low, high), and a
    choice a uniform point on it. It stays below high, so that it meets an id of some weight, and
    never one of none, unless the whole row has none.

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
    ends = np.cumsum(weights, dtype=np.float64)  # (B*V,)
    _require_finite(ends[-1:])
    high = ends[size - 1 :: size]
    low = np.concatenate([[0.0], high[:-1]])
    if rows is None:
        rows = np.arange(len(weights))
    else:
        low, high = low[rows], high[rows]
    points = low + uniforms * (high - low)
    np.minimum(points, np.nextafter(high, low), out=points)
    ids: Ids = np.searchsorted(ends, points, side="right") - size * rows
    return ids


def _keep_most_likely(scores: Floats, count: int | None, share: float) -> None:
    """Set the scores (B, V) that top_k (``count``), then top_p (``share``), exclude to -inf."""
    order = np.argsort(-scores, axis=1, kind="stable")  # the lower id first where scores tie
    excluded = np.zeros(scores.shape, dtype=np.bool_)  # by rank
    if count is not None:
        excluded[:, count:] = True
    if share < 1:
        weights = np.exp(np.take_along_axis(scores, order, axis=1).astype(np.float64))
        weights[excluded] = 0
        ends = np.cumsum(weights, axis=1)
        # An id goes when those before it already hold the share.
        excluded[:, 1:] |= ends[:, :-1] >= share * ends[:, -1:]
    by_id = np.empty_like(excluded)
    np.put_along_axis(by_id, order, excluded, axis=1)
    scores[by_id] = -np.inf


def _require_finite(values: NDArray[np.floating]) -> None:
    if not np.isfinite(values).all():
        raise GenerationError(
            "the model's logits must be finite numbers. Received: NaN or infinity; its weights "
            "are out of all proportion, so train again with a lower learning rate."
        )
