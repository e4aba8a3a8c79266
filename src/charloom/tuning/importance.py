"""Which knobs made the better trials better, as far as that is more than chance."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..data.random import Stream, generator
from .space import Knob

if TYPE_CHECKING:
    from optuna import Study

ENOUGH = 12
"""Trials below which nothing could be told."""

SHUFFLES = 1000
CHANCE = 0.05
"""How seldom shuffled losses may make any knob stand out."""

Floats = NDArray[np.float64]


def importance_of(study: Study, knobs: Sequence[Knob]) -> dict[str, float]:
    """Return what share of the differences in loss each knob explains, most important first.

    The losses' ranks are regressed on each knob's value and its square, or on its choices. The
    knob that explains most is taken, if shuffled losses let no knob stand out as much in 95 % of
    cases (Westfall and Young 1993); then what is left is explained in the same way (Freedman and
    Lane 1983), since a sampler that goes where it is good makes knobs go together. Shares are
    less what chance would give.

    PED-ANOVA, which looks at the better quarter alone, tells little of so few trials: of ten
    knobs without any effect the first had two fifths of the importance, after 12 trials or 40.
    """
    from optuna.trial import TrialState

    trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))
    if len(trials) < ENOUGH:
        return {}
    rest = _ranks(np.array(_losses(trials)))
    taken = np.full((len(trials), 1), len(trials) ** -0.5)
    rest -= taken @ (taken.T @ rest)
    columns = {knob.name: _columns(knob, [t.params[knob.name] for t in trials]) for knob in knobs}
    whole, rng, found = float(rest @ rest), generator(Stream.IMPORTANCE, 0), dict[str, float]()
    while whole > 1e-9:
        bases = {name: _basis(columns[name], taken) for name in columns if name not in found}
        bases = {name: basis for name, basis in bases.items() if basis.size}
        left = float(rest @ rest)
        if not bases or left <= 1e-9 * whole:
            break
        shuffled = rng.permuted(np.tile(rest, (SHUFFLES, 1)), axis=1)
        shuffled -= shuffled @ taken @ taken.T
        chance, seen = _explained(bases.values(), shuffled), _explained(bases.values(), rest[None])
        mean, spread = chance.mean(0), chance.std(0) + 1e-12
        scores = (seen[0] - mean) / spread
        top = int(scores.argmax())
        as_much = ((chance - mean) / spread).max(1) >= scores[top]
        if (1 + as_much.sum()) / (1 + SHUFFLES) > CHANCE:
            break
        name, basis = list(bases.items())[top]
        found[name] = float(seen[0, top] - mean[top]) * left / whole
        rest = rest - basis @ (basis.T @ rest)
        taken = np.hstack([taken, basis])
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def _losses(trials: Sequence[Any]) -> list[float]:
    """Return losses in their order: of pruned trials, all the worse the more they were behind."""
    whole = [trial.values[0] for trial in trials if trial.values]
    reached: dict[int, list[float]] = {}
    for trial in trials:
        for step, value in trial.intermediate_values.items():
            reached.setdefault(step, []).append(value)
    last, losses = max(whole, default=0.0) + 1e3, []
    for trial in trials:
        if trial.values:
            losses.append(trial.values[0])
        elif trial.intermediate_values:
            step = max(trial.intermediate_values)
            behind = trial.intermediate_values[step] - statistics.median(reached[step])
            losses.append(last + behind)
        else:  # it diverged before it was measured
            losses.append(math.inf)
    return losses


def _ranks(values: Floats) -> Floats:
    """Return the rank of each value; equal ones share their mean."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Floats = (np.cumsum(counts) - (counts - 1) / 2)[places]
    return ranks


def _columns(knob: Knob, values: Sequence[Any]) -> Floats:
    """Return what the ranks are regressed on, (N, columns)."""
    if knob.scale == "choice":
        return np.array([[value == one for one in knob.values[1:]] for value in values], float)
    x = np.array(values, np.float64)
    x = np.log(x) if knob.scale == "log" else x
    x = (x - x.mean()) / (x.std() or 1.0)
    return np.stack([x, x**2], 1)


def _basis(columns: Floats, taken: Floats) -> Floats:
    """Return an orthonormal basis of what ``columns`` add to the basis ``taken``."""
    new = columns - taken @ (taken.T @ columns)
    left, sizes, _ = np.linalg.svd(new, full_matrices=False)
    basis: Floats = left[:, sizes > 1e-6 * max(1.0, float(np.linalg.norm(columns)))]
    return basis


def _explained(bases: Any, ranks: Floats) -> Floats:
    """Return the shares of (S, N) ``ranks`` that each of K bases explains, (S, K)."""
    squares = (ranks**2).sum(1)
    shares: Floats = np.stack([((ranks @ basis) ** 2).sum(1) / squares for basis in bases], 1)
    return shares
