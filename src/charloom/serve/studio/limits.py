"""Which constraints leave how many of a model's names."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from ...errors import VocabularyError
from ...generation import NameModel
from ...generation.constraints import RuleError
from ...generation.constraints.bounds import TooLargeError, listed
from ...generation.search.arrivals import Arrivals, arrivals
from ...generation.search.lookahead import DRAWS as TRIALS
from ...generation.search.lookahead import LookAhead, Trials
from ...generation.search.request import Request as SearchRequest
from ...generation.search.tree import read_prompt
from ...generation.search.walk import TooManySteps
from ...generation.search.without_replacement import FREQUENT, SLACKS
from ...models.threads import one_blas_thread
from ..admission import Admission
from ..engine import Job
from ..library import Library
from ..native import ERRORS, searched
from ..schema import NamesRequest

SECONDS = 3.0
"""After these, further constraints are not looked at."""

DRAWS = 400.0
"""Names under the constraints that a share is estimated from."""

STEPS = 100_000
"""Steps of the model that a walk for them may take."""

AUTOMATON = (
    "start", "end", "contains", "length", "max_length", "chars", "regex", "block", "temperature"
)  # fmt: skip
"""What decides which strings a walk finds; the other constraints are about novelty."""


class Limit(BaseModel):
    """A constraint, and what the others leave."""

    field: str
    item: int | None = Field(None, description="Which one of several texts that must be contained.")
    says: str = Field(description="What it requires: ends with “saurus”.")
    share_without: float | None = Field(
        description="Share of the model's names that satisfy all others; null if not computed."
    )


class Limits(BaseModel):
    """What the constraints of a request leave."""

    share: float | None = Field(description="Share of the model's names that satisfy all.")
    each: list[Limit]
    contradiction: str | None = Field(description="Which of them exclude each other, if any do.")


def routes(library: Library, admission: Admission) -> APIRouter:
    """Return the endpoint."""
    router = APIRouter(tags=["studio"], responses=ERRORS)

    @router.post("/studio/limits", response_model=Limits, summary="What constraints leave")
    async def limits(asked: NamesRequest, request: Request) -> Limits:
        """How the share of the model's names changes without each of a request's constraints."""
        served = library.get(asked.run)

        def work(job: Job) -> Limits:
            blend = (asked.blend.run, asked.blend.weight) if asked.blend else None
            model = library.combined(served, asked.labels, asked.guidance, blend)
            return limited(model if isinstance(model, NameModel) else served.names, asked, job)

        return await admission.run(request, work)

    return router


def limited(model: NameModel, asked: NamesRequest, job: Job) -> Limits:
    """Return what the constraints leave, all together and without each.

    Raises:
        ConfigError: a constraint has no meaning by itself, such as a pattern that is none.
    """
    asked = asked.model_copy(update={"best": False, "beam": None, "n": 100})
    if model.training_set is None:
        asked = asked.model_copy(update={"allow_known": True})
    until = time.monotonic() + SECONDS
    shares = Shares(model)

    def share(request: NamesRequest) -> float | None:
        job.check()
        if time.monotonic() > until:
            return None
        try:
            return shares.of(request)
        except (RuleError, VocabularyError):
            return 0.0

    contradiction = None
    try:
        together = shares.of(asked)
    except TooLargeError as error:
        together, contradiction = None, str(error)
    except VocabularyError as error:
        together, contradiction = 0.0, _sentence(str(error))
    except RuleError as error:
        if "no string of this model" not in str(error):
            raise
        together, contradiction = 0.0, _in_words(str(error), asked)
    each = [
        Limit(field=field, item=item, says=says, share_without=share(without))
        for field, item, says, without in _each(asked)
    ]
    return Limits(share=together, each=each, contradiction=contradiction)


class Shares:
    """Shares of a model's names; what several requests have in common is computed once."""

    def __init__(self, model: NameModel) -> None:
        self._model = replace(model, walk=None)
        self._trials: dict[bytes, Trials] = {}
        self._walks: dict[str, tuple[Arrivals | None, float]] = {}

    def of(self, asked: NamesRequest) -> float:
        """Return the share of the model's names, at the request's temperature, that satisfy it.

        Raises:
            RuleError: no string does.
        """
        request = searched(self._model, asked, asked.seed or 0).request
        rules = asked.model_dump(include={*AUTOMATON})
        with one_blas_thread():
            if (key := repr(rules)) not in self._walks:
                self._walks[key] = self._walked(request)
            found, share = self._walks[key]
            return _begins(request) * _allowed(request, found, share)

    def _walked(self, request: SearchRequest) -> tuple[Arrivals | None, float]:
        """Return names that a walk finds under the constraints but for those of novelty, and an
        estimate of their share from the prompt on."""
        plan, share, slack = request.plan, 1.0, 0.0
        if plan.guide is not None:
            key = plan.prompt.tobytes()
            if key not in self._trials:
                self._trials[key] = Trials.of(plan, request.longest)
            trials = self._trials[key]
            share = float(trials.accepted(plan.guide, plan.prompt).sum()) / TRIALS
            if share < FREQUENT:
                ahead = LookAhead(plan, plan.guide, trials)
                share, slack = ahead.acceptance, float(np.log(SLACKS[0]))
                plan = replace(plan, guide=ahead)
        try:
            log_horizon = float(np.log(DRAWS) - np.log(min(max(share, 1e-15), 1.0)))
            found = arrivals(replace(plan, most_steps=STEPS), log_horizon, slack)
        except TooManySteps:
            return None, min(share, 1.0)
        near = found.log_arrival <= log_horizon
        if not near.any():
            return None, min(share, 1.0)
        p = np.exp(found.log_p)
        weights = np.where(near, p / -np.expm1(-np.exp(found.log_p + log_horizon)), 0.0)
        return replace(found, log_p=np.log(np.maximum(weights, 1e-300))), min(share, 1.0)


def _allowed(request: SearchRequest, found: Arrivals | None, share: float) -> float:
    """Return the share of names from the prompt on that are as new as requested, too.

    ``log_p`` of what was found is the log of how much each stands for (Horvitz and Thompson 1952).
    """
    if found is None:
        return share
    start = request.vocabulary.decode(request.plan.prompt)
    rows = np.split(found.ids, np.cumsum(found.lengths)[:-1])
    texts = [start + request.vocabulary.decode(row) for row in rows]
    novelty = request.novelty
    may = np.array([novelty.may_come(verdict) for verdict in novelty.judge(texts)], bool)
    return float(min(1.0, np.exp(found.log_p)[may].sum()))


def _begins(request: SearchRequest) -> float:
    """Return the probability that a name begins with the prompt."""
    plan, log_p = request.plan, 0.0
    if not len(plan.prompt) or not plan.rnn.config.begin:
        return 1.0
    for place, following in enumerate(plan.prompt.tolist()):
        last, carry, _ = read_prompt(plan.rnn, plan.prompt[:place])
        logits, _ = plan.rnn.step(np.array([last]), carry)
        prepared = plan.sampler.prepared(logits, np.array([place]))
        log_p += float(plan.sampler.log_probabilities(prepared)[0, following])
    return float(np.exp(log_p))


def _each(asked: NamesRequest) -> Iterator[tuple[str, int | None, str, NamesRequest]]:
    """Yield each constraint: field, which of several, words, and the request without it."""

    def without(**changes: Any) -> NamesRequest:
        return asked.model_copy(update=changes)

    if asked.start:
        yield "start", None, f"starts with “{asked.start}”", without(start="")
    if asked.end:
        yield "end", None, f"ends with “{asked.end}”", without(end="")
    for i, text in enumerate(asked.contains):
        others = [*asked.contains[:i], *asked.contains[i + 1 :]]
        yield "contains", i, f"contains “{text}”", without(contains=others)
    if asked.length:
        yield "length", None, _length(asked.length), without(length=None)
    if asked.max_length is not None:
        says = f"has at most {asked.max_length} characters"
        yield "max_length", None, says, without(max_length=None)
    if asked.chars is not None:
        yield "chars", None, f"consists of “{asked.chars}” only", without(chars=None)
    if asked.regex is not None:
        yield "regex", None, f"matches the pattern {asked.regex}", without(regex=None)
    if asked.block:
        yield "block", None, "has nothing of the blocklist", without(block=[])
    if asked.forbid:
        yield "forbid", None, "is not among the names to exclude", without(forbid=[])
    if asked.min_edits > 1:
        says = f"differs from the list by {asked.min_edits} letters or more"
        yield "min_edits", None, says, without(min_edits=1)
    if not asked.allow_known:
        yield "allow_known", None, "is not in the training list", without(allow_known=True)


def _length(text: str) -> str:
    """Return the words for a length such as 6:9."""
    least, colon, most = text.strip().partition(":")
    if not colon or least == most:
        return f"has {least} characters"
    if not most:
        return f"has at least {least} characters"
    return f"has {least} to {most} characters" if least else f"has at most {most} characters"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _in_words(message: str, asked: NamesRequest) -> str:
    """Return in words which constraints exclude each other, from an error's spelling of them."""
    named: Callable[[str], bool] = lambda field: f"--{field}" in message  # noqa: E731
    said = []
    for field, item, says, _ in _each(asked):
        if field == "contains" and item is not None:
            if f"--contains {asked.contains[item]!r}" in message:
                said.append(says)
        elif named(field.replace("_", "-")):
            said.append(says)
    if "--max-length" in message and asked.max_length is None:
        most = message.partition("--max-length ")[2].split(" ")[0].rstrip(".")
        said.append(f"has at most {most} characters, as the model's names do")
    return f"No name that this model can write {listed(said)}." if said else _sentence(message)
