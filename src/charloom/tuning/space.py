"""What a search may turn: the knobs of a recipe, each around its value there."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ..config import ModelConfig, TrainConfig

Scale = Literal["log", "linear", "choice"]


@dataclass(frozen=True)
class Knob:
    """A setting and the values that it may take.

    Attributes:
        name: a field of ``ModelConfig`` or ``TrainConfig``.
        scale: ``log`` or ``linear`` between the first and the last of ``values``; ``choice``
            takes one of them, in no order.
        values: the ends, the default between them; or all there are.
        steps: on a scale, the values that there are, so that trainings of equal shapes recur and
            need not be compiled again; none for any value.
        digits: significant digits of a value, or on a linear scale those after the point.
    """

    name: str
    scale: Scale
    values: tuple[Any, ...]
    steps: tuple[int, ...] = ()
    digits: int = 2

    def ask(self, trial: Any) -> Any:
        """Let an Optuna trial choose; return the setting."""
        if self.scale == "choice":
            return trial.suggest_categorical(self.name, list(self.values))
        low, high = self.values
        return self.settle(trial.suggest_float(self.name, low, high, log=self.scale == "log"))

    def settle(self, value: float) -> Any:
        """Return the setting that ``value`` stands for."""
        if self.scale == "choice":
            return value
        if self.steps:
            return min(self.steps, key=lambda step: abs(math.log(step / value)))
        if self.scale == "linear":
            return round(value, self.digits)
        return float(f"{value:.{self.digits}g}")

    def __str__(self) -> str:
        if self.scale == "choice":
            return ", ".join(map(str, self.values))
        if self.steps:
            return f"{self.steps[0]} to {self.steps[-1]}"
        return f"{self.values[0]:.2g} to {self.values[1]:.2g}"


def space(
    model: ModelConfig, training: TrainConfig, fixed: Collection[str] = ()
) -> tuple[Knob, ...]:
    """Return the knobs around a recipe's settings, but for those that are ``fixed``.

    Sizes and rates are searched on log scales: what matters there is a factor. Counted kinds
    have nothing to search; a network may become a mixture, and the reverse, where names have
    neither labels nor a start that is given.
    """
    if not model.has_network:
        return ()
    plain = model.begin and not model.labels
    units = _ladder(model.units, (-2, -1, 0, 1, 2), math.sqrt(2), 32)
    rate, decay = training.learning_rate, max(training.weight_decay, 1e-3)
    epochs = training.epochs
    knobs = [
        Knob("kind", "choice", ("network", "mixture")) if plain else None,
        Knob("cell", "choice", ("gru", "lstm")),
        Knob("layers", "choice", (1, 2)),
        _stepped("units", units),
        _stepped("embedding", _ladder(model.embedding, (-1, 0, 1), 2, 8)),
        Knob("dropout", "linear", (max(0.0, model.dropout - 0.25), min(0.8, model.dropout + 0.2))),
        _stepped("batch_size", _ladder(training.batch_size, (-1, 0, 1), 2, 4)),
        Knob("learning_rate", "log", (rate / 3, min(10.0, rate * 3))),
        Knob("weight_decay", "log", (decay / 10, min(10.0, decay * 10))),
        _stepped("epochs", tuple(range(max(1, epochs // 2), 2 * epochs + 1))),
        _stepped("window", _ladder(training.window, (-1, 0, 1), 2, 8)) if model.text else None,
    ]
    own = {"kind": model.kind, "cell": model.cell, "layers": model.layers}
    return tuple(
        knob
        for knob in knobs
        if knob is not None
        and knob.name not in fixed
        and (knob.scale != "choice" or own[knob.name] in knob.values)
        and len(set(knob.values)) > 1
    )


def point(knobs: Sequence[Knob], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return where in the space ``settings`` lie, as Optuna's parameters."""
    return {
        knob.name: settings[knob.name]
        if knob.scale == "choice"
        else float(min(max(settings[knob.name], knob.values[0]), knob.values[1]))
        for knob in knobs
    }


def _ladder(base: int, powers: Sequence[int], ratio: float, multiple: int) -> tuple[int, ...]:
    """Return ``base`` and its neighbours at powers of ``ratio``, rounded to ``multiple``."""
    steps = {multiple * max(1, round(base * ratio**k / multiple)) for k in powers if k}
    return tuple(sorted({*steps, base}))


def _stepped(name: str, steps: tuple[int, ...]) -> Knob:
    """Search a scale with steps; its ends reach out, or the last ones would have half the room."""
    if len(steps) == 1:
        return Knob(name, "log", (float(steps[0]),) * 2, steps)
    low, high = (
        steps[0] * math.sqrt(steps[0] / steps[1]),
        steps[-1] * math.sqrt(steps[-1] / steps[-2]),
    )
    return Knob(name, "log", (low, high), steps)
