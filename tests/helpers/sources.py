"""What the tests of reading share: formats, and what a source gives or why it is refused."""

from __future__ import annotations

import codecs
import encodings.aliases
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from charloom.data.names import NameCorpus
from charloom.data.tokens import Unit
from charloom.errors import CorpusError

Write = Callable[..., Path]
FORMATS = ("names.txt", "names.csv", "names.tsv", "names.jsonl")
ENDINGS = FORMATS + tuple(f"{name}.gz" for name in FORMATS)
CODECS = {name for name in encodings.aliases.aliases.values() if name not in ("mbcs", "oem")}
TEXT_CODECS = sorted(name for name in CODECS if codecs.lookup(name)._is_text_encoding)


def read(
    *sources: str | Path,
    unit: Unit = "character",
    repeats: bool = False,
    stdin: Any = None,
    **options: Any,
) -> NameCorpus:
    """Read a corpus with any of the options, which are not typed here."""
    return NameCorpus.read(*sources, unit=unit, repeats=repeats, stdin=stdin, **options)


def names(*sources: str | Path, **options: Any) -> tuple[str, ...]:
    return read(*sources, **options).names


def message(*sources: str | Path, **options: Any) -> str:
    with pytest.raises(CorpusError) as caught:
        read(*sources, **options)
    text = str(caught.value)
    assert text.isprintable(), "one line, and nothing that steers a terminal"
    return text


def two_kinds() -> NameCorpus:
    """Two kinds of 60 names with the same letters in another order, and a name of both kinds."""

    def made(*parts: str) -> list[str]:
        return ["".join(letters) for letters in itertools.product(*parts)]

    names = [*made("bdgk", "aeiou", "lnr", "a"), *made("aeiou", "lnr", "bdgk", "a"), "both", "both"]
    return NameCorpus.of(names, labels=["head"] * 60 + ["tail"] * 60 + ["head", "tail"])
