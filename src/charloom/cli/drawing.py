"""Options of drawing: how it is done, what names must obey, and what counts as new."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

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
        click.option(
            "--temperature",
            "temperatures",
            type=Temperature(),
            multiple=True,
            help="Below 1 more typical, above 1 bolder; 0 always takes the likeliest character; 1 "
            "if not given. Several, as in 0.5,1.2, take turns along the name. Given more than "
            "once, there are -n names of each.",
        ),
        click.option("--top-k", type=int, help="Choose among the k likeliest characters only."),
        click.option(
            "--top-p", type=float, help="Choose among the likeliest that make up p in all."
        ),
        click.option(
            "--min-p",
            type=float,
            help="Choose among those at least p times as likely as the best.",
        ),
        click.option("--seed", type=int, help="Repeat a draw: the same seed gives the same names."),
        click.option(
            "--best",
            is_flag=True,
            help="The likeliest names in order, exactly, instead of a draw.",
        ),
        click.option(
            "--beam",
            type=int,
            metavar="WIDTH",
            help="With --best: quickly, by a beam search that may miss some.",
        ),
    )
    return _decorate(function, options)


RULES = {"end": "", "contains": (), "length": None, "chars": None, "regex": None, "block": ()}
"""The options that are rules beside the start, as they are where none is given."""


def rule_options(function: F) -> F:
    """What every name must obey."""
    options = (
        click.option("--start", default="", help="What each name begins with."),
        click.option("--end", default="", help="What each name ends with."),
        click.option(
            "--contains", multiple=True, help="What each name has somewhere; may be repeated."
        ),
        click.option("--length", metavar="RANGE", help="How long each name is: 6:9, 6:, :9, or 7."),
        click.option(
            "--max-length",
            type=int,
            help="Longest name, if no --length says so; twice the longest known one and 10 more, "
            "if not given. Names are dropped, never cut.",
        ),
        click.option("--chars", help="The characters that names are made of, and no others."),
        click.option("--regex", help="A regular expression that matches the whole name."),
        click.option(
            "--block",
            type=click.Path(path_type=Path),
            multiple=True,
            metavar="FILE",
            help="Texts, one a line, that no name may have anywhere, whatever the case.",
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
            help="Names that must not come out, beside the training list.",
        ),
        click.option(
            "--min-edits",
            type=int,
            default=1,
            show_default=True,
            help="Stay at least so many edits away from each of these names.",
        ),
        click.option(
            "--fold-case", is_flag=True, help="Count names that differ only in case as the same."
        ),
        click.option(
            "--allow-known", is_flag=True, help="Let names of the training list come out."
        ),
        click.option("--allow-repeats", is_flag=True, help="Let a name come out more than once."),
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
