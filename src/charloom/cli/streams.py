"""Standard streams that are closed, full or have no reader, and terminals of impossible sizes."""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

SIZES = range(20, 10_000)
"""Columns and lines of a terminal that are believed."""


def occupy_closed_streams() -> None:
    """Put the null device in the place of standard streams that are closed, as in ``>&-``.

    Otherwise the next file that is opened would get the number of standard output, and results
    would be written into it. Writing results to a closed stream fails, as it should; messages are
    dropped. ``sys.stdin`` remains ``None``.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # It gets this number, the lowest that is free; results cannot be written to it.
            null = os.open(os.devnull, os.O_RDONLY if number == 1 else os.O_WRONLY)
            os.set_inheritable(null, True)
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    before = sys.stderr
    raw = open(2, "wb", closefd=False) if before is None else before.buffer  # noqa: SIM115
    encoding = "utf-8" if before is None else before.encoding
    sys.stderr = Messages(raw, encoding, "backslashreplace", line_buffering=True)


class Messages(io.TextIOWrapper):
    """Standard error: a message that cannot be written does not stop the work."""

    def write(self, text: str, /) -> int:
        """Write a message; drop it, and all that follow, if the disk is full."""
        try:
            return super().write(text)
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise
            point_at_null(2)
            return len(text)


def point_at_null(number: int) -> None:
    """Make a standard stream the null device, so that what is buffered for it can be dropped."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, number)
    os.close(null)


def die_of_broken_pipe() -> NoReturn:
    """End as programs do whose reader has gone, as in ``| head -1``: by SIGPIPE, silently."""
    if hasattr(signal, "SIGPIPE"):  # not on Windows
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGPIPE)
    raise SystemExit(141)


class ReaderGone(Exception):  # noqa: N818 (not an error: the command ends, as programs do)
    """What reads the output has gone."""


@contextmanager
def noticing_readers() -> Iterator[None]:
    """Raise ReaderGone for a broken pipe, which Click and Rich would turn into exit code 1."""
    try:
        yield
    except BrokenPipeError as error:
        raise ReaderGone from error
    except SystemExit as error:
        if isinstance(error.__context__, BrokenPipeError):
            raise ReaderGone from error
        raise


def flush_results() -> str | None:
    """Write out the results; return why not, if they cannot be written, and drop them."""
    try:
        with noticing_readers():
            sys.stdout.flush()
    except OSError as error:
        point_at_null(1)
        return f"standard output cannot be written: {error.strerror or error}."
    return None


def forget_impossible_sizes() -> None:
    """Remove COLUMNS and LINES from the environment unless they are sizes of a terminal."""
    for name in ("COLUMNS", "LINES"):
        given = os.environ.get(name, "80")
        if not (given.isascii() and given.isdigit() and len(given) < 6 and int(given) in SIZES):
            del os.environ[name]
