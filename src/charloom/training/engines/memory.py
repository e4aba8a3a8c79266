"""Keep freed memory in the process, so that the next step need not request it again."""

from __future__ import annotations

import ctypes
import platform

_TRIM_THRESHOLD, _MMAP_MAX, _ARENA_MAX = -1, -4, -8  # the parameters' numbers in malloc.h


def keep_freed_memory() -> None:
    """Tell glibc's malloc to hold on to what is freed; elsewhere do nothing.

    XLA allocates a step's temporary arrays again each time. Large ones come straight from the
    system, page by page: 19,000 page faults a step of a GRU of 1024 units, a tenth of its time.
    The price is that the process keeps the memory of its largest step until it ends.
    """
    if platform.libc_ver()[0] != "glibc":
        return
    libc = ctypes.CDLL(None)
    libc.mallopt(_ARENA_MAX, 1)  # XLA's threads have arenas of their own, too small for its arrays
    libc.mallopt(_MMAP_MAX, 0)
    libc.mallopt(_TRIM_THRESHOLD, 2**31 - 1)
