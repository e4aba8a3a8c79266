"""``charloom generate --out``: many names, in parts, by several processes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Set
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import Whole, options, path_option, say
from .sources import given_options

if TYPE_CHECKING:
    from ..generation import NameModel
    from ..run import Run

MOST_WORKERS = 4096
"""The most processes on one machine."""

IN_PARTS = ("workers", "scheduler", "parquet")
"""Parameters that make sense with ``--out`` only."""

NOT_IN_PARTS = {
    "best": "--best searches in one process",
    "explain": "--explain is for a few names",
    "allow_repeats": "--allow-repeats draws in one process",
}

parts_options = options(
    path_option(
        "--out",
        metavar="FOLDER",
        help="Write the names to files in FOLDER, found in parts by several processes: the same "
        "names, in another order. The same command continues a job that was interrupted. Needs the "
        "extra cluster.",
    ),
    click.option(
        "--workers",
        type=Whole(1, MOST_WORKERS),
        help="With --out: processes on this machine; one per core by default.",
    ),
    click.option(
        "--scheduler",
        metavar="ADDRESS",
        help="With --out: a Dask scheduler, such as tcp://host:8786, whose workers have charloom "
        "and FOLDER.",
    ),
    click.option(
        "--parquet",
        is_flag=True,
        help="With --out: write Parquet with the columns text, nats and origin.",
    ),
)


def check_parts(given: Mapping[str, Any], temperatures: int) -> None:
    """Refuse options that do not go together, with ``--out`` or without it."""
    if given["out"] is None:
        for option in given_options(IN_PARTS):
            raise click.UsageError(f"{option} is for --out FOLDER. Add that, or leave it out.")
        return
    for name, why in NOT_IN_PARTS.items():
        if given[name]:
            raise click.UsageError(f"{why}, and --out in several. Leave one out.")
    if temperatures > 1:
        raise click.UsageError("--out takes one --temperature. Run a command for each.")
    if given["parquet"] and given["as_json"]:
        raise click.UsageError("--parquet and --json exclude each other. Leave one out.")
    if given["parquet"] and find_spec("pyarrow") is None:
        raise click.UsageError(
            '--parquet needs pyarrow, which is not installed. Run: pip install "charloom[cluster]"'
        )
    if given["scheduler"] is not None and given["workers"] is not None:
        raise click.UsageError("--scheduler has workers of its own. Leave --workers out.")


def seed_of_job(folder: Path | None) -> int | None:
    """Return the seed of the job in a folder; ``None`` if there is none."""
    if folder is None:
        return None
    from ..cluster.job import manifest

    found = manifest(folder)
    return None if found is None else int(found["job"]["seed"])


def write_names(
    model: NameModel,
    run: Run,
    count: int,
    as_json: bool,
    given: Mapping[str, Any],
    conditioned: Mapping[str, Any],
    asked: Mapping[str, Any],
) -> int:
    """Write the names to a folder, and say how many and where; return the exit code.

    Args:
        model: the model, as ``conditioned`` by labels and other runs.
        run: its run.
        count: how many names.
        as_json: whether the files have lines of JSON.
        given: the values of ``parts_options``.
        conditioned: what the model is conditioned on.
        asked: the options of ``NameModel.stream``.
    """
    from ..cluster.job import Job
    from ..data.summary import counted
    from ..models.threads import usable_cores
    from .progress_bar import progress_bar

    decisive = {name: value for name, value in {**conditioned, **asked}.items() if value}
    decisive["forbid"] = _digest(asked["forbid"])
    decisive["rules"] = repr(asked["rules"])
    kind = "parquet" if given["parquet"] else "json" if as_json else "text"
    job = Job(
        given["out"],
        {"model": run.digest, "n": count, "seed": asked["seed"], **decisive},
        kind,
        {"seed": asked["seed"]},
    )
    found = job.open()
    if not found["complete"]:
        from ..cluster.runner import tasks

        search, workers = model.stream(count, **asked), given["workers"] or usable_cores()
        with progress_bar("preparing") as show, tasks(workers, given["scheduler"]) as run_tasks:
            found = job.names(search, run_tasks, lambda share: show("names", share))
    say(f"{found['names']:,} names in {counted(len(found['files']), 'file')} in {given['out']}")
    return 0


def _digest(names: Set[str]) -> str:
    return hashlib.sha256("\n".join(sorted(names)).encode()).hexdigest() if names else ""
