"""What callers give as names or text: corpora, files, columns, and other iterables of strings."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from ..config.arguments import exists, require, shown, texts
from ..errors import ArgumentError, CorpusTypeError
from .encoded.array_names import ArrayNames
from .lists import read_texts
from .names import NameCorpus
from .text import TextCorpus
from .tokens import Unit

Names: TypeAlias = NameCorpus | Iterable[str] | os.PathLike[str]
"""Names: a corpus, strings, or a file; one string is the path of a file."""


Text: TypeAlias = TextCorpus | str | os.PathLike[str]
"""Running text: a corpus, the text itself, or a file; one string is the text."""


def corpus_of(given: Names | TextCorpus, *, repeats: bool = False) -> NameCorpus | TextCorpus:
    """Return what is given as a corpus; names are read or built unless it is one already.

    Args:
        given: a corpus; the path of a file, as a string or path-like; or strings, each a name.
        repeats: whether repeated names are kept.

    Raises:
        CorpusError: the file cannot be read, or there are no names.
        CorpusTypeError: it is a string that is no path of a file, or nothing of these.

    Example:
        >>> corpus_of(name for name in ("Ulm", "Bonn"))
        NameCorpus(2 names from the list)
    """
    if isinstance(given, NameCorpus | TextCorpus):
        return given
    if isinstance(given, str | os.PathLike):
        _check_exists("corpus", given, CorpusTypeError)
        corpus = NameCorpus.read(given, repeats=repeats)
        for note in corpus.report.notes:
            warnings.warn(note, stacklevel=3)
        return corpus
    value: object = given
    names = isinstance(value, Iterable) or hasattr(value, "columns")
    if not names or isinstance(value, bytes | bytearray | memoryview):
        raise CorpusTypeError(
            "corpus must be a NameCorpus or a TextCorpus, names as a list of strings, or the path "
            f"of a file. Received: {shown(given)}"
        )
    return NameCorpus.of(given, repeats=repeats)


def names_of(
    argument: str, names: Names, error: type[ArgumentError] = ArgumentError
) -> Sequence[str]:
    """Return names as a sequence, in their order and with repeats; those in arrays as they are.

    Raises:
        ArgumentError: ``names`` is a string that is no path of a file, or holds something else
            than strings.
        CorpusError: the file cannot be read.
    """
    if isinstance(names, ArrayNames):
        return names
    if isinstance(names, NameCorpus):
        return names.names
    if isinstance(names, str | os.PathLike):
        _check_exists(argument, names, error)
        return read_texts(names, warn=warnings.warn)
    return texts(argument, names, error)


def text_of(text: Text, unit: Unit) -> TextCorpus:
    """Return a string, or the text of a file that is given as path-like, as a corpus.

    Raises:
        ArgumentError: it is nothing of these.
        CorpusError: the file cannot be read, or holds no text.
    """
    if isinstance(text, TextCorpus):
        return text
    if isinstance(text, os.PathLike):
        return TextCorpus.read(text, unit=unit)
    require("text", text, str, "a TextCorpus, a string or a Path")
    return TextCorpus.of(text, unit=unit)


def _check_exists(argument: str, given: object, error: type[ArgumentError]) -> None:
    """Refuse a string that is no path: it may be meant as a name, or as the text itself."""
    if isinstance(given, str) and not exists(given):
        one = shown(given)
        raise error(
            f"{argument} must be a list of strings, or the path of a file. Received {one}, and "
            f"there is no such file. Write [{one}] for a list of one, or TextCorpus.of(text) for "
            "running text."
        )
