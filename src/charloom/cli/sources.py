"""The files that a command reads: how they are given, and how they become a corpus."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

import click
from click.core import ParameterSource

from ..config import MOST_COUNT, MOST_LINE_BYTES
from ..data.tokens import Unit
from .options import Escaped, Renamed, UnitType, Whole, files, options, say

if TYPE_CHECKING:
    from ..data.names import NameCorpus
    from ..data.text import TextCorpus
    from ..run import Run

F = TypeVar("F", bound=Callable[..., Any])

FOR_NAMES = {
    "column", "field", "max_line", "label_column", "label_field", "best", "beam", "forbid",
    "explain", "end", "contains", "length", "max_length", "chars", "regex", "block", "min_edits",
    "fold_case", "allow_known", "allow_repeats", "format", "delimiter", "no_header",
    "skip_bad_rows", "keep_invisible", "weight_column", "weight_field",
}  # fmt: skip
"""Parameters of commands that make no sense for running text."""

READING = (
    "format", "column", "field", "delimiter", "no_header", "skip_bad_rows", "keep_invisible",
    "encoding", "pattern", "max_line", "label_column", "label_field", "weight_column",
    "weight_field",
)  # fmt: skip
"""Parameters that say how a file is read."""

FORMATS = ("lines", "list", "csv", "tsv", "json", "jsonl")


FOR_RECORDS = {"column", "field", "max_line", "format", "delimiter", "no_header", "skip_bad_rows"}
"""Those that make sense where the records of a table or of JSON are documents."""

KEPT = ("form", "unit", "min_count", "keep_long", "documents")
"""Parameters of commands that are fields of ``Source``."""


@dataclass(frozen=True)
class Source:
    """Files as they were given to a command, and how to read them.

    Attributes:
        paths: files, folders, or ``-`` for standard input; may be empty.
        how: arguments of ``NameCorpus.read`` and ``read_texts``.
        form: whether they hold names or running text.
        unit: as ``NameCorpus.read`` takes it; ``None`` for that which suits the names.
        min_count: how often a character of a text has to occur that is not rare.
        keep_long: whether lines that are far longer than the others are kept.
        repeats: whether repeated names are kept, whatever a command asks for.
        documents: how text is divided into documents that have an end; ``None`` for running text.
    """

    paths: tuple[str, ...] = ()
    how: dict[str, Any] = field(default_factory=dict)
    form: Literal["names", "text"] = "names"
    unit: Unit | str | None = None
    min_count: int | None = None
    keep_long: bool = False
    repeats: bool = False
    documents: str | None = None

    def corpus(self, *, repeats: bool = False) -> NameCorpus | TextCorpus:
        """Read names or text; without files, the built-in names.

        Args:
            repeats: whether repeated names are kept.

        Raises:
            CorpusError, click.UsageError: the files cannot be read, or not as that.
        """
        repeats = repeats or self.repeats
        if self.form == "text":
            if not self.paths:
                raise click.UsageError("--as text needs a SOURCE; the built-in list holds names.")
            return self.text(
                self.unit or "character",
                min_count=self.min_count or 1,
                documents=self.documents,
            )
        if self.documents is not None:
            raise click.UsageError("--documents is for text. Add --as text.")
        if self.min_count is not None:
            raise click.UsageError("--min-count is for text. Add --as text.")
        if self.paths:
            return self.names(self.unit, repeats=repeats)
        if self.has_labels:
            raise click.UsageError("labels need a SOURCE; the built-in list has none.")
        if self.has_weights:
            raise click.UsageError("weights need a SOURCE; the built-in list has none.")
        from ..data.names import NameCorpus

        return NameCorpus.builtin(unit=self.unit, repeats=repeats)

    def shortened(self, corpus: NameCorpus | TextCorpus) -> NameCorpus | TextCorpus:
        """Leave out lines that are far longer than the others, and say so, unless they are kept."""
        from ..data.names import NameCorpus

        if self.keep_long or not isinstance(corpus, NameCorpus):
            return corpus
        from ..data.outliers import without_long

        corpus, left_out = without_long(corpus)
        if left_out is not None:
            say(
                f"warning: {left_out}. To train on such lines, too, add --keep-long; if this is "
                "running text, add --as text."
            )
        return corpus

    def names(self, unit: Unit | str | None, *, repeats: bool = False) -> NameCorpus:
        """Read the files as names; the caller prints the report's warnings, or its notes."""
        from ..data.names import NameCorpus

        return NameCorpus.read(*self.paths, unit=unit, repeats=repeats, **self.how)

    def unseen(self, unit: Unit | str) -> NameCorpus:
        """Read the files as names, and print how they were read where that was not certain."""
        corpus = self.names(unit)
        for note in corpus.report.notes:
            warn(note)
        return corpus

    def lists(self, paths: Sequence[Path], *, alone: bool) -> list[list[str]]:
        """Read the strings of files beside ``self.paths``, and print how they were read.

        Args:
            paths: the files.
            alone: whether the call names no other files, which could need the options for tables
                or JSON if these do not.

        Raises:
            CorpusError: a file cannot be read, or an option suits none of them.
        """
        from ..data.lists import read_lists

        others = ("label_", "weight_")
        how = {name: value for name, value in self.how.items() if not name.startswith(others)}
        return read_lists(paths, warn=warn, strict=alone, **how)

    def text(
        self, unit: Unit | str, *, min_count: int = 1, documents: str | None = None
    ) -> TextCorpus:
        """Read the files as running text, or as ``documents``, with a progress bar on a terminal.

        Raises:
            click.UsageError: an option for names was given.
        """
        from ..data.text import TextCorpus
        from ..reporting.progress import reading

        refuse_options(FOR_NAMES - FOR_RECORDS if documents == "record" else FOR_NAMES)
        how = {name: value for name, value in self.how.items() if name != "keep_invisible"}
        with reading() as progress:
            return TextCorpus.read(
                *self.paths,
                unit=unit,
                min_count=min_count,
                documents=documents or False,
                progress=progress,
                **how,
            )

    def alike(self, *runs: Run) -> Source:
        """Return the same files, whose names are read as those of all ``runs`` were."""
        if not all(run.keep_invisible for run in runs):
            return self
        return replace(self, how={"keep_invisible": True, **self.how})

    def resuming(self, reading: Mapping[str, Any]) -> Source:
        """Return the same files, read as those of the training that is to be resumed."""
        kept = {"keep_invisible": True} if reading.get("keep_invisible") else {}
        unit = self.unit or reading.get("unit")
        return replace(self, unit=unit, how={**kept, **self.how})

    @property
    def has_labels(self) -> bool:
        """Whether each name is to be read with its label."""
        return "label_column" in self.how or "label_field" in self.how

    @property
    def has_weights(self) -> bool:
        """Whether each name is to be read with its weight."""
        return "weight_column" in self.how or "weight_field" in self.how

    @property
    def name(self) -> str:
        """What to call something made from the files: after the first of them."""
        name = Path(self.paths[0]).name.split(".")[0] if self.paths else "dinosaurs"
        return "names" if name in ("", "-") else name


def warn(note: str) -> None:
    """Print a warning."""
    say(f"warning: {note}")


def reading_options(command: F) -> F:
    """Add the options that say how files are read; the command gets a ``Source``.

    The paths are those of the parameter ``sources`` or ``data``, if the command has one.
    """

    @wraps(command)
    def function(*arguments: Any, **given: Any) -> Any:
        paths = given.pop("sources", None) or given.pop("data", ())
        how = {}
        for name in READING:
            if (value := given.pop(name, None)) not in (None, False):
                how["max_line_bytes" if name == "max_line" else name] = value
        if how.pop("no_header", False):
            how["header"] = False
        kept = {name: given.pop(name) for name in KEPT if name in given}
        return command(*arguments, source=Source(paths, how, **kept), **given)

    return options(
        click.option(
            "--format",
            type=click.Choice(FORMATS),
            help="Format of the files; by default their endings and first lines decide. lines: "
            "names as they are; list: without numbers, bullets and comments.",
        ),
        click.option("--column", help="Column of a table: its name or number."),
        click.option("--field", help="Field of JSON objects."),
        click.option("--delimiter", metavar="CHAR", help="Character between columns, or tab."),
        click.option("--no-header", is_flag=True, help="The first row of a table is data."),
        click.option(
            "--skip-bad-rows",
            is_flag=True,
            help="Leave out rows that cannot be read, and count them.",
        ),
        click.option(
            "--keep-invisible",
            is_flag=True,
            help="Keep invisible characters in names, and spaces and hyphens other than the "
            "ordinary ones; a run remembers it.",
        ),
        click.option("--encoding", help="Encoding of the files; UTF-8 by default."),
        click.option(
            "--pattern",
            help="Which files of a folder to read, as in '*.txt'; all but hidden ones by default.",
        ),
        click.option(
            "--max-line",
            type=Whole(1, MOST_LINE_BYTES),
            metavar="BYTES",
            help="Longest accepted line; 65536 by default.",
        ),
    )(cast(F, function))


source_arguments = options(
    click.argument("sources", nargs=-1, metavar="[SOURCE]...", shell_complete=files),
    click.option(
        "--token-unit",
        "--unit",
        "unit",
        cls=Renamed,
        type=UnitType(),
        metavar="UNIT",
        help="What counts as one symbol: character (a code point), grapheme, or tokens of your "
        "own: regex:EXPRESSION, what an expression matches, or file:FILE, one token a line. By "
        "default code points; graphemes for names with emoji of several code points.",
    ),
)

form_option = click.option(
    "--as",
    "form",
    type=click.Choice(["names", "text"]),
    default="names",
    show_default=True,
    help="What SOURCE holds: names, one per line, or running text.",
)

documents_option = click.option(
    "--documents",
    type=Escaped(),
    metavar="HOW",
    help="Divide text into documents, each of which has an end: file (each file is one), "
    "blank-line, line, record (of a table or of JSON; --column or --field), or the TEXT between "
    "them, in which \\n is a line break.",
)

form_options = options(
    form_option,
    documents_option,
    click.option(
        "--min-count",
        type=Whole(1, MOST_COUNT),
        metavar="N",
        help="Replace characters of a text that occur less often by one unknown symbol.",
    ),
    click.option(
        "--keep-long",
        is_flag=True,
        help="Train on lines that are far longer than the others, too; they cost memory and time.",
    ),
)

label_options = options(
    click.option("--label-column", help="Column of a table with the label of each name."),
    click.option("--label-field", help="Field of JSON objects with the label of each name."),
)


weight_options = options(
    click.option(
        "--weight-column",
        help="Column of a table with how often each name counts, such as how many people bear it.",
    ),
    click.option("--weight-field", help="Field of JSON objects with how often each name counts."),
)


def data_option(purpose: str, held_out: str = "RUN") -> Callable[[F], F]:
    """Return the option for names or text that no run was trained on."""
    return click.option(
        "--data",
        multiple=True,
        metavar="FILE",
        help=f"Names or text to {purpose} on (may be .gz; - is standard input); may be repeated. "
        f"By default what {held_out} held out.",
    )


def given_options(names: Collection[str]) -> dict[str, Any]:
    """Return the options among the parameters ``names`` that were given, and their values."""
    context, given = click.get_current_context(), {}
    for parameter in context.command.params:
        name = str(parameter.name)
        if name in names and context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            given[max(parameter.opts, key=len)] = context.params[name]
    return given


def refuse_options(names: Collection[str] = FOR_NAMES) -> None:
    """Refuse options that are for names, where a command is used on running text.

    Raises:
        click.UsageError: one of the parameters ``names`` was given.
    """
    for option in given_options(names):
        also = " Or add --documents record." if _takes_documents(option) else ""
        raise click.UsageError(f"{option} is for names, not for running text. Leave it out.{also}")


def _takes_documents(option: str) -> bool:
    """Return whether ``option`` would make sense with --documents, which the command has."""
    command = click.get_current_context().command
    own = {str(parameter.name) for parameter in command.params}
    return "documents" in own and option[2:].replace("-", "_") in FOR_RECORDS
