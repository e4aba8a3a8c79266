"""Processes that have joined JAX's distributed runtime, on one machine or several.

JAX's coordination service, which runs in the first process, holds their messages. It also notices
who has died: JAX then ends the others within ``HEARTBEAT`` seconds, or sooner, if a sum over the
devices fails.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import jax

from ...errors import TrainingError
from ..together import EndedError, LostError
from .jax_rows import own_rows

T = TypeVar("T")

HEARTBEAT = 30
"""Seconds after which a process that does not answer is taken for dead."""

SLICE = 10_000
"""Milliseconds of one wait for a message; there may be any number of them."""

KEPT = 1000
"""Messages that are kept: no process is so many behind the first."""

STOP = "charloom/stop"


class Processes:
    """See ``together.Together``."""

    distributed = True

    def __init__(self, client: Any, rank: int, count: int) -> None:
        """Take JAX's client, ``None`` for a single process."""
        self._client, self.rank, self.count = client, rank, count
        self._agreed = self._gathered = 0
        self._has_asked = False

    def rows(self, batch_size: int) -> range | None:
        """Return the rows of each batch that are this process's.

        Raises:
            TrainingError: there are more devices than rows.
        """
        if batch_size < jax.device_count():
            raise TrainingError(
                f"every device needs a row of the batch. Received: a batch of {batch_size} and "
                f"{jax.device_count()} devices; raise --batch-size, or start fewer processes."
            )
        return own_rows(batch_size)

    def agreed(self, value: T) -> T:
        """Return the first process's ``value``."""
        if self.count == 1:
            return value
        key = self._next_agreed
        self._agreed += 1
        if self.rank:
            return self._awaited(key, 0)  # type: ignore[no-any-return]
        self._client.key_value_set(key, _written({"is": value}))
        if self._agreed > KEPT:
            self._client.key_value_delete(f"charloom/agreed/{self._agreed - KEPT}")
        return value

    def gathered(self, value: Any) -> list[Any]:
        """Return the values of all processes, to the first one; to the others an empty list."""
        key = self._next_gathered
        self._gathered += 1
        if self.rank:
            self._client.key_value_set(f"{key}/{self.rank}", _written({"is": value}))
            return []
        return [value, *(self._awaited(f"{key}/{rank}", rank) for rank in range(1, self.count))]

    @property
    def _next_agreed(self) -> str:
        return f"charloom/agreed/{self._agreed}"

    @property
    def _next_gathered(self) -> str:
        return f"charloom/gathered/{self._gathered}"

    def any_asked(self, asked: bool) -> bool:
        """Say, to the first process, whether any has ``asked`` to stop."""
        if self.rank:
            if asked and not self._has_asked:
                self._client.key_value_set(f"{STOP}/{self.rank}", "1")
            self._has_asked = asked
            return asked
        return asked or (self.count > 1 and bool(self._client.key_value_dir_get(STOP)))

    def _awaited(self, key: str, rank: int) -> Any:
        """Return the message ``key`` of process ``rank``, once it is there."""
        message = None
        while message is None:
            try:
                message = self._client.blocking_key_value_get(key, SLICE)
            except Exception as error:  # of jaxlib, of no class of its own
                if "DEADLINE_EXCEEDED" not in str(error):
                    raise LostError("another process of this training died.") from error
        found = json.loads(message)
        if "failed" not in found:
            return found["is"]
        if self.rank == 0:
            raise TrainingError(f"process {rank}: {found['failed']}")
        self._part()
        raise EndedError("the first process has failed.")

    def told_failure(self, problem: str) -> None:
        """Tell the other processes, where they ask next, that this one has failed."""
        if self.count == 1:
            return
        key = f"{self._next_gathered}/{self.rank}" if self.rank else self._next_agreed
        with suppress(Exception):  # they may have gone
            self._client.key_value_set(key, _written({"failed": problem}))
        self._part()

    def _part(self) -> None:
        """Wait a moment for the others to read of the failure, which the first process keeps."""
        with suppress(Exception):
            self._client.wait_at_barrier("charloom/failed", SLICE)


def _written(message: dict[str, Any]) -> str:
    return json.dumps(message, default=float)  # NumPy's numbers


@contextmanager
def joined(
    coordinator: str | None, count: int | None, rank: int | None, seconds: int
) -> Iterator[Processes]:
    """Join the other processes; the value is how this one sees them.

    Args:
        coordinator: HOST:PORT of the first process; ``None``: as the cluster says, which JAX knows
            of Slurm, Open MPI and Kubernetes.
        count: how many processes there are; 1 joins no others.
        rank: this process, from 0.
        seconds: how long to wait for the others.

    Raises:
        TrainingError: there is no cluster, or no coordinator answers.
    """
    if not hasattr(jax, "shard_map"):
        raise TrainingError(
            f"--distributed needs JAX 0.7, and JAX {jax.__version__} is installed. On an Intel Mac "
            "there is no newer one; elsewhere run: pip install -U jax"
        )
    if count == 1:
        yield Processes(None, 0, 1)
        return
    config: Any = jax.config
    config.update("jax_cpu_collectives_implementation", "gloo")
    bind = None
    if coordinator is not None:
        host, port = coordinator.rsplit(":", 1)
        if rank:
            _check_answers(host, int(port), coordinator, seconds)
        else:
            bind = f"{host}:{port}" if host in ("127.0.0.1", "localhost") else None
            _check_free(host if bind else "", int(port), coordinator)
    try:
        jax.distributed.initialize(
            coordinator,
            count,
            rank,
            coordinator_bind_address=bind,
            initialization_timeout=seconds,
            heartbeat_timeout_seconds=HEARTBEAT,
        )
    except (ValueError, RuntimeError) as error:
        raise TrainingError(
            f"the processes of a training could not be found ({error}). Start them by Slurm, Open "
            "MPI or Kubernetes, or give --coordinator HOST:PORT --num-processes N --process-id I, "
            "or --processes N."
        ) from error
    from jax._src.distributed import global_state  # the messages have no public interface

    processes = Processes(global_state.client, jax.process_index(), jax.process_count())
    try:
        yield processes
    except (LostError, EndedError):
        raise
    except BaseException as error:
        processes.told_failure(str(error) or type(error).__name__)
        raise
    jax.distributed.shutdown()  # type: ignore[no-untyped-call]


def _check_answers(host: str, port: int, coordinator: str, seconds: int) -> None:
    """Wait for the coordinator; JAX itself would abort the process."""
    until = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection((host, port), timeout=2).close()
            return
        except OSError as error:
            if time.monotonic() > until:
                raise TrainingError(
                    f"no coordinator answers at {coordinator} within {seconds} s "
                    f"({error.strerror or error}). Start process 0 there, or correct "
                    "--coordinator."
                ) from error
        time.sleep(0.2)


def _check_free(host: str, port: int, coordinator: str) -> None:
    """Check that the coordinator can listen; JAX itself would crash."""
    try:
        with socket.socket() as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.bind((host, port))
    except OSError as error:
        raise TrainingError(
            f"process 0 cannot listen at {coordinator} ({error.strerror or error}). Choose another "
            "port."
        ) from error
