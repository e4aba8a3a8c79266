"""Fitting how a mixture's exponents depend on what the n-gram knows of the last characters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..models.gates import by_context
from ..models.scoring.names import log_softmax
from ..models.threads import one_blas_thread

TYPICAL_SLOPES = np.array([[0.0, -0.07, -0.06], [0.0, 0.18, 0.12]])
TYPICAL_SLOPES_ADAPTED = np.array([[0.0, -0.02, 0.0], [0.0, 0.12, 0.0]])
"""How far the exponents of network and n-gram usually rise with each feature but the constant; and
where the network is adapted from a base. They are rough means over lists of 100 to 10,000 places,
last names and whole names, and over lists of six kinds."""

TYPICAL_MEANS = np.array([0.0, 2.5, 0.45, 0.22])
"""Means of the features at names that were not counted; the first is not used."""

PRIOR_NATS = np.array([100.0, 1000.0, 100.0, 100.0])
"""Nats that it costs an exponent, or what it rises by for each feature, to be 1 away from what is
usual."""

STEPS, LEAST_GAIN = 20, 1e-3
"""Newton steps at most; and nats that a step must gain for another to follow."""

Floats = NDArray[np.float32]
Numbers = NDArray[np.float64]


def usual_exponents(means: Numbers, slopes: Numbers) -> Numbers:
    """Return exponents for ``gates``, (3, FEATURES), where nothing is held out to fit them to.

    Args:
        means: of network and n-gram, (2,).
        slopes: how they rise with each feature, (2, FEATURES - 1).
    """
    return np.vstack([np.column_stack([means, slopes]), TYPICAL_MEANS])


@dataclass(frozen=True)
class Predicted:
    """What a network and an n-gram predict at T held-out targets.

    Attributes:
        network, ngram: log p of each character, (T, V).
        features: of the n-gram's contexts, (T, FEATURES); see ``models.gates``.
        targets: (T,), what occurred.
    """

    network: Floats
    ngram: Floats
    features: Floats
    targets: NDArray[np.int32]

    @classmethod
    def joined(cls, parts: Sequence[Predicted]) -> Predicted:
        """Return the targets of several parts as one."""
        return cls(
            np.concatenate([part.network for part in parts]),
            np.concatenate([part.ngram for part in parts]),
            np.concatenate([part.features for part in parts]),
            np.concatenate([part.targets for part in parts]),
        )

    def mixed(self, exponents: Numbers | Floats) -> Floats:
        """Return the mixture's log p of each character, (T, V), given ``gates`` exponents."""
        both = by_context(np.asarray(exponents, np.float32), self.features)
        return log_softmax(both[:, :1] * self.network + both[:, 1:] * self.ngram)

    def nats(self, exponents: Numbers | Floats) -> float:
        """Return the mixture's mean nats at the targets."""
        found = self.mixed(exponents)[np.arange(len(self.targets)), self.targets]
        return -float(found.mean(dtype=np.float64))

    def exponents(self, usual: Numbers, slopes: Numbers) -> Numbers:
        """Return the exponents that make the targets most probable, times a prior: (3, FEATURES).

        The log-likelihood is concave in them (but for the bound at 0, which is left out of account
        here), so Newton's method finds the one maximum.

        Args:
            usual: the mean exponents beforehand, (2,).
            slopes: how they usually rise with each feature, (2, FEATURES - 1).
        """
        features = self.features.astype(np.float64)
        means = features.mean(axis=0)
        means[0] = 0.0
        features -= means
        prior = np.column_stack([usual, slopes])
        with one_blas_thread():  # others would mostly wait for each other
            found = self._most_probable(features, prior)
        return np.vstack([found, means])

    def _moments(self, p: Floats) -> tuple[Numbers, Numbers]:
        """Return the means of both parts' log p under ``p`` (T, V), and their variances.

        (2, T), and (3, T): the network's variance, both's covariance, and the n-gram's variance.
        """
        by_network, by_ngram = p * self.network, p * self.ngram
        means = np.stack([by_network.sum(axis=1), by_ngram.sum(axis=1)]).astype(np.float64)
        squares = [
            np.einsum("tv,tv->t", weighted, part)
            for weighted, part in (
                (by_network, self.network),
                (by_network, self.ngram),
                (by_ngram, self.ngram),
            )
        ]
        return means, np.stack(squares) - means[[0, 0, 1]] * means[[0, 1, 1]]

    def _most_probable(self, features: Numbers, prior: Numbers) -> Numbers:
        cost = np.tile(PRIOR_NATS, 2)
        here = np.arange(len(self.targets))
        observed = np.stack([part[here, self.targets] for part in (self.network, self.ngram)])

        def loss(exponents: Numbers) -> tuple[float, Floats]:
            """Return the loss, and p (T, V)."""
            of_network, of_ngram = (exponents @ features.T).astype(np.float32)[..., None]
            p = of_network * self.network
            p += of_ngram * self.ngram
            p -= p.max(axis=1, keepdims=True)
            chosen = p[here, self.targets].sum(dtype=np.float64)
            np.exp(p, out=p)
            sums = p.sum(axis=1, keepdims=True)
            p /= sums
            nats = float(np.log(sums).sum(dtype=np.float64) - chosen)
            return nats + float(cost @ (exponents - prior).ravel() ** 2), p

        found = prior
        before, p = loss(found)
        for _ in range(STEPS):
            means, spread = self._moments(p)
            weighted = [features.T @ (features * part[:, None]) for part in spread]
            curvature = np.block([weighted[:2], weighted[1:]])
            gradient = ((means - observed) @ features).ravel()
            gradient += 2 * cost * (found - prior).ravel()
            step = np.linalg.solve(curvature + np.diag(2 * cost), gradient).reshape(found.shape)
            size = 1.0
            after, p = loss(found - step)
            while after > before and size > LEAST_GAIN:
                size /= 2
                after, p = loss(found - size * step)
            if after > before:
                break
            gained, found, before = before - after, found - size * step, after
            if gained < LEAST_GAIN:
                break
        return found
