"""What a search varies: the default recipe of a corpus, and a range around each setting."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from ..config import ModelConfig, TrainConfig
from ..training.base_model import NO_BASE, SHAPE
from ..training.recipe_file import MODEL, TRAINING

if TYPE_CHECKING:
    from optuna import Trial

KEPT = ("batch_size", "epochs", "learning_rate", "warmup", "final", "weight_decay", "clip_norm",
        "nesterov", "patience", "preparation", "base")  # fmt: skip
"""Training settings that belong to a recipe; the others belong to one run."""

KEPT_IF_CHANGED = ("label_dropout", "seconds")
"""These belong to it only if they differ from their defaults."""

EXCLUDED = ("seed", "held_out", "labels", "documents", "text", "preparation", "begin", "freeze",
            "canaries", "keep_epochs", "save_seconds", "save_steps",
            "keep_checkpoints")  # fmt: skip
"""What a search sets itself or has no use for."""


@dataclass(frozen=True)
class SearchParameter:
    """A setting and the values it may take.

    Attributes:
        name: a field of ``ModelConfig`` or ``TrainConfig``.
        scale: ``choice`` among unordered values; ``steps``, few ordered values, so that shapes
            recur and need not be compiled again; ``log`` or ``linear`` between two ends.
        values: all of them, or the two ends.
    """

    name: str
    scale: Literal["choice", "steps", "log", "linear"]
    values: tuple[Any, ...]

    def suggest(self, trial: Trial) -> Any:
        """Let Optuna choose; return the setting."""
        if self.scale == "choice":
            return trial.suggest_categorical(self.name, list(self.values))
        if self.scale == "steps":
            return self.values[trial.suggest_int(self.name, 0, len(self.values) - 1)]
        value = trial.suggest_float(self.name, *self.values, log=self.scale == "log")
        return round(value, 2) if self.scale == "linear" else float(f"{value:.2g}")

    def locate(self, setting: Any) -> Any:
        """Return Optuna's value for a setting."""
        if self.scale == "choice":
            return setting
        if self.scale == "steps":
            return self.values.index(setting)
        return float(min(max(setting, self.values[0]), self.values[1]))

    def __str__(self) -> str:
        if self.scale == "choice":
            return ", ".join(map(str, self.values))
        low, high = self.values[0], self.values[-1]
        return f"{low} to {high}" if self.scale == "steps" else f"{low:.2g} to {high:.2g}"


@dataclass(frozen=True)
class SearchSpace:
    """The default recipe with the fixed settings, and what is searched around it.

    Attributes:
        model, training: the configurations of that recipe.
        fixed: settings that are not searched.
    """

    model: ModelConfig
    training: TrainConfig
    fixed: Collection[str] = ()

    @cached_property
    def parameters(self) -> tuple[SearchParameter, ...]:
        """The search parameters; sizes and rates on log scales, where factors matter."""
        model, training = self.model, self.training
        rate, decay = training.learning_rate, max(training.weight_decay, 1e-3)
        dropout = (max(0.0, model.dropout - 0.25), min(0.8, model.dropout + 0.2))
        found = [
            SearchParameter("cell", "choice", ("gru", "lstm")),
            SearchParameter("layers", "choice", (1, 2)),
            SearchParameter("units", "steps", _ladder(model.units, (-2, -1, 1, 2), 2**0.5, 32)),
            SearchParameter("embedding", "steps", _ladder(model.embedding, (-1, 1), 2, 8)),
            SearchParameter("dropout", "linear", dropout),
            SearchParameter("batch_size", "steps", _ladder(training.batch_size, (-1, 1), 2, 4)),
            SearchParameter("learning_rate", "log", (rate / 3, min(10.0, rate * 3))),
            SearchParameter("weight_decay", "log", (decay / 10, min(10.0, decay * 10))),
            SearchParameter("epochs", "steps", _ladder(training.epochs, range(-4, 5), 2**0.25, 1)),
        ]
        if training.base != NO_BASE:  # which has a network of its own
            found = [one for one in found if one.name not in SHAPE]
        if model.begin and not model.labels:  # a mixture takes no others
            found.insert(0, SearchParameter("kind", "choice", ("network", "mixture")))
        if model.text:
            window = _ladder(training.window, (-1, 1), 2, 8)
            found.append(SearchParameter("window", "steps", window))
        return tuple(
            one
            for one in found
            if one.name not in self.fixed
            and len(set(one.values)) > 1
            and (one.scale != "choice" or self.default[one.name] in one.values)
        )

    @cached_property
    def default(self) -> dict[str, Any]:
        """The settings of the default recipe, as a recipe file holds them."""
        model, training, usual = self.model.to_dict(), self.training, TrainConfig()
        del model["labels"], model["begin"], model["documents"]
        if not self.model.order:
            del model["order"]
        if not self.model.recent:
            del model["recent"]
        names = [*KEPT, *(["window"] if self.model.text else [])]
        names += [n for n in KEPT_IF_CHANGED if getattr(training, n) != getattr(usual, n)]
        return model | {name: getattr(training, name) for name in names}

    def suggest(self, trial: Trial) -> dict[str, Any]:
        """Let Optuna choose every search parameter; return the recipe's settings."""
        return self._valid(self.default | {one.name: one.suggest(trial) for one in self.parameters})

    def _valid(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Return settings whose smoothing is one for their kind of model."""
        smoothing = self.model.smoothing if self.model.has_ngram else "fitted"
        if settings["kind"] == "network":
            forgetful = {"recent": 0} if self.model.recent else {}
            return {**settings, **forgetful, "smoothing": "kneser-ney"}
        return {**settings, "smoothing": smoothing}

    def locate(self, **changes: Any) -> dict[str, Any]:
        """Return Optuna's values for the default recipe with ``changes``."""
        settings = self.default | changes
        return {one.name: one.locate(settings[one.name]) for one in self.parameters}

    def configs(self, settings: Mapping[str, Any]) -> tuple[ModelConfig, TrainConfig]:
        """Return the configurations with ``settings`` in place of the default's."""
        settings = self._valid(settings)
        model = {name: value for name, value in settings.items() if name in MODEL}
        training = {name: value for name, value in settings.items() if name in TRAINING}
        return self.model.replace(**model), self.training.replace(**training)


def _ladder(base: int, powers: Sequence[int], ratio: float, multiple: int) -> tuple[int, ...]:
    """Return ``base`` and its neighbours at powers of ``ratio``, rounded to ``multiple``."""
    steps = {multiple * max(1, round(base * math.pow(ratio, k) / multiple)) for k in powers if k}
    return tuple(sorted({*steps, base}))
