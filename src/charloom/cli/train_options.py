"""The settings of ``charloom train`` as options, and what of them makes no sense together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

import click

from ..config import MOST_ORDER, Kind, ModelConfig, TrainConfig
from .options import Whole, setting_option

F = TypeVar("F", bound=Callable[..., Any])

_SETTINGS = ("cell", "units", "layers", "embedding", "dropout", "epochs", "batch_size", "window",
             "learning_rate", "weight_decay", "patience", "held_out", "label_dropout", "freeze",
             "canaries", "seconds", "seed", "keep_epochs", "save_seconds", "save_steps",
             "keep_checkpoints", "precision")  # fmt: skip
"""Fields of the configurations whose options bear their names."""

_SAME_FOR_ALL = ("seed", "save_seconds", "keep_checkpoints")
"""Those whose default does not depend on the corpus."""

FOR_NETWORKS = (
    *(f.name for f in (*fields(ModelConfig), *fields(TrainConfig)) if f.metadata["steps"]),
    "initial",
    "tensorboard",
    "distributed",
    "workers",
)
"""Parameters that only matter where a network is trained step by step."""


def training_options(command: F) -> F:
    """The options that set how a model is trained, by the names of the configurations' fields."""
    options = (
        click.option(
            "--recipe",
            metavar="NAME|FILE",
            help="tutorial: the settings of the well-known tutorial, with padding counted in the "
            "loss; or a file that `charloom tune` wrote.",
        ),
        setting_option(ModelConfig, "kind", "--model", "kind"),
        setting_option(ModelConfig, "order", type=Whole(1, MOST_ORDER)),
        setting_option(ModelConfig, "smoothing"),
        setting_option(ModelConfig, "recent"),
        *(
            setting_option(
                ModelConfig if hasattr(ModelConfig, name) else TrainConfig,
                name,
                show_default=name in _SAME_FOR_ALL,
            )
            for name in _SETTINGS
        ),
        click.option(
            "--refit",
            is_flag=True,
            default=None,
            help=TrainConfig.__dataclass_fields__["refit"].metadata["help"],
        ),
        click.option(
            "--tensorboard",
            type=click.Path(path_type=Path),
            metavar="DIR",
            help="Also log the training for TensorBoard to this folder.",
        ),
        click.option(
            "--tracker",
            "trackers",
            type=click.Choice(["mlflow", "wandb"]),
            multiple=True,
            help="Also record the training with MLflow or Weights & Biases, whose own environment "
            "variables say where (MLFLOW_TRACKING_URI, WANDB_MODE and others); may be repeated.",
        ),
        click.option(
            "--loop",
            type=click.Choice(["fit", "custom"]),
            default="fit",
            show_default=True,
            help="custom: the unpacked training step of the tutorial; keeps every fifth epoch.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def check_counted(kind: Kind, given: Mapping[str, Any]) -> None:
    """Refuse options for networks if ``kind`` has no network.

    Args:
        kind: the kind of model.
        given: the command's parameters by name, ``None`` where one is not given.

    Raises:
        click.UsageError: such an option is given.
    """
    if ModelConfig(kind=kind).has_network:
        return
    for name in FOR_NETWORKS:
        if given.get(name) not in (None, ()):
            option = "--from" if name == "initial" else f"--{name.replace('_', '-')}"
            raise click.UsageError(
                f"{option} is for networks, and --model {kind} only counts. Leave one of them out."
            )
    if given.get("loop") == "custom":
        raise click.UsageError(f"--loop custom is for networks, and --model {kind} only counts.")


def check_order(kind: Kind | None, order: int | None) -> None:
    """Raise click.UsageError if an order is given for a ``kind`` without one."""
    if order is not None and kind not in (None, "ngram", "mixture"):
        raise click.UsageError(
            f"--order is for --model ngram and mixture. Received: --model {kind}"
        )
