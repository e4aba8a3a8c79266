"""Starting a training from a trained model: with more characters, and with parts frozen."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import numpy as np
from numpy.typing import NDArray

from ..config import ModelConfig, Part
from ..data.vocabulary import Vocabulary
from ..errors import ConfigError
from ..models.rnn.initial import initial_weights
from ..run import SavedModel

KEPT = ("cell", "units", "layers", "embedding", "begin", "text")
"""Settings of a model that its weights depend on, beside its characters and labels."""


def frozen(names: Iterable[str], freeze: Collection[Part]) -> frozenset[str]:
    """Return which of the weights ``names`` of ``rnn.shapes`` belong to the parts ``freeze``."""
    starts = {"embedding": ("embedding", "labels"), "recurrent": ("rnn.",)}
    chosen = tuple(start for part in freeze for start in starts[part])
    return frozenset(name for name in names if name.startswith(chosen)) if chosen else frozenset()


def merged(old: Vocabulary, new: Vocabulary) -> Vocabulary:
    """Return the vocabulary of all that is in either, so that nothing learned is lost.

    Raises:
        ConfigError: they do not count the same as a character.
    """
    _check("unit", old.token_unit, new.token_unit)
    characters = sorted({*old.characters, *new.characters})
    return Vocabulary(tuple(characters), old.token_unit, old.has_unknown or new.has_unknown)


def warm_started(
    saved: SavedModel,
    model: ModelConfig,
    vocabulary: Vocabulary,
    labels: tuple[str, ...],
    seed: int,
) -> dict[str, NDArray[np.float32]]:
    """Return ``saved``'s network as ``model`` with ``vocabulary`` and ``labels`` has it.

    Rows and columns move with their character or label. Those of new characters are what a new
    model of ``seed`` would begin with, but for their biases, the least of the old ones: unseen so
    far, they are not to be expected much. New labels begin at 0, where they say nothing.

    Raises:
        ConfigError: ``model`` or the unit is another than ``saved``'s, or that has no network.
    """
    if not saved.config.has_network:
        raise ConfigError(
            f"training starts from a network's weights. Received: a model of the kind "
            f"{saved.config.kind}, which has none; leave --from out."
        )
    for name in KEPT:
        _check(name, getattr(saved.config, name), getattr(model, name))
    _check("unit", saved.vocabulary.token_unit, vocabulary.token_unit)
    old = dict(saved.weights)
    weights = {**initial_weights(model, vocabulary.size, seed)}
    weights |= {name: np.array(old[name]) for name in weights if name.startswith("rnn.")}
    weights["logits.bias"][:] = old["logits.bias"].min()
    here, there = _shared(_symbols(saved.vocabulary), _symbols(vocabulary))
    weights["embedding"][there] = old["embedding"][here]
    weights["logits.kernel"][:, there] = old["logits.kernel"][:, here]
    weights["logits.bias"][there] = old["logits.bias"][here]
    here, there = _shared(saved.labels, labels)
    if here:
        weights["labels"][there] = old["labels"][here]
    return weights


def _symbols(vocabulary: Vocabulary) -> tuple[str | None, ...]:
    """What each id stands for; the boundary is "", the unknown symbol ``None``."""
    return ("", *vocabulary.characters, *([None] if vocabulary.has_unknown else []))


def _shared(
    old: tuple[str | None, ...], new: tuple[str | None, ...]
) -> tuple[list[int], list[int]]:
    """Return where each thing that is in both is: in ``old``, and in ``new``."""
    places = {thing: place for place, thing in enumerate(new)}
    pairs = [(place, places[thing]) for place, thing in enumerate(old) if thing in places]
    return [here for here, _ in pairs], [there for _, there in pairs]


def _check(name: str, theirs: object, ours: object) -> None:
    if theirs != ours:
        raise ConfigError(
            f"a trained model keeps its settings: its {name} is {theirs}. Received: {name} {ours}. "
            "Leave that setting out, or leave --from out."
        )
