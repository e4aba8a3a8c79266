"""The process of a training: ``python -m charloom.serve.studio.worker FOLDER RUN``.

It belongs to no terminal and to no server: it ends when the training does, or is asked to stop.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException

from ...errors import CharloomError
from .events import EVENTS, EventLog, plainly
from .job import STOP, Job, job_in, note_process
from .place import Place

if TYPE_CHECKING:
    from ...data.names import NameCorpus
    from ...data.text import TextCorpus
    from ...training.events import Event

LOOKS = 0.2
"""Seconds between two looks whether the training is to be stopped."""


def main(folder: str, run: str) -> None:
    """Train ``run`` in a studio's ``folder`` as its job says, and write down what happens."""
    from ...storage.lock import held

    place = Place(Path(folder))
    training = place.training(run)
    with held(training):
        note_process(training)
        log = EventLog(training / EVENTS)
        try:
            _train(place, run, log)
        except CharloomError as error:
            log.write("failed", message=plainly(str(error)))
        except BaseException as error:
            stopped = isinstance(error, KeyboardInterrupt | SystemExit)
            message = "Training was stopped at once." if stopped else f"Training broke off: {error}"
            log.write("failed", message=message[:300])
            raise


def _train(place: Place, run: str, log: EventLog) -> None:
    from ...training.interruption import stopping_on_signals
    from ...training.planned import planned
    from ...training.recipes import settings_before
    from ...training.trainer import fit
    from .narrator import Narrator

    folder, stop_file = place.run(run), place.training(run) / STOP
    job = job_in(place.training(run))
    if job is None:
        raise CharloomError("what was to be trained is not known any more. Train the list again.")
    with stopping_on_signals(lambda name: None) as asked, warnings.catch_warnings():
        warnings.showwarning = _warner(log)
        corpus = _corpus(place, folder, job, log)
        settings = {} if settings_before(folder) else job.settings
        plan = planned(corpus, resumed=folder, **settings)
        narrator = Narrator(log, corpus, plan.training)
        looked, told = 0.0, False

        def stop() -> bool:
            nonlocal looked, told
            if time.monotonic() - looked > LOOKS:
                looked, told = time.monotonic(), stop_file.exists()
            return told or asked()

        events: Iterator[Event] = fit(
            corpus,
            model=plan.model,
            training=plan.training,
            initial=plan.initial,
            loop=plan.loop,
            out=folder,
            resume=True,
            stop=stop,
        )
        for event in events:
            narrator.tell(event)


def _corpus(place: Place, folder: Path, job: Job, log: EventLog) -> NameCorpus | TextCorpus:
    """Read the list again, as it was read when the training started."""
    if job.list is not None:
        from .lists import Lists

        try:
            path = Lists(place).path(job.list)
        except HTTPException as error:
            raise CharloomError(str(error.detail)) from error
        corpus, said = job.look.corpus(path)
        for line in said:
            log.write("warning", message=line)
        return corpus
    from ...data.names import NameCorpus
    from ...data.outliers import without_long
    from ...run.begun import corpus_before
    from ...training.recipes import digest_before
    from .terminal import check_inside

    check_inside(place, folder)
    corpus = corpus_before(folder, lambda line: None)
    if isinstance(corpus, NameCorpus) and digest_before(folder) != corpus.digest:
        corpus, _ = without_long(corpus)
    return corpus


def _warner(log: EventLog) -> Any:
    """Return what writes warnings for users into the log."""

    def show(message: Any, category: type[Warning], *others: Any) -> None:
        if category is UserWarning:
            log.write("warning", message=plainly(str(message)))

    return show


if __name__ == "__main__":
    main(*sys.argv[1:3])
