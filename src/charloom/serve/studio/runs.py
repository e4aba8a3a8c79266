"""The runs in the studio's folder: what each is, their names, and the bin."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from ...errors import CharloomError, RunError
from ...run import Run, holds_model
from ..library import UnknownRunError
from . import bin as waste
from .library import FolderLibrary, Stamp, stamp_of
from .place import Place
from .training_schema import BUSY, Deleted, State

if TYPE_CHECKING:
    from .trainings import Trainings


class TrainedOn(BaseModel):
    """What a run was trained on: how many names or characters, from which files."""

    count: int | None = None
    counted: Literal["names", "characters"] = "names"
    sources: list[str] = []


class About(BaseModel):
    """What a run's model file tells.

    Attributes:
        form: what it writes.
        kind: of model, as ``charloom train --kind``.
        model: the model in words.
        created: when it was saved, ISO 8601.
        held_out_nats_per_char: how well it predicted what was held out; lower is better.
        names: whether the run holds the names, or the text, that it was measured with.
        problem: why it cannot be used.
    """

    form: Literal["names", "text"] | None = None
    kind: str | None = None
    model: str | None = None
    trained_on: TrainedOn = TrainedOn()
    created: str | None = None
    held_out_nats_per_char: float | None = None
    parameters: int | None = None
    labels: list[str] = []
    names: bool = False
    problem: str | None = None


class Kept(About):
    """A run as the library shows it; ``training`` is the state of its training in the studio."""

    id: str
    bytes: int
    training: State | None = None


class NewName(BaseModel):
    """What a run is to be called."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=1000)


class InBin(Deleted):
    """A run in the bin; ``deleted`` in seconds since 1970."""

    name: str
    deleted: float
    bytes: int


class Runs:
    """The runs in a studio's folder. What their files tell is read again when those change."""

    def __init__(self, place: Place, library: FolderLibrary, trainings: Trainings) -> None:
        self.place, self.trainings = place, trainings
        self._library = library
        self._known: dict[str, tuple[Stamp, About]] = {}

    def all(self) -> list[Kept]:
        """Return the runs, the one saved last first; those without a date come first."""
        found = [one for name in self.place.names() if (one := self._find(name)) is not None]
        return sorted(found, key=lambda one: one.created or "~", reverse=True)

    def get(self, name: str) -> Kept:
        """Return a run; UnknownRunError if there is none."""
        self.place.run(name)
        found = self._find(name)
        if found is None:
            raise UnknownRunError(f"there is no run called {name!r:.60}. Look into the library.")
        return found

    def rename(self, name: str, new: str) -> Kept:
        """Give a run another name.

        Raises:
            HTTPException: 409, it is being trained.
            CharloomError: no run may be called so, or another is.
        """
        self.idle(name)
        new = self.place.new(new, before=name)
        if new != name:
            training = self.place.training(name)
            try:
                (self.place.folder / name).rename(self.place.folder / new)
                waste.move(training, self.place.training(new))
            except OSError as error:
                raise RunError(f"{name} cannot be renamed: {error.strerror}.") from error
            self._library.forget(name)
        return self.get(new)

    def delete(self, name: str) -> Deleted:
        """Move a run to the bin; HTTPException 409 if it is being trained."""
        self.idle(name)
        self._library.forget(name)
        return Deleted(bin=waste.put(self.place, name))

    def idle(self, name: str) -> None:
        """Check that a run is not being trained: HTTPException 409."""
        if self.get(name).training in BUSY:
            raise HTTPException(409, f"{name} is being trained. Stop the training first.")

    def _find(self, name: str) -> Kept | None:
        """Return what is known of a folder; ``None`` if it is no run."""
        folder, training = self.place.folder / name, self.trainings.find(name)
        if training is None and not holds_model(folder):
            return None
        about = self._about(name, folder)
        if about.problem and training is not None and not holds_model(folder):
            alive = training.state in BUSY
            about = About(
                form=training.form,
                trained_on=TrainedOn(sources=[training.list.name]),
                problem=None if alive else training.message or about.problem,
            )
        state = None if training is None else training.state
        return Kept(**about.model_dump(), id=name, bytes=size_of(folder), training=state)

    def _about(self, name: str, folder: Path) -> About:
        try:
            stamp = stamp_of(folder)
            known = self._known.get(name)
            if known is None or known[0] != stamp:
                known = self._known[name] = stamp, about(folder)
        except CharloomError as error:
            return About(problem=self.place.inside(error))
        return known[1]


def about(folder: Path) -> About:
    """Return what the model file of a run tells, after all of it was verified.

    Raises:
        RunError: it is damaged.
    """
    from ...reporting import describe

    run = Run.open(folder)
    facts = run.facts
    size: Any = facts.corpus.get("characters" if run.is_text else "names") or facts.train_size
    return About(
        form="text" if run.is_text else "names",
        kind=run.config.kind,
        model=describe.kind(run.config, facts.ngram),
        trained_on=TrainedOn(
            count=size,
            counted="characters" if run.is_text else "names",
            sources=describe.sources(facts.corpus),
        ),
        created=facts.created,
        held_out_nats_per_char=facts.best.get("held_out_nats_per_char"),
        parameters=run.parameters,
        labels=list(run.labels),
        names=bool(run.training_set or run.held_out_text),
    )


def size_of(folder: Path) -> int:
    """Return the bytes of the files in a folder, without following links."""
    found = 0
    for parent, _, files in os.walk(folder):
        for name in files:
            try:
                found += Path(parent, name).lstat().st_size
            except OSError:  # a save has replaced it
                continue
    return found


def routes(runs: Runs) -> APIRouter:
    """Return the endpoints of the library and its bin."""
    router = APIRouter(prefix="/studio", tags=["library"])
    place = runs.place

    @router.get("/runs", summary="All runs")
    def every() -> list[Kept]:
        return runs.all()

    @router.patch("/runs/{name}", summary="Rename a run")
    def rename(name: str, asked: NewName) -> Kept:
        return runs.rename(name, asked.name)

    @router.delete("/runs/{name}", summary="Move a run to the bin")
    def delete(name: str) -> Deleted:
        return runs.delete(name)

    @router.get("/bin", summary="The runs that were deleted")
    def deleted() -> list[InBin]:
        found = [
            InBin(bin=number, **about, bytes=size_of(place.part("bin") / number))
            for number, about in waste.listed(place).items()
        ]
        return sorted(found, key=lambda one: -one.deleted)

    @router.post("/bin/{number}/restore", summary="Bring a run back")
    def restore(number: str) -> Kept:
        """It gets its name again, with a number if another run is called so by now."""
        return runs.get(waste.restore(place, number))

    @router.delete("/bin/{number}", summary="Delete a run for good", status_code=204)
    def remove(number: str) -> Response:
        waste.remove(place, number)
        return Response(status_code=204)

    return router
