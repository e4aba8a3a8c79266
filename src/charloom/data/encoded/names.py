"""Lists too large for a Python object per name: encoded text, and where each name begins.

The names are those that ``gathering.Gatherer`` would keep. ``name_reader`` encodes them, several
ranges of a file at a time if it is large (``name_ranges``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ..gathering import NoNamesError
from ..sources.options import Form, ReadOptions
from ..sources.records import check_used, read_source
from ..sources.streams import label
from .cache import Entry, recall, remember, stamps
from .hashes import Index
from .name_ranges import read_in_ranges
from .name_reader import Reader
from .ragged import Ragged
from .ranges import shared
from .sequences import EncodedNames
from .store import Store, ids_of
from .workers import WorkError, Workers

FORMAT = 5
"""Version of the arrays, which is part of an entry's key."""


def encode_names(
    sources: Sequence[str | Path],
    plain: Sequence[bool],
    options: ReadOptions,
    stdin: BinaryIO | None = None,
) -> tuple[EncodedNames, dict[str, Any]]:
    """Read sources into the cache, or find them there.

    Args:
        sources: files; ``-`` for ``stdin``.
        plain: for each source whether its lines are names as they are.
        options: how to read them; without labels and weights.
        stdin: the stream to read as standard input.

    Returns:
        The distinct names, in the order of their first occurrence; and under ``sources`` for each
        source its number of records, and how many of them are blank, under ``invisible`` what a
        ``Tally`` counted, under ``notes`` what to tell the user.

    Raises:
        CorpusError: a source cannot be read or decoded, a name contains control characters, there
            are no names, an option suits no source, or the cache cannot be written.
    """
    asked = {"kind": "names", "format": FORMAT, **asdict(options)}
    entry = recall(sources, asked)
    if entry is None:
        before = stamps(sources)

        def encoded(workers: Workers | None) -> Entry:
            with Store(in_memory_bytes=0) as store:
                content = hashlib.sha256(json.dumps(asked).encode())
                reader, forms = Reader(store, options.keep_invisible, content), set[Form]()
                for source, lines in zip(sources, plain, strict=True):
                    if lines:
                        forms.add("lines")
                        if workers is None:
                            reader.read(source, options, stdin)
                        else:
                            read_in_ranges(reader, source, options, workers)
                    else:
                        form, found = read_source(
                            source, options, warn=reader.notes.append, stdin=stdin
                        )
                        forms.add(form)
                        reader.read_records(source, found)
                check_used(forms, options)
                if not reader.lengths:
                    raise NoNamesError(map(label, sources))
                content.update(json.dumps(reader.notes).encode())  # they name the sources
                if workers is not None and stamps(sources) != before:
                    raise WorkError  # what was hashed is not what was encoded
                return reader.finish(content.hexdigest())

        if before and all(plain) and (count := shared(sources, options.encoding)) > 1:
            with suppress(WorkError), Workers(count) as workers:
                entry = encoded(workers)
        entry = entry or encoded(None)
        remember(sources, asked, entry.key, before)
    facts = entry.facts
    arrays = {name: np.asarray(entry.array(name, kind)) for name, kind in facts["arrays"].items()}
    names = EncodedNames(
        characters=facts["characters"],
        ids=Ragged(np.asarray(ids_of(entry)), arrays["starts"], arrays["lengths"]),
        lookup=Index(arrays["hashes"], arrays["rows"]),
        digest=facts["digest"],
        counts=arrays["counts"],
        first=tuple(facts["first"]),
    )
    return names, facts
