"""Requests for samples, and their results: samples, and how the search went."""

from __future__ import annotations

from abc import abstractmethod
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import NDArray

from ...config import SampleConfig
from ...data.vocabulary import Vocabulary
from ...models.interface import Recurrence
from ...models.sampling import Sampler, Transform
from ..constraints.compiled import CompiledConstraints
from ..novelty import Novelty, Origin
from .arrivals import Arrivals
from .walk import Plan

if TYPE_CHECKING:
    from .guides import ConstraintGuide, Guide

SHOWN, SHOWN_ROWS = 6, 20
"""Samples in a short description, and in a notebook's table."""

JUDGED_AT_ONCE = 4096
"""Strings that are turned into text and judged together."""

STEPS = 2_000_000
"""Steps of the model that a search may take, and STEPS_EACH for each sample asked for; a model
that can give them needs about ten a sample."""

STEPS_EACH = 500

_REMEDIES = {
    "known": "pass --allow-known or train on more",
    "forbidden": "forbid fewer",
    "near": "lower --min-edits",
    "unfinished": "raise --max-length or lower --temperature",
    "empty": "raise --temperature or pass a --start",
    "denormalised": "raise --temperature",
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
        seen: how many different strings it visited, those that are not allowed included.
        mass: the samples' total probability, given what every string begins with.
        reason: why there are fewer than requested, in one line with the remedy; or ``None``.
        note: what the user should know about the samples; or ``None``.
    """

    samples: tuple[Sample, ...]
    seen: int
    mass: float
    reason: str | None = None
    note: str | None = None

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


@dataclass(frozen=True, kw_only=True)
class Request:
    """A checked request for samples.

    Attributes:
        count: how many samples; ``None`` for no limit.
        rules: the compiled constraints.
        longest: the longest string without constraints.
        config: how to sample, and the seed.
        novelty: which strings are allowed.
        allow_repeats: whether one string may come twice.
        threads: at most this many.
        transform: the caller's, applied to the logits first.
    """

    count: int | None
    rules: CompiledConstraints
    longest: int
    config: SampleConfig
    novelty: Novelty
    allow_repeats: bool = False
    threads: int | None = None
    transform: Transform | None = None

    @cached_property
    def sampler(self) -> Sampler:
        """The distribution of the next id."""
        return Sampler(self.config, self.transform)

    @property
    def most_steps(self) -> int:
        """Steps that the search may take in one walk."""
        return STEPS + STEPS_EACH * (self.count or 0)

    def constraints(self, vocabulary_size: int) -> ConstraintGuide | None:
        """Return the guide for the constraints; ``None`` if there is at most a start."""
        rules = self.rules
        automaton = rules.automaton
        any_length = rules.least <= max(len(rules.prompt), 1) and rules.most >= self.longest
        if automaton is None and any_length:
            return None
        from ..constraints.automaton import Automaton
        from .guides import ConstraintGuide  # late: most calls have none

        if automaton is None:
            anything = np.zeros(vocabulary_size, np.int32), np.zeros((1, 1), np.int32)
            automaton = Automaton(*anything, accepting=np.ones(1, np.bool_), start=0)
        return ConstraintGuide(automaton, rules.least, rules.most)


class Search(Iterator[Sample]):
    """The samples, one at a time, from walks that each go farther than the last.

    Attributes:
        seen: different strings visited so far.
        mass: the probability of the samples so far, given what every string begins with.
        reason: why the search ended before the count, in one line with the remedy; ``None``
            before its end, or with all.
        note: what the user should know about the samples, or ``None``.
    """

    def __init__(self, rnn: Recurrence, vocabulary: Vocabulary, request: Request) -> None:
        self.seen = 0
        self.mass = 0.0
        self.reason: str | None = None
        self.note: str | None = None
        self._found = 0
        self._walked, self._to_walk = 0, 0  # steps of the present walk, and how many it may have
        self._rnn, self._vocabulary, self._request = rnn, vocabulary, request
        self._characters = np.array(["", *vocabulary.characters], dtype=object)
        self._start = vocabulary.decode(request.rules.prompt)
        self._constraints = request.constraints(rnn.vocabulary_size)
        self._come: set[int] = set()  # keys, where strings may come again
        self._missed: defaultdict[str, float] = defaultdict(
            float
        )  # probability that came to nothing, by why
        self._samples = self._search()

    def __next__(self) -> Sample:
        return next(self._samples)

    @abstractmethod
    def _search(self) -> Iterator[Sample]:
        """Yield the samples; set ``reason`` if the end comes early."""

    def _plan(self, guide: Guide | None) -> Plan:
        """Return the plan of a walk."""
        request = self._request
        return Plan(
            rnn=self._rnn,
            sampler=request.sampler,
            prompt=request.rules.prompt,
            max_length=request.rules.most,
            seed=request.config.seed,
            guide=guide,
            most_steps=request.most_steps,
            threads=request.threads,
            watch=self._watch,
        )

    def _watch(self, steps: int) -> None:
        self._walked += steps

    @property
    def progress(self) -> float:
        """The estimated progress of the search, from 0 to 1; for another thread to read."""
        if self._request.count is None:
            return 0.0
        walked = min(1.0, self._walked / max(self._to_walk, 1))
        return self._found / self._request.count * (1 - walked) + walked

    def _judged(self, found: Arrivals, rows: NDArray[np.intp]) -> Iterator[tuple[int, Sample]]:
        """Yield the strings of ``rows`` that are allowed, with their row, in order.

        A row that comes more than once is judged once, and its probability counted once.
        """
        ends = np.cumsum(found.lengths, dtype=np.int64)
        novelty, log_p = self._request.novelty, found.log_p
        for first in range(0, len(rows), JUDGED_AT_ONCE):
            chunk, places = np.unique(rows[first : first + JUDGED_AT_ONCE], return_inverse=True)
            texts = self._texts(found, chunk, ends)
            judged: list[Sample | str] = [
                Sample(text, float(found.nats[row]), verdict)  # type: ignore[arg-type]
                if novelty.may_come(verdict)
                else verdict
                for row, text, verdict in zip(chunk, texts, novelty.judge(texts), strict=True)
            ]
            numbers = chunk.tolist()
            for place in places.tolist():
                row, sample = numbers[place], judged[place]
                if isinstance(sample, Sample):
                    if self._is_first(found, row):
                        self.mass += float(np.exp(log_p[row]))
                    self._found += 1
                    yield row, sample
                elif self._is_first(found, row):
                    self._missed[sample] += float(np.exp(log_p[row]))

    def _is_first(self, found: Arrivals, row: int) -> bool:
        """Say whether a string comes for the first time, and remember that it has come."""
        if not self._request.allow_repeats:
            return True
        key, before = int(found.keys[row]), len(self._come)
        self._come.add(key)
        return len(self._come) > before

    def _texts(self, found: Arrivals, rows: NDArray[np.intp], ends: NDArray[np.int64]) -> list[str]:
        """Return the strings of ``rows`` as text; ``ends`` (M,) are where each string's ids end."""
        lengths = found.lengths[rows].astype(np.int64)
        bounds = np.concatenate([[0], np.cumsum(lengths)])
        places = np.repeat(ends[rows] - lengths - bounds[:-1], lengths) + np.arange(bounds[-1])
        characters = self._characters[found.ids[places]].tolist()
        return [self._start + "".join(characters[a:b]) for a, b in pairwise(bounds.tolist())]

    def _explain(self, why: str, unfinished: float) -> str:
        """Say in one line how far the search came, why it ended, and what would help."""
        request = self._request
        from ...formatting import percent  # late: only this message needs it

        kind = "names" if request.novelty.allow_known else "new names"
        missed = {**self._missed, "unfinished": unfinished}
        words = {"unfinished": "too long", "near": "too near to one of the list", "": ""}
        causes = [
            f"{percent(mass)} {words.get(cause, cause)}"
            for cause, mass in sorted(missed.items(), key=lambda pair: -pair[1])
            if mass > 1e-9
        ]
        worst = max(missed, key=lambda cause: missed[cause]) if causes else ""
        held = f"they hold {percent(self.mass)} of the probability"
        held += f", beside {', '.join(causes)}" if causes else ""
        remedies = [_REMEDIES[worst]] if worst or self._constraints is None else []
        if self._constraints is not None:
            remedies.append("loosen the rules or raise --max-length")
        if request.config.temperature == 0:
            remedies = ["temperature 0 knows one string only: raise it, or pass --best"]
        remedy = ", or ".join(remedies)
        asked = "" if request.count is None else f" of {request.count:,}"
        return f"found {self._found:,}{asked} {kind}{why}; {held}; {remedy}"
