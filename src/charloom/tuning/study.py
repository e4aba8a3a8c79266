"""The Optuna study of a search, in a journal file that survives a kill."""

from __future__ import annotations

import contextlib
import json
import os
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from filelock import FileLock, Timeout

from ..errors import ConfigError
from ..storage import creating, fault
from ..storage.disk import reason
from .events import Outcome

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.storages import JournalStorage
    from optuna.trial import FrozenTrial

NAME = "charloom"
"""Of the study."""

FORMAT = 2
"""Version of what is in the journal. 0.1.0 wrote none, and pruned trials by another rule."""

DIFFERENCES = {
    "format": "another version of charloom, whose trials cannot be resumed",
    "corpus": "another corpus: the source was changed, or is read otherwise",
    "folds": "another number of folds",
    "seed": "another seed",
    "default": "another default recipe, or other fixed settings",
    "parameters": "other search parameters, or other ranges",
}
"""What it means that one of a search's terms is not that of the journal."""

DAMAGED = (ValueError, KeyError, TypeError, AttributeError, AssertionError, IndexError,
           RecursionError)  # fmt: skip
"""What Optuna raises for lines that it did not write; it has no error of its own for them."""


def need_optuna() -> None:
    """Raise ``ConfigError`` if Optuna is not installed."""
    try:
        import optuna  # noqa: F401
    except ImportError as error:
        raise ConfigError("a search needs Optuna. Run: pip install 'charloom[tune]'") from error


@contextlib.contextmanager
def open_study(
    path: Path | None, terms: Mapping[str, Any], *, force: bool = False
) -> Iterator[Study]:
    """Open the study in the journal ``path``, or start one; ``None`` keeps it in memory.

    Trials that a killed process left running are marked as failed.

    Args:
        path: the journal; other processes cannot open it until this one is done with it.
        terms: what determines the search, as plain data; those in the journal must be the same.
        force: start over.

    Raises:
        RunError: the journal is in use, damaged, of another search, or cannot be written.
    """
    import optuna
    from optuna.trial import TrialState

    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with contextlib.ExitStack() as stack:
        stack.callback(optuna.logging.set_verbosity, verbosity)
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        pruner = optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=0)
        if path is None:
            yield optuna.create_study(pruner=pruner)
            return
        lock = stack.enter_context(_locked(path))
        if force:
            path.unlink(missing_ok=True)
        terms = json.loads(json.dumps({"format": FORMAT, **terms}))
        try:
            partial = _partial_line(path)
            storage = _storage(path, lock)
            names = {study.study_name for study in storage.get_all_studies()}
            if names - {NAME}:
                raise ValueError("the study of another program")
            study = None
            if names:  # whatever is refused is left as it is
                study = optuna.load_study(study_name=NAME, storage=storage, pruner=pruner)
            trials = study.get_trials() if study else []
            before = dict(study.user_attrs.get("terms", {}) if trials and study else terms)
        except DAMAGED as error:
            problem = "is not the journal of a search, or is damaged. Pass --force to start over."
            raise fault(path, problem) from error
        for name, now in terms.items():
            if before.get(name) != now:
                what = DIFFERENCES[name]
                if name in ("format", "folds", "seed"):
                    what += f" ({name} {before.get(name, 1)!s:.40}; now {now})"
                remedy = "Pass another --out, or --force to start over."
                raise fault(path, f"is the journal of a search with {what}. {remedy}")
        os.truncate(path, path.stat().st_size - len(partial))
        if study is None:
            study = optuna.create_study(study_name=NAME, storage=storage, pruner=pruner)
        if not trials:
            study.set_user_attr("terms", terms)
        for trial in trials:
            if trial.state == TrialState.RUNNING:
                study.tell(trial.number, state=TrialState.FAIL)
        yield study


def ask(study: Study, seed: int, wanted: Mapping[str, Any] | None) -> Trial:
    """Return the next trial: at the point ``wanted``, or where the sampler proposes.

    The sampler is a TPE (Bergstra et al. 2011) of all parameters together. Its randomness follows
    from ``seed`` and the number of the trial, so a resumed search proposes the same settings.
    """
    import optuna

    number = len(study.get_trials(deepcopy=False))
    study.sampler = optuna.samplers.TPESampler(
        seed=(1_000_003 * seed + number) % 2**32,
        multivariate=True,
        n_startup_trials=8,
    )
    if wanted is not None:
        study.enqueue_trial(dict(wanted))
    return study.ask()


def tell(study: Study, trial: Trial, outcome: Outcome, loss: float | None) -> None:
    """Record how a trial ended, and its loss if it is complete."""
    from optuna.trial import TrialState

    if outcome == "complete":
        study.tell(trial, loss)
    else:
        failed = outcome == "out of time"
        study.tell(trial, state=TrialState.FAIL if failed else TrialState.PRUNED)


def complete(study: Study) -> list[FrozenTrial]:
    """Return the trials that were measured on every split."""
    return [trial for trial in finished(study) if trial.state.name == "COMPLETE"]


def finished(study: Study) -> list[FrozenTrial]:
    """Return the complete and the pruned trials."""
    from optuna.trial import TrialState

    states = (TrialState.COMPLETE, TrialState.PRUNED)
    return study.get_trials(deepcopy=False, states=states)


def lowest(study: Study) -> float | None:
    """Return the lowest loss of a complete trial."""
    return min((trial.values[0] for trial in complete(study)), default=None)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[FileLock]:
    """Keep other searches out while this process lives; the lock ends with it, even if killed."""
    place = path.with_name(f"{path.name}.lock")
    lock = FileLock(place, thread_local=False)
    with creating(path.parent):
        try:
            lock.acquire(blocking=False)
        except Timeout as error:
            problem = "is in use by another search. Wait for it, or pass another --out."
            raise fault(path, problem) from error
    try:
        yield lock
    finally:
        with contextlib.suppress(OSError):  # Windows does not remove open files
            place.unlink()
        lock.release()


def _storage(path: Path, lock: FileLock) -> JournalStorage:
    """Return Optuna's storage in a file; the errors of a full disk name it."""
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    class Backend(JournalFileBackend):
        def append_logs(self, logs: list[dict[str, Any]]) -> None:
            try:
                super().append_logs(logs)
            except OSError as error:
                raise fault(
                    path,
                    f"cannot be written: {reason(error)}. What it holds is kept: make room, and "
                    "give the same command again.",
                ) from error

    return JournalStorage(Backend(str(path), cast("Any", lock)))


def _partial_line(path: Path) -> bytes:
    """Return the end of a journal that a kill or a full disk has cut off.

    Raises:
        ValueError, KeyError, TypeError: it is not a journal.
    """
    if path.exists() and not path.is_file():
        raise fault(path, "must be a regular file. Pass another --out.")
    *lines, rest = path.read_bytes().split(b"\n") if path.exists() else [b""]
    beginning = b'{"op_code":'
    if not all(json.loads(line)["op_code"] >= 0 for line in lines) or not (
        rest.startswith(beginning) or beginning.startswith(rest)
    ):
        raise ValueError("not lines of Optuna's")
    return rest
