"""The study: the next point to try, and what its trials have come to."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .events import Outcome

if TYPE_CHECKING:
    from optuna import Study

STARTUP = 8
"""Trials at random points, before the sampler has something to go by."""


def ask(study: Study, seed: int, wanted: Sequence[Mapping[str, Any]]) -> Any:
    """Return the next trial: at the first point ``wanted``, or where the sampler proposes.

    TPE (Bergstra et al. 2011), of all knobs at once. Its randomness follows from ``seed`` and the
    number of the trial, so that a study which is gone on with proposes what it would have.
    """
    import optuna

    number = len(study.get_trials(deepcopy=False))
    study.sampler = optuna.samplers.TPESampler(
        seed=(1_000_003 * seed + number) % 2**32, multivariate=True, n_startup_trials=STARTUP
    )
    for point in wanted:
        study.enqueue_trial(dict(point), skip_if_exists=False)
    return study.ask()


def end(study: Study, trial: Any, outcome: Outcome, losses: Sequence[float]) -> None:
    """Tell the study how a trial ended: with the mean of its losses, if it is complete."""
    from optuna.trial import TrialState

    if outcome == "complete":
        study.tell(trial, statistics.fmean(losses))
        return
    study.tell(trial, state=TrialState.FAIL if outcome == "out of time" else TrialState.PRUNED)


def complete(study: Study) -> list[Any]:
    """Return the trials that were measured on every split."""
    from optuna.trial import TrialState

    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))


def told(study: Study) -> list[Any]:
    """Return the trials that told something: those and the pruned ones."""
    from optuna.trial import TrialState

    states = (TrialState.COMPLETE, TrialState.PRUNED)
    return study.get_trials(deepcopy=False, states=states)


def lowest(study: Study) -> float | None:
    """Return the lowest loss of a whole trial."""
    return min((trial.value for trial in complete(study)), default=None)
