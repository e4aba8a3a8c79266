"""The sources of a command that learns: how they are given, read and called."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click
from click.core import ParameterSource

from ..config import Unit

if TYPE_CHECKING:
    from ..data.names import NameCorpus
    from ..data.text import TextCorpus

F = TypeVar("F", bound=Callable[..., Any])

FOR_NAMES = ("column", "field", "label_column", "label_field", "max_line_bytes")


def form_options(command: F) -> F:
    """Whether the sources hold names or text, and what counts as rare in a text."""
    command = click.option(
        "--min-count",
        type=click.IntRange(1),
        metavar="N",
        help="Characters of a text that occur less often become one unknown symbol.",
    )(command)
    return click.option(
        "--as",
        "form",
        type=click.Choice(["names", "text"]),
        default="names",
        show_default=True,
        help="What SOURCE holds: names, one a line, or running text.",
    )(command)


def label_options(command: F) -> F:
    """Where a source has the kind of each name."""
    command = click.option(
        "--label-field", help="Field of the objects in a .jsonl file with each name's label."
    )(command)
    return click.option(
        "--label-column", help="Column of a .csv or .tsv file with each name's label."
    )(command)


def given_options(names: Collection[str]) -> list[str]:
    """Return the options of this command called ``names`` as they were given, to be shown."""
    context, given = click.get_current_context(), []
    for parameter in context.command.params:
        name = str(parameter.name)
        if name in names and context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            given += [max(parameter.opts, key=len), str(context.params[name])]
    return given


def read_corpus(
    sources: tuple[str, ...],
    form: Literal["names", "text"],
    unit: Unit,
    *,
    min_count: int | None,
    repeats: bool = False,
    **how: Any,
) -> NameCorpus | TextCorpus:
    """Read names or text; without sources, the built-in names.

    Args:
        min_count, repeats: for text, and for names.
        how: as ``NameCorpus.read`` and ``TextCorpus.read`` take it.

    Raises:
        CorpusError, click.UsageError: it cannot be read, or not as that.
    """
    given = {name: value for name, value in how.items() if value is not None}
    if form == "text":
        return _text(sources, unit, min_count, given)
    if min_count is not None:
        raise click.UsageError("--min-count is for text. Add --as text.")
    from ..data.names import NameCorpus

    if not sources and ("label_column" in given or "label_field" in given):
        raise click.UsageError("labels need a SOURCE; the built-in list has none.")
    if sources:
        return NameCorpus.read(*sources, unit=unit, repeats=repeats, **given)
    return NameCorpus.builtin(repeats=repeats)


def _text(
    sources: tuple[str, ...], unit: Unit, min_count: int | None, how: Mapping[str, Any]
) -> TextCorpus:
    """Read the sources as text; say how far it is, if that takes a while."""
    for option in FOR_NAMES:
        if option in how:
            name = option.removesuffix("_bytes").replace("_", "-")
            raise click.UsageError(f"--{name} is for names, not for text. Leave it out.")
    if not sources:
        raise click.UsageError("text needs a SOURCE; the built-in list is one of names.")
    from ..data.text import TextCorpus
    from ..reporting.progress import reading

    with reading() as progress:
        return TextCorpus.read(
            *sources, unit=unit, min_count=min_count or 1, progress=progress, **how
        )


def name_of(sources: tuple[str, ...]) -> str:
    """Return what to call a thing made from ``sources``, after the first of them."""
    if not sources:
        return "dinosaurs"
    return Path(sources[0]).name.split(".")[0] if sources[0] != "-" else ""
