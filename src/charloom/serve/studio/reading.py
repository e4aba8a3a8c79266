"""How a list is read: the page's choices, as arguments of the corpora, and their messages."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ...errors import CorpusError

if TYPE_CHECKING:
    from ...data.names import NameCorpus
    from ...data.sources.columns import Layout
    from ...data.text import TextCorpus

SPREADSHEETS = (".xlsx", ".xls", ".ods", ".numbers")
DOCUMENTS = (".docx", ".doc", ".odt", ".pdf", ".rtf")

Name = Field(None, max_length=1000)


class Reading(BaseModel):
    """What may be chosen about how a list is read; ``None`` is what its first lines show.

    Attributes:
        form: names or text.
        column: column of a table, or field of JSON, with the names.
        format, encoding, skip_bad_rows: as ``ReadOptions`` has them.
        header: whether the first row of a table is its header.
        label_column, weight_column: columns or fields of labels and weights.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    form: Literal["names", "text"] | None = None
    column: str | None = Name
    format: Literal["lines", "list", "csv", "tsv", "json", "jsonl"] | None = None
    encoding: str | None = Field(None, max_length=60)
    header: bool | None = None
    label_column: str | None = Name
    weight_column: str | None = Name
    skip_bad_rows: bool = False

    def layout(self, path: Path) -> Layout:
        """Look at the beginning of a file; raises as the function."""
        from ...data.sources.columns import layout
        from ...data.sources.options import ReadOptions

        options: dict[str, Any] = {"format": self.format, "encoding": self.encoding}
        found = layout(path, ReadOptions(**options, header=self.header is not False))
        if self.header and found.header is False:  # asked for, although it does not look like one
            options |= {"format": found.form, "delimiter": found.delimiter}
            found = layout(path, ReadOptions(**options))
        return found

    def arguments(self, found: Layout) -> dict[str, Any]:
        """Return how a file with this layout is read as names, for ``NameCorpus.read``."""
        how: dict[str, Any] = {"encoding": self.encoding, "format": self.format}
        what = "column" if found.header is not None else "field"
        if found.header is not None and self.header is not None:
            how |= {"format": found.form, "delimiter": found.delimiter, "header": self.header}
        if found.columns:
            how[what] = self.column or found.column
            how[f"label_{what}"] = self.label_column
            how[f"weight_{what}"] = self.weight_column
        if self.skip_bad_rows:
            how["skip_bad_rows"] = True
        return {name: value for name, value in how.items() if value is not None}

    def corpus(self, path: Path | None) -> tuple[NameCorpus | TextCorpus, list[str]]:
        """Read a list to train on, and return what to say about it, a line each.

        Names that are far longer than the others are left out, as ``charloom train`` does.

        Args:
            path: the file; ``None`` for the built-in list.

        Raises:
            CorpusError: it cannot be read so.
        """
        from ...data.names import NameCorpus
        from ...data.outliers import without_long
        from ...data.text import TextCorpus

        if path is None:
            self.check_builtin()
            return NameCorpus.builtin(), []
        try:
            if self.form == "text":
                check_unpacked(path)
                text = TextCorpus.read(path, encoding=self.encoding)
                return text, [plain(line, path) for line in text.report.warnings]
            names = NameCorpus.read(path, **self.arguments(self.layout(path)))
        except CorpusError as error:
            raise CorpusError(plain(str(error), path)) from None
        names, left_out = without_long(names)
        said = [*names.report.warnings, *([f"{left_out}."] if left_out else [])]
        return names, [plain(line, path) for line in said]

    def check_builtin(self) -> None:
        """Refuse the built-in list as text."""
        if self.form == "text":
            raise CorpusError("the built-in list holds names. Bring a text to train on one.")


def check_unpacked(path: Path) -> None:
    """Refuse a small file that unpacks to a huge text, as names are refused.

    Raises:
        CorpusError: it does, or it cannot be unpacked.
    """
    from ...data.sources.options import MAX_UNPACKED_BYTES
    from ...data.sources.streams import CHUNK_BYTES, is_packed, opened

    if not is_packed(path):
        return
    left = MAX_UNPACKED_BYTES
    with opened(path) as raw, gzip.open(raw) as unpacked:
        while chunk := unpacked.read(CHUNK_BYTES):
            left -= len(chunk)
            if left < 0:
                raise CorpusError(
                    f"{path.name} unpacks to over {MAX_UNPACKED_BYTES:,} bytes. Bring a part of it."
                )


_WORDS = (
    (r"; --format lines reads every line as it is", ""),
    (r"Choose one with --[a-z]+(?:-column|-field)?:", "Choose one:"),
    (r" \(--[a-z-]+\)", ""),
    (r", or skip such rows: --skip-bad-rows", ", or leave such rows out"),
    (r", raise --max-line", ""),
    (r"Cut the line, or raise --max-line; if", "Cut the line. If"),
    (r", add --as text", ", read it as text"),
    (r"Try --encoding (\S+?)\b", r"Read it as \1"),
    (r"Pass --encoding ", "Read it as "),
    (r"Name its --encoding", "Choose its encoding"),
    (r"or name the text's --encoding", "or choose its encoding"),
    (r"Give a text file, or its --encoding\.", "Bring a text file."),
    (r", add --no-header", ", say that the first row is no header"),
    (r" To keep them, add --keep-invisible\.", ""),
    (r" To (?:take them apart|keep each of them whole), add --token-unit [^.]+\.", ""),
    (r"--format csv --column N reads column N of a table", "choose the format CSV"),
    (r"--format list reads a list without its marks and comments", "choose the format list"),
    (r"--format csv takes the first line as the header", "choose the format CSV"),
    (r"--format json or jsonl reads JSON", "choose the format JSON"),
    (r"read its lines with --format lines", "choose the format lines"),
    (r"Give a source with one name a line", "Bring a list with one name a line"),
    (r"--(column|field|label-column|label-field|weight-column|weight-field) is for",
     r"a \1 is for"),
    (r"Unpack it if you trust it\.", "Bring a part of it."),
    (r", or add --format \w+", ""),
)  # fmt: skip
"""What messages for the command line say, and what the page says instead."""


def plain(message: str, path: Path) -> str:
    """Return a message about a file as the page says it: by the file's name, without options."""
    from ...data.sources.streams import label

    for shown in (label(path), str(path)):
        message = message.replace(shown, path.name)
    for pattern, word in _WORDS:
        message = re.sub(pattern, word, message)
    return message[:1].upper() + message[1:] if not message.startswith(path.name) else message


def remedy(message: str) -> dict[str, Any] | None:
    """Return the choice that a message of the corpora recommends, if it does."""
    if found := re.search(r"(?:Try|Pass) --encoding ([\w-]+)", message):
        return {"encoding": found[1]}
    if "--skip-bad-rows" in message:
        return {"skip_bad_rows": True}
    if "--as text" in message:
        return {"form": "text"}
    return None


def unreadable(name: str) -> str | None:
    """Return what to do about a file whose ending says that it is no text."""
    ending = Path(name).suffix.lower()
    if ending in SPREADSHEETS:
        return f"{name} is a spreadsheet. Save its sheet as CSV, and bring that."
    if ending in DOCUMENTS:
        return f"{name} is a document with formatting. Save it as plain text, and bring that."
    return None
