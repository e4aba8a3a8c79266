"""Options of drawing: how it is done, what names must obey, and what counts as new."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ..config import SampleConfig
from .options import setting_option

if TYPE_CHECKING:
    from ..generation.constraints import Rules

F = TypeVar("F", bound=Callable[..., Any])


class Temperature(click.ParamType):  # type: ignore[type-arg, unused-ignore]
    """A number, or several with commas between them."""

    name = "number[,...]"

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Return a float or a tuple of floats."""
        if not isinstance(value, str):
            return value
        try:
            numbers = tuple(float(part) for part in value.split(","))
        except ValueError:
            self.fail(f"{value!r} is not a number, nor several with commas between them.")
        return numbers[0] if len(numbers) == 1 else numbers


def drawing_options(function: F) -> F:
    """How to draw."""
    options = (
        setting_option(
            SampleConfig,
            "temperature",
            "--temperature",
            "temperatures",
            type=Temperature(),
            multiple=True,
            note=" If the option is repeated, -n names are printed for each.",
        ),
        *(setting_option(SampleConfig, name) for name in ("top_k", "top_p", "min_p", "seed")),
        click.option(
            "--best",
            is_flag=True,
            help="Print the most likely names in order (exact) instead of sampling.",
        ),
        click.option(
            "--beam",
            type=int,
            metavar="WIDTH",
            help="With --best: use a beam search, which is faster and may miss some.",
        ),
    )
    return _decorate(function, options)


RULES = {"end": "", "contains": (), "length": None, "chars": None, "regex": None, "block": ()}
"""The options that are rules beside the start, as they are where none is given."""


def rule_options(function: F) -> F:
    """What every name must obey."""
    options = (
        click.option("--start", default="", help="Every name starts with TEXT."),
        click.option("--end", default="", help="Every name ends with TEXT."),
        click.option(
            "--contains", multiple=True, help="Every name contains TEXT; may be repeated."
        ),
        click.option("--length", metavar="RANGE", help="Length of every name: 6:9, 6:, :9 or 7."),
        setting_option(SampleConfig, "max_length", note=" --length can set it, too."),
        click.option("--chars", help="Names consist of these characters only."),
        click.option("--regex", help="Regular expression that every whole name matches."),
        click.option(
            "--block",
            type=click.Path(path_type=Path),
            multiple=True,
            metavar="FILE",
            help="Strings, one per line, that no name contains, whatever the case.",
        ),
    )
    return _decorate(function, options)


def novelty_options(function: F) -> F:
    """What counts as new."""
    options = (
        click.option(
            "--forbid",
            type=click.Path(path_type=Path),
            multiple=True,
            metavar="FILE",
            help="Names to exclude, in addition to the training list.",
        ),
        click.option(
            "--min-edits",
            type=int,
            default=1,
            show_default=True,
            help="Minimum edit distance from every excluded name.",
        ),
        click.option(
            "--fold-case", is_flag=True, help="Treat names that differ only in case as the same."
        ),
        click.option(
            "--allow-known", is_flag=True, help="Also generate names of the training list."
        ),
        click.option("--allow-repeats", is_flag=True, help="Also repeat names."),
    )
    return _decorate(function, options)


def rules_of(options: dict[str, Any]) -> Rules | None:
    """Take the rules out of the options, but the start, which is one of the model's."""
    given = {name: options.pop(name) for name in RULES}
    if given == RULES:
        return None
    from ..generation import constraints as rules  # late: most calls have none

    demands: list[rules.Rule] = []
    if end := given["end"]:
        demands.append(rules.End(end))
    demands += map(rules.Contains, given["contains"])
    if length := given["length"]:
        demands.append(rules.Length.parse(length))
    if (characters := given["chars"]) is not None:
        demands.append(rules.Chars(characters))
    if (pattern := given["regex"]) is not None:
        demands.append(rules.Regex(pattern))
    for path in given["block"]:
        from ..data.names import read_texts

        demands.append(rules.Block(tuple(read_texts(path)), name=f"--block {path.name}"))
    return rules.Rules(tuple(demands))


def _decorate(function: F, options: tuple[Callable[[F], F], ...]) -> F:
    for option in reversed(options):
        function = option(function)
    return function
