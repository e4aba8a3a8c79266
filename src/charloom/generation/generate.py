"""As many strings as were asked for: new and without repeats, unless told otherwise."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, overload

import numpy as np

from ..config import SampleConfig
from ..models.numpy_rnn import NumpyRNN
from ..vocabulary import Vocabulary
from .decode import Ids, Strings, draw
from .samplers import Sampler

Origin = Literal["new", "known", "unknown"]

SMALLEST_ROUND = 32
"""Draws that cost hardly more than one, since they are stepped together."""

LARGEST_ROUND = 1 << 17
"""Draws that are held in memory at once."""

PATIENCE = 10_000
"""Draws, at least, that may bring nothing before the search ends."""

_REMEDIES = {
    "known": "raise --temperature or pass --allow-known",
    "repeated": "raise --temperature or pass --allow-repeats",
    "unfinished": "raise --max-length or lower --temperature",
    "forbidden": "raise --temperature or forbid fewer",
    "empty": "raise --temperature or pass a --start",
}


@dataclass(frozen=True, slots=True)
class Sample:
    """A string that the model gave.

    Attributes:
        text: the string, the start included.
        nats: -log of its probability under the model itself, end symbol included.
        origin: ``known`` from the training list; ``new``, neither on it nor forbidden; or
            ``unknown``, where there is no list to tell by.
    """

    text: str
    nats: float
    origin: Origin

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Generated(Sequence[Sample]):
    """The samples, in the order of the draw, and how the search for them went.

    Attributes:
        samples: what was found.
        draws: how many strings were drawn for it.
        reason: why there are fewer than were asked for, in one line with the remedy; or ``None``.
    """

    samples: tuple[Sample, ...]
    draws: int
    reason: str | None = None

    def __len__(self) -> int:
        return len(self.samples)

    @overload
    def __getitem__(self, index: int) -> Sample: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Sample, ...]: ...
    def __getitem__(self, index: int | slice) -> Sample | tuple[Sample, ...]:
        return self.samples[index]


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is asked for; ``LanguageModel`` has checked it.

    Attributes:
        count: how many samples.
        start: what every string begins with, and its ids in ``prompt``.
        max_length: the longest string that counts, in the vocabulary's units.
        config: how to draw, and the seed.
        known: the training list, normalised; ``None`` if there is none.
        forbidden: strings that may not come out, normalised.
        allow_known, allow_repeats: whether strings of the list, or one string twice, may.
        threads: at most so many.
    """

    count: int
    start: str
    prompt: Ids
    max_length: int
    config: SampleConfig
    known: frozenset[str] | None
    forbidden: frozenset[str]
    allow_known: bool
    allow_repeats: bool
    threads: int | None


class Search(Iterator[Sample]):
    """The samples as they come, in rounds: each is drawn at once, then sifted in order.

    What may not come out is drawn anew, so the samples follow the model's own distribution,
    given that they are such as was asked for. The search ends with the last sample; or without
    it once the latter half of all draws, and at least PATIENCE of them (one round if greedy,
    where all draws are the same), brought nothing, or 100,000 draws and 100 more a sample are
    spent. That may be cheap: equal prefixes are computed once however many draws share them.

    Attributes:
        draws: strings drawn so far.
        reason: why the search ended short of the count, in one line with the remedy; ``None``
            before its end, or with all.
    """

    def __init__(self, rnn: NumpyRNN, vocabulary: Vocabulary, request: Request) -> None:
        self.draws = 0
        self.reason: str | None = None
        self._rnn, self._request = rnn, request
        self._characters = np.array(["", *vocabulary.characters], dtype=object)
        self._seed = np.random.SeedSequence(request.config.seed)
        self._seen: set[str] = set()
        self._missed: Counter[str] = Counter()  # draws that came to nothing, by why
        self._samples = self._search()

    def __next__(self) -> Sample:
        return next(self._samples)

    def _search(self) -> Iterator[Sample]:
        count, found, fruitless = self._request.count, 0, 0
        patience = 0 if self._request.config.temperature == 0 else PATIENCE
        size = max(SMALLEST_ROUND, count)
        while True:
            size = min(size, max(count, PATIENCE, self.draws), LARGEST_ROUND)
            samples = self._round(size, count - found)
            self.draws += size
            found += len(samples)
            yield from samples
            if found == count:
                return
            fruitless = 0 if samples else fruitless + size
            exhausted = fruitless > max(patience, self.draws / 2)
            if exhausted or self.draws >= 100_000 + 100 * count:
                self.reason = self._explain(found)
                return
            # What is missing, at this round's rate, with a tenth to spare.
            size = SMALLEST_ROUND + (11 * (count - found) * size) // (10 * max(len(samples), 1))

    def _round(self, draws: int, wanted: int) -> list[Sample]:
        """Draw, and return the first ``wanted`` that may come out, in the order of the draw."""
        request = self._request
        draw_seed, order_seed = self._seed.spawn(2)
        strings = draw(
            self._rnn,
            Sampler(request.config),
            draws,
            prompt=request.prompt,
            max_length=request.max_length,
            seed=draw_seed,
            threads=request.threads,
        )
        self._missed["unfinished"] += draws - int(strings.draws.sum())
        judged = self._judge(strings)
        # Draws are independent, so any order is as likely as any other.
        order = np.repeat(np.arange(len(judged)), strings.draws)
        np.random.default_rng(order_seed).shuffle(order)
        samples: list[Sample] = []
        for sample in map(judged.__getitem__, order.tolist()):
            if sample is None:
                continue
            if not request.allow_repeats:
                key = normalise(sample.text)
                if key in self._seen:
                    self._missed["repeated"] += 1
                    continue
                self._seen.add(key)
            samples.append(sample)
            if len(samples) == wanted:
                break
        return samples

    def _judge(self, strings: Strings) -> list[Sample | None]:
        """Return a sample for each string, ``None`` for those that may not come out."""
        request, known = self._request, self._request.known
        other: Origin = "unknown" if known is None and not request.forbidden else "new"
        characters = self._characters[strings.ids].tolist()
        bounds = [0, *np.cumsum(strings.lengths).tolist()]
        judged: list[Sample | None] = []
        facts = zip(pairwise(bounds), strings.draws.tolist(), strings.nats.tolist(), strict=True)
        for (begin, end), draws, nats in facts:
            text = request.start + "".join(characters[begin:end])
            key = normalise(text)
            is_known = known is not None and key in known
            if not text:
                why = "empty"
            elif key in request.forbidden:
                why = "forbidden"
            elif is_known and not request.allow_known:
                why = "known"
            else:
                judged.append(Sample(text, nats, "known" if is_known else other))
                continue
            judged.append(None)
            self._missed[why] += draws
        return judged

    def _explain(self, found: int) -> str:
        """Say in one line how far the search came, why no farther and what would help."""
        missed = [(why, draws) for why, draws in self._missed.most_common() if draws]
        kind = "names" if self._request.allow_known else "new names"
        causes = ", ".join(f"{draws:,} {why}" for why, draws in missed)
        return (
            f"found {found:,} of {self._request.count:,} {kind} in {self.draws:,} draws "
            f"({causes}); {_REMEDIES[missed[0][0]]}"
        )


def normalise(text: str) -> str:
    """Return the text in NFC, in which strings that look the same are compared."""
    return unicodedata.normalize("NFC", text)
