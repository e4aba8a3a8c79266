"""How well a model predicts running text: as a stream, in windows, and block by block."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...data.text import TextCorpus
from ...data.vocabulary import BOUNDARY, Vocabulary
from ...errors import ConfigError, CorpusError
from ...generation import TextModel
from ...models.interface import Recurrence
from ...models.scoring.names import target_nats
from ...models.scoring.text import WARM, stream_nats, window_nats

WINDOW = 256
"""Characters of a window, if nothing else is said: as in the literature on text8 and the like."""

CHUNK = 1 << 20

BLOCK = 1000
"""Characters of a block: long enough that blocks are nearly independent."""

Ids = NDArray[np.integer]


@dataclass(frozen=True, kw_only=True)
class TextLikelihood:
    """The likelihood of running text under a model.

    Attributes:
        characters: what was predicted: characters (or graphemes), and where a document ends and
            another begins, the boundary.
        streamed_nats_per_char, streamed_bits_per_char: -log p a character, each given all before.
        perplexity: exp of these nats.
        window_nats_per_char: the same in windows that are read on their own, so that a character
            is given at most ``window`` others: for comparison with models that see no more.
        window: characters of a window.
        unknown_characters: those that the model has no id for. They count as the unknown symbol
            if it has one; else it reads the text as if they were not there.
    """

    characters: int
    streamed_nats_per_char: float
    streamed_bits_per_char: float
    perplexity: float
    window_nats_per_char: float
    window: int
    unknown_characters: int

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain data that JSON can hold."""
        return asdict(self)


def text_likelihood(
    model: TextModel,
    text: TextCorpus | str,
    *,
    window: int = WINDOW,
    threads: int | None = None,
) -> TextLikelihood:
    """Score ``text`` under ``model``.

    Args:
        model: of text.
        text: read with whatever vocabulary.
        window: characters of a window.
        threads: at most so many; the result is the same.

    Raises:
        ConfigError: the model is one of names, ``window`` is less than 1, or the text is not in
            the model's unit.
        CorpusError: there is no text, or none of it is known to the model.
    """
    if window < 1:
        raise ConfigError(f"window must be 1 or more. Received: {window}")
    ids, unknown = ids_of(model, text)
    characters = len(ids) - 1
    streamed = stream_nats(model.rnn, ids, threads) / characters
    return TextLikelihood(
        characters=characters,
        streamed_nats_per_char=streamed,
        streamed_bits_per_char=streamed / math.log(2),
        perplexity=math.exp(min(streamed, 700.0)),
        window_nats_per_char=window_nats(model.rnn, ids, window, threads) / characters,
        window=window,
        unknown_characters=unknown,
    )


def ids_of(model: TextModel, text: TextCorpus | str) -> tuple[NDArray[np.int32], int]:
    """Return a text's ids, (N,), the boundary first, and how many characters have none.

    Raises:
        ConfigError, CorpusError: as ``text_likelihood``.
    """
    if isinstance(text, str):
        text = TextCorpus.of(text, unit=model.vocabulary.token_unit)
    if text.unit != model.vocabulary.token_unit:
        raise ConfigError(
            f"the text must be read in the model's unit, {model.vocabulary.token_unit}. "
            f"Received: {text.unit}"
        )
    ids, unknown = _as_the_models(text, model.vocabulary)
    if len(ids) < 2 or not (ids != BOUNDARY).any():
        raise CorpusError(
            "none of the text can be scored: the model never saw any of its characters. "
            "Is it a model of this kind of text?"
        )
    return ids, unknown


def _as_the_models(text: TextCorpus, vocabulary: Vocabulary) -> tuple[NDArray[np.int32], int]:
    """Return the text's ids as the model has them, and how many characters it has none for."""
    known = {character: i for i, character in enumerate(vocabulary.characters, start=1)}
    otherwise = -1 if vocabulary.unknown_id is None else vocabulary.unknown_id
    own = [known.get(character, otherwise) for character in text.vocabulary.characters]
    is_unknown = [character not in known for character in text.vocabulary.characters]
    if text.vocabulary.has_unknown:
        own.append(otherwise)
        is_unknown.append(True)
    table = np.array([BOUNDARY, *own], np.int32)
    missing = np.array([False, *is_unknown])
    result, end, unknown = np.empty(len(text), np.int32), 0, 0
    for start in range(0, len(text), CHUNK):
        ids = text.ids(start, min(start + CHUNK, len(text)))
        unknown += int(missing[ids].sum())
        found = table[ids]
        found = found[found >= 0]
        result[end : end + len(found)] = found
        end += len(found)
    return result[:end], unknown


def blocks_of(ids: Ids) -> list[tuple[Ids, int]]:
    """Cut text into blocks: each with the text before it, and its own length.

    A block lies within one document; the boundaries before documents are in none.

    Args:
        ids: (N,), the boundary before each document.
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
