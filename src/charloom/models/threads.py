"""Work on all cores: one thread for each core, each with a single BLAS thread."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, lru_cache
from typing import Any, TypeVar

from ..config.arguments import whole
from ..config.cores import usable_cores as usable_cores

Job = TypeVar("Job")
Result = TypeVar("Result")

MOST_THREADS = 4096
"""The most threads that may be asked for."""

_lock = threading.Lock()
_users = 0
_limit: Any = None


def checked_threads(threads: int | None) -> int | None:
    """Return a largest number of threads; ConfigError if it is out of range."""
    return None if threads is None else whole("threads", threads, 1, MOST_THREADS)


def run(
    work: Callable[[Job], Result], jobs: Sequence[Job], threads: int | None = None
) -> list[Result]:
    """Return ``work(job)`` of each job, in order; the results do not depend on ``threads``.

    Args:
        work: the function; NumPy releases the GIL while it computes.
        jobs: arguments of ``work``, independent of each other.
        threads: the largest number of threads; ``None`` means one for each usable core.

    Raises:
        ConfigError: ``threads`` is less than 1.
    """
    threads = checked_threads(threads)
    workers = min(threads or usable_cores(), len(jobs))
    with one_blas_thread():
        if workers <= 1:
            return [work(job) for job in jobs]
        from concurrent.futures import ThreadPoolExecutor  # late: a few names need no threads

        with ThreadPoolExecutor(workers, thread_name_prefix="charloom") as pool:
            return list(pool.map(work, jobs))


def beside(work: Callable[[], Result]) -> Callable[[], Result]:
    """Start ``work`` in a thread; return a function that waits for it, and returns its result.

    It raises what ``work`` raised. The end of the process does not wait for the thread.
    """
    from concurrent.futures import Future  # late: importing it takes a hundredth of a second

    result: Future[Result] = Future()

    def run_it() -> None:
        try:
            result.set_result(work())
        except BaseException as error:  # noqa: BLE001 (it is raised where the result is asked for)
            result.set_exception(error)

    threading.Thread(target=run_it, name="charloom-beside", daemon=True).start()
    return result.result


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Limit BLAS to one thread; may be nested, and entered by several threads at once.

    Even a single worker needs this: how BLAS splits a product changes the last bits.
    """
    global _users, _limit
    with _lock:
        if _users == 0:
            _limit = _controller(_scipy_modules(len(sys.modules))).limit(limits=1, user_api="blas")
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                _limit.restore_original_limits()


def blas_architectures() -> frozenset[str]:
    """Return the processors whose kernels the loaded BLAS libraries use, in OpenBLAS' words."""
    found = _controller(0).info()
    return frozenset(str(one.get("architecture")) for one in found if one["user_api"] == "blas")


@lru_cache(1)
def _scipy_modules(modules: int) -> int:
    """Return how many modules of SciPy are loaded; counted anew if all ``modules`` are more."""
    return sum(name.startswith("scipy.") for name in list(sys.modules))


@cache
def _controller(scipy: int) -> Any:
    """Find all loaded BLAS libraries; cached, since it takes milliseconds.

    Args:
        scipy: the number of loaded SciPy modules; some load a BLAS of their own.
    """
    from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

    return ThreadpoolController()
