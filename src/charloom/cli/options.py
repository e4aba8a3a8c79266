"""Arguments and options that several commands share, and how commands print."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ..config import ModelConfig, SampleConfig, TrainConfig
from ..config.arguments import MOST_SEED, lies_in, shown
from ..data.tokens import UNITS
from ..errors import ConfigError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from ..run import Run

F = TypeVar("F", bound=Callable[..., Any])


def setting_option(
    config: type[ModelConfig | TrainConfig | SampleConfig],
    name: str,
    *flags: str,
    note: str = "",
    show_default: bool = False,
    **settings: Any,
) -> Callable[[F], F]:
    """The option of a configuration's field, with the field's help; ``None`` if it is not given.

    Args:
        config, name: the field.
        flags: the option's names; by default that of the field.
        note: follows the field's help.
        show_default: whether the help ends with the field's default.
        settings: of ``click.option``; by default the type follows the field's range.
    """
    field = config.__dataclass_fields__[name]
    allowed, text = field.metadata["range"], field.metadata["help"] + note
    kinds: dict[type, Callable[[Any], Any]] = {range: Whole.of, str: Real.of, tuple: click.Choice}
    kind = kinds[type(allowed)](allowed)
    if show_default:
        text += f"  [default: {field.default:g}]"
    settings = {"type": kind, "multiple": field.default == (), **settings}
    return click.option(*(flags or [f"--{name.replace('_', '-')}"]), help=text, **settings)


class Whole(click.IntRange):
    """A whole number in a range, which the help states."""

    name = "integer"

    @classmethod
    def of(cls, allowed: range) -> Whole:
        """Return the type of the numbers in ``allowed``."""
        return cls(allowed[0], allowed[-1])

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number; a usage error names the option, the range and what was received."""
        try:
            found = int(value)
        except (ValueError, OverflowError):
            found = None
        if found is None or not self.min <= found <= self.max:  # type: ignore[operator]
            rule = f"must be a whole number from {self.min} to {self.max}. Received: "
            self.fail(f"{rule}{shown(value)}", param, ctx)
        return found


class Real(click.FloatRange):
    """A number in an interval, which the help states; never NaN or infinite."""

    name = "float"

    def __init__(self, interval: str) -> None:
        low, high = (float(end) for end in interval[1:-1].split(","))
        low, high = (int(end) if end.is_integer() else end for end in (low, high))  # for the help
        most = high if math.isfinite(high) else None
        opened = {
            "min_open": interval[0] == "(",
            "max_open": interval[-1] == ")" and most is not None,
        }
        super().__init__(low, most, **opened)
        self.interval = interval

    @classmethod
    def of(cls, interval: str) -> Real:
        """Return the type of the numbers in ``interval``, as in ``[0, 1)``."""
        return cls(interval)

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number; a usage error names the option, the range and what was received."""
        try:
            found = float(value)
        except (ValueError, OverflowError):
            found = math.nan
        if not lies_in(found, self.interval):
            rule = f"must be a number in {self.interval}. Received: "
            self.fail(f"{rule}{shown(value)}", param, ctx)
        return found


def folders(ctx: click.Context, param: click.Parameter, text: str) -> list[CompletionItem]:
    """Let the shell complete the name of a folder."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(text, type="dir")]


def files(ctx: click.Context, param: click.Parameter, text: str) -> list[CompletionItem]:
    """Let the shell complete the name of a file or a folder."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(text, type="file")]


class RunFolder(click.ParamType):  # type: ignore[type-arg, unused-ignore]
    """A run folder, which is opened and verified once for the whole command."""

    name = "run"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Run:
        """Open the folder; its errors are those of ``Run.open``."""
        from ..run import Run

        return value if isinstance(value, Run) else Run.open(value)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Let the shell complete the name of a folder."""
        return folders(ctx, param, incomplete)


class Numbers(click.ParamType):  # type: ignore[type-arg, unused-ignore]
    """A number, or several separated by commas."""

    name = "number[,...]"

    def __init__(self, interval: str) -> None:
        self._one = Real(interval)

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Return a float or a tuple of floats."""
        if not isinstance(value, str):
            return value
        numbers = tuple(self._one.convert(part, param, ctx) for part in value.split(","))
        return numbers[0] if len(numbers) == 1 else numbers


class Escaped(click.ParamType):  # type: ignore[type-arg, unused-ignore]
    r"""Text in which \n stands for a line break, \t for a tab and \\ for a backslash."""

    name = "text"

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        """Return the text that is meant."""
        meant = {"n": "\n", "t": "\t", "\\": "\\"}
        return re.sub(r"\\([nt\\])", lambda found: meant[found[1]], value)


def options(*decorators: Callable[[F], F]) -> Callable[[F], F]:
    """Return a decorator that adds several options, listed in this order."""

    def decorate(command: F) -> F:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return decorate


def path_option(*names: str, metavar: str = "FILE", **settings: Any) -> Callable[[F], F]:
    """Return an option for a path, or for several (``multiple``)."""
    return click.option(*names, type=click.Path(path_type=Path), metavar=metavar, **settings)


run_argument = click.argument("run", type=RunFolder(), metavar="RUN")

run_path_argument = click.argument(
    "run_path", type=click.Path(path_type=Path), metavar="RUN", shell_complete=folders
)
"""The run folder, for a command that checks its other options before it opens the run."""

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")

sampling_seed_option = click.option(
    "--seed",
    type=Whole(0, MOST_SEED),
    default=0,
    show_default=True,
    help="Random seed for sampling.",
)


def to_json(data: Any) -> str:
    """Write plain data as JSON that people can read too, text as it is if it is visible."""
    return _visible(json.dumps(data, ensure_ascii=False, indent=2, allow_nan=False))


def to_line(data: Any) -> str:
    """Write plain data as JSON on a line of its own, the newline included."""
    return _visible(json.dumps(data, ensure_ascii=False)) + "\n"


def _visible(data: str) -> str:
    from ..errors.formatting import escaped_json  # late: names are printed without it

    return escaped_json(data)


def say(message: str) -> None:
    """Print a line that is not a result: on stderr, with escapes for what is not printable."""
    click.echo(_printable(message, keep=""), err=True)


def put(text: str) -> None:
    """Print a result for people, with escapes for what is not printable but for newlines."""
    click.echo(_printable(text))


def _printable(text: str, keep: str = "\n") -> str:
    from ..errors.formatting import escaped

    return escaped(text, keep)


def say_seed(seed: int) -> None:
    """Tell the seed with which a draw can be repeated."""
    say(f"Seed: {seed}")


def aligned(rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> list[str]:
    """Return a line per row, with the cells in columns that are two spaces apart.

    Args:
        rows: of equally many cells.
        right: the columns whose cells are aligned to the right.
    """
    from rich.cells import cell_len

    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = []
        for place, (cell, width) in enumerate(zip(row, widths, strict=True)):
            space = " " * (width - cell_len(cell))
            cells.append(space + cell if place in right else cell + space)
        lines.append("  ".join(cells).rstrip())
    return lines


class UnitType(click.ParamType):  # type: ignore[type-arg, unused-ignore]
    """A unit of text as a user names it; a file of tokens is read with the corpus."""

    name = "unit"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the unit as it was given; a usage error says what it may be."""
        if value in UNITS or str(value).startswith("file:"):
            return str(value)
        from ..data.token_units import parsed_unit  # late: most commands need no expression

        try:
            parsed_unit(value)
        except ConfigError as error:
            self.fail(str(error), param, ctx)
        return str(value)


class Renamed(click.Option):
    """An option whose help shows the first of its names; the others are earlier ones."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Return the option and its help."""
        every, self.opts = self.opts, self.opts[:1]
        try:
            return super().get_help_record(ctx)
        finally:
            self.opts = every

    def get_error_hint(self, ctx: click.Context | None) -> str:
        """Return the option as errors call it."""
        return f"'{self.opts[0]}'"
