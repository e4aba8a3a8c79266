"""OpenAI's completions dialect: what it takes and returns."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ..config import MOST_NGRAM
from .schema import Blend, Seed, Short, Text, Whole
from .settings import MOST_CHARACTERS, MOST_LENGTH, MOST_TEXTS

MOST_CHOICES = 1_000
"""Choices of one request."""

MOST_PROMPTS = 100
"""Prompts of one request."""


class Extension(BaseModel):
    """What the dialect has no words for; see the fields of `/v1/names`."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    top_k: Whole | None = Field(None, ge=1, le=2**31)
    min_p: float | None = Field(None, ge=0, le=1)
    no_repeat: Whole | None = Field(
        None, ge=1, le=MOST_NGRAM, description="No so many characters come twice; for text."
    )
    unique: bool = Field(True, description="No choice comes twice; for names.")
    new: bool = Field(True, description="No choice is in the training list; for names.")
    end: Short = ""
    contains: list[Short] = Field([], max_length=20)
    length: Short | None = None
    chars: Short | None = None
    regex: Short | None = None
    block: list[Short] = Field([], max_length=MOST_TEXTS)
    forbid: list[Short] = Field([], max_length=MOST_TEXTS)
    min_edits: Whole = Field(1, ge=1, le=MOST_LENGTH)
    fold_case: bool = False
    labels: dict[Short, float] = Field({}, max_length=100)
    guidance: float | None = Field(None, ge=0, le=100)
    blend: Blend | None = None


class StreamOptions(BaseModel):
    """What a stream has besides the choices."""

    include_usage: bool = False


class CompletionRequest(BaseModel):
    """A request in OpenAI's dialect. A token is a character."""

    model: Short
    prompt: Text | list[Text] = ""
    n: Whole = Field(1, ge=1, le=MOST_CHOICES)
    max_tokens: Whole | None = Field(
        None,
        ge=0,
        le=MOST_CHARACTERS,
        description="Characters to generate: by default 200 of text, and names of the usual "
        "length. Names are never cut: longer ones do not come.",
    )
    temperature: float = Field(1.0, ge=0, le=100)
    top_p: float = Field(1.0, gt=0, le=1)
    stop: Short | Annotated[list[Short], Field(max_length=16)] | None = None
    seed: Seed | None = None
    stream: bool = False
    stream_options: StreamOptions | None = None
    logprobs: Whole | None = Field(None, ge=0, le=20)
    echo: bool = False
    best_of: Whole | None = Field(None, description="Must be n, if it is given.")
    presence_penalty: Literal[0] | None = Field(0, description="Must be 0.")
    frequency_penalty: Literal[0] | None = Field(0, description="Must be 0.")
    suffix: None = Field(None, description="Not supported.")
    logit_bias: dict[str, float] | None = Field(None, max_length=0, description="Not supported.")
    user: str | None = Field(None, description="Ignored.")
    charloom: Extension = Extension()

    model_config = ConfigDict(
        extra="forbid",
        allow_inf_nan=False,
        json_schema_extra={
            "examples": [{"model": "dinosaurs", "prompt": "Ram", "n": 3, "seed": 1}]
        },
    )


class Logprobs(BaseModel):
    """The logarithm of each character's probability, and the most likely ones."""

    tokens: list[str]
    token_logprobs: list[float | None]
    top_logprobs: list[dict[str, float] | None] | None
    text_offset: list[int]


class Choice(BaseModel):
    """A completion."""

    text: str
    index: int
    logprobs: Logprobs | None = None
    finish_reason: Literal["stop", "length"] | None = None


class Usage(BaseModel):
    """Characters read and generated."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class Completion(BaseModel):
    """The answer, or a part of it in a stream."""

    id: str
    object: Literal["text_completion"] = "text_completion"
    created: int
    model: str
    system_fingerprint: str
    choices: list[Choice]
    usage: Usage | None = None
    charloom: dict[str, Any] | None = None


class Model(BaseModel):
    """A run, as the dialect lists it."""

    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str = "charloom"


class Models(BaseModel):
    """The runs that are served."""

    object: Literal["list"] = "list"
    data: list[Model]
