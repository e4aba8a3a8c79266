"""Files of strings, read as names are, but with their order and repeats."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Unpack

from ..config.arguments import AnyPath
from .gathering import clean
from .invisible import Tally
from .sources.folders import files_of
from .sources.options import Form, ReadArguments, ReadOptions
from .sources.records import check_sources, check_used, read_source
from .sources.streams import label


def read_texts(
    source: AnyPath,
    *,
    warn: Callable[[str], None] = lambda _: None,
    **options: Unpack[ReadArguments],
) -> list[str]:
    """Read strings as ``NameCorpus.read`` reads names, but keep their order and their repeats.

    Blank lines are dropped; the list may be empty. ``warn`` is called with the report's notes.

    Raises:
        CorpusError: the source cannot be read or decoded, or a string contains control characters.
        ConfigError: an option is invalid.
    """
    return read_lists([source], warn=warn, **options)[0]


def read_lists(
    sources: Sequence[AnyPath],
    *,
    warn: Callable[[str], None] = lambda _: None,
    strict: bool = True,
    **options: Unpack[ReadArguments],
) -> list[list[str]]:
    """Read the strings of each source as ``read_texts`` does.

    The files of a folder are one list; nothing in it may be unreadable. Unless ``strict``, an
    option for tables, JSON or folders may suit none of the sources.
    """
    read = ReadOptions(**options)
    sources = check_sources(sources)
    files = files_of(sources, read.pattern, read.encoding, strict=strict)
    forms: set[Form] = set()
    lists, tally = [], Tally(read.keep_invisible)
    paths = iter(files.paths)
    for size in files.groups:
        found: list[str] = []
        for source in islice(paths, size):
            form, records = read_source(source, read, warn=warn)
            found += [text for text, *_ in clean(records, f"{label(source)} line", tally) if text]
            forms.add(form)
        lists.append(found)
    for note in tally.notes():
        warn(note)
    if strict:
        check_used(forms, read)
    return lists
