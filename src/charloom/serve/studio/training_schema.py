"""Requests and responses of the trainings."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from .reading import Reading

State = Literal["waiting", "running", "stopping", "stopped", "finished", "failed", "lost"]

BUSY = ("waiting", "running", "stopping")
"""States in which a run must be left alone."""


class ListName(BaseModel):
    """A list by its id, if it was brought to the studio, and its name."""

    id: str | None
    name: str


class Training(BaseModel):
    """A training as it is now.

    Attributes:
        run: the run that is trained.
        state: ``waiting``: until another training ends; ``lost``: its process was killed.
        where: ``terminal`` if ``charloom train`` trains it.
        list, form: what it is trained on.
        started: when, in seconds since 1970.
        progress: of the whole, 0 to 1; ``None`` before the first step.
        seconds_left: an estimate.
        epoch, epochs: of how many, at most.
        message: why it failed, or how it ended.
        resumable: whether it can be resumed.
        before: how many trainings wait that come first, if it waits.
    """

    run: str
    state: State
    where: Literal["studio", "terminal"] = "studio"
    list: ListName
    form: Literal["names", "text"]
    started: float
    progress: float | None = None
    seconds_left: float | None = None
    epoch: int = 0
    epochs: int | None = None
    message: str | None = None
    resumable: bool = False
    before: int | None = None


class TrainRequest(BaseModel):
    """What is to be trained.

    Attributes:
        list: the list's id.
        look: how it is read, as the page showed it.
        run: the run's name; ``None`` for one after the list.
        settings: in place of the recipe's: see ``/studio/settings``.
    """

    model_config = ConfigDict(extra="forbid")

    list: str = Field(max_length=40)
    look: Reading = Reading()
    run: str | None = Field(None, max_length=200)
    settings: dict[str, bool | int | float | str] = {}


class Deleted(BaseModel):
    """An entry of the bin."""

    bin: str
