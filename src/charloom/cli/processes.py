"""``train --distributed``: the command starts what trains, watches it, and says how it ended.

The command itself does not train: it starts a process that does, or several, each of which is the
same command again with a ``Place`` in its environment. JAX aborts a process whose coordinator has
died; what watches it turns that into one line.
"""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ..config.arguments import MOST_WORKERS
from ..models.threads import usable_cores
from .interruption import command_to_resume, interruptible
from .options import Whole, options, say
from .streams import Messages, point_at_null

if TYPE_CHECKING:
    from ..training.together import Together

F = TypeVar("F", bound=Callable[..., Any])

PLACE = "CHARLOOM_PROCESS"
"""The environment variable that tells a process which of a training it is."""

LOST = 75
"""The exit code of a process that has lost another one."""

MOST_PROCESSES = 4096

JOIN_SECONDS = 300
"""How long processes wait for each other at the start."""

PARTING = 20.0
"""Seconds that other processes have to end after the first one."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Which process of a training one is.

    Attributes:
        coordinator, count, rank: as for ``jax_processes.joined``.
        seconds: how long to wait for the others.
        started: ``time.monotonic()`` at which the command began.
        mark: a file that is made as soon as the others are found.
    """

    coordinator: str | None
    count: int | None
    rank: int | None
    seconds: int
    started: float = 0.0
    mark: str = ""


def process_options(command: F) -> F:
    """The options that say which processes train."""
    return options(
        click.option(
            "--distributed",
            is_flag=True,
            help="Train on several processes, each with a part of every batch. They find each "
            "other by Slurm, Open MPI or Kubernetes, or by the options below.",
        ),
        click.option(
            "--processes",
            type=Whole(1, MOST_PROCESSES),
            metavar="N",
            help="Start N processes on this machine, which share its cores.",
        ),
        click.option(
            "--coordinator",
            metavar="HOST:PORT",
            help="Address of process 0, the same in all processes.",
        ),
        click.option(
            "--num-processes",
            type=Whole(1, MOST_PROCESSES),
            metavar="N",
            help="How many processes there are, for --coordinator.",
        ),
        click.option(
            "--process-id",
            type=Whole(0, MOST_PROCESSES - 1),
            metavar="I",
            help="Which of them this is, from 0; 0 writes RUN and reports.",
        ),
        click.option(
            "--join-seconds",
            type=Whole(1, 86_400),
            metavar="SECONDS",
            help=f"How long processes wait for each other at the start; {JOIN_SECONDS} by default.",
        ),
        click.option(
            "--workers",
            type=Whole(1, MOST_WORKERS),
            metavar="N",
            help="Train up to N networks at once, each in a process with its share of the cores: "
            "those of a budget of --seconds on a list of names, or the folds of --held-out 0.",
        ),
    )(command)


def places_of(
    *,
    distributed: bool,
    processes: int | None,
    coordinator: str | None,
    num_processes: int | None,
    process_id: int | None,
    join_seconds: int | None,
    workers: int | None,
) -> list[Place]:
    """Return the processes that this command is to start; none for an ordinary training.

    Raises:
        click.UsageError: the options contradict each other.
    """
    own = {"--coordinator": coordinator, "--num-processes": num_processes,
           "--process-id": process_id}  # fmt: skip
    given = [name for name, value in own.items() if value is not None]
    if not (distributed or processes or given):
        if join_seconds is not None:
            raise click.UsageError("--join-seconds is for several processes. Add --distributed.")
        return []
    if workers is not None:
        name = "--processes" if processes else given[0] if given else "--distributed"
        raise click.UsageError(
            f"--workers trains several networks at once, and {name} one on several processes. "
            "Leave one of them out."
        )
    seconds = join_seconds or JOIN_SECONDS
    if processes is not None:
        if given:
            raise click.UsageError(f"--processes starts all on this machine. Leave out {given[0]}.")
        address = f"127.0.0.1:{_free_port()}"
        return [Place(coordinator=address, count=processes, rank=rank, seconds=seconds)
                for rank in range(processes)]  # fmt: skip
    if given and len(given) < len(own):
        missing = next(name for name in own if name not in given)
        raise click.UsageError(f"{given[0]} needs {missing}, too.")
    if coordinator is not None and num_processes is not None and process_id is not None:
        host, _, port = coordinator.rpartition(":")
        if not host or not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
            raise click.UsageError(f"--coordinator takes HOST:PORT. Received: {coordinator!r:.60}")
        if process_id >= num_processes:
            raise click.UsageError(
                f"--process-id must be below --num-processes, {num_processes}. "
                f"Received: {process_id}"
            )
    return [Place(coordinator=coordinator, count=num_processes, rank=process_id, seconds=seconds)]


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


# The command, which watches


def supervise(places: Sequence[Place], out: Path | None, started: float) -> int:
    """Start the processes of ``places``, and wait for them; return the command's exit code."""
    with tempfile.TemporaryDirectory(prefix="charloom-") as folder, interruptible() as stop:
        children = [
            _Child(place, Path(folder) / str(number), started, quiet=number > 0, among=len(places))
            for number, place in enumerate(places)
        ]
        try:
            return _watched(children, out, stop)
        finally:
            for child in children:
                child.process.kill()
                child.process.wait()


class _Child:
    """A process that trains."""

    def __init__(
        self, place: Place, mark: Path, started: float, *, quiet: bool, among: int
    ) -> None:
        self.place, self.mark = place, mark
        known = {**asdict(place), "started": started, "mark": str(mark)}
        environment = {**os.environ, PLACE: json.dumps(known)}
        environment.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        if among > 1:
            environment.setdefault("NPROC", str(max(1, usable_cores() // among)))  # XLA's threads
            environment.setdefault("JAX_LOCAL_DEVICE_IDS", str(place.rank))  # if there are GPUs
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "charloom.cli.worker", *sys.argv[1:]],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL if quiet else None,
            stderr=subprocess.DEVNULL if quiet else None,
        )

    def stop(self) -> None:
        """Ask it to stop after a step."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(b"s")
            self.process.stdin.flush()
        except OSError:  # it has just ended
            return


def _watched(children: Sequence[_Child], out: Path | None, stop: Callable[[], bool]) -> int:
    """Wait until the first process has ended, or any has died; return the exit code."""
    asked = False
    while True:
        if stop() and not asked:
            asked = True
            for child in children:
                child.stop()
        died = [child for child in children if _has_died(child.process.poll())]
        if died:
            say(f"charloom: {_why(died, out)}")
            return 1
        if (code := children[0].process.returncode) is not None:
            until = time.monotonic() + PARTING
            while time.monotonic() < until and any(c.process.poll() is None for c in children):
                time.sleep(0.02)
            return code
        time.sleep(0.02)


def _has_died(code: int | None) -> bool:
    """Say whether a process has ended without a word."""
    return code is not None and (code < 0 or code == LOST)


def _why(died: Sequence[_Child], out: Path | None) -> str:
    """Say why a training has ended, of which processes have died, and how to resume it."""
    aborted = (LOST, -signal.SIGABRT, -signal.SIGSEGV)  # by JAX, as a rule
    first = min(died, key=lambda child: child.process.returncode in aborted)
    code, place = first.process.returncode, first.place
    if code not in aborted:
        number = "a process" if place.rank is None else f"process {place.rank}"
        why = f"{number} of this training was ended by {signal.Signals(-code).name}"
    elif first.mark.exists():
        why = "another process of this training died, or does not answer, so it ended"
    else:
        return (
            "the processes of this training did not find each other within "
            f"{place.seconds} s. Start all of them, with the same --coordinator and "
            "--num-processes."
        )
    if out is None:
        return f"{why}. With --out RUN and --resume it continues from its last checkpoint."
    return f"{why}. To resume: {command_to_resume(out)}"


# A process that trains


_stop_asked = threading.Event()


def own_place() -> Place | None:
    """Return which process of a training this is; ``None``: the command that starts them."""
    known = os.environ.pop(PLACE, None)
    return None if known is None else Place(**json.loads(known))


@contextmanager
def stop_asked() -> Iterator[Callable[[], bool]]:
    """Yield a function that says whether the command was asked to stop."""
    yield _stop_asked.is_set


@contextmanager
def joined(place: Place) -> Iterator[Together]:
    """Join the other processes; only the first one prints from then on."""
    for number in (signal.SIGINT, signal.SIGTERM):  # the command gets them, too
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_listen, daemon=True).start()
    _keep_streams_from_libraries()
    from ..training.engines.factory import backend_name

    backend_name()  # JAX may be missing
    from ..training.engines import jax_processes
    from ..training.together import EndedError, LostError

    try:
        with jax_processes.joined(
            place.coordinator, place.count, place.rank, place.seconds
        ) as together:
            Path(place.mark).touch()
            if together.rank:
                sys.stdout = sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
            yield together
    except (LostError, EndedError) as error:
        sys.stdout.flush()
        os._exit(LOST if isinstance(error, LostError) else 1)


def _listen() -> None:
    """Do what the command says, and end with it."""
    while os.read(0, 1):
        _stop_asked.set()
    os._exit(1)


def _keep_streams_from_libraries() -> None:
    """Give our streams descriptors of their own: collectives print to 1, and abort to 2."""
    out, messages = sys.stdout, sys.stderr
    own = [os.fdopen(os.dup(number), "wb") for number in (1, 2)]
    for number, stream in ((1, out), (2, messages)):
        stream.flush()
        point_at_null(number)
    lines = out.line_buffering if isinstance(out, io.TextIOWrapper) else True
    sys.stdout = io.TextIOWrapper(own[0], out.encoding, out.errors, line_buffering=lines)
    sys.stderr = Messages(own[1], messages.encoding, messages.errors, line_buffering=True)
