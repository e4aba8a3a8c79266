"""Starting a training from a trained model: with other characters, and with parts frozen."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..config import ModelConfig, Part
from ..data.gathering import measure
from ..data.names import NameCorpus
from ..data.tokens import Tokens, Unit
from ..data.vocabulary import Vocabulary
from ..errors import ConfigError
from ..models.rnn.initial import initial_weights
from ..run import SavedModel

KEPT = ("cell", "units", "layers", "embedding", "begin", "text")
"""Settings of a model that its weights depend on, besides its characters and labels."""


def frozen(names: Iterable[str], freeze: Collection[Part]) -> frozenset[str]:
    """Return which of the weights ``names`` of ``rnn.shapes`` belong to the parts ``freeze``."""
    starts = {"embedding": ("embedding", "labels"), "recurrent": ("rnn.",)}
    chosen = tuple(start for part in freeze for start in starts[part])
    return frozenset(name for name in names if name.startswith(chosen)) if chosen else frozenset()


def merged(old: Vocabulary, new: Vocabulary) -> Vocabulary:
    """Return the vocabulary with the characters of both, in the unit of ``new``.

    Raises:
        ConfigError: their units differ, unless ``new`` has all tokens of ``old``.
    """
    if isinstance(old.token_unit, Tokens) and isinstance(new.token_unit, Tokens):
        if not set(old.token_unit.tokens) <= set(new.token_unit.tokens):
            raise ConfigError(
                "a trained model keeps its tokens, and the text was read with others. Leave "
                "--token-unit out, or read the text with unit=run.vocabulary.token_unit."
            )
    else:
        _check("unit", str(old.token_unit), str(new.token_unit))
    characters = sorted({*old.characters, *new.characters})
    return Vocabulary(tuple(characters), new.token_unit, old.has_unknown or new.has_unknown)


def with_tokens_of(corpus: NameCorpus, unit: Unit) -> NameCorpus:
    """Return ``corpus`` with the tokens of a trained model besides its own."""
    own = corpus.unit.tokens if isinstance(corpus.unit, Tokens) else ()
    if not isinstance(unit, Tokens) or corpus.unit == (both := Tokens.of({*unit.tokens, *own})):
        return corpus
    lengths, distinct = measure(corpus.names, both)
    report = replace(
        corpus.report,
        characters=int(lengths.sum()),
        distinct=len(distinct),
        shortest=int(lengths.min()),
        longest=int(lengths.max()),
        mean=float(lengths.mean()),
    )
    return NameCorpus(
        tuple(corpus.names),
        both,
        labels=corpus.labels,
        weights=corpus.weights,
        report=report,
        origin=corpus.origin,
    )


def warm_started(
    saved: SavedModel,
    model: ModelConfig,
    vocabulary: Vocabulary,
    labels: tuple[str, ...],
    seed: int,
) -> dict[str, NDArray[np.float32]]:
    """Return the weights of ``saved``'s network for another vocabulary and other labels.

    Rows and columns move with their character or label, and those of characters that are gone are
    dropped. New characters start like their relatives (ł like l), or else with random numbers from
    ``seed``; their output biases are the lowest of the old ones, because characters that were never
    seen are unlikely at first. New labels start at 0, which has no effect.

    Raises:
        ConfigError: ``model`` differs from ``saved``'s, or ``saved`` has no network.
    """
    if not saved.config.has_network:
        raise ConfigError(
            f"training starts from a network's weights. Received: a model of the kind "
            f"{saved.config.kind}, which has none; leave --from or --base out."
        )
    for name in KEPT:
        _check(name, getattr(saved.config, name), getattr(model, name))
    old = dict(saved.weights)
    weights = {**initial_weights(model, vocabulary.size, seed)}
    weights |= {name: np.array(old[name]) for name in weights if name.startswith("rnn.")}
    weights["logits.bias"][:] = old["logits.bias"].min()
    here, there = _shared(_symbols(saved.vocabulary), _symbols(vocabulary))
    for new, like in _relatives(saved.vocabulary, vocabulary):
        weights["embedding"][new] = old["embedding"][like]
        weights["logits.kernel"][:, new] = old["logits.kernel"][:, like]
    weights["embedding"][there] = old["embedding"][here]
    weights["logits.kernel"][:, there] = old["logits.kernel"][:, here]
    weights["logits.bias"][there] = old["logits.bias"][here]
    here, there = _shared(saved.labels, labels)
    if here:
        weights["labels"][there] = old["labels"][here]
    return weights


def _relatives(old: Vocabulary, new: Vocabulary) -> Iterator[tuple[int, int]]:
    """Yield the id of each new character that has a relative, and the relative's old id."""
    known = {character: i for i, character in enumerate(old.characters, start=1)}
    for i, character in enumerate(new.characters, start=1):
        if character not in known and (like := known.get(relative(character))):
            yield i, like


def relative(character: str) -> str:
    """Return a letter without what its Unicode name adds to it; other characters as they are.

    >>> [relative(c) for c in "łŻø7"]
    ['l', 'Z', 'o', '7']
    """
    name, added, _ = unicodedata.name(character[:1], "").partition(" WITH ")
    return unicodedata.lookup(name) if added else character


def _symbols(vocabulary: Vocabulary) -> tuple[str | None, ...]:
    """Return the character of each id; "" for the boundary, ``None`` for the unknown symbol."""
    return ("", *vocabulary.characters, *([None] if vocabulary.has_unknown else []))


def _shared(
    old: tuple[str | None, ...], new: tuple[str | None, ...]
) -> tuple[list[int], list[int]]:
    """Return the indices of the common items, in ``old`` and in ``new``."""
    places = {item: place for place, item in enumerate(new)}
    here = [place for place, item in enumerate(old) if item in places]
    return here, [places[old[place]] for place in here]


def _check(name: str, theirs: object, ours: object) -> None:
    if theirs != ours:
        raise ConfigError(
            f"a trained model keeps its settings: its {name} is {theirs}. Received: {name} {ours}. "
            "Leave that setting out, or leave --from or --base out."
        )
