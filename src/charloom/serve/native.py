"""The native endpoints: names, scores, explanations, checks, runs."""

from __future__ import annotations

import json
import math
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from ..errors import ConfigError
from ..generation import NameModel, Sample, TextModel
from ..generation import constraints as c
from ..generation.explain import explain
from ..generation.search.request import Search
from .admission import Admission, first_of
from .engine import Interrupted, Job
from .library import Library, described
from .measures import Measures
from .schema import (
    CheckRequest,
    CheckResponse,
    Constraints,
    ErrorResponse,
    ExplainRequest,
    ExplainResponse,
    Name,
    NamesRequest,
    NamesResponse,
    Nearest,
    Score,
    ScoreRequest,
    ScoreResponse,
)
from .wording import in_fields, told

EVENTS = "text/event-stream"

FEW = 2
"""Requests at once up to which a stream's first names hurry; with more, each step counts."""

ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorResponse} for status in (400, 401, 403, 404, 413, 422, 503)
}


def routes(library: Library, admission: Admission, measures: Measures) -> APIRouter:
    """Return the endpoints."""
    router = APIRouter(tags=["charloom"], responses=ERRORS)

    @router.post(
        "/v1/names",
        response_model=NamesResponse,
        responses={200: {"content": {EVENTS: {}}}},
        summary="Generate names",
    )
    async def names(asked: NamesRequest, request: Request) -> Any:
        """Names from a run of names, as `charloom generate` prints them.

        With `stream`, server-sent events: a `name` for each as it is found, then `end` with the
        rest of the answer.
        """
        served = library.get(asked.run)
        seed = secrets.randbits(48) if asked.seed is None else asked.seed
        request.state.log = {"run": served.id, "n": asked.n}

        def work(job: Job, put: Callable[[Name], None]) -> NamesResponse:
            blend = (asked.blend.run, asked.blend.weight) if asked.blend else None
            model = library.combined(served, asked.labels, asked.guidance, blend)
            if not isinstance(model, NameModel):
                model = served.names  # raises
            search = searched(model, asked, seed)
            if asked.stream and admission.present <= FEW:
                search.hurried()
            complete = True
            try:
                for sample in search:
                    job.check()
                    put(named(model, sample, asked.explain))
                    measures.names.inc()
            except Interrupted:
                complete = False
            return NamesResponse(
                run=served.id,
                seed=None if asked.best else seed,
                names=[],
                complete=complete,
                seen=search.seen,
                mass=search.mass,
                reason=told(search.reason) if complete else "time was up",
                note=told(search.note),
            )

        if asked.stream:
            return await streamed(request, admission, work)
        found: list[Name] = []
        answer = await admission.run(request, lambda job: work(job, found.append))
        return answer.model_copy(update={"names": found})

    @router.post("/v1/score", response_model=ScoreResponse, summary="Score strings")
    async def score(asked: ScoreRequest, request: Request) -> ScoreResponse:
        """Each string's negative log-likelihood in nats, as `charloom score` prints it."""
        served = library.get(asked.run)

        def work(job: Job) -> ScoreResponse:
            return ScoreResponse(run=served.id, scores=scored(served.model, asked.texts))

        return await admission.run(request, work)

    @router.post("/v1/explain", response_model=ExplainResponse, summary="Explain strings")
    async def explained(asked: ExplainRequest, request: Request) -> ExplainResponse:
        """Each character's probability, the alternatives, and the nearest training name."""
        served = library.get(asked.run)

        def work(job: Job) -> ExplainResponse:
            found = explain(
                served.model, asked.texts, asked.alternatives, temperature=asked.temperature
            )
            return ExplainResponse(run=served.id, explanations=[e.to_dict() for e in found])

        return await admission.run(request, work)

    @router.post("/v1/check", response_model=CheckResponse, summary="Check a name")
    async def check(asked: CheckRequest, request: Request) -> CheckResponse:
        """Whether a name is new, how near the nearest training name is, and what it breaks."""
        served = library.get(asked.run)
        return await admission.run(request, lambda job: checked(served.id, served.names, asked))

    @router.get("/v1/runs/{id}", summary="Describe a run")
    async def run(id: str) -> dict[str, Any]:  # noqa: A002 (the path's word)
        """What `charloom info --json` prints."""
        return {"id": id} | described(library.get(id).run)

    return router


def rules_of(asked: Constraints) -> c.Rules:
    """Return the constraints of a request, its start left out."""
    rules: list[c.Rule] = []
    if asked.end:
        rules.append(c.End(asked.end))
    rules += map(c.Contains, asked.contains)
    if asked.length:
        rules.append(c.Length.parse(asked.length))
    if asked.chars is not None:
        rules.append(c.Chars(asked.chars))
    if asked.regex is not None:
        rules.append(c.Regex(asked.regex))
    if asked.block:
        rules.append(c.Block(tuple(asked.block)))
    return c.Rules(tuple(rules))


def searched(model: NameModel, asked: NamesRequest, seed: int) -> Search:
    """Return the search that a request asks for."""
    heat = asked.temperature
    rules = rules_of(asked)
    options: dict[str, Any] = {
        "start": asked.start,
        "rules": rules if len(rules) else None,
        "temperature": tuple(heat) if isinstance(heat, list) else heat,
        "forbid": frozenset(asked.forbid),
        "seed": seed,
        "threads": 1,
    }
    same = ("top_k", "top_p", "min_p", "max_length", "min_edits", "fold_case", "allow_known")
    options |= {name: getattr(asked, name) for name in same}
    if asked.best:
        if "temperature" not in asked.model_fields_set:
            options["temperature"] = 1.0
        if asked.allow_repeats:
            raise ConfigError("the best strings are different. Leave out allow_repeats.")
        return model.stream_best(asked.n, beam=asked.beam, **options)
    if asked.beam is not None:
        raise ConfigError("beam is for best. Add that, or leave it out.")
    return model.stream(asked.n, allow_repeats=asked.allow_repeats, **options)


def scored(model: NameModel | TextModel, texts: Sequence[str]) -> list[Score]:
    """Return each text's score; none for a text with a character that the model never saw."""
    spelled = map(model.vocabulary.normalised, texts)
    unknown = ["".join(model.vocabulary.unknown(text)) for text in spelled]
    known = [text for text, odd in zip(texts, unknown, strict=True) if not odd]
    nats = iter(model.nll(known, threads=1).tolist() if known else ())
    return [
        Score(text=text, nats=None if odd else finite(next(nats)), unknown=odd)
        for text, odd in zip(texts, unknown, strict=True)
    ]


def finite(nats: float) -> float | None:
    """Return nats as JSON can hold them."""
    return round(nats, 6) if math.isfinite(nats) else None


def named(model: NameModel, sample: Sample, explained: bool) -> Name:
    """Return a sample as it stands in a response."""
    explanation = explain(model, [sample.text])[0].to_dict() if explained else None
    return Name(
        text=sample.text,
        nats=round(sample.nats, 6),
        origin=sample.origin,
        explanation=explanation,
    )


def checked(run: str, model: NameModel, asked: CheckRequest) -> CheckResponse:
    """Return what stands against a name."""
    text, unit = model.vocabulary.normalised(asked.text), model.vocabulary.token_unit
    start: list[c.Rule] = [c.Start(asked.start)] if asked.start else []
    if asked.max_length is not None:
        start.append(c.Length(0, asked.max_length))
    rules = (*start, *rules_of(asked))
    broken = [in_fields(rule.describe()) for rule in rules if not rule.allows(text, unit)]
    novelty = model.novelty(
        allow_known=asked.allow_known or model.training_set is None,
        forbid=asked.forbid,
        min_edits=asked.min_edits,
        fold_case=asked.fold_case,
    )
    verdict = novelty.judge([text])[0]
    if not novelty.may_come(verdict):
        broken.append(
            {
                "known": "in the training list",
                "forbidden": "forbidden",
                "near": f"nearer than {asked.min_edits} edits to an excluded name",
                "empty": "empty",
            }.get(verdict, verdict)
        )
    unknown = "".join(model.vocabulary.unknown(text))
    known = model.training_set
    near = None
    if known:
        from ..generation.nearest import nearest

        names = sorted(known)
        edits, places = nearest([text], names, unit=unit, threads=1)
        near = Nearest(text=names[int(places[0])], distance=int(edits[0]))
    return CheckResponse(
        run=run,
        text=text,
        new=None if known is None else text not in known,
        nearest=near,
        broken=broken,
        unknown=unknown,
        nats=None if unknown else finite(float(model.nll([text], threads=1)[0])),
    )


async def streamed(
    request: Request, admission: Admission, work: Callable[[Job, Callable[[Any], None]], Any]
) -> StreamingResponse:
    """Answer with events: those that ``work`` puts, then its result."""

    def working(job: Job, put: Callable[[tuple[str, Any]], None]) -> None:
        result = work(job, lambda item: put(("name", item)))
        put(("end", result))

    events = admission.stream(working)
    first = await first_of(events, request)

    async def lines() -> AsyncIterator[str]:
        event = first
        while event is not None:
            kind, item = event
            data = item.model_dump(exclude={"names"} if kind == "end" else {"explanation"}
                                   if item.explanation is None else None)  # fmt: skip
            yield f"event: {kind}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"
            event = await anext(events, None)

    return StreamingResponse(lines(), media_type=EVENTS)
