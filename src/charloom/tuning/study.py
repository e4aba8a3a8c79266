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

from ..config import ModelConfig, TrainConfig
from ..storage import creating, fault
from ..storage.disk import check_own, reason

if TYPE_CHECKING:
    from optuna import Study
    from optuna.storages import JournalStorage
    from optuna.trial import FrozenTrial

NAME = "charloom"
"""Of the study."""

FORMAT = 2
"""Version of what is in the journal. 0.1.0 wrote none, and pruned trials by another rule."""

DIFFERENCES = {
    "format": "another version of charloom, whose trials cannot be resumed",
    "corpus": "another corpus: the source was changed, or is read with other options",
    "folds": "another number of folds",
    "seed": "another seed",
    "default": "another default recipe, or other fixed settings",
    "parameters": "other search parameters, or other ranges",
}
"""What it means that one of a search's terms is not that of the journal."""

DAMAGED = (ValueError, KeyError, TypeError, AttributeError, AssertionError, IndexError,
           RecursionError)  # fmt: skip
"""What Optuna raises for lines that it did not write; it has no error of its own for them."""


@contextlib.contextmanager
def open_study(path: Path | None, terms: Mapping[str, Any], *, force: bool) -> Iterator[Study]:
    """Open the study in the journal ``path``, or start one; ``None`` keeps it in memory.

    Trials that a killed process left running are marked as failed. A journal that is refused is
    not changed.

    Args:
        path: the journal; other processes cannot open it until this one is done with it.
        terms: what determines the search, as plain data; those in the journal must be the same.
        force: start over.

    Raises:
        RunError: the journal is in use, damaged, of another search, or cannot be written.
    """
    import optuna

    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    pruner = optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=0)
    with contextlib.ExitStack() as stack:
        stack.callback(optuna.logging.set_verbosity, verbosity)
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        if path is None:
            yield optuna.create_study(pruner=pruner)
            return
        lock = FileLock(
            f"{path}.lock", thread_local=False
        )  # ends with this process, even if killed
        with creating(path.parent):
            check_own(Path(lock.lock_file))
            try:
                stack.enter_context(lock.acquire(blocking=False))
            except Timeout as error:
                problem = "is in use by another search. Wait for it, or pass another --out."
                raise fault(path, problem) from error
        stack.callback(_remove, Path(lock.lock_file))
        if force:
            path.unlink(missing_ok=True)
        check_own(path)
        terms = json.loads(json.dumps({"format": FORMAT, **terms}))
        study = None
        try:
            size = _whole_lines(path)
            storage = _storage(path, lock)
            if names := {study.study_name for study in storage.get_all_studies()}:
                if names != {NAME}:
                    raise ValueError("the study of another program")
                study = optuna.load_study(study_name=NAME, storage=storage, pruner=pruner)
            trials = study.get_trials() if study else []
            before = dict(study.user_attrs.get("terms", {}) if study and trials else terms)
        except DAMAGED as error:
            problem = "is not the journal of a search, or is damaged. Pass --force to start over."
            raise fault(path, problem) from error
        for name in (name for name, now in terms.items() if before.get(name) != now):
            what = DIFFERENCES[name]
            if name in ("format", "folds", "seed"):
                what += f" ({name} {before.get(name, 1)!s:.40}; now {terms[name]})"
            remedy = "Pass another --out, or --force to start over."
            raise fault(path, f"is the journal of a search with {what}. {remedy}")
        try:
            for trial in trials:
                _check(trial)
        except DAMAGED as error:
            problem = f"is damaged ({error}). Pass --force to start over."
            raise fault(path, problem) from error
        os.truncate(path, size)
        if study is None:
            study = optuna.create_study(study_name=NAME, storage=storage, pruner=pruner)
        if not trials:
            study.set_user_attr("terms", terms)
        for trial in trials:
            if trial.state == optuna.trial.TrialState.RUNNING:
                study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
        yield study


def _check(trial: FrozenTrial) -> None:
    """Raise ValueError or KeyError unless a trial that ended has what ``run_trial`` records."""
    if trial.state.name not in ("COMPLETE", "PRUNED"):
        return
    settings, losses, points = (trial.user_attrs[n] for n in ("settings", "losses", "points"))
    for name, value in settings.items():
        if not (ModelConfig.allows(name, value) or TrainConfig.allows(name, value)):
            raise ValueError(f"{name} is no setting")
    for loss in (*losses, *points.values(), *(trial.values or ())):
        if type(loss) not in (int, float) or not abs(loss) < 1e9:
            raise ValueError("a loss is no finite number")


def _storage(path: Path, lock: FileLock) -> JournalStorage:
    """Return Optuna's storage in a file; the errors of a full disk name it."""
    from optuna.storages.journal import JournalFileBackend, JournalStorage

    class Backend(JournalFileBackend):
        def append_logs(self, logs: list[dict[str, Any]]) -> None:
            try:
                super().append_logs(logs)
            except OSError as error:
                problem = f"cannot be written: {reason(error)}. The trials so far are kept: free"
                problem += " some space, and run the same command again."
                raise fault(path, problem) from error

    return JournalStorage(Backend(str(path), cast("Any", lock)))


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):  # Windows does not remove open files
        path.unlink()


def _whole_lines(path: Path) -> int:
    """Return the size of a journal without the line that a kill or a full disk has cut off.

    Optuna ignores such a line, but would append the next one to it.

    Raises:
        ValueError, KeyError, TypeError: it is not a journal.
    """
    if not path.exists():
        return 0
    content = path.read_bytes()
    *lines, rest = content.split(b"\n")
    start = b'{"op_code":'[: len(rest)]
    if not rest.startswith(start) or any(json.loads(line)["op_code"] < 0 for line in lines):
        raise ValueError("not lines of Optuna's")
    return len(content) - len(rest)
