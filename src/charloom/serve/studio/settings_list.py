"""The settings of a training that the page offers, from the configurations' own fields."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel

from ...config import ModelConfig, TrainConfig

OFFERED: dict[str, dict[str, str]] = {
    "Model": {
        "kind": "Kind of model",
        "base": "Base model",
        "order": "Order of the n-gram",
        "recent": "Memory of recent text",
        "cell": "Recurrent cell",
        "units": "Hidden size",
        "layers": "Layers",
        "embedding": "Embedding size",
        "dropout": "Dropout",
    },
    "Training": {
        "seconds": "Time budget",
        "epochs": "Most epochs",
        "patience": "Patience",
        "held_out": "Held-out share",
        "refit": "Train on all names in the end",
        "batch_size": "Batch size",
        "learning_rate": "Learning rate",
        "window": "Window",
        "seed": "Seed",
    },
}
"""The fields, by group, with what the page calls them."""

FOR: dict[str, Literal["names", "text"]] = {
    "refit": "names",
    "base": "names",
    "window": "text",
    "recent": "text",
}
"""Fields that are only for names, or only for text."""


class Setting(BaseModel):
    """A setting: what it is called, what it does, and what it may be.

    Attributes:
        choices: what a choice may be.
        least, most: what a number may be, these included; ``None`` where there is no bound.
        form: names or text if it is only for one of them.
        network: whether it only matters where a network is trained step by step.
    """

    name: str
    group: str
    label: str
    help: str
    kind: Literal["integer", "number", "choice", "flag"]
    choices: list[str] | None = None
    least: int | float | None = None
    most: int | float | None = None
    unit: str
    form: Literal["names", "text"] | None = None
    network: bool


def offered() -> list[Setting]:
    """Return the settings in the order in which the page shows them.

    Example:
        >>> next(one for one in offered() if one.name == "dropout").least
        0.0
    """
    known = {field.name: field for field in (*fields(ModelConfig), *fields(TrainConfig))}
    return [
        Setting(
            name=name,
            group=group,
            label=label,
            help=known[name].metadata["help"],
            unit=known[name].metadata["unit"],
            form=FOR.get(name),
            network=known[name].metadata["steps"],
            **_allowed(name, known[name].metadata["range"]),
        )
        for group, labels in OFFERED.items()
        for name, label in labels.items()
    ]


def _allowed(name: str, allowed: Any) -> dict[str, Any]:
    """Return kind and bounds of a field's range, as ``config`` writes it."""
    if name == "base":
        return {"kind": "choice", "choices": ["latin", "none"]}
    if allowed is bool:
        return {"kind": "flag"}
    if isinstance(allowed, tuple):
        return {"kind": "choice", "choices": list(allowed)}
    if isinstance(allowed, range):
        return {"kind": "integer", "least": allowed[0], "most": allowed[-1]}
    least, most = (float(bound) for bound in allowed[1:-1].split(","))
    return {"kind": "number", "least": least, "most": None if most == float("inf") else most}


def routes() -> APIRouter:
    """Return the endpoint of the settings."""
    router = APIRouter(prefix="/studio", tags=["trainings"])

    @router.get("/settings", summary="The settings of a training")
    def settings() -> list[Setting]:
        return offered()

    return router
