"""``charloom tune``: search for the best settings for a corpus, and save them as a recipe."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import click

from ..config import MOST_FOLDS, MOST_MINUTES, MOST_TRIALS
from ..config.arguments import MOST_SEED, MOST_WORKERS
from ..errors import ConfigError, TrainingError
from .interruption import interruptible
from .options import Real, Whole, json_option, path_option, put, say, to_json
from .sources import (
    READING,
    Source,
    form_options,
    given_options,
    label_options,
    reading_options,
    source_arguments,
    weight_options,
)

ALIKE = ("form", "unit", "min_count", *READING)
"""Options for reading a source that training with the recipe needs too."""


@click.command("tune")
@source_arguments
@form_options
@click.option(
    "--minutes",
    type=Real(f"(0, {MOST_MINUTES}]"),
    help="Wall-clock budget for the whole command.  [default: 10, unless --trials is given]",
)
@click.option(
    "--trials",
    type=Whole(1, MOST_TRIALS),
    help="Total number of trials, including those of an earlier search.",
)
@click.option(
    "--folds",
    type=Whole(1, MOST_FOLDS),
    help="Number of cross-validation folds; chosen by the size of the list by default.",
)
@click.option(
    "--workers",
    type=Whole(1, MOST_WORKERS),
    default=1,
    show_default=True,
    metavar="N",
    help="Trials that are trained at once, each in a process with its share of the cores. With "
    "several, a search cannot be repeated exactly.",
)
@click.option(
    "--fix",
    "fixed",
    multiple=True,
    metavar="NAME=VALUE",
    help="Keep a setting at this value, as in --fix units=128; may be repeated.",
)
@path_option(
    "--out",
    help="Recipe file to write; runs/NAME.recipe.json by default. FILE.journal keeps the "
    "trials: run the command again to resume the search.",
)
@click.option("--force", is_flag=True, help="Overwrite FILE and start a new search.")
@click.option(
    "--seed", type=Whole(0, MOST_SEED), default=0, help="Random seed for the splits and the search."
)
@label_options
@weight_options
@reading_options
@json_option
@click.pass_obj
def command(
    started: float,
    /,
    source: Source,
    minutes: float | None,
    trials: int | None,
    folds: int | None,
    workers: int,
    fixed: tuple[str, ...],
    out: Path | None,
    force: bool,
    seed: int,
    as_json: bool,
) -> int:
    """Search for the best settings for a list of names or a text.

    SOURCE is read as in `charloom train`. The default recipe is tried first. The best settings
    are compared with it again on fresh splits, because the best of many trials looks better than
    it is. The result is a recipe file for `charloom train SOURCE --recipe FILE`.
    """
    settings = _fixed(fixed)
    recipe = out or Path("runs") / f"{source.name}.recipe.json"
    journal = _journal(recipe, force)
    corpus = source.corpus()
    for line in corpus.describe().splitlines():
        say(line)
    corpus = source.shortened(corpus)
    from ..training.recipe_file import RecipeFile, write_recipe
    from ..tuning import tune
    from .tune_output import found, show, summary

    with interruptible() as stop:
        events = tune(
            corpus,
            seconds=None if minutes is None else 60 * minutes,
            trials=trials,
            folds=folds,
            workers=workers,
            fixed=settings,
            seed=seed,
            journal=journal,
            force=force,
            started=started,
            stop=stop,
        )
        try:
            search_started, result = show(events, started, minutes, trials)
        except TrainingError as error:
            if stop():  # before there was a result
                raise click.Abort from error
            raise
    facts = found(corpus, search_started, result, seed)
    write_recipe(recipe, RecipeFile(result.settings, facts))
    if as_json:
        click.echo(to_json({"recipe": str(recipe), **result.to_dict(), "found": facts}))
    else:
        options = {"--recipe": recipe} | given_options(ALIKE)
        pairs = (pair[: 1 if pair[1] is True else 2] for pair in options.items())
        words = shlex.join(str(word) for pair in pairs for word in pair)
        put(summary(result))
        put(f"\nWritten to {recipe}. To train with it: charloom train SOURCE {words}")
    return 0


def _journal(recipe: Path, force: bool) -> Path:
    """Return the file that keeps the trials, if ``recipe`` may be written."""
    if not recipe.name or recipe.is_dir():
        raise click.UsageError(f"--out must be a file to write, not a folder. Received: {recipe}")
    if recipe.exists() and not recipe.is_file():  # renaming a file to a device would remove it
        raise click.UsageError(f"--out must be a regular file. Received: {recipe}")
    journal = recipe.with_name(f"{recipe.name}.journal")
    if recipe.exists() and not journal.exists() and not force:
        raise ConfigError(
            f"{recipe} exists but has no journal to resume from. Pass another --out, or --force."
        )
    return journal


def _fixed(options: tuple[str, ...]) -> dict[str, Any]:
    """Read NAME=VALUE; a value is JSON, or else a word."""
    settings: dict[str, Any] = {}
    for option in options:
        name, equals, value = option.partition("=")
        if not equals or not name or not value:
            raise click.UsageError(f"--fix takes NAME=VALUE. Received: {option!r:.60}")
        try:
            read = json.loads(value)
        except ValueError:
            read = value
        if read is None:
            raise click.UsageError(f"--fix takes a value, not null. Received: {option!r:.60}")
        settings[name.replace("-", "_")] = read
    return settings
