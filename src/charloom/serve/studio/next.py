"""How a beginning may continue, while it is typed: what ``charloom play`` shows."""

from __future__ import annotations

import math
import zlib
from random import Random
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from ...generation import NameModel
from ...generation.continuations import Continued, continued_name, continued_text
from ..admission import Admission
from ..engine import Job
from ..library import Library
from ..native import ERRORS
from ..schema import Short

MOST_TEXT = 100_000
"""Characters of a text that may be sent; the model reads the last ones."""


class NextRequest(BaseModel):
    """A beginning.

    Attributes:
        run: the run's id; by default the first.
        text: the beginning of a name, or a text.
        temperature: below 1 more typical, above 1 bolder, 0 the most likely only.
    """

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    run: Short | None = None
    text: str = Field("", max_length=MOST_TEXT)
    temperature: Annotated[float, Field(ge=0, le=100)] = 1.0


class Choice(BaseModel):
    """A character that may follow, and its probability; no text: the end of the name."""

    text: str
    probability: float


class Continuation(BaseModel):
    """A whole name, or what may follow a text.

    Attributes:
        text: of names the whole, of text what follows.
        probability: given the beginning; ``None`` for text, which is sampled.
        known: whether the name is of the list; ``None`` where that is not known.
    """

    text: str
    probability: float | None
    known: bool | None


class NextResponse(BaseModel):
    """How the beginning may continue; ``text`` as the model spells it."""

    text: str
    characters: list[Choice]
    continuations: list[Continuation]


def routes(library: Library, admission: Admission) -> APIRouter:
    """Return the endpoint."""
    router = APIRouter(tags=["studio"], responses=ERRORS)

    @router.post("/studio/next", summary="How a beginning may continue")
    async def following(asked: NextRequest, request: Request) -> NextResponse:
        """The most likely next characters and names; of text, continuations that are sampled."""
        return await admission.run(request, lambda job: _answer(library, asked, job))

    return router


def _answer(library: Library, asked: NextRequest, job: Job) -> NextResponse:
    job.check()  # whoever types on has asked for something else by now
    model = library.get(asked.run).model
    if isinstance(model, NameModel):
        found = continued_name(model, asked.text, asked.temperature)
        return _response(found, 0)
    drawing = Random(zlib.crc32(asked.text.encode()))  # the same text, the same continuations
    found = continued_text(model, asked.text, asked.temperature, lambda: drawing.getrandbits(48))
    return _response(found, len(found.text))


def _response(found: Continued, given: int) -> NextResponse:
    from ...generation.explain import END

    return NextResponse(
        text=found.text,
        characters=[
            Choice(text="" if text == END else text, probability=share)
            for text, share in found.characters
        ],
        continuations=[
            Continuation(
                text=sample.text[given:],
                probability=None if math.isnan(share) else share,
                known=None if sample.origin == "unknown" else sample.origin == "known",
            )
            for sample, share in found.offers
        ],
    )
