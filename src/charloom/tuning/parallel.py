"""Trials that are trained at once, each in a process of its own.

The search itself stays in one process: it proposes the settings, prunes and writes the journal. A
worker only trains, and sends what ``run_trial`` asks of Optuna's trial.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any, cast

from ..errors import CharloomError, TrainingError
from ..training.at_once import PACE, started
from .events import Outcome, SearchEvent, TrainingProgress
from .folds import Split
from .trial import Configs, run_trial

if TYPE_CHECKING:
    from optuna import Trial


@dataclass(frozen=True, kw_only=True)
class Job:
    """A trial to train: arguments of ``run_trial``."""

    number: int
    configs: Configs
    default: Mapping[str, float] | None
    best: float | None
    until: float


def started_workers(
    count: int, splits: Sequence[Split]
) -> AbstractContextManager[list[Connection]]:
    """Start ``count`` processes that train on ``splits``; the value is how to talk to them."""
    return started(count, serve, splits)


def trained_at_once(
    connections: Sequence[Connection],
    next_job: Callable[[int], tuple[Trial, Job] | None],
    ended: Callable[[Trial, Outcome], SearchEvent],
    stop: Callable[[], bool],
) -> Iterator[SearchEvent]:
    """Train trials until there is no next one and all have ended.

    Args:
        connections: of ``started_workers``.
        next_job: returns the next trial, given how many are running; ``None``: there is none yet.
        ended: records a trial's outcome, and returns its event.
        stop: whether to stop the trials that are running.

    Raises:
        TrainingError: a worker has died, or the default recipe cannot be trained.
    """
    running: dict[Connection, Trial] = {}
    stopped = False
    while True:
        idle = [connection for connection in connections if connection not in running]
        while idle and (job := next_job(len(running))) is not None:
            connection = idle.pop(0)
            running[connection] = job[0]
            connection.send(job[1])
        if not running:
            return
        if stop() and not stopped:
            stopped = True
            for connection in running:
                connection.send("stop")
        for one in wait(list(running), timeout=PACE):
            connection = cast("Connection", one)
            try:
                what, *values = connection.recv()
            except EOFError as error:
                raise TrainingError(
                    "a process of the search died. Its trials so far are kept: run the same "
                    "command again, with fewer --workers if memory is short."
                ) from error
            trial = running[connection]
            if what == "progress":
                yield values[0]
            elif what == "report":
                trial.report(*values)
            elif what == "prune":
                connection.send(trial.should_prune())
            elif what == "attribute":
                trial.set_user_attr(*values)
            elif what == "failed":
                raise TrainingError(values[0])
            else:
                del running[connection]
                yield ended(trial, values[0])


@dataclass
class _Remote:
    """Optuna's trial, as far as ``run_trial`` uses it, in the process of the search."""

    connection: Connection
    number: int
    stopped: bool = field(default=False, init=False)

    def report(self, value: float, step: int) -> None:
        self.connection.send(("report", value, step))

    def should_prune(self) -> bool:
        self.connection.send(("prune",))
        while (answer := self.connection.recv()) == "stop":
            self.stopped = True
        return bool(answer)

    def set_user_attr(self, key: str, value: Any) -> None:
        self.connection.send(("attribute", key, value))

    def stop(self) -> bool:
        """Say whether the search asked to stop."""
        if not self.stopped and self.connection.poll():
            self.stopped = self.connection.recv() == "stop"
        return self.stopped


def serve(connection: Connection, splits: Sequence[Split]) -> None:
    """Train the trials that ``connection`` sends, until it is closed."""
    while True:
        try:
            job = connection.recv()
            if job == "stop":  # it came as the last trial ended
                continue
            _train(connection, splits, job)
        except (EOFError, BrokenPipeError):  # the search has ended
            return


def _train(connection: Connection, splits: Sequence[Split], job: Job) -> None:
    trial = _Remote(connection, job.number)
    progress = run_trial(
        cast("Trial", trial),
        splits,
        job.configs,
        default=job.default,
        best=job.best,
        until=job.until,
        stop=trial.stop,
    )
    told = 0.0
    try:
        while True:
            event: TrainingProgress = next(progress)
            if time.monotonic() - told > PACE:
                told = time.monotonic()
                connection.send(("progress", event))
    except StopIteration as end:
        connection.send(("ended", end.value))
    except CharloomError as error:
        connection.send(("failed", str(error)))
