"""The journal of a search: a file of lines that outlives its process, wherever that is killed."""

from __future__ import annotations

import contextlib
import json
import os
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from ..errors import ConfigError
from ..storage import creating, fault
from ..storage.disk import reason

if TYPE_CHECKING:
    from optuna import Study

NAME = "charloom"
TERMS = "terms"
"""The study's attribute that says of what search it is the journal."""

WORDS = {
    "corpus": "another corpus: the source was changed, or is read otherwise",
    "folds": "another number of folds",
    "default": "another default recipe, or other fixed settings",
    "knobs": "other settings to search, or other ranges",
}
"""What a difference in each of the terms means."""

BEGINNING = b'{"op_code":'
"""Of each of Optuna's lines."""

NO_JOURNAL = "is no journal of a search, or is damaged. Pass --force to start over."

MISSING = "a search needs Optuna. Run: pip install 'charloom[tune]'"

DAMAGED = (ValueError, KeyError, TypeError, AttributeError, AssertionError, IndexError,
           RecursionError)  # fmt: skip
"""What Optuna raises of lines that it did not write; it has no error for them."""


def need_optuna() -> None:
    """Make sure that Optuna is there.

    Raises:
        ConfigError: it is not installed.
    """
    try:
        import optuna  # noqa: F401
    except ImportError as error:
        raise ConfigError(MISSING) from error


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Let Optuna keep to itself what it would log, and which of its parts are new."""
    import optuna

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        optuna.logging.set_verbosity(before)


@contextlib.contextmanager
def study_in(
    path: Path | None, terms: Mapping[str, Any], *, force: bool = False
) -> Iterator[Study]:
    """Open the study that ``path`` holds, or begin one there; ``None`` keeps it in memory.

    Trials that a killed process has left running are marked as failed.

    Args:
        path: the journal; another process cannot open it meanwhile.
        terms: what the search is of, as plain data by name; the study's must be the same.
        force: start over.

    Raises:
        RunError: it is in use, damaged, cannot be written, or of another search.
        ConfigError: Optuna is missing.
    """
    need_optuna()
    if path is None:
        with _quiet():
            yield _study(None)
        return
    with _locked(path), _quiet():
        if force:
            path.unlink(missing_ok=True)
        _drop_half_a_line(path)
        try:
            study = _study(path)
            before = study.user_attrs.get(TERMS)
            trials = study.get_trials()
        except DAMAGED as error:
            raise fault(path, NO_JOURNAL) from error
        if before is None and not trials:
            study.set_user_attr(TERMS, dict(terms))
        elif before != json.loads(json.dumps(terms)):
            raise fault(path, _difference(before, terms))
        _end_the_killed(study)
        yield study


def _study(path: Path | None) -> Study:
    import optuna
    from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

    class NoLock(JournalFileOpenLock):
        """Ours is held for the whole search, and does not outlive a killed process."""

        def acquire(self) -> bool:
            return True

        def release(self) -> None:
            pass

    if path is None:
        return optuna.create_study(study_name=NAME)

    file = path  # which is one, from here on

    class Lines(JournalFileBackend):
        """Says which file it is that the disk refuses."""

        def append_logs(self, logs: list[dict[str, Any]]) -> None:
            try:
                super().append_logs(logs)
            except OSError as error:
                raise fault(
                    file,
                    f"cannot be written: {reason(error)}. What it holds is kept: make room, and "
                    "give the same command again.",
                ) from error

    storage = optuna.storages.JournalStorage(Lines(str(path), NoLock(str(path))))
    return optuna.create_study(storage=storage, study_name=NAME, load_if_exists=True)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Keep other searches out, as long as this process lives."""
    place = path.with_name(f"{path.name}.lock")
    lock = FileLock(place)
    with creating(path.parent):
        try:
            lock.acquire(blocking=False)
        except Timeout as error:
            if not place.exists() or not os.access(path.parent, os.W_OK):
                raise fault(path, "lies in a folder that may not be written to.") from error
            raise fault(
                path, "is in use by another search. Wait for it, or pass another --out."
            ) from error
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # Windows removes no open file
            place.unlink()
        lock.release()


def _drop_half_a_line(path: Path) -> None:
    """Cut off what a killed process has written of its last line; leave other files alone."""
    if not path.exists():
        return
    if not path.is_file():
        raise fault(path, "must be a regular file. Pass another --out.")
    content = path.read_bytes()
    *lines, rest = content.split(b"\n")
    try:
        good = all(isinstance(json.loads(line)["op_code"], int) for line in lines)
    except DAMAGED:
        good = False
    if not good or not (rest.startswith(BEGINNING) or BEGINNING.startswith(rest)):
        raise fault(path, NO_JOURNAL)
    if rest:
        with path.open("r+b") as file:
            file.truncate(len(content) - len(rest))


def _difference(before: Any, terms: Mapping[str, Any]) -> str:
    """Say in what a journal's search is another one."""
    what = "no search of charloom's"
    if isinstance(before, dict):
        now = json.loads(json.dumps(terms))
        names = [name for name in now if before.get(name) != now[name]]
        name = names[0] if names else "version"
        what = f"a search with {WORDS.get(name, f'another {name}')}"
        if name in ("folds", "seed"):
            what += f" ({before.get(name)!s:.40}; now {now.get(name)!s:.40})"
    return f"is the journal of {what}. Pass another --out, or --force to start over."


def _end_the_killed(study: Study) -> None:
    from optuna.trial import TrialState

    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)
