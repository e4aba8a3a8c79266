"""Several processes that train one model: what they agree on, and what the first one decides.

Each process takes the same steps, with some rows of every batch (``engines.jax_rows``). Whatever
depends on a clock, a signal, the run folder or a measurement is decided by the first process, and
told to the others at a step that all reach. Only the first process reads and writes the run folder,
measures and reports.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol, TypeVar

from ..errors import CharloomError, TrainingError
from .events import Event

T = TypeVar("T")

PACE = 0.1
"""Seconds between two questions to the first process whether to stop or to save, about."""

SIGNS = ("gloo", "nccl", "coordination")
"""What JAX's errors say if another process has gone, in lower case."""


class LostError(TrainingError):
    """Another process has died, or does not answer."""


class EndedError(CharloomError):
    """The first process has ended with an error, which it reports itself."""


class Together(Protocol):
    """The processes of a training, as one of them sees them.

    Attributes:
        rank: this process, from 0; 0 is the first, which decides.
        count: how many there are.
        distributed: whether devices share each batch, even those of one process.
    """

    rank: int
    count: int
    distributed: bool

    def rows(self, batch_size: int) -> range | None:
        """Return the rows of each batch that are this process's; ``None``: all."""

    def agreed(self, value: T) -> T:
        """Return the first process's ``value``, plain data; all processes ask at the same place.

        Raises:
            EndedError: the first process has failed.
            LostError: it has died.
        """

    def gathered(self, value: Any) -> list[Any]:
        """Return the values of all processes, to the first one; to the others an empty list."""

    def any_asked(self, asked: bool) -> bool:
        """Say, to the first process, whether any has ``asked`` to stop."""


class Alone:
    """A training in one process, on one device."""

    rank, count, distributed = 0, 1, False

    def rows(self, batch_size: int) -> range | None:
        """Return ``None``: all rows."""
        return None

    def agreed(self, value: T) -> T:
        """Return ``value``."""
        return value

    def gathered(self, value: Any) -> list[Any]:
        """Return the only value."""
        return [value]

    def any_asked(self, asked: bool) -> bool:
        """Return ``asked``."""
        return asked


ALONE: Together = Alone()


class Pace:
    """When the first process is asked whether to stop or to save: at steps that all know."""

    def __init__(self, together: Together, step: int) -> None:
        self._together = together
        self._next, self._asked_at, self._before = step, time.monotonic(), step

    def decided(
        self, step: int, decide: Callable[[], tuple[float, bool, bool]], *, now: bool
    ) -> tuple[float, bool, bool] | None:
        """Return what the first process decides after ``step``; ``None`` if it is not asked.

        Args:
            step: the number of the step, the same in all processes.
            decide: returns the share of the time budget that is used, and whether to stop and to
                save.
            now: ask at this step in any case.
        """
        if step < self._next and not now:
            return None
        seconds, passed = time.monotonic() - self._asked_at, step - self._before
        self._asked_at, self._before = time.monotonic(), step
        ahead = max(1, round(PACE * passed / max(seconds, 1e-6)))
        found: Any = self._together.agreed([*decide(), step + ahead])
        clock, stop, save, self._next = found
        return clock, stop, save


def wait_for_all(together: Together) -> None:
    """Wait until all processes are here, however long that takes.

    A sum of the devices waits for 30 seconds only; so all must be about to begin it.
    """
    together.gathered(None)
    together.agreed(None)


def check_same(together: Together, facts: Mapping[str, Any]) -> None:
    """Check that all processes are given the same.

    Args:
        together: the processes.
        facts: what must be the same, as plain data by what it is called.

    Raises:
        TrainingError: a process has other facts than the first; raised in the first.
    """
    first = {name: str(value) for name, value in facts.items()}
    for rank, theirs in enumerate(together.gathered(first)):
        for name, value in first.items():
            if (other := theirs.get(name, "none")) != value:
                raise TrainingError(
                    f"all processes must be given the same {name}. Process {rank} has {other:.80}, "
                    f"process 0 {value:.80}. Start all with the same command and files."
                )
    together.agreed(None)


def telling_of_others(events: Iterator[Event]) -> Iterator[Event]:
    """Pass the events on; make errors of sums over several processes LostErrors."""
    try:
        yield from events
    except CharloomError:
        raise
    except Exception as error:
        told = str(error).lower()
        if not any(sign in told for sign in SIGNS):
            raise
        raise LostError("another process of this training died or does not answer.") from error
