"""The search itself: the default recipe first, then what may be better, then the two once more."""

from __future__ import annotations

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
from .base import OURS, Base
from .check import check
from .compared import compared
from .events import Began, End, Tried, Tuned, TuneEvent
from .folds import Split, fold_count, fresh_splits, search_splits, tested_share
from .importance import importance_of
from .journal import need_optuna, study_in
from .space import Knob, point, space
from .study import ask, complete, end, lowest, told
from .trial import Attempt, settings_of

if TYPE_CHECKING:
    from optuna import Study

RESERVE = 0.2
"""Share of the budget that is kept to measure the best and the default once more."""

MOST_CHECKS = 4
"""Times all folds that the finalists are measured again, at most."""

SENSIBLE = 10
"""Trials that a search should have time for."""

MINUTES = 10.0
"""A search's budget, where neither it nor a number of trials is given."""


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
) -> Iterator[TuneEvent]:
    """Search for the settings that suit ``corpus`` best, reporting as it goes.

    The default recipe is the first trial, so that the result is never worse but by chance. Every
    trial is measured on the same splits; it is pruned where, at the same point of the same split,
    its loss is above the median of the trials that came as far. Points are counted in shares of
    the schedule and not in epochs, since a trial's loss falls with its learning rate, which falls
    along its own schedule; for that reason neither Hyperband fits, nor a pruner that looks at a
    trial's best loss so far, which was on an easier split.

    Args:
        corpus: the names, or the text.
        seconds: wall-clock budget; ten minutes, if there is no number of trials.
        trials: trials in all, those counted that the journal holds.
        folds: parts that are held out one after the other; ``None`` chooses.
        fixed: fields of ``ModelConfig`` and ``TrainConfig`` that are not searched, but set.
        seed: decides splits, trainings and proposals; each trial follows from those before it,
            so that a search which is gone on with proposes what it would have.
        journal: a file of what was tried; a search continues from there. ``None`` keeps nothing.
        force: begin the journal again.
        started: ``time.monotonic()`` at which the budget begins; now.
        stop: asked after every step of a training; true ends the search with what it has found.

    Yields:
        ``Began``, then ``Training`` and ``Tried``, then ``Remeasured``, then ``Tuned``.

    Raises:
        ConfigError: a setting lies outside what it may be, or Optuna is missing.
        CorpusError: there is too little to search on.
        RunError: the journal is in use, damaged, of another search, or cannot be written.
        TrainingError: there was not even time for the default recipe.
    """
    need_optuna()
    fixed = {name: value for name, value in (fixed or {}).items() if value is not None}
    for name in OURS:
        if name in fixed:
            raise ConfigError(f"a search sets {name} itself, or has no use for it. Leave it out.")
    if trials is None and seconds is None:
        seconds = 60 * MINUTES
    _check(seconds, trials)
    begun = time.monotonic() if started is None else started
    model, training = settings_for(corpus, **fixed)
    if not model.has_network:
        raise ConfigError(
            f"a model of kind {model.kind} only counts: there is nothing to search. Just train it."
        )
    count, base = fold_count(corpus, folds), Base(model, training)
    search = _Search(
        corpus=corpus,
        base=base,
        knobs=space(model, training, fixed),
        folds=count,
        seed=seed,
        most=math.inf if trials is None else trials,
        begun=begun,
        deadline=math.inf if seconds is None else begun + seconds,
        reserve=0.0 if seconds is None else RESERVE * seconds,
        stop=stop,
    )
    if not search.knobs:
        raise ConfigError("every setting is fixed: there is nothing to search. Fix fewer.")
    terms = {
        "corpus": corpus.digest,
        "folds": count,
        "seed": seed,
        "default": base.settings,
        "knobs": {knob.name: str(knob) for knob in search.knobs},
    }
    return search.events(None if journal is None else Path(journal), terms, force)


def _check(seconds: float | None, trials: int | None) -> None:
    if seconds is not None and not 0 < seconds < math.inf:
        raise ConfigError(f"seconds must be above 0 and finite. Received: {seconds}")
    if trials is not None and not 1 <= trials <= 1_000_000:
        raise ConfigError(f"trials must be a whole number above 0. Received: {trials}")


@dataclass(kw_only=True)
class _Search:
    """See ``tune``, whose arguments these are, or follow from."""

    corpus: NameCorpus | TextCorpus
    base: Base
    knobs: tuple[Knob, ...]
    folds: int
    seed: int
    most: float
    begun: float
    deadline: float
    reserve: float
    stop: Callable[[], bool]
    expected: float | None = None  # seconds of a whole trial, where the first had no time for it

    def events(
        self, journal: Path | None, terms: Mapping[str, Any], force: bool
    ) -> Iterator[TuneEvent]:
        """Do all that ``tune`` promises."""
        with study_in(journal, terms, force=force) as study:
            knobs = {knob.name: str(knob) for knob in self.knobs}
            default, tried = self.base.settings, len(told(study))
            yield Began(folds=self.folds, knobs=knobs, default=default, tried=tried)
            splits = search_splits(self.corpus, self.folds, self.seed)
            while not self._enough(study):
                yield from self._trial(study, splits)
            yield from self._finish(study)

    def _enough(self, study: Study) -> bool:
        """Say whether the search is over."""
        if self.stop() or len(told(study)) >= self.most:
            return True
        now = time.monotonic()
        whole: list[float] = [trial.user_attrs["seconds"] for trial in complete(study)]
        if not whole:  # without the default recipe's loss there is no result at all
            return self.expected is not None or now >= self.deadline
        # What is begun should come to its end: the quickest so far tells how long that takes.
        return now + 0.7 * min(whole) > self.deadline - self.reserve

    def _trial(self, study: Study, splits: list[Split]) -> Iterator[TuneEvent]:
        """Try the next settings on every split."""
        trial, default = self._propose(study)
        asked = {knob.name: knob.ask(trial) for knob in self.knobs}
        settings = self.base.settings if default else {**self.base.settings, **asked}
        trial.set_user_attr("settings", settings)
        trial.set_user_attr("default", default)
        begun, best = time.monotonic(), lowest(study)
        until = self.deadline - (0.0 if best is None else self.reserve)

        def late() -> bool:
            now = time.monotonic()
            return self.stop() or now >= until or (best is None and self._hopeless(attempt, begun))

        attempt = Attempt(
            study=study,
            trial=trial,
            splits=splits,
            configs=self.base.configs(settings),
            late=late,
            best=best,
        )
        outcome = yield from attempt.run()
        if default and outcome == "diverged":
            raise TrainingError("the default recipe's loss became NaN. Fix a lower learning_rate.")
        seconds, losses = time.monotonic() - begun, attempt.losses
        trial.set_user_attr("losses", losses)
        trial.set_user_attr("seconds", round(seconds, 3))
        end(study, trial, outcome, losses)
        yield Tried(
            number=trial.number + 1,
            settings=settings,
            default=default,
            outcome=outcome,
            loss=statistics.fmean(losses) if losses else None,
            best=lowest(study),
            seconds=seconds,
        )

    def _hopeless(self, attempt: Attempt, begun: float) -> bool:
        """Say whether the first trial, without which there is no result, will not be done in time.

        Its first split takes longest, since shapes are compiled.
        """
        if not (done := len(attempt.losses)):
            return False
        each = attempt.seconds / done
        if begun + attempt.seconds + 0.7 * each * (self.folds - done) <= self.deadline:
            return False
        self.expected = each * self.folds
        return True

    def _propose(self, study: Study) -> tuple[Any, bool]:
        """Return the next trial, and whether it is the default recipe.

        That comes first; then the same of the other kind, since that changes most.
        """
        trials, base = study.get_trials(deepcopy=False), self.base
        default = not any(trial.user_attrs["default"] for trial in complete(study))
        wanted = [point(self.knobs, base.settings)] if default else []
        if not default and any(knob.name == "kind" for knob in self.knobs):
            other = "network" if base.model.kind == "mixture" else "mixture"
            wanted = [point(self.knobs, {**base.settings, "kind": other})]
            wanted = [here for here in wanted if all(here != trial.params for trial in trials)]
        return ask(study, self.seed, wanted), default

    def _finish(self, study: Study) -> Iterator[TuneEvent]:
        """Measure the best and the default once more, and report."""
        whole, trials = complete(study), told(study)
        if not whole:
            takes, minutes = "", ""
            if self.expected is not None:
                takes = f", which takes about {self.expected:.0f} s"
                minutes = f" {math.ceil(SENSIBLE * self.expected / 60)}"
            raise TrainingError(
                f"there is no time to train the default recipe on every fold{takes}, and so "
                f"nothing to report. Give it more time (--minutes{minutes}), or fewer --folds."
            )
        default = next(trial for trial in whole if trial.user_attrs["default"])
        best = min(whole, key=lambda trial: (trial.value, trial.number))
        reason: End = "trials" if len(trials) >= self.most else "seconds"
        settings, checked = settings_of(best), None
        losses = (best.user_attrs["losses"], default.user_attrs["losses"])
        if best.number != default.number:
            pairs = MOST_CHECKS * self.folds if self.folds > 1 else 2 * MOST_CHECKS
            checked = yield from check(
                self.base.configs(settings),
                self.base.configs(self.base.settings),
                fresh_splits(self.corpus, self.folds, self.seed),
                folds=self.folds,
                before=[a - b for a, b in zip(*losses, strict=True)],
                pairs=pairs if self.deadline < math.inf else max(self.folds, MOST_CHECKS),
                deadline=self.deadline,
                stop=self.stop,
            )
        if checked is not None and checked.difference >= 0:
            settings = self.base.settings
        yield Tuned(
            settings=settings,
            best=best.value,
            default=default.value,
            search=compared(*losses, tested_share(self.folds)),
            check=checked,
            trials=len(trials),
            complete=len(whole),
            pruned=len(trials) - len(whole),
            importance=importance_of(study, self.knobs),
            reason="interrupted" if self.stop() else reason,
            seconds=time.monotonic() - self.begun,
            trial_seconds=statistics.median(trial.user_attrs["seconds"] for trial in whole),
        )
