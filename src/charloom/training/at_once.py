"""Work in pieces that are done at once, each in a process of its own.

A piece can be pickled and depends on nothing else, so it can be begun again anywhere: if a process
dies, another one does its piece, and this process what is left when none of them lives.
"""

from __future__ import annotations

import os
import signal
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, Protocol, cast

from ..errors import CharloomError, TrainingError
from ..models.threads import usable_cores

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

PACE = 0.2
"""Seconds between two messages of a piece's progress, and between two questions whether to stop."""


class Piece(Protocol):
    """A part of the work; can be pickled."""

    def work(self) -> Generator[Any, None, Any]:
        """Do it: yield the progress, which can be pickled too, and return the result."""


@dataclass(frozen=True)
class Begun:
    """Piece ``number``, from 0, is begun."""

    number: int


@dataclass(frozen=True)
class Advanced:
    """What piece ``number`` yields, at most every ``PACE`` seconds."""

    number: int
    progress: Any


@dataclass(frozen=True)
class Done:
    """What piece ``number`` returns."""

    number: int
    result: Any


@dataclass(frozen=True)
class Lost:
    """The process that did piece ``number`` has died; the piece is begun again."""

    number: int


News = Begun | Advanced | Done | Lost


def at_once(
    pieces: Iterable[Piece], workers: int, stop: Callable[[], bool]
) -> Generator[News, None, None]:
    """Do ``pieces`` in as many processes as there are ``workers``; report as they advance.

    Args:
        pieces: taken one by one, each when a process is free for it.
        workers: how many processes, which have equal shares of the cores; 1 starts none.
        stop: asked as the work advances; true ends it, and leaves what is not done.

    Raises:
        TrainingError: a piece has raised a ``CharloomError``, or no process can be started.
    """
    numbered, again = enumerate(pieces), deque[tuple[int, Piece]]()
    if workers > 1 and (yield from _in_processes(numbered, again, workers, stop)):
        return
    for number, piece in chain(again, numbered):  # what no process has done
        yield Begun(number)
        work = piece.work()
        while True:
            try:
                progress = next(work)
            except StopIteration as end:
                yield Done(number, end.value)
                break
            yield Advanced(number, progress)
            if stop():
                return


def _in_processes(
    numbered: Iterator[tuple[int, Piece]],
    again: deque[tuple[int, Piece]],
    workers: int,
    stop: Callable[[], bool],
) -> Generator[News, None, bool]:
    """Do what ``at_once`` says, as long as a process lives; the rest is ``again`` to be done.

    Returns whether that was stopped.
    """
    from multiprocessing.connection import wait  # late: few trainings need it

    with started(workers, serve) as connections:
        idle = list(connections)
        running: dict[Connection, tuple[int, Piece]] = {}

        def lost(connection: Connection) -> Lost:
            again.appendleft(piece := running.pop(connection))
            return Lost(piece[0])

        while True:
            while idle:
                if (piece := again.popleft() if again else next(numbered, None)) is None:
                    break
                running[connection := idle.pop(0)] = piece
                try:
                    connection.send(piece[1])
                except OSError:
                    yield lost(connection)
                else:
                    yield Begun(piece[0])
            if not running:
                return False
            if stop():
                return True
            for one in wait(list(running), timeout=PACE):
                connection = cast("Connection", one)
                try:
                    what, value = connection.recv()
                except (EOFError, OSError):
                    yield lost(connection)
                    continue
                number = running[connection][0]
                if what == "failed":
                    raise TrainingError(value)
                if what == "progress":
                    yield Advanced(number, value)
                else:
                    idle.append(connection)
                    del running[connection]
                    yield Done(number, value)


@contextmanager
def started(
    count: int, work: Callable[..., None], *arguments: object
) -> Iterator[list[Connection]]:
    """Start ``count`` processes that call ``work`` with a connection and ``arguments``.

    The value is the other ends of the connections. All are killed at the end.

    Raises:
        TrainingError: the system starts no more processes.
    """
    import multiprocessing  # late: few trainings need it

    context = multiprocessing.get_context("spawn")  # JAX has threads, which a fork would lose
    threads, connections, processes = max(1, usable_cores() // count), [], []
    try:
        for _ in range(count):
            ours, theirs = context.Pipe()
            process = context.Process(
                target=_begin, args=(theirs, threads, work, *arguments), daemon=True
            )
            try:
                process.start()
            except OSError as error:
                raise TrainingError(
                    f"{count} processes cannot be started ({error.strerror or error}). Give fewer "
                    "--workers."
                ) from error
            theirs.close()
            connections.append(ours)
            processes.append(process)
        yield connections
    finally:
        for process in processes:
            process.kill()
            process.join()


def _begin(
    connection: Connection, threads: int, work: Callable[..., None], *arguments: object
) -> None:
    """Call ``work`` in a process of its own, with ``threads`` of its cores."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that started this one gets it, too
    os.environ.setdefault("NPROC", str(threads))  # XLA's threads
    work(connection, *arguments)


def serve(connection: Connection) -> None:
    """Do the pieces that ``connection`` sends, until it is closed."""
    with suppress(EOFError, OSError):  # the process that started this one has ended
        while True:
            _do(connection, connection.recv())


def _do(connection: Connection, piece: Piece) -> None:
    work, told = piece.work(), 0.0
    try:
        while True:
            progress = next(work)
            if time.monotonic() - told > PACE:
                told = time.monotonic()
                connection.send(("progress", progress))
    except StopIteration as end:
        connection.send(("done", end.value))
    except CharloomError as error:
        connection.send(("failed", str(error)))
    except Exception:  # noqa: BLE001 (it comes up where the piece is begun again)
        raise SystemExit(1) from None
