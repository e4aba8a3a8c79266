"""``charloom train``: from a list of names to a model and ten new names."""

from __future__ import annotations

import shlex
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import click

from ..config import Cell, Curriculum, Unit
from .options import json_option, reading_options, say, source_arguments, to_json

if TYPE_CHECKING:
    from ..events import Finished
    from ..generation import LanguageModel

SAMPLES = 10
"""New names that are printed at the end."""


@click.command("train")
@source_arguments
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="RUN",
    help="Run folder to save to; runs/NAME, numbered if it is taken, if not given.",
)
@click.option("--force", is_flag=True, help="Replace the model in RUN.")
@click.option("--resume", is_flag=True, help="Go on with the training that RUN holds.")
@click.option(
    "--recipe",
    metavar="NAME",
    help="tutorial: the settings of the well-known tutorial, counted padding and all.",
)
@click.option("--cell", type=click.Choice(get_args(Cell)), help="Recurrent cell.")
@click.option("--units", type=int, help="Hidden size of each recurrent layer.")
@click.option("--layers", type=int, help="Recurrent layers.")
@click.option("--embedding", type=int, help="Embedding size.")
@click.option("--dropout", type=float, help="Share of the layers' outputs dropped in training.")
@click.option("--epochs", type=int, help="Passes over the names, at most.")
@click.option("--batch-size", type=int, help="Names a step.")
@click.option("--learning-rate", type=float, help="Peak of the schedule.")
@click.option("--weight-decay", type=float, help="AdamW's decay.")
@click.option("--patience", type=int, help="Epochs without progress before it stops; 0: never.")
@click.option("--held-out", type=float, help="Share of the names held out; 0 for none.")
@click.option(
    "--loop",
    type=click.Choice(["fit", "custom"]),
    default="fit",
    show_default=True,
    help="custom: the training step unpacked, as in the tutorial, every fifth epoch kept.",
)
@click.option(
    "--keep-epochs", type=int, help="Keep every n-th epoch's model, in RUN/epochs; 0 for none."
)
@click.option(
    "--scheduled-sampling",
    type=click.Choice(get_args(Curriculum)),
    help="Let the model read ever more of its own characters in training, along this curve.",
)
@click.option("--truth", type=float, help="Share of true characters at that curve's end.")
@click.option("--label-column", help="Column of a .csv or .tsv with the kind of each name.")
@click.option("--label-field", help="Field of a .jsonl's objects with the kind of each name.")
@click.option("--label-dropout", type=float, help="Share of names learnt without their label.")
@click.option("--seconds", type=float, help="Wall-clock budget for the whole command.")
@click.option("--seed", type=int, help="Decides split, weights, batches and dropout.  [default: 0]")
@reading_options
@json_option
@click.pass_obj
def command(
    started: float,
    /,
    sources: tuple[str, ...],
    out: Path | None,
    force: bool,
    resume: bool,
    recipe: str | None,
    loop: Literal["fit", "custom"],
    label_column: str | None,
    label_field: str | None,
    unit: Unit,
    reading: dict[str, Any],
    as_json: bool,
    **settings: Any,
) -> int:
    """Learn from names, one a line, and print ten new ones.

    SOURCE is a text file, .csv, .tsv or .jsonl, each also as .gz, or - for standard input; several
    are read one after the other. Without any, a built-in list of dinosaurs is used. Model and
    training follow the number of names; each option overrides one setting.
    """
    if settings["truth"] is not None and settings["scheduled_sampling"] in (None, "none"):
        raise click.UsageError("--truth needs --scheduled-sampling, whose end it is.")
    labels: dict[str, Any] = {"label_column": label_column, "label_field": label_field}
    if any(labels.values()) and not sources:
        raise click.UsageError("labels need a SOURCE; the built-in list has none.")
    if settings["label_dropout"] is not None and not any(labels.values()):
        raise click.UsageError("--label-dropout needs --label-column or --label-field.")
    from ..corpus import Corpus
    from ..recipes import keeps_repeats
    from ..recipes import recipe as settings_of

    if resume and out is None:
        raise click.UsageError("--resume needs --out RUN, the folder to go on with.")
    if loop == "custom" and settings["keep_epochs"] is None:
        settings["keep_epochs"] = 5
    how: dict[str, Any] = {"repeats": keeps_repeats(recipe, settings["held_out"])}
    if sources:
        corpus = Corpus.read(*sources, unit=unit, **how, **labels, **reading)
    else:
        corpus = Corpus.builtin(**how)
    say(corpus.describe())
    size = corpus.report.names, corpus.report.characters
    model, training = settings_of(*size, recipe, labels=len(corpus.label_names), **settings)
    folder = out or _free_folder(sources)

    from ..training.fit import fit  # imported here: a mistake above should show at once
    from .progress import show

    with _interruptible() as stop:
        events = fit(
            corpus,
            model=model,
            training=training,
            out=folder,
            force=force,
            resume=resume,
            loop=loop,
            started=started,
            stop=stop,
        )
        finished, language_model = show(events, corpus, model, unpacked=loop == "custom")
    say(_ending(finished, folder, training.seconds))
    if finished.reason == "interrupted":
        say(f"To go on: {_command_to_resume(folder)}")
    start = "" if model.begin else corpus.names[0][:1]
    if start:
        say(f"This model cannot choose a first letter; these begin with {start}, as the list does.")
    _print_names(language_model, finished, folder, as_json, training.seed, start)
    return 1 if finished.reason == "diverged" else 0


def _free_folder(sources: tuple[str, ...]) -> Path:
    """Choose runs/NAME after the first source, numbered so that nothing is overwritten."""
    name = "dinosaurs"
    if sources:
        name = Path(sources[0]).name.split(".")[0] if sources[0] != "-" else ""
    base = Path("runs") / (name or "names")
    folder, number = base, 1
    while folder.exists():
        number += 1
        folder = base.with_name(f"{base.name}-{number}")
    return folder


@contextmanager
def _interruptible() -> Iterator[Callable[[], bool]]:
    """Turn the first Ctrl-C or SIGTERM into a wish to stop; the second one stops at once."""
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():  # signals are not for others
        yield asked.is_set
        return

    def ask(number: int, _frame: object) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()
        name = "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name
        say(f"Stopping after this step; {name} again to stop at once.")

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _command_to_resume(folder: Path) -> str:
    arguments = sys.argv[1:]
    if "--out" not in arguments and not any(a.startswith("--out=") for a in arguments):
        arguments = [*arguments, "--out", str(folder)]
    arguments = [a for a in arguments if a not in ("--force", "--resume")]
    return shlex.join(["charloom", *arguments, "--resume"])


def _ending(finished: Finished, folder: Path, budget: float | None) -> str:
    reasons = {
        "epochs": "Trained to the end",
        "early stopping": "Stopped early, the held-out loss no longer fell",
        "seconds": f"Stopped, the {budget:g} seconds are used up" if budget else "Stopped",
        "interrupted": "Interrupted",
        "diverged": "Stopped, the loss became NaN; lower --learning-rate",
    }
    held_out = finished.held_out_nats_per_char
    loss = finished.train_nats_per_char if held_out is None else held_out
    part = "training" if held_out is None else "held-out"
    return (
        f"{reasons[finished.reason]}: epoch {finished.epoch}, {finished.seconds:.1f} s. "
        f"Kept epoch {finished.best_epoch}, {part} loss {loss:.3f} nats/char, in {folder}"
    )


def _print_names(
    model: LanguageModel, finished: Finished, folder: Path, as_json: bool, seed: int, start: str
) -> None:
    samples = model.generate(SAMPLES, seed=seed, start=start)
    if as_json:
        summary = {
            "run": str(folder),
            "reason": finished.reason,
            "epochs": finished.epoch,
            "best_epoch": finished.best_epoch,
            "train_nats_per_char": finished.train_nats_per_char,
            "held_out_nats_per_char": finished.held_out_nats_per_char,
            "seconds": round(finished.seconds, 3),
            "names": [sample.text for sample in samples],
        }
        click.echo(to_json(summary))
        return
    for sample in samples:
        click.echo(sample.text)
    if samples.reason is not None:
        say(f"charloom: {samples.reason}.")
