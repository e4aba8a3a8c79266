"""The search: the default recipe first, then what may be better, then both on fresh splits."""

from __future__ import annotations

import importlib.util
import itertools
import math
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..config import MOST_FOLDS, MOST_MINUTES, MOST_TRIALS
from ..config.arguments import MOST_WORKERS, AnyPath, number, path, require, seed_of, whole
from ..data.given import Names, corpus_of
from ..data.names import NameCorpus
from ..data.text import TextCorpus
from ..errors import ConfigError
from ..training.recipes import settings_for
from .check import check, compare
from .events import (
    Outcome,
    SearchEvent,
    SearchFinished,
    SearchStarted,
    StopReason,
    TrialFinished,
)
from .folds import Split, fold_count, fresh_splits, search_splits, tested_share
from .importance import importance_of
from .parallel import Job, started_workers, trained_at_once
from .space import EXCLUDED, SearchSpace
from .study import open_study
from .trial import run_trial

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.trial import FrozenTrial

RESERVE = 0.2
"""Share of the budget that is kept for the check."""

MOST_CHECKS = 4
"""Most fresh splits of the check, in folds of the search."""

MINUTES = 10.0
"""The budget if neither it nor a number of trials is given."""

STATES = {"complete": "COMPLETE", "pruned": "PRUNED", "diverged": "PRUNED", "out of time": "FAIL"}
"""Optuna's state for each outcome of a trial."""


def tune(
    corpus: Names | TextCorpus,
    *,
    seconds: float | None = None,
    trials: int | None = None,
    folds: int | None = None,
    workers: int = 1,
    fixed: Mapping[str, Any] | None = None,
    seed: int = 0,
    journal: AnyPath | None = None,
    force: bool = False,
    started: float | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[SearchEvent]:
    """Search for the settings that suit ``corpus`` best, and report every step.

    The default recipe is the first trial, so the result can only be worse by chance. Every trial
    is measured on the same splits, and pruned (Optuna's median pruner) where its loss falls
    behind that of the trials before; see ``run_trial``.

    Args:
        corpus: the names or the text: whatever ``fit`` takes.
        seconds: wall-clock budget; ten minutes if there is no number of trials either.
        trials: total number of trials, including those in the journal.
        folds: number of cross-validation folds; chosen by the size of the corpus by default.
        workers: how many trials are trained at once, each in a process of its own with its share of
            the cores. With several, proposals depend on which trial ends first, so that a search
            cannot be repeated. A program that calls this needs ``if __name__ == "__main__":``.
        fixed: fields of ``ModelConfig`` and ``TrainConfig`` to set rather than search.
        seed: of splits, trainings and proposals. A resumed search proposes the same settings as
            an uninterrupted one.
        journal: file of the trials; a search resumes from it. ``None`` keeps nothing.
        force: start over, and overwrite the journal.
        started: ``time.monotonic()`` at which the budget starts; now by default.
        stop: asked after every training step; true ends the search with what it has found.

    Yields:
        ``SearchStarted``; ``TrainingProgress`` and ``TrialFinished``; ``Remeasured``;
        ``SearchFinished``.

    Raises:
        ConfigError: a setting is out of range, or Optuna is missing.
        CorpusError: the corpus is too small.
        RunError: the journal is in use, damaged, of another search, or cannot be written.
        TrainingError: there was not even time for the default recipe.
    """
    if importlib.util.find_spec("optuna") is None:
        raise ConfigError("a search needs Optuna. Run: pip install 'charloom[tune]'")
    corpus = corpus_of(corpus)
    require("fixed", fixed, Mapping | None, "a dictionary of settings")
    fixed = {name: value for name, value in (fixed or {}).items() if value is not None}
    for name in EXCLUDED:
        if name in fixed:
            raise ConfigError(f"a search sets {name} itself, or has no use for it. Leave it out.")
    if trials is None and seconds is None:
        seconds = 60 * MINUTES
    seed = seed_of(seed)
    if seconds is not None:
        seconds = number("seconds", seconds, f"(0, {60 * MOST_MINUTES}]")
    if trials is not None:
        trials = whole("trials", trials, 1, MOST_TRIALS)
    if folds is not None:
        folds = whole("folds", folds, 1, MOST_FOLDS)
    workers = whole("workers", workers, 1, MOST_WORKERS)
    model, training = settings_for(corpus, **fixed)
    if not model.has_network:
        raise ConfigError(
            f"a model of kind {model.kind} is fitted in one pass: there is nothing to search. "
            "Use charloom train."
        )
    begun = time.monotonic() if started is None else started
    search = _Search(
        corpus=corpus,
        space=SearchSpace(model, training, frozenset(fixed)),
        folds=fold_count(corpus, folds),
        workers=workers,
        seed=seed,
        most=math.inf if trials is None else trials,
        begun=begun,
        deadline=math.inf if seconds is None else begun + seconds,
        reserve=0.0 if seconds is None else RESERVE * seconds,
        stop=stop,
    )
    if not search.space.parameters:
        raise ConfigError("every setting is fixed: there is nothing to search. Fix fewer.")
    return search.run(None if journal is None else path("journal", journal), force)


@dataclass(kw_only=True)
class _Search:
    """A search; its fields are the arguments of ``tune`` or follow from them."""

    corpus: NameCorpus | TextCorpus
    space: SearchSpace
    folds: int
    workers: int
    seed: int
    most: float
    begun: float
    deadline: float
    reserve: float
    stop: Callable[[], bool]

    def run(self, journal: Path | None, force: bool) -> Iterator[SearchEvent]:
        """Do what ``tune`` promises."""
        searched: dict[str, Any] = {
            "folds": self.folds,
            "default": self.space.default,
            "parameters": {one.name: str(one) for one in self.space.parameters},
        }
        terms = {"corpus": self.corpus.digest, "seed": self.seed, **searched}
        with open_study(journal, terms, force=force) as study:
            yield SearchStarted(**searched, finished_trials=len(trials_of(study)))
            splits = search_splits(self.corpus, self.folds, self.seed)
            if self.workers > 1:
                yield from self._trials_at_once(study, splits)
            while not self._is_over(study):
                yield from self._trial(study, splits)
            yield from self._finish(study)

    def _trials_at_once(self, study: Study, splits: list[Split]) -> Iterator[SearchEvent]:
        """Train trials in processes of their own; the first is that of the default recipe."""

        def next_job(running: int) -> tuple[Trial, Job] | None:
            if self._is_over(study, running) or (running and not trials_of(study, "COMPLETE")):
                return None
            return self._proposed(study)

        def ended(trial: Trial, outcome: Outcome) -> SearchEvent:
            return self._ended(study, trial, outcome)

        with started_workers(self.workers, splits) as connections:
            yield from trained_at_once(connections, next_job, ended, self.stop)

    def _is_over(self, study: Study, running: int = 0) -> bool:
        """Say whether enough was tried; without the default recipe there is no result at all."""
        if not (done := trials_of(study, "COMPLETE")):
            return False
        late = time.monotonic() + 0.7 * min(map(_seconds, done)) > self.deadline - self.reserve
        return late or self.stop() or len(trials_of(study)) + running >= self.most

    def _default(self, study: Study) -> FrozenTrial | None:
        """Return the complete trial of the default recipe."""
        done, default = trials_of(study, "COMPLETE"), self.space.default
        return next((trial for trial in done if trial.user_attrs["settings"] == default), None)

    def _ask(self, study: Study, default: FrozenTrial | None) -> Trial:
        """Return the next trial: the default, the same of the other kind, then proposed ones.

        The sampler is a TPE (Bergstra et al. 2011) of all parameters together. Its randomness
        follows from the seed and the number of the trial, so a resumed search proposes the same.
        """
        import optuna

        number = len(study.get_trials(deepcopy=False))
        study.sampler = optuna.samplers.TPESampler(
            seed=(1_000_003 * self.seed + number) % 2**32, multivariate=True, n_startup_trials=8
        )
        if default is None:
            study.enqueue_trial(self.space.locate())
        elif any(one.name == "kind" for one in self.space.parameters):
            other = "network" if self.space.default["kind"] == "mixture" else "mixture"
            study.enqueue_trial(self.space.locate(kind=other), skip_if_exists=True)
        return study.ask()

    def _proposed(self, study: Study) -> tuple[Trial, Job]:
        """Return the next trial."""
        default = self._default(study)
        trial = self._ask(study, default)
        settings = self.space.suggest(trial)
        trial.set_user_attr("settings", settings)
        return trial, Job(
            number=trial.number,
            configs=self.space.configs(settings),
            default=None if default is None else default.user_attrs["points"],
            best=_lowest(study),
            until=self.deadline - (self.reserve if default else 0.0),
        )

    def _trial(self, study: Study, splits: list[Split]) -> Iterator[SearchEvent]:
        """Train and record the next trial."""
        trial, job = self._proposed(study)
        outcome = yield from run_trial(
            trial,
            splits,
            job.configs,
            default=job.default,
            best=job.best,
            until=job.until,
            stop=self.stop,
        )
        yield self._ended(study, trial, outcome)

    def _ended(self, study: Study, trial: Trial, outcome: Outcome) -> TrialFinished:
        """Record the outcome of a trial."""
        from optuna.trial import TrialState

        loss = statistics.fmean(trial.user_attrs["losses"]) if outcome == "complete" else None
        ended = study.tell(trial, loss, state=TrialState[STATES[outcome]])
        return TrialFinished(trial=ended, outcome=outcome, best=_lowest(study))

    def _finish(self, study: Study) -> Iterator[SearchEvent]:
        """Check the best on fresh splits, and report."""
        trials, done = trials_of(study), trials_of(study, "COMPLETE")
        best, default, checked = study.best_trial, self._default(study), None
        assert default is not None  # a search without it has raised
        reason: StopReason = "trials" if len(trials) >= self.most else "seconds"
        settings, tested = best.user_attrs["settings"], tested_share(self.folds)
        losses, usual = (np.array(one.user_attrs["losses"]) for one in (best, default))
        if best.number != default.number:
            most = MOST_CHECKS * (self.folds if self.folds > 1 else 2)
            if self.deadline == math.inf:
                most = max(self.folds, MOST_CHECKS)
            checked = yield from check(
                self.space.configs(settings),
                self.space.configs(self.space.default),
                itertools.islice(fresh_splits(self.corpus, self.folds, self.seed), most),
                tested=tested,
                before=(losses - usual).tolist(),
                deadline=self.deadline,
                stop=self.stop,
            )
        if checked is not None and checked.difference >= 0:
            settings = self.space.default
        yield SearchFinished(
            settings=settings,
            best=study.best_value,
            default=default.values[0],
            search=compare(_parts(losses), _parts(usual), tested),
            check=checked,
            trials=len(trials),
            complete=len(done),
            pruned=len(trials) - len(done),
            importance=importance_of(trials, self.space.parameters),
            reason="interrupted" if self.stop() else reason,
            seconds=time.monotonic() - self.begun,
            trial_seconds=statistics.median(map(_seconds, done)),
        )


def trials_of(study: Study, *states: str) -> list[FrozenTrial]:
    """Return the trials in these states of Optuna's; by default the complete and pruned ones."""
    from optuna.trial import TrialState

    chosen = [TrialState[name] for name in states or ("COMPLETE", "PRUNED")]
    return study.get_trials(deepcopy=False, states=chosen)


def _lowest(study: Study) -> float | None:
    return min((trial.values[0] for trial in trials_of(study, "COMPLETE")), default=None)


def _seconds(trial: FrozenTrial) -> float:
    return trial.duration.total_seconds() if trial.duration else 0.0


def _parts(losses: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Return parts for ``compare`` of which only the losses are known."""
    return [np.array([[loss], [1.0]]) for loss in losses]
