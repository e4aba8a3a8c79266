"""The search: the default recipe first, then what may be better, then both on fresh splits."""

from __future__ import annotations

import itertools
import math
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..data.names import NameCorpus
from ..data.text import TextCorpus
from ..errors import ConfigError, TrainingError
from ..training.recipes import settings_for
from .check import check
from .compared import Scored, compare
from .events import SearchEvent, SearchFinished, SearchStarted, StopReason, TrialFinished
from .folds import Split, fold_count, fresh_splits, search_splits, tested_share
from .importance import importance_of
from .space import EXCLUDED, SearchSpace
from .study import ask, complete, finished, lowest, need_optuna, open_study, tell
from .trial import TrialRun

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import FrozenTrial

RESERVE = 0.2
"""Share of the budget that is kept for the check."""

MOST_CHECKS = 4
"""Most fresh splits of the check, in folds of the search."""

SENSIBLE_TRIALS = 10
"""What a search should have time for."""

MINUTES = 10.0
"""The budget if neither it nor a number of trials is given."""


def tune(
    corpus: NameCorpus | TextCorpus,
    *,
    seconds: float | None = None,
    trials: int | None = None,
    folds: int | None = None,
    fixed: Mapping[str, Any] | None = None,
    seed: int = 0,
    journal: str | Path | None = None,
    force: bool = False,
    started: float | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[SearchEvent]:
    """Search for the settings that suit ``corpus`` best, and report every step.

    The default recipe is the first trial, so the result can only be worse by chance. Every trial
    is measured on the same splits, and pruned (Optuna's median pruner) where its loss falls
    behind that of the trials before; see ``TrialRun``.

    Args:
        corpus: the names or the text.
        seconds: wall-clock budget; ten minutes if there is no number of trials either.
        trials: total number of trials, including those in the journal.
        folds: parts that are held out in turn; chosen by the size of the corpus by default.
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
    need_optuna()
    fixed = {name: value for name, value in (fixed or {}).items() if value is not None}
    for name in EXCLUDED:
        if name in fixed:
            raise ConfigError(f"a search sets {name} itself, or has no use for it. Leave it out.")
    if trials is None and seconds is None:
        seconds = 60 * MINUTES
    if seconds is not None and not 0 < seconds < math.inf:
        raise ConfigError(f"seconds must be above 0 and finite. Received: {seconds}")
    if trials is not None and not 1 <= trials <= 1_000_000:
        raise ConfigError(f"trials must be a whole number above 0. Received: {trials}")
    begun = time.monotonic() if started is None else started
    model, training = settings_for(corpus, **fixed)
    if not model.has_network:
        raise ConfigError(
            f"a model of kind {model.kind} only counts: there is nothing to search. Just train it."
        )
    search = _Search(
        corpus=corpus,
        space=SearchSpace(model, training, frozenset(fixed)),
        folds=fold_count(corpus, folds),
        seed=seed,
        most=math.inf if trials is None else trials,
        begun=begun,
        deadline=math.inf if seconds is None else begun + seconds,
        reserve=0.0 if seconds is None else RESERVE * seconds,
        stop=stop,
    )
    if not search.space.parameters:
        raise ConfigError("every setting is fixed: there is nothing to search. Fix fewer.")
    return search.run(None if journal is None else Path(journal), force)


@dataclass(kw_only=True)
class _Search:
    """A search; its fields are the arguments of ``tune`` or follow from them."""

    corpus: NameCorpus | TextCorpus
    space: SearchSpace
    folds: int
    seed: int
    most: float
    begun: float
    deadline: float
    reserve: float
    stop: Callable[[], bool]

    def run(self, journal: Path | None, force: bool) -> Iterator[SearchEvent]:
        """Do what ``tune`` promises."""
        terms = {
            "corpus": self.corpus.digest,
            "folds": self.folds,
            "seed": self.seed,
            "default": self.space.default,
            "parameters": self.space.describe(),
        }
        with open_study(journal, terms, force=force) as study:
            yield SearchStarted(
                folds=self.folds,
                parameters=self.space.describe(),
                default=self.space.default,
                finished_trials=len(finished(study)),
            )
            splits = search_splits(self.corpus, self.folds, self.seed)
            while not self._is_over(study):
                yield from self._trial(study, splits)
            yield from self._finish(study)

    def _is_over(self, study: Study) -> bool:
        """Say whether enough was tried; without the default recipe there is no result at all."""
        if not (done := complete(study)):
            return False
        quickest = min(trial.user_attrs["seconds"] for trial in done)
        late = time.monotonic() + 0.7 * quickest > self.deadline - self.reserve
        return late or self.stop() or len(finished(study)) >= self.most

    def _trial(self, study: Study, splits: list[Split]) -> Iterator[SearchEvent]:
        """Try the next settings: the default's, the same of the other kind, then proposed ones."""
        default, wanted = _default(study), None
        if default is None:
            wanted = self.space.locate()
        elif any(one.name == "kind" for one in self.space.parameters):
            other = "network" if self.space.default["kind"] == "mixture" else "mixture"
            wanted = self.space.locate(kind=other)
            if any(trial.params == wanted for trial in study.get_trials(deepcopy=False)):
                wanted = None
        trial = ask(study, self.seed, wanted)
        settings = self.space.suggest(trial)
        if default is None:
            settings = self.space.default
        trial.set_user_attr("settings", settings)
        trial.set_user_attr("default", default is None)
        run = TrialRun(
            trial=trial,
            splits=splits,
            configs=self.space.configs(settings),
            default_points=None if default is None else default.user_attrs["points"],
            best=lowest(study),
        )
        begun = time.monotonic()
        until = self.deadline - (self.reserve if default else 0.0)

        def expected() -> float:
            return run.seconds / len(run.losses) * self.folds if run.losses else 0.0

        def late() -> bool:
            hopeless = default is None and begun + 0.8 * expected() > self.deadline
            return self.stop() or hopeless or time.monotonic() >= until

        outcome = yield from run.run(late)
        seconds = time.monotonic() - begun
        loss = statistics.fmean(run.losses) if run.losses else None
        trial.set_user_attr("losses", run.losses)
        trial.set_user_attr("points", run.points)
        trial.set_user_attr("seconds", round(seconds, 3))
        tell(study, trial, outcome, loss)
        if default is None and outcome == "diverged":
            raise TrainingError("the default recipe's loss became NaN. Fix a lower learning_rate.")
        if default is None and outcome != "complete":
            takes = minutes = ""
            if run.losses:
                takes = f", which takes about {expected():.0f} s"
                minutes = f" {math.ceil(SENSIBLE_TRIALS * expected() / 60)}"
            raise TrainingError(
                f"there is no time to train the default recipe on every fold{takes}, and so "
                f"nothing to report. Give it more time (--minutes{minutes}), or fewer --folds."
            )
        yield TrialFinished(
            number=trial.number + 1,
            settings=settings,
            default=default is None,
            outcome=outcome,
            loss=loss,
            best=lowest(study),
            seconds=seconds,
        )

    def _finish(self, study: Study) -> Iterator[SearchEvent]:
        """Check the best on fresh splits, and report."""
        done, trials, default = complete(study), finished(study), _default(study)
        assert default is not None  # a search without it has raised
        best = min(done, key=lambda trial: (trial.values[0], trial.number))
        reason: StopReason = "trials" if len(trials) >= self.most else "seconds"
        settings, checked = best.user_attrs["settings"], None
        tested = tested_share(self.folds)
        ours, usual = (
            [Scored.of(loss) for loss in trial.user_attrs["losses"]] for trial in (best, default)
        )
        search = compare(ours, usual, tested)
        if best.number != default.number:
            most = MOST_CHECKS * (self.folds if self.folds > 1 else 2)
            if self.deadline == math.inf:
                most = max(self.folds, MOST_CHECKS)
            checked = yield from check(
                self.space.configs(settings),
                self.space.configs(self.space.default),
                itertools.islice(fresh_splits(self.corpus, self.folds, self.seed), most),
                tested=tested,
                before=[
                    a.nats_per_char - b.nats_per_char for a, b in zip(ours, usual, strict=True)
                ],
                deadline=self.deadline,
                stop=self.stop,
            )
        if checked is not None and checked.difference >= 0:
            settings = self.space.default
        yield SearchFinished(
            settings=settings,
            best=best.values[0],
            default=default.values[0],
            search=search,
            check=checked,
            trials=len(trials),
            complete=len(done),
            pruned=len(trials) - len(done),
            importance=importance_of(study, self.space.parameters),
            reason="interrupted" if self.stop() else reason,
            seconds=time.monotonic() - self.begun,
            trial_seconds=statistics.median(trial.user_attrs["seconds"] for trial in done),
        )


def _default(study: Study) -> FrozenTrial | None:
    """Return the complete trial of the default recipe."""
    return next((trial for trial in complete(study) if trial.user_attrs["default"]), None)
