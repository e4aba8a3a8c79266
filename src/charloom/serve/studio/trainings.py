"""Trainings: each in a process of its own, found again by its locks, stopped and resumed."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from ...errors import ConfigError, RunError
from ...storage.lock import is_held
from ..library import UnknownRunError
from . import bin as waste
from .events import EVENTS, Event, EventLog, events_from
from .job import LOG, PROCESS, STOP, Job, begins_in, end_process, job_in
from .lists import Lists
from .place import Place
from .story import Story
from .terminal import HISTORY, check_inside, in_terminal, remembered
from .training_schema import ListName, State, Training, TrainRequest
from .waiting import is_waiting, line, take, wait

if TYPE_CHECKING:
    from ...data.names import NameCorpus
    from ...data.text import TextCorpus

MOST = 4
"""Trainings that run at once; they share the machine."""

MOST_WAITING = 100
"""Trainings that wait for one of these to end."""

AT_ONCE_BYTES = 2**20
"""Lists up to this size are read before the answer, so that it says what is wrong with them."""

WAIT = 20.0
"""Seconds that a training may take to stop before it is ended."""


class Trainings:
    """The trainings of a studio's folder."""

    def __init__(self, place: Place, lists: Lists) -> None:
        self._place, self._lists = place, lists
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._stories: dict[str, Story] = {}
        self._lock = Lock()

    def all(self) -> list[Training]:
        """Return the trainings, the one begun last first."""
        found = [one for name in self._place.names() if (one := self.find(name)) is not None]
        return sorted(found, key=lambda one: -one.started)

    def get(self, run: str) -> Training:
        """Return the training of a run; UnknownRunError if there is none."""
        found = self.find(run)
        if found is None:
            raise UnknownRunError(f"there is no training called {run!r:.60}.")
        return found

    def find(self, run: str) -> Training | None:
        """Return the training of a run, which may have none that the studio knows of."""
        if run not in self._place.names():
            return None
        folder, place = self._place.folder / run, self._place.training(run)
        alive, job = self._alive(run), job_in(place)
        if not alive and is_held(folder):
            return in_terminal(run, folder)
        if job is None:
            return None
        story = self._story(run, job)  # read after the process was seen, so that its end is known
        state: State = story.ending or "lost"
        waiting = line(self._place) if is_waiting(place) else []
        if run in waiting:
            state = "waiting"
        elif alive and story.ending is None:
            state = "stopping" if (place / STOP).exists() else "running"
        return Training(
            run=run,
            state=state,
            list=ListName(id=job.list, name=job.list_name),
            form=job.form,
            started=job.started,
            progress=story.progress,
            seconds_left=story.seconds_left if state == "running" else None,
            epoch=story.epoch,
            epochs=story.epochs,
            message=story.message,
            resumable=state in ("stopped", "failed", "lost"),
            before=waiting.index(run) if state == "waiting" else None,
        )

    def begin(self, asked: TrainRequest) -> Training:
        """Begin a training, or let it wait if enough are running, and return it.

        Raises:
            HTTPException: 404, there is no such list.
            CharloomError: the list, a setting or the name is refused, or too many trainings wait.
        """
        path, name = self._lists.path(asked.list), self._lists.get(asked.list).name
        form = asked.look.form or "names"
        _check(asked, path)
        with self._lock:
            self._check_line()
            run = self._place.new(asked.run or self._lists.free_name(asked.list))
            job = Job(
                list=asked.list,
                list_name=name,
                form=form,
                look=asked.look,
                settings=asked.settings,
            )
            training = self._place.training(run)
            shutil.rmtree(training, ignore_errors=True)  # of a run that was removed by hand
            try:
                (self._place.folder / run).mkdir()
                training.mkdir(mode=0o700)
            except OSError as error:
                raise RunError(f"{run} cannot be created: {error.strerror}.") from error
            job.save(training)
            self._launch_or_wait(run)
        return self.get(run)

    def stop(self, run: str) -> Training:
        """Ask a training to stop after this step, or not to wait; the model so far is kept."""
        found = self.get(run)
        self._check_ours(found)
        place = self._place.training(run)
        if found.state == "waiting" and take(place):
            EventLog(place / EVENTS).write("finished", reason="interrupted")
        elif found.state in ("waiting", "running"):
            (place / STOP).touch()
        return self.get(run)

    def proceed(self) -> None:
        """Launch what waits, as far as trainings have ended."""
        while line(self._place):
            with self._lock:
                waiting = line(self._place)
                if not waiting or self._running() >= MOST:
                    return
                place = self._place.training(waiting[0])
                if take(place):
                    (place / STOP).unlink(missing_ok=True)  # of one that was discarded and restored
                    try:
                        self._launch(waiting[0])
                    except OSError as error:
                        message = f"Training cannot be started: {error.strerror}."
                        EventLog(place / EVENTS).write("failed", message=message)

    def resume(self, run: str) -> Training:
        """Resume a training that was stopped or lost, or one that a command line left.

        It waits if enough are running.

        Raises:
            ConfigError: too many trainings wait.
            RunError: there is nothing to resume, or its source lies outside the studio's folder.
        """
        with self._lock:
            folder = self._place.run(run)
            found = self.find(run)
            if found is None:
                self._adopt(run, folder)
            elif not found.resumable:
                raise RunError(f"the training of {run} is {found.state}: nothing can be resumed.")
            self._check_line()
            place = self._place.training(run)
            self._wait_for(run, kill=False)
            (place / STOP).unlink(missing_ok=True)
            (place / PROCESS).unlink(missing_ok=True)
            EventLog(place / EVENTS).write("resumed")
            self._launch_or_wait(run)
        return self.get(run)

    def discard(self, run: str) -> str:
        """Stop a training and move its run to the bin; return the entry's id there."""
        self._check_ours(self.get(run))
        with self._lock:
            (self._place.training(run) / STOP).touch()
            self._wait_for(run)
            self._stories.pop(run, None)
            return waste.put(self._place, run)

    def events(self, run: str, position: int) -> tuple[dict[str, Any], list[Event]]:
        """Return the state of a training, and what had happened by then after a position."""
        found = self.get(run)
        return found.model_dump(), events_from(self._file(found), position)

    def stamp(self, run: str) -> str:
        """Return what tells the events of a training from those of others."""
        job = job_in(self._place.training(run))
        return job.stamp if job is not None and self.get(run).where == "studio" else "history"

    def _file(self, found: Training) -> Path:
        if found.where == "terminal":
            return self._place.folder / found.run / HISTORY
        return self._place.training(found.run) / EVENTS

    def _alive(self, run: str) -> bool:
        """Return whether a process of ours trains the run: one that holds its lock, or begins."""
        process, place = self._processes.get(run), self._place.training(run)
        if is_waiting(place):
            return False
        begins = begins_in(place) if process is None else process.poll() is None
        return begins or is_held(place)

    def _story(self, run: str, job: Job) -> Story:
        story = self._stories.get(run)
        if story is None or story.stamp != job.stamp:
            story = self._stories[run] = Story(job.stamp)
        story.read(self._place.training(run) / EVENTS)
        return story

    def _launch_or_wait(self, run: str) -> None:
        if line(self._place) or self._running(besides=run) >= MOST:
            wait(self._place.training(run))
        else:
            self._launch(run)

    def _launch(self, run: str) -> None:
        """Start the process of a training: in a session of its own, so that nothing ends it."""
        new = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
        alone = getattr(subprocess, "DETACHED_PROCESS", 0)
        place = self._place.training(run)
        with (place / LOG).open("wb") as log:
            self._processes[run] = subprocess.Popen(
                [sys.executable, "-P", "-m", "charloom.serve.studio.worker",
                 str(self._place.folder), run],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                creationflags=new | alone,
            )  # fmt: skip

    def _wait_for(self, run: str, *, kill: bool = True) -> None:
        """Wait until a process that trains has ended; end it if that takes too long.

        Raises:
            RunError: it has not ended, and is not to be killed.
        """
        until = time.monotonic() + WAIT
        while self._alive(run):
            if time.monotonic() > until:
                if not kill:
                    raise RunError(f"the training of {run} has not ended yet. Try again later.")
                end_process(self._place.training(run))
                until += WAIT
            time.sleep(0.05)

    def _adopt(self, run: str, folder: Path) -> None:
        """Make a training that a command line left one of the studio's."""
        from ...run import holds_state

        if not holds_state(folder):
            raise RunError(f"{run} holds no training that can be resumed.")
        check_inside(self._place, folder)
        job = remembered(folder)
        place = self._place.training(run)
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(mode=0o700)
        job.save(place)

    def _running(self, besides: str = "") -> int:
        """Return how many trainings run; one ``besides`` looks as if it began."""
        return sum(one.state in ("running", "stopping") for one in self.all() if one.run != besides)

    def _check_line(self) -> None:
        if len(line(self._place)) >= MOST_WAITING:
            raise ConfigError(f"{MOST_WAITING} trainings wait already. Discard one of them.")

    def _check_ours(self, found: Training) -> None:
        if found.where == "terminal":
            raise RunError(
                f"{found.run} is trained by charloom train in a terminal. Press Ctrl-C there."
            )


def _check(asked: TrainRequest, path: Path | None) -> None:
    """Refuse at once what would fail in the first seconds, as far as that is cheap to find out."""
    from ...training.recipes import recipe, text_recipe
    from .settings_list import offered

    if unknown := sorted(asked.settings.keys() - {one.name for one in offered()}):
        raise ConfigError(f"no setting is called {unknown[0]!r:.40}.")
    given: dict[str, Any] = asked.settings
    if asked.look.form == "text":
        text_recipe(100_000, **given)
    else:
        recipe(1_000, 10_000, **given)
    if path is None or path.stat().st_size <= AT_ONCE_BYTES:
        from ...training.planned import planned
        from ...training.trainer import fit

        corpus: NameCorpus | TextCorpus
        corpus, _ = asked.look.corpus(path)
        plan = planned(corpus, **given)
        fit(corpus, model=plan.model, training=plan.training)  # checks, and begins with its use
