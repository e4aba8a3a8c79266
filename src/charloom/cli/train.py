"""``charloom train``: train on names or text, save the model, and print samples."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from ..data.sources.streams import STDIN
from .interruption import command_to_resume, interruptible
from .options import json_option, path_option, say, say_seed
from .processes import joined, own_place, places_of, process_options, stop_asked, supervise
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
    from ..training.together import Together
    from ..training.trackers import Service


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
@process_options
@json_option
@click.pass_obj
def command(
    started: float,
    /,
    distributed: bool,
    processes: int | None,
    coordinator: str | None,
    num_processes: int | None,
    process_id: int | None,
    join_seconds: int | None,
    **given: Any,
) -> int:
    """Train on a list of names and print ten new ones; or on text, and print some new text.

    SOURCE is a text file with one name per line, a table or a JSON file, any of them
    compressed as .gz, a folder of such files, or - for standard input; several are read as one
    list. Without a SOURCE, the
    built-in list of dinosaurs is used. Model and training settings are chosen by the size of the
    corpus; each option overrides one of them.

    --resume --out RUN is enough to resume: RUN remembers its SOURCE, which is read again if it has
    not changed, and all options but --tensorboard, --tracker, --json and those of processes.
    """
    places = places_of(
        distributed=distributed,
        processes=processes,
        coordinator=coordinator,
        num_processes=num_processes,
        process_id=process_id,
        join_seconds=join_seconds,
        workers=given["workers"],
    )
    if not places:
        from ..training.together import ALONE

        return _train(started, ALONE, interruptible, **given)
    if (place := own_place()) is None:
        if STDIN in given["source"].paths:
            raise click.UsageError("several processes cannot read standard input. Give a file.")
        if given["kind"] is not None:
            check_counted(given["kind"], {"distributed": True})
        return supervise(places, given["out"], started)
    with joined(place) as together:
        return _train(place.started, together, stop_asked, **given)


def _train(
    started: float,
    together: Together,
    stopping: Callable[[], AbstractContextManager[Callable[[], bool]]],
    /,
    *,
    source: Source,
    out: Path | None,
    force: bool,
    resume: bool,
    initial: Path | None,
    base: str | None,
    freeze: tuple[Part, ...],
    tensorboard: Path | None,
    trackers: tuple[Service, ...],
    recipe: str | None,
    loop: Literal["fit", "custom"],
    workers: int | None,
    as_json: bool,
    **settings: Any,
) -> int:
    """Do what ``command`` promises, as one of the processes ``together``; ``stopping`` says when to
    stop."""
    settings["freeze"] = freeze or None
    others = {"base": base, "initial": initial, "tensorboard": tensorboard, "loop": loop,
              "workers": workers}  # fmt: skip
    if initial is not None and base is not None:
        raise click.UsageError("--from and --base exclude each other. Leave one of them out.")
    if resume and out is None:
        raise click.UsageError("--resume needs --out RUN, the folder to resume.")
    check_order(settings["kind"], settings["order"])
    if settings["kind"] is not None:
        check_counted(settings["kind"], settings | others)
    from ..run import load_model
    from ..training.base_model import LATIN, NO_BASE
    from ..training.planned import planned
    from ..training.recipes import digest_before, keeps_repeats, reading_before
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
    if together.count > 1:
        say(f"{together.count} processes share each batch.")
    if not (resume and out is not None and digest_before(out) == corpus.digest):
        corpus = source.shortened(corpus)
    adapted = base if base in (None, NO_BASE, LATIN) else load_model(Path(base))
    kept = {"keep_epochs": 5} if (loop, settings["keep_epochs"]) == ("custom", None) else {}
    plan = planned(
        corpus,
        resumed=out if resume else None,
        recipe=recipe,
        initial=saved,
        base=adapted,
        loop=loop if not resume or "--loop" in given_options({"loop"}) else None,
        **settings | kept,
    )
    training = plan.training
    check_counted(plan.model.kind, settings | others)  # a recipe may have chosen the kind
    folder = out or _free_folder(source)

    from ..api import model_of
    from ..data.text import TextCorpus
    from ..data.unicode import split_units
    from ..reporting.progress import show
    from ..training.trainer import fit  # imported here: a mistake above should show at once
    from .train_output import failure, print_samples, say_ending

    with stopping() as stop:
        events = fit(
            corpus,
            model=plan.model,
            training=training,
            initial=plan.initial,
            out=folder,
            force=force,
            resume=resume,
            loop=plan.loop,
            started=started,
            stop=stop,
            together=together,
            workers=workers or 1,
        )
        if together.rank:
            for _ in events:
                pass
            return 0
        if tensorboard is not None:
            from ..training.tensorboard import recorded

            events = recorded(events, tensorboard)
        for service in dict.fromkeys(trackers):
            from ..training.trackers import tracked

            events = tracked(events, service, training.to_dict())
        finished = show(events, corpus, unpacked=plan.loop == "custom")
    language_model = model_of(finished.saved)
    say_ending(finished, language_model, folder, training.seconds)
    say_seed(training.seed)
    if finished.reason == "interrupted":
        say(f"To resume: {command_to_resume(folder)}")
    start = ""
    if not (plan.model.begin or isinstance(corpus, TextCorpus)):
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
