"""Work on all cores: one thread a core, each with a single BLAS thread."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar

from ..errors import ConfigError

Job = TypeVar("Job")
Result = TypeVar("Result")

_lock = threading.Lock()
_users = 0
_limit: Any = None


def usable_cores() -> int:
    """Return how many cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run(
    work: Callable[[Job], Result], jobs: Sequence[Job], threads: int | None = None
) -> list[Result]:
    """Return ``work`` of each job, in order; the results do not depend on ``threads``.

    Args:
        work: what to do with a job; NumPy releases the interpreter where it computes.
        jobs: independent of one another.
        threads: at most so many at a time; ``None`` means one a usable core.

    Raises:
        ConfigError: ``threads`` is less than 1.
    """
    if threads is not None and threads < 1:
        raise ConfigError(f"threads must be 1 or more. Received: {threads}")
    workers = min(threads or usable_cores(), len(jobs))
    with one_blas_thread():
        if workers <= 1:
            return [work(job) for job in jobs]
        from concurrent.futures import ThreadPoolExecutor  # late: a few names need none

        with ThreadPoolExecutor(workers, thread_name_prefix="charloom") as pool:
            return list(pool.map(work, jobs))


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Keep BLAS to one thread a caller; nested and simultaneous uses count as one.

    Even a single worker needs it: how BLAS cuts a product up changes its last bits.
    """
    global _users, _limit
    with _lock:
        if _users == 0:
            scipy = sum(name.startswith("scipy.") for name in list(sys.modules))
            _limit = _controller(scipy).limit(limits=1, user_api="blas")
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                _limit.restore_original_limits()


@cache
def _controller(scipy: int) -> Any:
    """Find every BLAS that is loaded; it takes milliseconds, so again only as SciPy comes.

    Args:
        scipy: how many of SciPy's modules are loaded; some bring a BLAS of its own.
    """
    from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

    return ThreadpoolController()
