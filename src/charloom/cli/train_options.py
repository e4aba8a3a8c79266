"""The settings of ``charloom train`` as options, and what of them makes no sense together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args

import click

from ..config import MOST_ORDER, Cell, Kind, ModelConfig, Part

F = TypeVar("F", bound=Callable[..., Any])

OPTIONS = (
    click.option(
        "--freeze",
        type=click.Choice(get_args(Part)),
        multiple=True,
        help="Do not train this part of the model; may be repeated.",
    ),
    click.option(
        "--recipe",
        metavar="NAME|FILE",
        help="tutorial: the settings of the well-known tutorial, with padding counted in the "
        "loss; or a file that `charloom tune` wrote.",
    ),
    click.option(
        "--model",
        "kind",
        type=click.Choice(get_args(Kind)),
        help="Kind of model: a recurrent network, an n-gram, a mixture of both, or a "
        "baseline (character frequencies, or all characters equally likely).",
    ),
    click.option(
        "--order",
        type=click.IntRange(1, MOST_ORDER),
        help="n of the n-gram. By default the one that suits the held-out data best.",
    ),
    click.option("--cell", type=click.Choice(get_args(Cell)), help="Recurrent cell."),
    click.option("--units", type=int, help="Hidden size of each recurrent layer."),
    click.option("--layers", type=int, help="Recurrent layers."),
    click.option("--embedding", type=int, help="Embedding size."),
    click.option("--dropout", type=float, help="Dropout rate of each recurrent layer's outputs."),
    click.option("--epochs", type=int, help="Maximum number of passes over the names or the text."),
    click.option(
        "--batch-size",
        type=int,
        help="Names per step, or streams of text that are read side by side.",
    ),
    click.option(
        "--window",
        type=int,
        help="Length of the window for backpropagation through time; text only.",
    ),
    click.option("--learning-rate", type=float, help="Peak of the learning-rate schedule."),
    click.option("--weight-decay", type=float, help="AdamW's weight decay."),
    click.option(
        "--patience",
        type=int,
        help="Stop after this many epochs without a better held-out loss; 0: never.",
    ),
    click.option(
        "--held-out",
        type=float,
        help="Share of the names, or of the text (its end), that is held out; 0: none.",
    ),
    click.option(
        "--loop",
        type=click.Choice(["fit", "custom"]),
        default="fit",
        show_default=True,
        help="custom: the unpacked training step of the tutorial; keeps every fifth epoch.",
    ),
    click.option(
        "--keep-epochs", type=int, help="Keep the model of every n-th epoch in RUN/epochs; 0: none."
    ),
    click.option(
        "--save-seconds",
        type=float,
        help="Save the training state this often, in addition to each epoch's end.  [default: 60]",
    ),
    click.option("--save-steps", type=int, help="Also save it every N steps."),
    click.option(
        "--keep-checkpoints",
        type=int,
        help="How many of the latest training states to keep.  [default: 2]",
    ),
    click.option(
        "--tensorboard",
        type=click.Path(path_type=Path),
        metavar="DIR",
        help="Also log the training for TensorBoard to this folder.",
    ),
    click.option(
        "--label-dropout",
        type=float,
        help="Share of names that are trained on without their label.",
    ),
    click.option(
        "--canaries",
        type=int,
        metavar="N",
        help="Add N random strings to the training names, so that `charloom evaluate` can "
        "measure how much the model memorises of what it saw once.",
    ),
    click.option("--seconds", type=float, help="Wall-clock budget for the whole command."),
    click.option(
        "--seed",
        type=int,
        help="Random seed for the split, initial weights, batches and dropout.  [default: 0]",
    ),
)

FOR_NETWORKS = (
    "cell",
    "units",
    "layers",
    "embedding",
    "dropout",
    "epochs",
    "batch_size",
    "window",
    "learning_rate",
    "weight_decay",
    "patience",
    "keep_epochs",
    "save_seconds",
    "save_steps",
    "keep_checkpoints",
    "label_dropout",
    "freeze",
    "seconds",
    "initial",
    "tensorboard",
)
"""What says how to train, step by step; counting takes no steps."""


def training_options(command: F) -> F:
    """The options that set how a model is trained, by the names of the configurations' fields."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def check_counted(kind: Kind, given: Mapping[str, Any]) -> None:
    """Refuse what only a network has, where ``kind`` has none.

    Args:
        given: the command's parameters by name, ``None`` where one is not given.

    Raises:
        click.UsageError: there is such an option, and what it is for.
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
    """Refuse an order for what has none.

    Raises:
        click.UsageError: as said.
    """
    if order is not None and kind not in (None, "ngram", "mixture"):
        raise click.UsageError(
            f"--order is for --model ngram and mixture. Received: --model {kind}"
        )
