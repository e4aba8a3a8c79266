"""A measurement as people read it: each figure, its interval, real names beside, what it means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from ..reporting.format import interval, number


def show(result: Mapping[str, Any], *, text: bool) -> None:
    """Print what ``evaluate --json`` prints, for people."""
    click.echo(_beginning(result, text))
    rows = []
    for one in result["measures"]:
        unit, real = one["unit"], one["real"]
        value = number(one["value"], unit, exact=True)
        between = interval(one["low"], one["high"], unit, exact=True)
        beside = number(real["value"], unit, exact=True) if real else ""
        rows.append((one["title"], value, between, beside))
    heads = ("", "value", "95 % interval", "real")
    widths = [max(len(row[i]) for row in [heads, *rows]) for i in range(4)]

    def line(cells: Sequence[str], end: str) -> str:
        title, value, between, real = (
            cell.ljust(width) if i in (0, 2) else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return f"{title}  {value}  {between}  {real}  {end}".rstrip()

    click.echo(f"\n{line(heads, 'better')}")
    for row, one in zip(rows, result["measures"], strict=True):
        click.echo(line(row, one["better"]))
        click.secho(f"    {one['explanation']}", dim=True)
    if result["calibration"]:
        click.echo(f"\n{calibration_line(result['calibration']['bins'])}")
    if result["memorisation"]:
        click.echo(f"\n{result['memorisation']['verdict']}")
    if result["notes"]:
        click.echo()
    for note in result["notes"]:
        click.echo(note)


def _beginning(result: Mapping[str, Any], text: bool) -> str:
    """Say on what it was measured."""
    heat = f"temperature {result['temperature']:g}, seed {result['seed']}"
    drawn = f"{result['samples']:,} {'characters' if text else 'names'} drawn at {heat}"
    if text:
        said = f"{result['characters']:,} characters of text that the model has not seen"
        said += (
            f"; in windows of {result['window']}, {result['window_nats_per_char']:.4f} nats each"
        )
    elif result["names"]:
        said = f"{result['names']:,} names that the model has not seen, of "
        said += f"{result['characters']:,} characters, ends counted"
    else:
        said = "no names that the model has not seen"
    unknown = result.get("unknown_characters", 0)
    if result.get("skipped_names"):
        said += f"; {result['skipped_names']:,} more have characters that it does not know"
    elif unknown:
        said += f"; {unknown:,} characters are unknown to it"
    return f"{said}\n{drawn}"


def calibration_line(bins: list[dict[str, Any]]) -> str:
    """Say in a line how often what the model says comes true."""
    said = ", ".join(_percent(one["predicted"]) for one in bins)
    came = ", ".join(_percent(one["observed"]) for one in bins)
    return f"characters to which it gave {said} %\ncame as often as              {came} %"


def _percent(share: float) -> str:
    return f"{100 * share:.1g}" if share < 0.01 else f"{100 * share:.0f}"
