"""Trainings that the command line began, in runs of the studio's folder."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Literal

from ...errors import RunError
from ...storage.lock import LOCK
from .events import events_from
from .job import Job
from .place import Place
from .training_schema import ListName, Training

HISTORY = "history.jsonl"


def check_inside(place: Place, folder: Path) -> None:
    """Check that the files that a run was trained on lie inside the studio's folder.

    Raises:
        RunError: one does not. A stranger's run may name any file.
    """
    from ...run.begun import find_begun

    origin = find_begun(folder).origin
    for path in () if origin is None else map(Path, origin.paths):
        inside = path.is_relative_to(place.folder)  # before anything is opened
        if not (inside and path.resolve().is_relative_to(place.folder)):
            raise RunError(
                f"{folder.name} was trained on a file outside the studio's folder. Resume it with "
                "charloom train --resume --out."
            )


def remembered(folder: Path) -> Job:
    """Return what a run remembers of the training that it started with."""
    from ...run.begun import find_begun

    origin = find_begun(folder).origin
    name = Path(origin.paths[0]).name if origin is not None and origin.paths else "dinosaurs"
    form: Literal["names", "text"] = "text" if origin is not None and origin.text else "names"
    try:
        started = (folder / LOCK).stat().st_mtime
    except OSError:
        started = time.time()
    return Job(list_name=name, form=form, started=started)


def in_terminal(run: str, folder: Path) -> Training:
    """Return a training of the command line, as far as its history tells."""
    from ...run.begun import find_begun

    job, begun = remembered(folder), find_begun(folder)
    history, epochs = events_from(folder / HISTORY, 0), begun.training.get("epochs")
    epoch = history[-1].data.get("epoch") if history else 0
    if type(epoch) is not int or type(epochs) is not int or epochs < 1:  # a stranger's files
        epoch, epochs = 0, None
    return Training(
        run=run,
        state="running",
        where="terminal",
        list=ListName(id=None, name=job.list_name),
        form=job.form,
        started=job.started,
        progress=None if epochs is None else min(1.0, epoch / epochs),
        epoch=epoch,
        epochs=epochs,
    )
