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
        help="Leave this part of the model as it is; may be repeated.",
    ),
    click.option(
        "--recipe",
        metavar="NAME|FILE",
        help="tutorial: the settings of the well-known tutorial, counted padding and all; or a "
        "file that `charloom tune` wrote.",
    ),
    click.option(
        "--model",
        "kind",
        type=click.Choice(get_args(Kind)),
        help="What the model is: a recurrent network; an n-gram, which counts; a mixture of both; "
        "or a baseline that knows only how frequent characters are, or nothing.",
    ),
    click.option(
        "--order",
        type=click.IntRange(1, MOST_ORDER),
        help="n of the n-gram; what suits the held-out names best, if not given.",
    ),
    click.option("--cell", type=click.Choice(get_args(Cell)), help="Recurrent cell."),
    click.option("--units", type=int, help="Hidden size of each recurrent layer."),
    click.option("--layers", type=int, help="Recurrent layers."),
    click.option("--embedding", type=int, help="Embedding size."),
    click.option("--dropout", type=float, help="Share of the layers' outputs dropped in training."),
    click.option("--epochs", type=int, help="Passes over the names or the text, at most."),
    click.option("--batch-size", type=int, help="Names a step, or places of a text."),
    click.option("--window", type=int, help="Characters that a step of text goes back through."),
    click.option("--learning-rate", type=float, help="Peak of the schedule."),
    click.option("--weight-decay", type=float, help="AdamW's decay."),
    click.option("--patience", type=int, help="Epochs without progress before it stops; 0: never."),
    click.option(
        "--held-out",
        type=float,
        help="Share of the names held out, or the end of the text; 0: none.",
    ),
    click.option(
        "--loop",
        type=click.Choice(["fit", "custom"]),
        default="fit",
        show_default=True,
        help="custom: the training step unpacked, as in the tutorial, every fifth epoch kept.",
    ),
    click.option(
        "--keep-epochs", type=int, help="Keep every n-th epoch's model, in RUN/epochs; 0 for none."
    ),
    click.option(
        "--save-seconds",
        type=float,
        help="Save the training's state this often, beside each epoch's end.  [default: 60]",
    ),
    click.option("--save-steps", type=int, help="Save it also after so many steps each time."),
    click.option(
        "--keep-checkpoints",
        type=int,
        help="How many of the latest such states are kept.  [default: 2]",
    ),
    click.option(
        "--tensorboard",
        type=click.Path(path_type=Path),
        metavar="DIR",
        help="Also record the training there, for TensorBoard.",
    ),
    click.option("--label-dropout", type=float, help="Share of names learnt without their label."),
    click.option(
        "--canaries",
        type=int,
        metavar="N",
        help="Learn N random strings along with the names, so that `charloom evaluate` can tell "
        "how much the model gives away of what it read once.",
    ),
    click.option("--seconds", type=float, help="Wall-clock budget for the whole command."),
    click.option(
        "--seed", type=int, help="Decides split, weights, batches and dropout.  [default: 0]"
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
