"""The runs that a server was given, as models that walk together."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Any

from ..api import load
from ..errors import CharloomError, ConfigError
from ..generation import NameModel, TextModel
from ..run import Run
from ..run.facts import known_facts
from .engine import Engine

KEPT = 16
"""Conditioned and blended models that are kept for further requests."""


class UnknownRunError(CharloomError):
    """A request names a run that is not served."""


@dataclass(frozen=True)
class Served:
    """A run that is served.

    Attributes:
        id: what requests call it: its folder's name.
        run: the run.
        model: its model, which walks together with other requests.
    """

    id: str
    run: Run
    model: NameModel | TextModel

    @property
    def names(self) -> NameModel:
        """The model; ConfigError unless it is one of names."""
        if not isinstance(self.model, NameModel):
            raise ConfigError(
                f"this needs a run of names, and {self.id} is one of text. Name another run."
            )
        return self.model

    @property
    def created(self) -> int:
        """When the model was written, in seconds since 1970."""
        return int(self.run.path.joinpath("model.safetensors").stat().st_mtime)


class Library:
    """The served runs, and models that combine them."""

    def __init__(self, folders: Sequence[str | Path], engine: Engine | None) -> None:
        """Load every run once; with an ``engine``, searches walk together.

        Raises:
            RunError: a folder is no run.
        """
        self._served: dict[str, Served] = {}
        self._combined: OrderedDict[Any, NameModel | TextModel] = OrderedDict()
        self._lock = Lock()
        self._engine = engine
        for folder in folders:
            name = self._free(Path(folder).resolve().name)
            self._served[name] = self.served(name, Run.open(folder))

    def served(self, name: str, run: Run) -> Served:
        """Return a run with its model."""
        model, engine = load(run), self._engine
        if isinstance(model, NameModel) and engine is not None:
            model = replace(model, walk=engine.walk)
        elif isinstance(model, TextModel) and engine is not None:
            model = replace(model, sing=engine.sing)
        return Served(name, run, model)

    def __iter__(self) -> Any:
        return iter(self._served.values())

    def get(self, name: str | None) -> Served:
        """Return the run called ``name``; the first one for ``None``.

        Raises:
            UnknownRunError: there is none.
        """
        if name is None:
            return next(iter(self._served.values()))
        if name not in self._served:
            known = ", ".join(self._served)
            raise UnknownRunError(f"a run must be one of {known}. Received: {name!r:.60}")
        return self._served[name]

    def combined(
        self,
        served: Served,
        labels: Mapping[str, float],
        guidance: float | None,
        blend: tuple[str, float] | None,
    ) -> NameModel | TextModel:
        """Return the run's model, conditioned on labels and blended with another run's.

        Raises:
            UnknownRunError: there is no such run to blend with.
            ConfigError: the models cannot be combined so.
        """
        if not labels and blend is None:
            return served.model
        key = (served.id, tuple(sorted(labels.items())), guidance, blend)
        with self._lock:
            if key in self._combined:
                self._combined.move_to_end(key)
                return self._combined[key]
        model = served.model
        if labels:
            given = {} if guidance is None else {"guidance": guidance}
            model = served.names.condition(labels, **given)
        if blend is not None:
            model = _blended(model, self.get(blend[0]).model, blend[1])
        with self._lock:
            self._combined[key] = model
            while len(self._combined) > KEPT:
                self._combined.popitem(last=False)
        return model

    def _free(self, name: str) -> str:
        """Return an id that no other run has."""
        plain = re.sub(r"[^\w.+-]", "-", name) or "run"
        found, number = plain, 1
        while found in self._served:
            number += 1
            found = f"{plain}-{number}"
        return found


def _blended(
    model: NameModel | TextModel, other: NameModel | TextModel, weight: float
) -> NameModel | TextModel:
    if isinstance(model, NameModel) and isinstance(other, NameModel):
        return replace(model.blend_with(other, weight), walk=model.walk)
    if isinstance(model, TextModel) and isinstance(other, TextModel):
        return replace(model.blend_with(other, weight), sing=model.sing)
    raise ConfigError("blend needs two runs of names, or two of text. Received: one each")


def described(run: Run) -> dict[str, Any]:
    """Return what ``charloom info --json`` prints, without the folder's path."""
    vocabulary = run.vocabulary
    data = {
        "model": run.config.to_dict(),
        "parameters": run.parameters,
        "weights": {name: list(array.shape) for name, array in run.weights.items()},
        "vocabulary": {
            "size": vocabulary.size,
            "unit": str(vocabulary.token_unit),
            "characters": list(vocabulary.characters),
            "unknown": vocabulary.has_unknown,
        },
        "labels": list(run.labels),
    }
    return data | known_facts(run.saved.facts)
