"""A task: it walks one part of the tree and writes the names there to one file."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import RunError
from ..generation.search.arrivals import Arrivals, arrivals
from ..generation.search.parts import Part
from ..generation.search.request import Request
from ..generation.search.without_replacement import WithoutReplacement
from ..storage import write_file
from .writing import KINDS, Row, Writer

WORKING = ".parts"
"""The folder, within the job's, of what is deleted when the job is complete."""

AGAIN = "Complete files are kept: run the same command again"


@dataclass(frozen=True)
class Work:
    """What all tasks have in common.

    Attributes:
        folder: the job's, on a file system that all machines share.
        request: the checked request; its plan is that of the horizon.
        low, high: logs of the bounds of the horizon: what arrives before ``low`` is certainly
            among the names, what arrives between the two may be.
        log_slack: see ``arrivals``.
        kind: of the files, one of ``KINDS``.
        more: fields that every line of JSON has.
    """

    folder: Path
    request: Request
    low: float
    high: float
    log_slack: float
    kind: str
    more: dict[str, Any]

    def file(self, number: int) -> Path:
        """Return the path of a part's file."""
        return self.folder / f"names-{number:05}.{KINDS[self.kind]}"

    def done(self, number: int) -> dict[str, Any] | None:
        """Return what is known about a part that is complete; ``None`` if it is not."""
        try:
            found: dict[str, Any] = json.loads(sidecar(self.folder, number).read_text("utf-8"))
            complete = self.file(number).stat().st_size == found["bytes"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return found if complete else None


def sidecar(folder: Path, number: int) -> Path:
    """Return the path of the file that says that a part is complete."""
    return folder / WORKING / f"{number:05}.json"


def walk_part(place: str, digest: str, number: int, part: Part) -> int:
    """Walk a part and write its files, whole or not at all; return how many names it has.

    Args:
        place: the path of the pickled ``Work``.
        digest: its sha256: nothing else is unpickled.
        number: of the part.
        part: the part.

    Raises:
        RunError: the work cannot be read, or a file cannot be written.
    """
    work = _work(place, digest)

    def walk(hand_on: Callable[[Arrivals], None]) -> None:
        arrivals(work.request.plan, work.high, work.log_slack, part=part, hand_on=hand_on)

    return write_part(work, number, walk)


def write_part(work: Work, number: int, walk: Callable[[Callable[[Arrivals], None]], None]) -> int:
    """Write the strings that ``walk`` hands on, as ``walk_part`` does."""
    search = WithoutReplacement(work.request)
    edge: list[tuple[float, Row]] = []
    count = 0

    def write(found: Arrivals) -> None:
        nonlocal count
        rows: list[Row] = []
        for row, sample in search.judged(found, np.flatnonzero(found.log_arrival <= work.high)):
            one = sample.text, sample.nats, sample.origin
            if (arrival := float(found.log_arrival[row])) <= work.low:
                rows.append(one)
            else:
                edge.append((arrival, one))
        writer.add(rows)
        count += len(rows)

    with replacing(work.file(number)) as path, Writer(path, work.kind, work.more) as writer:
        walk(write)
    described = {**described_file(work.file(number), count), "edge": edge}
    write_file(
        work.folder / WORKING, sidecar(work.folder, number).name, json.dumps(described).encode()
    )
    return count + len(edge)


def described_file(path: Path, count: int) -> dict[str, Any]:
    """Return what the manifest says about a file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"file": path.name, "names": count, "bytes": path.stat().st_size, "sha256": digest}


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Provide a path to write to, and rename the file to ``path`` when it is complete.

    Raises:
        RunError: it cannot be written.
    """
    place = path.parent / WORKING / f"{path.name}.{os.urandom(8).hex()}.tmp"
    try:
        try:
            yield place
            with place.open("rb") as file:
                os.fsync(file.fileno())
            place.replace(path)
        finally:
            place.unlink(missing_ok=True)
    except OSError as error:
        raise RunError(
            f"{path} could not be written: {error.strerror or error}. {AGAIN} once that is solved."
        ) from error


@lru_cache(1)
def _work(place: str, digest: str) -> Work:
    try:
        data = Path(place).read_bytes()
    except OSError as error:
        raise RunError(
            f"a worker cannot read {place}: {error.strerror}. The folder must be on a file system "
            "that all machines share, at the same path."
        ) from error
    if hashlib.sha256(data).hexdigest() != digest:
        raise RunError(f"{place} was changed while the job ran. {AGAIN}.")
    work = pickle.loads(data)  # noqa: S301 (its digest came with the task)
    assert isinstance(work, Work)
    return work
