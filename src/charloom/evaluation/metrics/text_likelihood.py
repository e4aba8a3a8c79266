"""How well a model predicts running text: as a stream, in windows, and block by block."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...config.arguments import whole
from ...data.given import Text, text_of
from ...data.text import held_out_corpus
from ...data.vocabulary import BOUNDARY, Vocabulary
from ...errors import ConfigError, CorpusError
from ...generation import TextModel
from ...models.interface import Recurrence
from ...models.scoring.names import target_nats
from ...models.scoring.text import WARM, stream_nats, window_nats
from ..statistics import Plain
from .likelihood import perplexity

WINDOW = 256
"""Characters of a window by default, as in the literature on text8 and the like."""

CHUNK = 1 << 20

BLOCK = 1000
"""Characters of a block: long enough that blocks are nearly independent."""

Ids = NDArray[np.integer]


MOST_WINDOW = 1_000_000
"""The most characters of a window."""


@dataclass(frozen=True, kw_only=True)
class TextLikelihood(Plain):
    """The likelihood of running text under a model.

    Attributes:
        characters: number of predictions: characters (or graphemes), and the boundaries between
            documents, or at the end of each if documents have an end.
        streamed_nats_per_char, streamed_bits_per_char: -log p per character, given all before it;
            of a document that has an end, all before it in the document.
        perplexity: exp of these nats.
        window_nats_per_char: the same in independent windows, where a character is given at most
            ``window`` others, for comparison with models that see no more.
        window: characters of a window.
        unknown_characters: those without an id. They count as the unknown symbol if the model has
            one; otherwise they are skipped.
    """

    characters: int
    streamed_nats_per_char: float
    streamed_bits_per_char: float
    perplexity: float
    window_nats_per_char: float
    window: int
    unknown_characters: int


def text_likelihood(
    model: TextModel,
    text: Text,
    *,
    window: int = WINDOW,
    threads: int | None = None,
) -> TextLikelihood:
    """Score ``text`` under ``model``.

    Args:
        model: of text.
        text: a corpus with any vocabulary, a string, or a file as path-like.
        window: characters of a window.
        threads: at most so many; the result is the same.

    Raises:
        ConfigError: ``window`` is less than 1, or the text is not in the model's unit.
        CorpusError: there is no text, or the model knows none of its characters.
    """
    window = whole("window", window, 1, MOST_WINDOW)
    ids, unknown = ids_of(model, text)
    characters = len(ids) - 1
    apart = model.rnn.config.documents
    streamed = stream_nats(model.rnn, ids, threads, apart=apart) / characters
    windows = window_nats(model.rnn, ids, window, threads, apart=apart)
    return TextLikelihood(
        characters=characters,
        streamed_nats_per_char=streamed,
        streamed_bits_per_char=streamed / math.log(2),
        perplexity=perplexity(streamed),
        window_nats_per_char=windows / characters,
        window=window,
        unknown_characters=unknown,
    )


def ids_of(model: TextModel, text: Text) -> tuple[NDArray[np.int32], int]:
    """Return the model's ids of a text, (N,), the boundary first, and how many it has no id for.

    Raises:
        ConfigError, CorpusError: as ``text_likelihood``.
    """
    documents = model.rnn.config.documents
    if isinstance(text, str):
        text = held_out_corpus(text, model.vocabulary.token_unit, ends=documents)
    else:
        text = text_of(text, model.vocabulary.token_unit)
    if text.unit != model.vocabulary.token_unit:
        raise ConfigError(
            f"the text must be read in the model's unit, {model.vocabulary.token_unit}. "
            f"Received: {text.unit}; pass unit=model.vocabulary.token_unit."
        )
    table, found, unknown = ids_in(model.vocabulary, text.vocabulary), [np.zeros(0, np.int32)], 0
    is_known = frozenset(model.vocabulary.characters).__contains__
    foreign = ~np.array([True, *map(is_known, text.vocabulary.characters), False])
    for start in range(0, len(text), CHUNK):
        own = text.ids(start, min(start + CHUNK, len(text)))
        unknown += int(foreign[own].sum())
        kept = table[own]
        found.append(kept[kept >= 0])
    if documents and text.has_ends:  # the end of the last one
        found.append(np.array([BOUNDARY], np.int32))
    ids = np.concatenate(found)
    if len(ids) < 2 or not (ids != BOUNDARY).any():
        raise CorpusError(
            "none of the text can be scored: the model never saw any of its characters. "
            "Is it a model of this kind of text?"
        )
    return ids, unknown


def ids_in(vocabulary: Vocabulary, other: Vocabulary) -> NDArray[np.int32]:
    """Return the ids in ``vocabulary`` of the characters of ``other``, by their ids there.

    The boundary comes first, an unknown symbol last; -1 where there is no id.
    """
    known = {character: i for i, character in enumerate(vocabulary.characters, start=1)}
    otherwise = -1 if vocabulary.unknown_id is None else vocabulary.unknown_id
    ids = (known.get(character, otherwise) for character in other.characters)
    return np.array([BOUNDARY, *ids, otherwise], np.int32)


def blocks_of(ids: Ids) -> list[tuple[Ids, int]]:
    """Cut text into blocks, each with the text before it, and their own lengths.

    A block lies within one document; the boundaries before documents are in none.
    """
    found: list[tuple[Ids, int]] = []
    for document in np.split(ids, np.flatnonzero(ids == BOUNDARY)):
        text = document[document != BOUNDARY]
        for low in range(0, len(text), BLOCK):
            high = min(low + BLOCK, len(text))
            found.append((text[max(0, low - WARM) : high], high - low))
    return found


def block_nats(
    rnn: Recurrence, blocks: Sequence[tuple[Ids, int]], threads: int | None = None
) -> NDArray[np.float64]:
    """Return -log p of each block given the ``WARM`` characters before it, (K,), in nats."""
    strings = [string.astype(np.int32, copy=False) for string, _ in blocks]
    rows = target_nats(rnn, strings, threads)  # the last is of the end symbol
    return np.array([row[-1 - own : -1].sum() for row, (_, own) in zip(rows, blocks, strict=True)])
