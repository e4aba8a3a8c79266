"""A job: its folder, its manifest, and what is left to do in it."""

from __future__ import annotations

import hashlib
import json
import pickle
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._version import __version__
from ..config.arguments import shown
from ..errors import RunError
from ..generation.search.horizon import Horizon, horizon
from ..generation.search.parts import Part, cut
from ..generation.search.request import Search
from ..storage import claim_folder, fault, own_folder, write_file
from .task import AGAIN, WORKING, Work, described_file, replacing, write_part
from .writing import Row, Writer

MANIFEST = "manifest.json"
CUT, WORK = "cut.npz", "work.pickle"

SMALL, LARGE, MANY = 100_000, 500_000, 2000
"""Names of a part: few, so that little is lost with a worker; more where there would be more parts
than this."""

WIDER = 0.02
"""Added to the log of the horizon's upper bound if it was estimated too low, and the reverse."""

Pending = list[tuple[int, Part]]


@dataclass
class Job:
    """Names to be written to a folder, in parts.

    Attributes:
        folder: where to.
        identity: what decides the names: the same command has the same, another job another.
        kind: of the files: "text", "json" or "parquet".
        more: fields that every line of JSON has.
        parts: their number; by the number of names if ``None``. The names do not depend on it.
    """

    folder: Path
    identity: Mapping[str, Any]
    kind: str = "text"
    more: Mapping[str, Any] | None = None
    parts: int | None = None

    def open(self) -> dict[str, Any]:
        """Return the manifest in the folder, or a new one; nothing is written yet.

        Raises:
            RunError: the folder is another job's, or is not empty.
        """
        known = manifest(self.folder)
        asked = json.loads(json.dumps({**self.identity, "kind": self.kind}))
        if known is None:
            if self.folder.is_dir() and any(self.folder.iterdir()):
                raise fault(self.folder, "must be empty or new. Pass another --out.")
            return {"charloom": __version__, "job": asked, "complete": False}
        if known["job"] != asked:
            differs = next(
                n for n in {**known["job"], **asked} if known["job"].get(n) != asked.get(n)
            )
            before, now = (shown(job.get(differs)) for job in (known["job"], asked))
            raise fault(
                self.folder,
                f"holds another job: its {differs} is {before}, and {now} is asked for. Pass "
                "another --out, or repeat the job's command.",
            )
        return known

    def names(
        self,
        search: Search,
        run: Callable[[Work, str, Pending], Iterator[int]],
        watch: Callable[[float], None],
    ) -> dict[str, Any]:
        """Write the names that ``search`` would find, and return the manifest.

        Args:
            search: what is asked for; it has not begun, and has a number of names.
            run: runs tasks, given the work and its digest; yields after each.
            watch: called with the share that is done, from 0 to 1.

        Raises:
            RunError: as ``open``, or a file cannot be written.
            GenerationError: there are fewer names.
        """
        known = self.open()
        if known["complete"]:
            return known
        count = search.request.count or 0
        bounds = horizon(search)
        while True:
            work, parts = self._prepared(known, search, bounds)
            pending = [(i, part) for i, part in enumerate(parts, start=1) if work.done(i) is None]
            done = 1 + len(parts) - len(pending)
            if pending:
                watch(done / (1 + len(parts)))
                for _ in run(work, self._packed(work), pending):
                    done += 1
                    watch(done / (1 + len(parts)))
            found, between = [], []  # only the times of what may be millions of strings
            for i in range(1 + len(parts)):
                found.append(self._done(work, i))
                between.append(np.array([time for time, _ in found[-1].pop("edge")]))
            times = np.concatenate(between)
            certain, edge = sum(one["names"] for one in found), len(times)
            if certain <= count <= certain + edge:
                return self._finished(known, work, found, times, count - certain)
            # The horizon was estimated wrongly, which is rare.
            width = max(work.high - work.low, 1e-9)
            slope = np.log1p(edge / max(certain, 1)) / width
            middle = work.high + float(np.log(count / (certain + edge)) / max(slope, 0.1))
            bounds = replace(bounds, low=middle - width - WIDER, high=middle + width + WIDER)
            known.pop("bounds")

    def _prepared(
        self, known: dict[str, Any], search: Search, bounds: Horizon
    ) -> tuple[Work, list[Part]]:
        """Return the work and the parts: those of the manifest, or new ones."""
        place = own_folder(self.folder, WORKING)
        low, high = known.get("bounds", (bounds.low, bounds.high))
        plan = replace(bounds.plan, threads=1, watch=None, most_steps=None)
        request = replace(search.request, plan=plan)
        work = Work(
            self.folder.absolute(),
            request,
            low,
            high,
            bounds.log_slack,
            self.kind,
            dict(self.more or {}),
        )
        if "bounds" in known and work.done(0) and (parts := _load(place / CUT, known["cut"])):
            return work, parts
        if "bounds" not in known and manifest(self.folder) is None:
            claim_folder(self.folder, MANIFEST, force=False)
            self._save(known)
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        count = search.request.count or 0
        number = self.parts or max(-(-count // LARGE), min(-(-count // SMALL), MANY))
        top, parts = cut(plan, high, bounds.log_slack, number, bounds.below)
        write_part(work, 0, lambda hand_on: hand_on(top))
        known |= {"bounds": [low, high], "cut": _save(place / CUT, parts)}
        self._save(known)
        return work, parts

    def _packed(self, work: Work) -> str:
        """Write the work for the tasks, and return its digest."""
        data = pickle.dumps(work)
        write_file(self.folder / WORKING, WORK, data)
        return hashlib.sha256(data).hexdigest()

    def _done(self, work: Work, number: int) -> dict[str, Any]:
        found = work.done(number)
        if found is None:
            raise fault(work.file(number), f"is missing or was changed. {AGAIN}.")
        return found

    def _finished(
        self,
        known: dict[str, Any],
        work: Work,
        found: list[dict[str, Any]],
        times: NDArray[np.float64],
        left: int,
    ) -> dict[str, Any]:
        """Write the ``left`` first of the strings between the bounds, and the manifest."""
        latest = np.partition(times, left - 1)[left - 1] if left else -np.inf
        last = work.file(len(found))
        with replacing(last) as path, Writer(path, work.kind, work.more) as writer:
            for number in range(len(found)):
                edge = self._done(work, number)["edge"]
                rows: list[Row] = [row for time, row in edge if time <= latest]
                writer.add(rows)
        found.append(described_file(last, int(np.count_nonzero(times <= latest))))
        files = [one for one in found if one["names"]]
        for name in ("bounds", "cut"):
            del known[name]
        known |= {"complete": True, "names": sum(one["names"] for one in files), "files": files}
        self._save(known)
        for one in found:
            if not one["names"]:
                (self.folder / one["file"]).unlink(missing_ok=True)
        shutil.rmtree(self.folder / WORKING, ignore_errors=True)
        return known

    def _save(self, known: dict[str, Any]) -> None:
        write_file(self.folder, MANIFEST, (json.dumps(known, indent=2) + "\n").encode(), own=True)


def manifest(folder: Path) -> dict[str, Any] | None:
    """Return the manifest in a folder; ``None`` if there is none.

    Raises:
        RunError: it is damaged, or of another version, or ``folder`` is a file.
    """
    path = folder / MANIFEST
    try:
        known = json.loads(path.read_text("utf-8"))
        if not isinstance(known["job"], dict) or not isinstance(known["complete"], bool):
            raise ValueError
    except FileNotFoundError:
        return None
    except NotADirectoryError as error:
        raise fault(folder, "is a file, and --out a folder. Pass another --out.") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise fault(path, "is no manifest of a job. Pass another --out.") from error
    found: dict[str, Any] = known
    return found


def _save(path: Path, parts: list[Part]) -> str:
    """Write parts, and return the file's sha256."""
    kinds = ("prefixes", "ids", "lengths")
    arrays = {f"{kind}{i}": getattr(p, kind) for i, p in enumerate(parts) for kind in kinds}
    try:
        np.savez(path, **arrays)
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise RunError(f"{path} could not be written: {error.strerror}. {AGAIN}.") from error


def _load(path: Path, digest: str) -> list[Part]:
    """Return the parts in a file; none if it is not the expected one."""
    try:
        if hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            return []
    except OSError:
        return []
    with np.load(path) as arrays:
        count = len(arrays.files) // 3
        return [
            Part(*(arrays[f"{kind}{i}"] for kind in ("prefixes", "ids", "lengths")))
            for i in range(count)
        ]
