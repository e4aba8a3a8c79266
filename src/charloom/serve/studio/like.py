"""Names that resemble a name: in start, ending, length and sound."""

from __future__ import annotations

import math
import secrets
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from fastapi import APIRouter, Request
from pydantic import Field

from ...data.unicode import split_units
from ...errors import VocabularyError
from ...generation import NameModel, Sample
from ...generation import constraints as c
from ...generation.constraints import RuleError
from ..admission import Admission
from ..engine import Interrupted, Job
from ..library import Library
from ..native import ERRORS, named, rules_of, searched, streamed
from ..schema import Name, NamesRequest, NamesResponse, Short

ANY, EACH = 400, 80
"""Names that are sampled freely, and with each beginning of the given name."""

SPLICED = 400
"""Names with an ending of the given one that are scored."""

STEPS = 30_000
"""Steps of a walk, at most: where few names are new, it would look for the rarest ones."""

VARIETY, MOST_VARIED = 2.0, 600
"""How much names must differ from each other, and how many of them are compared with each other."""

WORSE = 3.0
"""Nats by which these may be less likely than the given name."""


class LikeRequest(NamesRequest):
    """A request for names that resemble one; the other fields are those of `/v1/names`."""

    text: Short = Field(min_length=1, description="The name that they resemble.")


def routes(library: Library, admission: Admission) -> APIRouter:
    """Return the endpoint."""
    router = APIRouter(tags=["studio"], responses=ERRORS)

    @router.post("/studio/like", summary="Names that resemble a name")
    async def like(asked: LikeRequest, request: Request) -> Any:
        """Names that resemble one, the most similar first, as events of `/v1/names`."""
        served = library.get(asked.run)
        seed = secrets.randbits(48) if asked.seed is None else asked.seed

        def work(job: Job, put: Callable[[Name], None]) -> NamesResponse:
            blend = (asked.blend.run, asked.blend.weight) if asked.blend else None
            model = library.combined(served, asked.labels, asked.guidance, blend)
            if not isinstance(model, NameModel):
                model = served.names  # raises
            found: list[Sample] = []
            complete = True
            try:
                found = similar(model, asked, seed)
                for sample in found:
                    put(named(model, sample, explained=False))
            except Interrupted:
                complete = False
            few = len(found) < asked.n and complete
            return NamesResponse(
                run=served.id,
                seed=seed,
                names=[],
                complete=complete,
                seen=len(found),
                mass=sum(math.exp(-sample.nats) for sample in found),
                reason=f"found {len(found)} that resemble it" if few else None,
            )

        return await streamed(request, admission, work)

    return router


def similar(model: NameModel, asked: LikeRequest, seed: int) -> list[Sample]:
    """Return the names that resemble ``asked.text``, the most similar first.

    Candidates are names that the model samples, some of them from a beginning of the given name,
    and such names with an ending of the given one where both have the same letter. Everything
    satisfies the request's constraints.
    """
    text = model.vocabulary.normalised(asked.text)
    found: dict[str, Sample] = {}
    for request in _samplings(model, asked, text):
        try:
            found |= {
                sample.text: sample for sample in searched(model, request, seed).within(STEPS)
            }
        except (RuleError, VocabularyError):
            continue  # no allowed name begins so
    given = _Shape(text)
    found |= {one.text: one for one in _spliced(model, asked, text, list(found), given)}
    found.pop(text, None)
    likeness = {one.text: given.likeness(_Shape(one.text), one.nats) for one in found.values()}
    ranked = sorted(found.values(), key=lambda one: (-likeness[one.text], one.text))
    return _varied(ranked[: 6 * asked.n], likeness, asked.n)


def _varied(ranked: list[Sample], likeness: dict[str, float], count: int) -> list[Sample]:
    """Choose names one by one: those that resemble what was chosen before come later
    (maximal marginal relevance, Carbonell and Goldstein 1998)."""
    from rapidfuzz.distance import JaroWinkler
    from rapidfuzz.process import cdist

    texts = [_plain(one.text) for one in ranked[:MOST_VARIED]]
    if not texts:
        return []
    alike = cdist(texts, texts, scorer=JaroWinkler.similarity, workers=1)
    worth = np.array([likeness[one.text] for one in ranked[:MOST_VARIED]])
    nearest = np.zeros(len(texts))
    chosen: list[int] = []
    while len(chosen) < min(count, len(texts)):
        rest = worth - VARIETY * nearest
        rest[chosen] = -np.inf
        chosen.append(int(rest.argmax()))
        nearest = np.maximum(nearest, alike[chosen[-1]])
    return [ranked[i] for i in chosen] + ranked[len(texts) : len(texts) + count - len(chosen)]


def _samplings(model: NameModel, asked: LikeRequest, text: str) -> Iterator[NamesRequest]:
    """Yield requests for any names, and for names with the same beginnings."""
    units = split_units(text, model.vocabulary.token_unit)
    size, constrained = len(units), len(rules_of(asked)) > 0
    plain = asked.model_dump(exclude={"text"})
    plain |= {"best": False, "beam": None, "allow_repeats": False}
    if model.rnn.config.begin or asked.start:
        yield NamesRequest(**plain | {"n": min(ANY + asked.n, 10_000)})
    # With constraints each search costs more, so there are fewer.
    parts = (1 / 2,) if constrained else (1 / 4, 1 / 2, 2 / 3)
    for length in sorted({max(1, round(part * size)) for part in parts}):
        start = "".join(units[:length])
        if start.startswith(asked.start) and start != asked.start:
            yield NamesRequest(**plain | {"start": start, "n": min(EACH + asked.n // 2, 10_000)})


def _spliced(
    model: NameModel, asked: LikeRequest, text: str, names: list[str], given: _Shape
) -> Iterator[Sample]:
    """Yield names with an ending of ``text`` that the constraints allow and the model expects."""
    vocabulary = model.vocabulary
    unit = vocabulary.token_unit
    if vocabulary.unknown(text) or not names:
        return
    units, spliced = split_units(text, unit), dict[str, None]()
    size = len(units)
    shift = 1 + size // 6
    for name in names:
        letters = split_units(name, unit)
        for i in range(1, len(letters)):
            for j in range(max(1, size // 5, i - shift), min(size - 1, i + shift + 1)):
                if letters[i] == units[j]:
                    spliced["".join([*letters[:i], *units[j:]])] = None
    likely = sorted(spliced, key=lambda one: (-given.likeness(_Shape(one), 0.0), one))[:SPLICED]
    start: tuple[c.Rule, ...] = (c.Start(asked.start),) if asked.start else ()
    if asked.max_length is not None:
        start = (*start, c.Length(0, asked.max_length))
    rules = c.Rules(start) & rules_of(asked)
    if len(rules):
        longest = max(map(len, likely), default=1)
        try:
            allowed = c.compile_rules(rules, vocabulary, longest)
        except (RuleError, VocabularyError):
            return
        likely = [one for one in likely if allowed.accepts(vocabulary.encode(one))]
    novelty = model.novelty(
        allow_known=asked.allow_known,
        forbid=frozenset(asked.forbid),
        min_edits=asked.min_edits,
        fold_case=asked.fold_case,
    )
    verdicts = novelty.judge(likely)
    may = [(one, v) for one, v in zip(likely, verdicts, strict=True) if novelty.may_come(v)]
    nats = model.nll([text, *(one for one, _ in may)], threads=1).tolist()
    for (one, verdict), each in zip(may, nats[1:], strict=True):
        if each < nats[0] + WORSE and (verdict in ("new", "known", "unknown")):
            yield Sample(one, each, verdict)


class _Shape:
    """What of a name is compared."""

    def __init__(self, text: str) -> None:
        self.text = _plain(text)
        self.pairs = {*zip(f"^{self.text}", f"{self.text}$", strict=True)}
        self.sound = _sound(self.text)

    def likeness(self, other: _Shape, nats: float) -> float:
        """Return how much another name resembles this one; more for more typical names."""
        longest = max(len(self.text), len(other.text), 1)
        pairs = 2 * len(self.pairs & other.pairs) / max(1, len(self.pairs) + len(other.pairs))
        return (
            1.2 * _common(self.text, other.text) / longest
            + 1.2 * _common(self.text[::-1], other.text[::-1]) / longest
            + 1.0 * pairs
            + 0.8 * _ratio(self.sound, other.sound)
            - 0.8 * abs(len(self.text) - len(other.text)) / longest
            - 0.09 * nats
        )


def _plain(text: str) -> str:
    """Return a name without case and accents."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in apart if not unicodedata.combining(c)) or text


KINDS = ("bp", "fvw", "dt", "gkcq", "szx", "iyje", "ou")

ALIKE = str.maketrans({letter: kind[0] for kind in KINDS for letter in kind})
"""Letters of Latin script that sound alike, roughly."""


def _sound(text: str) -> str:
    """Return how a name sounds, roughly: kinds of letters, repeated ones once."""
    kinds = text.translate(ALIKE)
    return "".join(c for i, c in enumerate(kinds) if not i or kinds[i - 1] != c)


def _common(one: str, other: str) -> int:
    """Return how many characters two strings begin with alike."""
    return next(
        (i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )


def _ratio(one: str, other: str) -> float:
    """Return how similar two strings are, from 0 to 1."""
    from rapidfuzz.distance import Levenshtein

    return float(Levenshtein.normalized_similarity(one, other))
