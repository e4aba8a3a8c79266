"""Tasks on Dask's ``distributed``: on a cluster of this machine, or on any other."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from queue import Empty, Queue
from typing import Any

from ..data.encoded.workers import KEPT_MEMORY
from ..errors import CharloomError, ConfigError, RunError
from .job import WORK, Pending
from .task import AGAIN, WORKING, Work, walk_part

PATIENCE = 10
"""Seconds that a scheduler may take to answer."""

WORKERS = 60
"""Seconds to wait for a worker, where there is none."""

CHECKED = 5
"""Seconds without a task that ends, after which it is checked that there are workers."""

SETTINGS = {
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "5s",
    **{f"distributed.nanny.pre-spawn-environ.{k}": int(v) for k, v in KEPT_MEMORY.items()},
}
"""Of Dask: it does not look at what workers do 100 times a second, nor at its own event loops 50
times; and memory that is freed stays with a worker, which Dask has return it at once."""

ATTEMPTS = 50
"""Times that a task is given to another worker, because its own died."""


@contextmanager
def tasks(workers: int | None, scheduler: str | None) -> Iterator[Any]:
    """Provide a function that runs tasks, as ``Job.names`` needs it.

    Args:
        workers: processes to start on this machine, if there is no ``scheduler``.
        scheduler: the address of a Dask scheduler, such as ``tcp://host:8786``.

    Raises:
        ConfigError: Dask is missing, or the scheduler does not answer or has no workers.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise ConfigError(
            f"--out needs {error.name}, which is not installed. Run: pip install "
            '"charloom[cluster]"'
        ) from error
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    with ExitStack() as stack:
        if scheduler is not None:
            client = stack.enter_context(_connected(scheduler))
            yield lambda *job: _run(client, lambda: None, *job)
            return
        cluster = stack.enter_context(local_cluster(workers))
        client = stack.enter_context(Client(cluster))
        # A worker that dies is started again, but for those that take too long to start.
        yield lambda *job: _run(client, lambda: cluster.scale(workers), *job)


@contextmanager
def local_cluster(workers: int | None) -> Iterator[Any]:
    """Provide a cluster of so many processes on this machine, by default one for each core."""
    import dask
    from distributed import LocalCluster

    with (
        dask.config.set(SETTINGS),
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            dashboard_address="127.0.0.1:0",
            memory_limit=0,  # a task's memory is bounded
            silence_logs=logging.CRITICAL,
        ) as cluster,
    ):
        yield cluster


def _connected(scheduler: str) -> Any:
    from distributed import Client

    try:
        client = Client(scheduler, timeout=PATIENCE)
    except (OSError, ValueError, TimeoutError) as error:
        raise ConfigError(
            f"--scheduler: no Dask scheduler answers at {scheduler}. Start one (dask scheduler), "
            "or leave the option out to use this machine."
        ) from error
    try:
        client.wait_for_workers(1, timeout=WORKERS)
    except TimeoutError as error:
        client.close()
        raise ConfigError(
            f"--scheduler: {scheduler} has had no workers for {WORKERS} s. Start some: dask worker "
            f"{scheduler} --nthreads 1"
        ) from error
    return client


def _run(
    client: Any, revive: Callable[[], object], work: Work, digest: str, pending: Pending
) -> Iterator[int]:
    """Run the tasks; yield the number of names of each that is done.

    ``revive`` replaces workers that were lost; it is called while nothing happens.
    """
    from distributed.scheduler import KilledWorker

    place = str(work.folder / WORKING / WORK)
    finished: Queue[Any] = Queue()

    def submit(number: int) -> None:
        future = client.submit(walk_part, place, digest, number, parts[number], pure=False)
        waiting[future.key] = number, future
        future.add_done_callback(finished.put)

    parts = dict(pending)
    waiting: dict[str, tuple[int, Any]] = {}
    attempts = dict.fromkeys(parts, 0)
    for number in parts:
        submit(number)
    alive = time.monotonic()
    while waiting:
        try:
            future = finished.get(timeout=CHECKED)
        except Empty:
            revive()
            if _has_workers(client):
                alive = time.monotonic()
            elif time.monotonic() - alive > WORKERS:
                raise RunError(f"there have been no workers for {WORKERS} s. {AGAIN}.") from None
            continue
        number, _ = waiting.pop(future.key)
        if future.status == "cancelled":
            raise RunError(f"the scheduler was lost. {AGAIN}.")
        error = None if future.status == "finished" else future.exception()
        if error is None:
            yield future.result()
        elif isinstance(error, KilledWorker) and attempts[number] < ATTEMPTS:
            attempts[number] += 1
            submit(number)
        elif isinstance(error, CharloomError):
            raise error
        else:
            raise RunError(f"part {number} failed: {error}. {AGAIN}.") from error


def _has_workers(client: Any) -> bool:
    """Return whether there are workers.

    Raises:
        RunError: the scheduler is gone.
    """
    try:
        return bool(client.nthreads())
    except OSError as error:
        raise RunError(f"the scheduler was lost. {AGAIN}.") from error
