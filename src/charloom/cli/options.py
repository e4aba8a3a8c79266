"""Options and arguments that several commands share."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast, get_args

import click

from ..config import ModelConfig, SampleConfig, TrainConfig, Unit

if TYPE_CHECKING:
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
    kinds: dict[type, Any] = {range: int, str: float}
    kind = kinds.get(type(allowed)) or click.Choice(allowed)
    if show_default:
        text += f"  [default: {field.default:g}]"
    settings = {"type": kind, "multiple": field.default == (), **settings}
    return click.option(*(flags or [f"--{name.replace('_', '-')}"]), help=text, **settings)


class RunFolder(click.ParamType):  # type: ignore[type-arg, unused-ignore]
    """A run folder, which is opened and verified once for the whole command."""

    name = "run"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Run:
        """Open the folder; its errors are those of ``Run.open``."""
        from ..run import Run

        return value if isinstance(value, Run) else Run.open(value)


def run_argument(function: F) -> F:
    """The run folder of a trained model, opened."""
    return click.argument("run", type=RunFolder(), metavar="RUN")(function)


def run_path_argument(function: F) -> F:
    """The same as a path, for a command that first checks its other options."""
    return click.argument("run_path", type=click.Path(path_type=Path), metavar="RUN")(function)


def json_option(function: F) -> F:
    """Print JSON for programs."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")(
        function
    )


def source_arguments(function: F) -> F:
    """The sources of a corpus, and what counts as one character."""
    function = click.option(
        "--unit",
        type=click.Choice(get_args(Unit)),
        default="character",
        show_default=True,
        help="Unit of text: code point or grapheme.",
    )(function)
    return click.argument("sources", nargs=-1, metavar="[SOURCE]...")(function)


def data_option(purpose: str, held_out: str = "the run itself") -> Callable[[F], F]:
    """Names or text that RUN has not seen."""
    return click.option(
        "--data",
        multiple=True,
        metavar="FILE",
        help=f"Names, or text, to {purpose} on (also .gz; - is standard input); may be repeated. "
        f"By default what {held_out} held out.",
    )


def draw_seed_option(function: F) -> F:
    """The seed of what is drawn."""
    return click.option(
        "--seed",
        type=click.IntRange(0),
        default=0,
        show_default=True,
        help="Random seed for sampling.",
    )(function)


def reading_options(command: F) -> F:
    """How a source is read: the options become ``reading``, arguments of ``NameCorpus.read``."""

    @wraps(command)
    def function(
        *arguments: Any,
        column: str | None,
        field: str | None,
        encoding: str | None,
        max_line: int | None,
        **others: Any,
    ) -> Any:
        given = {
            "column": column,
            "field": field,
            "encoding": encoding,
            "max_line_bytes": max_line,
        }
        reading = {name: value for name, value in given.items() if value is not None}
        return command(*arguments, reading=reading, **others)

    options = (
        click.option("--column", help="Column of a .csv or .tsv file: its name or number."),
        click.option("--field", help="Field of the objects in a .jsonl file."),
        click.option("--encoding", help="Encoding of the file; UTF-8 by default."),
        click.option(
            "--max-line",
            type=click.IntRange(1),
            metavar="BYTES",
            help="Longest accepted line; 65536 by default.",
        ),
    )
    for option in reversed(options):
        function = option(function)
    return cast(F, function)


def to_json(data: Any) -> str:
    """Write plain data as JSON that people can read too, text as it is."""
    return json.dumps(data, ensure_ascii=False, indent=2, allow_nan=False)


def say(message: str) -> None:
    """Tell the user something that is not a result: on stderr."""
    click.echo(message, err=True)
