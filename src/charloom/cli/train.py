"""``charloom train``: from names to a model and ten new names, or from text to more of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import click

from ..config import Cell, Curriculum, Part, Unit
from .interruption import command_to_resume, interruptible
from .options import json_option, reading_options, say, source_arguments, to_json

if TYPE_CHECKING:
    from ..corpus import Corpus
    from ..events import Finished
    from ..generation import LanguageModel
    from ..text import Text

SAMPLES = 10
"""New names that are printed at the end."""

CHARACTERS = 300
"""Characters of new text that are printed at the end."""


@click.command("train")
@source_arguments
@click.option(
    "--as",
    "form",
    type=click.Choice(["names", "text"]),
    default="names",
    show_default=True,
    help="What SOURCE holds: names, one a line, or running text.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="RUN",
    help="Run folder to save to; runs/NAME, numbered if it is taken, if not given.",
)
@click.option("--force", is_flag=True, help="Replace the model in RUN.")
@click.option("--resume", is_flag=True, help="Go on with the training that RUN holds.")
@click.option(
    "--from",
    "initial",
    type=click.Path(path_type=Path),
    metavar="RUN",
    help="Begin with that run's weights; new characters are added to what it knows.",
)
@click.option(
    "--freeze",
    type=click.Choice(get_args(Part)),
    multiple=True,
    help="Leave this part of the model as it is; may be repeated.",
)
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
@click.option("--epochs", type=int, help="Passes over the names or the text, at most.")
@click.option("--batch-size", type=int, help="Names a step, or places of a text.")
@click.option("--window", type=int, help="Characters that a step of text goes back through.")
@click.option("--learning-rate", type=float, help="Peak of the schedule.")
@click.option("--weight-decay", type=float, help="AdamW's decay.")
@click.option("--patience", type=int, help="Epochs without progress before it stops; 0: never.")
@click.option(
    "--held-out", type=float, help="Share of the names held out, or the end of the text; 0: none."
)
@click.option(
    "--min-count",
    type=click.IntRange(1),
    metavar="N",
    help="Characters of a text that are rarer count as one unknown symbol.",
)
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
    "--save-seconds",
    type=float,
    help="Save the training's state this often, beside each epoch's end.  [default: 60]",
)
@click.option("--save-steps", type=int, help="Save it also after so many steps each time.")
@click.option(
    "--keep-checkpoints",
    type=int,
    help="How many of the latest such states are kept.  [default: 2]",
)
@click.option(
    "--tensorboard",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Also record the training there, for TensorBoard.",
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
    form: Literal["names", "text"],
    out: Path | None,
    force: bool,
    resume: bool,
    initial: Path | None,
    freeze: tuple[Part, ...],
    min_count: int | None,
    tensorboard: Path | None,
    recipe: str | None,
    loop: Literal["fit", "custom"],
    label_column: str | None,
    label_field: str | None,
    unit: Unit,
    reading: dict[str, Any],
    as_json: bool,
    **settings: Any,
) -> int:
    """Learn from names, one a line, and print ten new ones; or from text, and print some more.

    SOURCE is a text file, .csv, .tsv or .jsonl, each also as .gz, or - for standard input; several
    are read one after the other. Without any, a built-in list of dinosaurs is used. Model and
    training follow the size of the corpus; each option overrides one setting.
    """
    if settings["truth"] is not None and settings["scheduled_sampling"] in (None, "none"):
        raise click.UsageError("--truth needs --scheduled-sampling, whose end it is.")
    labels: dict[str, Any] = {"label_column": label_column, "label_field": label_field}
    if any(labels.values()) and not sources:
        raise click.UsageError("labels need a SOURCE; the built-in list has none.")
    if settings["label_dropout"] is not None and not any(labels.values()):
        raise click.UsageError("--label-dropout needs --label-column or --label-field.")
    if resume and out is None:
        raise click.UsageError("--resume needs --out RUN, the folder to go on with.")
    if loop == "custom" and settings["keep_epochs"] is None:
        settings["keep_epochs"] = 5
    settings["freeze"] = freeze or None
    corpus: Corpus | Text
    if form == "text":
        corpus = _text(sources, unit, min_count, {**reading, **labels})
    else:
        if min_count is not None or settings["window"] is not None:
            raise click.UsageError("--min-count and --window are for text. Add --as text.")
        from ..corpus import Corpus
        from ..recipes import keeps_repeats

        how: dict[str, Any] = {"repeats": keeps_repeats(recipe, settings["held_out"])}
        if sources:
            corpus = Corpus.read(*sources, unit=unit, **how, **labels, **reading)
        else:
            corpus = Corpus.builtin(**how)
    say(corpus.describe())
    from ..text import Text
    from ..training.defaults import settings_before, settings_for

    saved = None
    if initial is not None:
        from ..checkpoint import load_model

        saved = load_model(initial)
    if resume and form == "text" and out is not None:
        settings = {**settings_before(out, settings), **_given(settings)}
    model, training = settings_for(corpus, recipe, saved, **settings)
    folder = out or _free_folder(sources)

    from ..training.fit import fit  # imported here: a mistake above should show at once
    from .progress import show

    with interruptible() as stop:
        events = fit(
            corpus,
            model=model,
            training=training,
            initial=saved,
            out=folder,
            force=force,
            resume=resume,
            loop=loop,
            started=started,
            stop=stop,
        )
        if tensorboard is not None:
            from ..training.tensorboard import recorded

            events = recorded(events, tensorboard)
        finished, language_model = show(events, corpus, unpacked=loop == "custom")
    say(_ending(finished, folder, training.seconds))
    if finished.reason == "interrupted":
        say(f"To go on: {command_to_resume(folder)}")
    start = "" if model.begin or isinstance(corpus, Text) else corpus.names[0][:1]
    _print_samples(language_model, finished, folder, as_json, training.seed, start)
    return 1 if finished.reason == "diverged" else 0


def _text(sources: tuple[str, ...], unit: Unit, min_count: int | None, how: dict[str, Any]) -> Text:
    """Read the sources as text; say how far it is, if that takes a while."""
    for option in ("column", "field", "label_column", "label_field", "max_line_bytes"):
        if how.pop(option, None) is not None:
            name = option.removesuffix("_bytes").replace("_", "-")
            raise click.UsageError(f"--{name} is for names, not for text. Leave it out.")
    if not sources:
        raise click.UsageError("text needs a SOURCE; the built-in list is one of names.")
    from ..text import Text
    from .progress import reading

    with reading() as progress:
        return Text.read(*sources, unit=unit, min_count=min_count or 1, progress=progress, **how)


def _given(settings: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if value is not None}


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


def _ending(finished: Finished, folder: Path, budget: float | None) -> str:
    reasons = {
        "epochs": "Trained to the end",
        "early stopping": "Stopped early, the held-out loss no longer fell",
        "seconds": f"Stopped, the {budget:g} seconds are used up" if budget else "Stopped",
        "interrupted": "Interrupted",
        "callback": "Stopped by a callback",
        "diverged": "Stopped, the loss became NaN; lower --learning-rate",
    }
    held_out = finished.held_out_nats_per_char
    loss = finished.train_nats_per_char if held_out is None else held_out
    part = "training" if held_out is None else "held-out"
    return (
        f"{reasons[finished.reason]}: epoch {finished.epoch}, {finished.seconds:.1f} s. "
        f"Kept epoch {finished.best_epoch}, {part} loss {loss:.3f} nats/char, in {folder}"
    )


def _print_samples(
    model: LanguageModel, finished: Finished, folder: Path, as_json: bool, seed: int, start: str
) -> None:
    """Print new names or text; ``start`` is for a model that cannot choose a first letter."""
    summary = {
        "run": str(folder),
        "reason": finished.reason,
        "epochs": finished.epoch,
        "best_epoch": finished.best_epoch,
        "train_nats_per_char": finished.train_nats_per_char,
        "held_out_nats_per_char": finished.held_out_nats_per_char,
        "seconds": round(finished.seconds, 3),
    }
    if model.rnn.config.text:
        text = model.text(CHARACTERS, seed=seed)
        if as_json:
            windows = finished.held_out_window_nats_per_char
            summary |= {"held_out_window_nats_per_char": windows, "text": text}
        click.echo(to_json(summary) if as_json else text)
        return
    if start:
        say(f"This model cannot choose a first letter; these begin with {start}, as the list does.")
    samples = model.generate(SAMPLES, seed=seed, start=start)
    if as_json:
        click.echo(to_json({**summary, "names": [sample.text for sample in samples]}))
        return
    for sample in samples:
        click.echo(sample.text)
    if samples.reason is not None:
        say(f"charloom: {samples.reason}.")
