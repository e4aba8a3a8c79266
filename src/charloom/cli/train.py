"""``charloom train``: train on names or text, save the model, and print samples."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from .interruption import command_to_resume, interruptible
from .options import json_option, path_option, say, say_seed
from .sources import (
    Source,
    form_options,
    given_options,
    label_options,
    reading_options,
    source_arguments,
    weight_options,
)
from .train_options import check_counted, check_order, training_options

if TYPE_CHECKING:
    from ..config import Part


@click.command("train")
@source_arguments
@form_options
@path_option(
    "--out",
    metavar="RUN",
    help="Run folder to save to. By default runs/NAME, with a number if that exists.",
)
@click.option("--force", is_flag=True, help="Replace the model in RUN.")
@click.option("--resume", is_flag=True, help="Resume the training in RUN.")
@path_option(
    "--from",
    "initial",
    metavar="RUN",
    help="Fine-tune the model of another run; new characters are added to its vocabulary.",
)
@click.option(
    "--base",
    metavar="latin|none|RUN",
    help="Adapt a network that knows what names look like: latin, the base model that comes with "
    "charloom (the default for short lists in Latin script); another run, of which only the "
    "weights are used; or none.",
)
@training_options
@label_options
@weight_options
@reading_options
@json_option
@click.pass_obj
def command(
    started: float,
    /,
    source: Source,
    out: Path | None,
    force: bool,
    resume: bool,
    initial: Path | None,
    base: str | None,
    freeze: tuple[Part, ...],
    tensorboard: Path | None,
    recipe: str | None,
    loop: Literal["fit", "custom"],
    as_json: bool,
    **settings: Any,
) -> int:
    """Train on a list of names and print ten new ones; or on text, and print some new text.

    SOURCE is a text file with one name per line, a table or a JSON file, any of them
    compressed as .gz, a folder of such files, or - for standard input; several are read as one
    list. Without a SOURCE, the
    built-in list of dinosaurs is used. Model and training settings are chosen by the size of the
    corpus; each option overrides one of them.

    --resume --out RUN is enough to resume: RUN remembers its SOURCE, which is read again if it has
    not changed, and all options but --tensorboard and --json.
    """
    settings |= {"freeze": freeze or None, "base": base}
    others = {"initial": initial, "tensorboard": tensorboard, "loop": loop}
    if initial is not None and base is not None:
        raise click.UsageError("--from and --base exclude each other. Leave one of them out.")
    if resume and out is None:
        raise click.UsageError("--resume needs --out RUN, the folder to resume.")
    check_order(settings["kind"], settings["order"])
    if settings["kind"] is not None:
        check_counted(settings["kind"], settings | others)
    from ..run import load_model
    from ..run.begun import find_begun
    from ..training.base_model import LATIN, NO_BASE, digest_of
    from ..training.recipes import (
        digest_before,
        keeps_repeats,
        reading_before,
        settings_before,
        settings_for,
    )
    from ..training.resume import fine_tuned_before
    from .resumed import resumed_source

    saved = None if initial is None else load_model(initial)
    repeats = keeps_repeats(recipe, settings["held_out"])
    if resume and out is not None:
        source = resumed_source(source, out, repeats=repeats).resuming(reading_before(out))
    elif saved is not None:
        source = source.resuming({"unit": saved.vocabulary.token_unit})
    repeats = repeats and not source.has_weights
    if settings["label_dropout"] is not None and not source.has_labels:
        raise click.UsageError("--label-dropout needs --label-column or --label-field.")
    if source.form == "names" and settings["window"] is not None:
        raise click.UsageError("--window is for text. Add --as text.")
    corpus = source.corpus(repeats=repeats)
    for line in corpus.describe().splitlines():
        say(line)
    if not (resume and out is not None and digest_before(out) == corpus.digest):
        corpus = source.shortened(corpus)
    if base not in (None, NO_BASE, LATIN):
        saved = load_model(Path(base))
        settings["base"] = digest_of(saved)
    given = {name: value for name, value in settings.items() if value is not None}
    if loop == "custom":
        given.setdefault("keep_epochs", 5)
    if resume and out is not None:
        given = {**settings_before(out), **given}
        if "--loop" not in given_options({"loop"}):
            loop = "custom" if find_begun(out).loop == "custom" else "fit"
        saved = saved or fine_tuned_before(out)
    model, training = settings_for(corpus, recipe, saved, **given)
    check_counted(model.kind, settings | others)  # a recipe may have chosen the kind
    folder = out or _free_folder(source)

    from ..api import model_of
    from ..data.text import TextCorpus
    from ..data.unicode import split_units
    from ..reporting.progress import show
    from ..training.trainer import fit  # imported here: a mistake above should show at once
    from .train_output import failure, print_samples, say_ending

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
        finished = show(events, corpus, unpacked=loop == "custom")
    language_model = model_of(finished.saved)
    say_ending(finished, language_model, folder, training.seconds)
    say_seed(training.seed)
    if finished.reason == "interrupted":
        say(f"To resume: {command_to_resume(folder)}")
    start = ""
    if not (model.begin or isinstance(corpus, TextCorpus)):
        start = split_units(corpus.names[0], corpus.unit)[0]
    print_samples(language_model, finished, folder, as_json, training.seed, start)
    if (failed := failure(finished, training.learning_rate)) is not None:
        say(f"charloom: {failed}")
    return 1 if failed is not None or finished.reason == "diverged" else 0


def _free_folder(source: Source) -> Path:
    """Choose runs/NAME after the first file, with a number so that nothing is overwritten."""
    base = Path("runs") / source.name
    folder, number = base, 1
    while folder.exists():
        number += 1
        folder = base.with_name(f"{base.name}-{number}")
    return folder
