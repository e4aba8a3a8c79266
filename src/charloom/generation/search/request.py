"""Requests for samples, the search that answers one, and its results."""

from __future__ import annotations

from abc import abstractmethod
from collections import defaultdict
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Self, overload

import numpy as np
from numpy.typing import NDArray

from ...config import MOST_NAMES
from ...data.tokens import Tokens
from ...data.vocabulary import Vocabulary
from ..novelty import Novelty, Origin
from .arrivals import Arrivals
from .walk import Plan

SHOWN, SHOWN_ROWS = 6, 20  # samples in a short description, and in a notebook's table
JUDGED_AT_ONCE = 4096  # strings that are turned into text and judged together
STEPS = 2_000_000  # steps of the model that a walk may take, ...
STEPS_EACH = 500  # ... plus these for each sample requested; about ten are usually enough, ...
MOST_STEPS = 60_000_000  # ... but never more in memory: each takes eight bytes

_REMEDIES = {
    "known": "pass --allow-known or train on more",
    "forbidden": "forbid fewer",
    "near": "lower --min-edits",
    "unfinished": "raise --max-length or lower --temperature",
    "empty": "raise --temperature or pass a --start",
    "denormalised": "raise --temperature",
    "respelled": "raise --temperature",
    "": "raise --temperature or filter less, or ask for fewer",
}


@dataclass(frozen=True, slots=True)
class Sample:
    """A generated string.

    Attributes:
        text: the string, the start included.
        nats: -log of its probability under the model itself, end symbol included.
        origin: ``known``, in the training set; ``new``, neither in it nor forbidden; or
            ``unknown``, where there is no training set.
    """

    text: str
    nats: float
    origin: Origin

    def __str__(self) -> str:
        return self.text

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain data that JSON can hold, nats to six decimal places."""
        return {"text": self.text, "nats": round(self.nats, 6), "origin": self.origin}


@dataclass(frozen=True, repr=False)
class Generated(Sequence[Sample]):
    """The samples, in the order of the draw, and how the search for them went.

    Attributes:
        samples: what was found.
        seen: how many different strings arrived up to the last sample, those that are not allowed
            included.
        mass: the samples' total probability, given the start.
        reason: why there are fewer than requested, in one line with the remedy; or ``None``.
        note: a caveat about the samples; or ``None``.
    """

    samples: tuple[Sample, ...]
    seen: int
    mass: float
    reason: str | None = None
    note: str | None = None

    @classmethod
    def of(cls, search: Search) -> Self:
        """Collect everything that a search finds."""
        samples = tuple(search)
        return cls(samples, search.seen, search.mass, search.reason, search.note)

    def __len__(self) -> int:
        return len(self.samples)

    @overload
    def __getitem__(self, index: int) -> Sample: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Sample, ...]: ...
    def __getitem__(self, index: int | slice) -> Sample | tuple[Sample, ...]:
        return self.samples[index]

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain data that JSON can hold."""
        return {
            "samples": [sample.to_dict() for sample in self.samples],
            "seen": self.seen,
            "mass": self.mass,
            "reason": self.reason,
            "note": self.note,
        }

    def __repr__(self) -> str:
        texts = [repr(sample.text) for sample in self.samples[:SHOWN]]
        more = ["..."] if len(self) > SHOWN else []
        return f"Generated({len(self):,}: {', '.join(texts + more)})"

    def _repr_html_(self) -> str:
        """Show the first samples in a notebook."""
        from html import escape

        rows = "".join(
            f"<tr><td>{escape(sample.text)}</td><td>{sample.nats:.2f}</td>"
            f"<td>{sample.origin}</td></tr>"
            for sample in self.samples[:SHOWN_ROWS]
        )
        more = [f"and {len(self) - SHOWN_ROWS:,} more"] if len(self) > SHOWN_ROWS else []
        said = [text for text in (self.reason, self.note) if text]
        return f"<table><tr><th>text</th><th>nats</th><th>origin</th></tr>{rows}</table>" + "".join(
            f"<p>{escape(text)}</p>" for text in more + said
        )


@dataclass(frozen=True)
class Request:
    """A checked request for samples.

    Attributes:
        plan: what the search walks: the model, constraints and sampler.
        vocabulary: the model's.
        count: how many samples; ``None`` for no limit.
        longest: the longest string without constraints.
        novelty: which strings are allowed.
        allow_repeats: whether a string may occur twice.
    """

    plan: Plan
    vocabulary: Vocabulary
    count: int | None
    longest: int
    novelty: Novelty
    allow_repeats: bool = False


class Search(Iterator[Sample]):
    """The samples, one at a time, from walks that each go farther than the last.

    ``close`` ends the search early, as does ``contextlib.closing``.

    Attributes:
        seen: different strings visited so far; at the end, those up to the last sample.
        mass: the probability of the samples so far, given the start.
        reason: why the search ended before the count, in one line with the remedy; ``None``
            before its end, or with all.
        note: a caveat about the samples, or ``None``.
    """

    def __init__(self, request: Request) -> None:
        self.seen = 0
        self.mass = 0.0
        self.reason: str | None = None
        self.note: str | None = None
        self._found = 0
        self._hurried = False
        self._walked, self._to_walk = 0, 0  # steps of the present walk, and about how many it takes
        self.request, self._count = request, request.count
        most_steps = STEPS + STEPS_EACH * (request.count or 0)
        if (request.count or 0) <= MOST_NAMES:
            most_steps = min(most_steps, MOST_STEPS)
        self._plan = replace(request.plan, watch=self._watch, most_steps=most_steps)
        self._characters = np.array(["", *request.vocabulary.characters], dtype=object)
        self._codes = _code_points(request.vocabulary.characters)
        self._start = request.vocabulary.decode(request.plan.prompt)
        self._repeatable: set[int] = set()  # keys of strings found, where they may occur again
        self._missed: defaultdict[str, float] = defaultdict(float)  # probability by why not allowed
        self._samples: Iterator[Sample] = self._search()

    def __next__(self) -> Sample:
        return next(self._samples)

    def within(self, steps: int) -> Self:
        """Let no walk take more steps of the model; call it before the first sample."""
        self._plan = replace(self._plan, most_steps=steps)
        return self

    def hurried(self) -> Self:
        """Find the first few samples sooner and all of them later; call it before the first."""
        self._hurried = True
        return self

    def close(self) -> None:
        """End the search and free what it holds; there are no further samples."""
        if isinstance(self._samples, Generator):
            self._samples.close()
        self._samples = iter(())
        for name in ("request", "_plan", "plan", "_characters", "_codes", "_repeatable", "_missed"):
            self.__dict__.pop(name, None)

    @abstractmethod
    def _search(self) -> Iterator[Sample]:
        """Yield the samples; set ``reason`` if there are too few."""

    def _watch(self, steps: int) -> None:
        self._walked += steps

    @property
    def progress(self) -> float:
        """The estimated progress of the search, from 0 to 1; for another thread to read."""
        if self._count is None:
            return 0.0
        walked = min(1.0, self._walked / max(self._to_walk, 1))
        return self._found / self._count * (1 - walked) + walked

    def judged(self, found: Arrivals, rows: NDArray[np.intp]) -> Iterator[tuple[int, Sample]]:
        """Yield the row and the string of each of ``rows`` that is allowed, in order.

        A row that occurs more than once is judged once, and its probability counted once.
        """
        novelty, repeatable = self.request.novelty, self._repeatable
        for first in range(0, len(rows), JUDGED_AT_ONCE):
            chunk, places = np.unique(rows[first : first + JUDGED_AT_ONCE], return_inverse=True)
            texts = self._texts(found, chunk)
            verdicts = novelty.judge(texts)
            if isinstance(unit := self.request.vocabulary.token_unit, Tokens):
                # A string that splits into other tokens comes as those, or not at all.
                first = self._characters[self._plan.prompt].tolist()
                spelled = self._spelled(found, chunk)
                verdicts = [
                    verdict if unit.split(text) == [*first, *parts] else "respelled"
                    for text, parts, verdict in zip(texts, spelled, verdicts, strict=True)
                ]
            allowed = {verdict for verdict in set(verdicts) if novelty.may_come(verdict)}
            judged: list[Sample | str] = [
                Sample(text, nats, verdict)  # type: ignore[arg-type]
                if verdict in allowed
                else verdict
                for text, nats, verdict in zip(
                    texts, found.nats[chunk].tolist(), verdicts, strict=True
                )
            ]
            numbers, keys = chunk.tolist(), found.keys[chunk].tolist()
            masses = np.exp(found.log_p[chunk]).tolist()
            for place in places.tolist():
                sample, mass = judged[place], masses[place]
                if self.request.allow_repeats:
                    if keys[place] in repeatable:
                        mass = 0.0
                    repeatable.add(keys[place])
                if isinstance(sample, Sample):
                    self.mass += mass
                    self._found += 1
                    yield numbers[place], sample
                elif mass:
                    self._missed[sample] += mass

    def _texts(self, found: Arrivals, rows: NDArray[np.intp]) -> list[str]:
        """Return the strings of ``rows``, the start included."""
        if self._codes is None:
            texts = ["".join(parts) for parts in self._spelled(found, rows)]
        else:  # decoded together, each followed by the code point 0
            lengths, ids = found.lengths[rows], found.ids_of(rows)
            line = np.zeros(len(ids) + len(rows), "<u4")
            line[np.arange(len(ids)) + np.arange(len(rows)).repeat(lengths)] = self._codes[ids]
            texts = line.tobytes().decode("utf-32-le", "surrogatepass").split("\0")[:-1]
        return [self._start + text for text in texts] if self._start else texts

    def _spelled(self, found: Arrivals, rows: NDArray[np.intp]) -> list[list[str]]:
        """Return the characters of the strings of ``rows`` after the start."""
        bounds = np.cumsum([0, *found.lengths[rows]])
        characters = self._characters[found.ids_of(rows)].tolist()
        return [characters[a:b] for a, b in pairwise(bounds.tolist())]

    def _explain(self, why: str, unfinished: float) -> str:
        """Return in one line what the search found, why it ended, and what would help."""
        request = self.request
        from ...errors.formatting import percent  # late: only this message needs it

        kind = "names" if request.novelty.allow_known else "new names"
        missed = {**self._missed, "unfinished": unfinished}
        words = {
            "unfinished": "too long",
            "near": "too similar to one of the list",
            "respelled": "in other tokens than their own",
            "": "",
        }
        causes = [
            f"{percent(mass)} {words.get(cause, cause)}"
            for cause, mass in sorted(missed.items(), key=lambda pair: -pair[1])
            if mass > 1e-9
        ]
        worst = max(missed, key=lambda cause: missed[cause]) if causes else ""
        held = f"they hold {percent(self.mass)} of the probability"
        held += f", beside {', '.join(causes)}" if causes else ""
        guide = self._plan.guide
        remedies = [_REMEDIES[worst]] if worst or guide is None else []
        if guide is not None:
            remedies.append("relax the constraints or raise --max-length")
        if self._plan.sampler.config.temperature == 0:
            remedies = ["temperature 0 has one string only: raise it, or pass --best"]
        remedy = ", or ".join(remedies)
        asked = "" if request.count is None else f" of {request.count:,}"
        return f"found {self._found:,}{asked} {kind}{why}; {held}; {remedy}"


def _code_points(characters: Sequence[str]) -> NDArray[np.uint32] | None:
    """Return the code point of each id, (V,); ``None`` if a character has several, or is U+0000."""
    if any(len(one) != 1 or one == "\0" for one in characters):
        return None
    return np.array([0, *map(ord, characters)], np.uint32)
