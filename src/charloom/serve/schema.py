"""What the native endpoints take and return."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ..config import NAMES_TEMPERATURE
from .settings import MOST_LENGTH, MOST_NAMES, MOST_TEXT, MOST_TEXTS

Short = Annotated[str, Field(max_length=MOST_LENGTH)]
Text = Annotated[str, Field(max_length=MOST_TEXT)]
Seed = Annotated[int, Field(ge=0, lt=2**63, strict=True)]
Whole = Annotated[int, Field(strict=True)]
Temperature = Annotated[float, Field(ge=0, le=100)]


class Strict(BaseModel):
    """A request; a field that it does not know is an error."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Blend(Strict):
    """Another run to blend with."""

    run: Short
    weight: float = Field(0.5, ge=0, le=1, description="The other run's share.")


class Constraints(Strict):
    """What every name must satisfy."""

    start: Short = Field("", description="Every name starts with this.")
    end: Short = Field("", description="Every name ends with this.")
    contains: list[Short] = Field([], max_length=20, description="Every name has each of these.")
    length: Short | None = Field(None, description="Length of every name: 6:9, 6:, :9 or 7.")
    max_length: Whole | None = Field(
        None, ge=1, le=MOST_LENGTH, description="Longest name, its start included."
    )
    chars: Short | None = Field(None, description="Names consist of these characters only.")
    regex: Short | None = Field(None, description="An expression that every whole name matches.")
    block: list[Short] = Field(
        [], max_length=MOST_TEXTS, description="Strings that no name may contain, in any case."
    )
    forbid: list[Short] = Field(
        [], max_length=MOST_TEXTS, description="Names to exclude, beside the training list."
    )
    min_edits: Whole = Field(
        1, ge=1, le=MOST_LENGTH, description="Least edit distance from every excluded name."
    )
    fold_case: bool = Field(False, description="Names that differ only in case are the same.")
    allow_known: bool = Field(False, description="Allow names of the training list.")


class Sampling(Strict):
    """How characters are sampled."""

    temperature: Temperature | list[Annotated[float, Field(gt=0, le=100)]] = Field(
        NAMES_TEMPERATURE,
        description="Below 1 more typical, above 1 bolder; several alternate along the name.",
    )
    top_k: Whole | None = Field(None, ge=1, le=2**31)
    top_p: float | None = Field(None, gt=0, le=1)
    min_p: float | None = Field(None, ge=0, le=1)
    seed: Seed | None = Field(
        None, description="The same seed gives the same names; by default a new one, which is told."
    )


class NamesRequest(Constraints, Sampling):
    """A request for names: the options of ``charloom generate``."""

    run: Short | None = Field(None, description="The run's id; by default the first.")
    n: Whole = Field(10, ge=1, le=MOST_NAMES, description="How many names.")
    allow_repeats: bool = Field(False, description="Allow a name to come repeatedly.")
    best: bool = Field(False, description="The most likely names in order instead of samples.")
    beam: Whole | None = Field(None, ge=1, le=10_000, description="With best: a beam search.")
    labels: dict[Short, float] = Field({}, max_length=100, description="Labels and weights.")
    guidance: float | None = Field(None, ge=0, le=100, description="How strongly labels count.")
    blend: Blend | None = Field(None, description="Another run to blend with.")
    explain: bool = Field(False, description="Each character's probability and alternatives.")
    stream: bool = Field(False, description="Send names as they are found, as events.")

    model_config = ConfigDict(
        extra="forbid",
        allow_inf_nan=False,
        json_schema_extra={"examples": [{"n": 5, "start": "Ra", "length": "6:9", "seed": 1}]},
    )


class Name(BaseModel):
    """A name."""

    text: str
    nats: float = Field(description="-log of its probability under the model itself.")
    origin: Literal["new", "known", "unknown"]
    explanation: dict[str, Any] | None = None


class NamesResponse(BaseModel):
    """Names, in the order of the draw, and how the search for them went."""

    run: str
    seed: int | None = Field(description="Ask with it for the same names; none with best.")
    names: list[Name]
    complete: bool = Field(description="False where time was up before the search ended.")
    seen: int = Field(description="Different strings that the search visited.")
    mass: float = Field(description="The names' total probability.")
    reason: str | None = Field(description="Why there are fewer than requested.")
    note: str | None = None


class ScoreRequest(Strict):
    """Strings to score."""

    run: Short | None = None
    texts: list[Text] = Field(min_length=1, max_length=MOST_TEXTS)

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"texts": ["Karito", "Xqzw"]}]}
    )


class Score(BaseModel):
    """A string's score."""

    text: str
    nats: float | None = Field(description="-log of its probability; null where it has none.")
    unknown: str = Field(description="Characters that the model never saw.")


class ScoreResponse(BaseModel):
    """Scores, in the order of the texts."""

    run: str
    scores: list[Score]


class ExplainRequest(Strict):
    """Strings to explain character by character."""

    run: Short | None = None
    texts: list[Short] = Field(min_length=1, max_length=100)
    alternatives: Whole = Field(3, ge=0, le=20)
    temperature: Temperature = 1.0

    model_config = ConfigDict(
        extra="forbid",
        allow_inf_nan=False,
        json_schema_extra={"examples": [{"texts": ["Karito"], "alternatives": 2}]},
    )


class ExplainResponse(BaseModel):
    """Explanations, in the order of the texts."""

    run: str
    explanations: list[dict[str, Any]]


class CheckRequest(Constraints):
    """A name to check."""

    run: Short | None = None
    text: Short

    model_config = ConfigDict(
        extra="forbid",
        allow_inf_nan=False,
        json_schema_extra={"examples": [{"text": "Karito", "length": "6:9", "end": "saurus"}]},
    )


class Nearest(BaseModel):
    """The nearest name of the training list."""

    text: str
    distance: int = Field(description="Insertions, deletions and substitutions.")


class CheckResponse(BaseModel):
    """What stands against a name, if anything."""

    run: str
    text: str
    new: bool | None = Field(description="Not in the training list; null without a list.")
    nearest: Nearest | None
    broken: list[str] = Field(description="The constraints that it breaks.")
    unknown: str = Field(description="Characters that the model never saw.")
    nats: float | None


class Problem(BaseModel):
    """What was wrong with a request."""

    message: str
    type: str
    param: str | None = None
    code: str | None = None


class ErrorResponse(BaseModel):
    """An error, in the form that OpenAI's clients read."""

    error: Problem
