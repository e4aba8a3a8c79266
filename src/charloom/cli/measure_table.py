"""The measures of a model as a table: values, intervals, real names, and what each one means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from ..reporting.format import interval, number
from .options import aligned, put


def show(result: Mapping[str, Any], *, seen: int | None) -> None:
    """Print for people what ``evaluate --json`` prints for programs.

    ``seen`` says how many of the names are in the training list; it is ``None`` for text.
    """
    click.echo(_beginning(result, seen))
    rows = [("", "value", "95 % interval", "real", "better")]
    for one in result["measures"]:
        unit, real = one["unit"], one["real"]
        value = number(one["value"], unit, exact=True)
        between = interval(one["low"], one["high"], unit, exact=True)
        beside = number(real["value"], unit, exact=True) if real else ""
        rows.append((one["title"], value, between, beside, one["better"]))
    head, *lines = aligned(rows, right=(1, 3))
    click.echo(f"\n{head}")
    for line, one in zip(lines, result["measures"], strict=True):
        click.echo(line)
        click.secho(f"    {one['explanation']}", dim=True)
    if calibration := result["calibration"]:
        click.echo("\nCalibration of the next character")
        for which in ("predicted", "observed"):
            shares = ", ".join(_percent(one[which]) for one in calibration["bins"])
            click.echo(f"  {which:<9}  {shares} %")
    if result["memorisation"]:
        put(f"\n{result['memorisation']['verdict']}")
    for place, note in enumerate(result["notes"]):
        put(note if place else f"\n{note}")


def _beginning(result: Mapping[str, Any], seen: int | None) -> str:
    """Say on what it was measured."""
    if seen is None:
        said = (
            f"{result['characters']:,} characters of unseen text; in windows of "
            f"{result['window']}, {result['window_nats_per_char']:.4f} nats each"
        )
    elif result["names"]:
        names = f"{result['names']:,} names, {seen:,} of them in the training list,"
        names = names if seen else f"{result['names']:,} unseen names"
        said = f"{names} of {result['characters']:,} characters in all, ends included"
    else:
        said = "no unseen names"
    if result.get("skipped_names"):
        said += f"; {result['skipped_names']:,} more have characters that the model never saw"
    elif unknown := result.get("unknown_characters"):
        said += f"; {unknown:,} characters that the model never saw"
    what = "characters" if seen is None else "names"
    settings = f"temperature {result['temperature']:g}, seed {result['seed']}"
    return f"{said}\n{result['samples']:,} {what} sampled at {settings}"


def _percent(share: float) -> str:
    return f"{100 * share:.1g}" if share < 0.01 else f"{100 * share:.0f}"
