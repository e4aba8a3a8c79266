"""What a list looks like before a model is trained on it, as the page shows it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from importlib import resources
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from ...errors import CharloomError
from ..admission import Admission
from ..native import ERRORS
from .guess import guess
from .lists import Lists
from .odd import LOOKED_AT, Odd, odd_lines, odd_text
from .reading import Reading, check_unpacked, plain, remedy, unreadable

SAMPLES = 20
"""Names that are shown, the first ones."""

PASSAGE = 900
"""Characters of a text that are shown, its beginning."""

EXAMPLES = 3
"""Values of a column that are shown."""

MOST_COLUMNS = 200
"""Columns that can be chosen."""

MOST_COUNTED = 300
"""Characters, repeated names, weights and labels that come with their counts."""

KEPT = 64
"""Looks that are kept."""


class Choosable(BaseModel):
    """A column of a table, or a field of JSON, and its first values."""

    name: str
    examples: list[str]


class ListLook(BaseModel):
    """What a list looks like, read in one way.

    Attributes:
        id, name: the list's.
        form: names or text.
        why: why that was guessed, ``None`` if it was asked for.
        format: how its file is read.
        header: whether a table's first row is its header; ``None`` for what is no table.
        columns, column: what there is to choose from, and the one with the names.
        description: what ``charloom explore --json`` prints, without the ids; of what is counted
            one by one, the most frequent.
        repeated: names that occur more than once.
        labels: the most frequent labels, and how many names have each.
        samples: the first names, or the beginning of the text.
        odd, odd_count: lines that look wrong, the first of each kind, and how many there are.
        warnings: what else there is to say, a line each.
        problem: why it cannot be read so, in one line.
        remedy: the choice that would probably help.
    """

    id: str
    name: str
    form: Literal["names", "text"] = "names"
    why: str | None = None
    format: str | None = None
    header: bool | None = None
    columns: list[Choosable] | None = None
    column: str | None = None
    description: dict[str, Any] = {}
    repeated: int = 0
    labels: dict[str, int] = {}
    samples: list[str] = []
    odd: list[Odd] = []
    odd_count: int = 0
    warnings: list[str] = []
    problem: str | None = None
    remedy: dict[str, Any] | None = None


class Looks:
    """Looks at lists, kept by how they were read; a list with an id never changes."""

    def __init__(self, lists: Lists) -> None:
        self._lists = lists
        self._kept: OrderedDict[tuple[str, Reading], ListLook] = OrderedDict()
        self._lock = Lock()

    def at(self, number: str, reading: Reading) -> ListLook:
        """Return what the list looks like.

        Raises:
            HTTPException: 404, there is no such list.
        """
        path, key = self._lists.path(number), (number, reading)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        found = look(ListLook(id=number, name=self._lists.get(number).name), path, reading)
        if found.problem is None:
            with self._lock:
                self._kept[key] = found
                while len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
        return found


def look(found: ListLook, path: Path | None, reading: Reading) -> ListLook:
    """Fill in what a list looks like; ``path`` is ``None`` for the built-in list."""
    try:
        if path is None:
            reading.check_builtin()
            _look_at_builtin(found)
        elif problem := unreadable(found.name):
            found.problem = problem
        else:
            _look_at(found, path, reading)
    except CharloomError as error:
        message = str(error)
        found.problem, found.remedy = message, remedy(message)
        if path is not None:
            found.problem = plain(message, path)
        found.form = reading.form or found.form
    return found


def _look_at_builtin(found: ListLook) -> None:
    from ...data.names import NameCorpus
    from ...data.sources.options import ReadOptions

    found.format = "lines"
    source = resources.files("charloom.data") / "builtin" / "dinosaurs.txt"
    with resources.as_file(source) as path:
        _describe_names(found, NameCorpus.builtin(repeats=True), path, ReadOptions())


def _look_at(found: ListLook, path: Path, reading: Reading) -> None:
    from ...data.names import NameCorpus, read_with_repeats
    from ...data.outliers import without_long
    from ...data.sources.options import ReadOptions
    from ...data.text import TextCorpus

    layout = reading.layout(path)
    found.format, form = layout.form, reading.form
    if form is None:
        if layout.form in ("lines", "list"):
            lines = layout.head.split("\n")
            form, found.why = guess(lines)
        else:
            form, found.why = "names", "a table or JSON has a name in each row or value"
    found.form = form
    if form == "text":
        from ...data.text_statistics import describe_text

        check_unpacked(path)
        text = TextCorpus.read(path, encoding=reading.encoding)
        found.description = _bounded(describe_text(text).to_dict())
        found.samples = [layout.head[:PASSAGE]]
        found.warnings = [plain(line, path) for line in text.report.warnings]
        found.odd_count, found.odd = odd_text(layout.head.split("\n"))
        return
    found.header = layout.header
    if layout.columns:
        columns = layout.columns[:MOST_COLUMNS]
        found.columns = [
            Choosable(name=one.name, examples=[value[:80] for value in one.values[:EXAMPLES]])
            for one in columns
        ]
        found.column = reading.column or layout.column
    how = reading.arguments(layout)
    weighted = reading.weight_column is not None
    names = NameCorpus.read(path, **how) if weighted else read_with_repeats(path, **how)
    _describe_names(found, names, path, ReadOptions(**how))
    _, left_out = without_long(names)
    said = [*names.report.warnings, *([f"{left_out}."] if left_out else [])]
    found.warnings = [plain(line, path) for line in said]


def _describe_names(found: ListLook, names: Any, path: Path, options: Any) -> None:
    from ...data.statistics import describe

    described = describe(names)
    found.repeated = len(described.repeated)
    found.description = _bounded(described.to_dict())
    found.labels = dict(islice(names.report.labels.items(), MOST_COUNTED))
    found.samples = list(names.names[:SAMPLES])
    found.odd_count, found.odd = odd_lines(islice(_records(path, options), LOOKED_AT))


def _records(path: Path, options: Any) -> Iterator[tuple[int, str]]:
    from ...data.sources.records import read_source

    _, records = read_source(path, options, warn=lambda _: None)
    return ((number, name) for number, name, *_ in records)


def _bounded(description: dict[str, Any]) -> dict[str, Any]:
    """Keep the most frequent of what is counted one by one."""
    for name in ("repeated", "frequencies", "weights"):
        description[name] = dict(islice(description.get(name, {}).items(), MOST_COUNTED))
    for name in ("ids", "sources"):
        description.pop(name)
    return description


def routes(lists: Lists, admission: Admission) -> APIRouter:
    """Return the endpoint that looks at a list."""
    router = APIRouter(prefix="/studio/lists", tags=["lists"], responses=ERRORS)
    looks = Looks(lists)

    @router.get("/{number}/look", summary="What a list looks like")
    async def at(number: str, reading: Annotated[Reading, Query()], request: Request) -> ListLook:
        """Lengths, characters, repeats, lines that look wrong; read as the options say."""
        return await admission.run(request, lambda job: looks.at(number, reading))

    return router
