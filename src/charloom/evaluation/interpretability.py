"""What happens inside a model as it reads a name: plain data for figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..config.arguments import texts, whole
from ..data.statistics import END
from ..data.tokens import Unit
from ..data.unicode import decomposed, normalise, split_units
from ..data.vocabulary import BOUNDARY, Vocabulary
from ..errors import ConfigError, CorpusError
from ..generation import LanguageModel, TextModel
from ..models.rnn.shapes import STATES
from ..models.scoring.names import log_softmax

Floats = NDArray[np.float32]
Features = Mapping[str, Sequence[NDArray[np.float64]]]


@dataclass(frozen=True, kw_only=True, eq=False)
class NextCharacters:
    r"""The probability of each next character, along a name.

    Attributes:
        targets: the characters that came: T of the name and its end, ``\n``; without the first
            for a model without a begin symbol, and without the end for one of text.
        characters: the V characters by id; see ``symbols``.
        probabilities: a row for each of ``targets``, (T + 1, V) or (T, V), that sums to 1.
    """

    targets: tuple[str, ...]
    characters: tuple[str, ...]
    probabilities: Floats


@dataclass(frozen=True, kw_only=True)
class NotableUnit:
    """A hidden unit, and the feature of the text that its activation follows.

    Attributes:
        unit: its index, of H.
        feature: the feature's name.
        correlation: Pearson's, over all characters.
    """

    unit: int
    feature: str
    correlation: float


@dataclass(frozen=True, kw_only=True, eq=False)
class EmbeddingMap:
    """An embedding projected onto its first two principal components.

    Attributes:
        points: (V, 2), by id.
        explained: share of the variance along either axis.
    """

    points: NDArray[np.float64]
    explained: tuple[float, float]


def next_characters(model: LanguageModel, name: str) -> NextCharacters:
    """Return the probability of each character at each place of ``name``.

    Raises:
        CorpusError: ``name`` is empty.
        VocabularyError: it has a character that the model never saw.
    """
    is_text = isinstance(model, TextModel)
    ids = [
        *([BOUNDARY] if model.rnn.config.begin else []),
        *_encode(model, [name])[0].tolist(),
        *([] if is_text else [BOUNDARY]),
    ]
    carry, rows = model.rnn.initial_carry(1), []
    for i in ids[:-1]:
        logits, carry = model.rnn.step(np.array([i]), carry)
        rows.append(np.exp(log_softmax(logits)[0]))
    characters = symbols(model.vocabulary, text=is_text)
    return NextCharacters(
        targets=tuple(characters[i] for i in ids[1:]),
        characters=characters,
        probabilities=np.stack(rows),
    )


def symbols(vocabulary: Vocabulary, *, text: bool) -> tuple[str, ...]:
    r"""Return the V ids as characters.

    The boundary is ``\n``, which no name has, or ``<end>`` for text; the unknown symbol U+FFFD.
    """
    unknown = ["\ufffd"] * vocabulary.has_unknown
    return ("<end>" if text else END, *vocabulary.characters, *unknown)


def activity(model: LanguageModel, names: Iterable[str], layer: int = -1) -> list[Floats]:
    """Return a layer's hidden state after each character of each name: (T, H) for each name.

    Each name is read from its start, after the begin symbol if the model has one. Values lie in
    (-1, 1).

    Raises:
        ConfigError: the model has no such layer, or none at all.
        CorpusError: there is no name, or one is empty.
        VocabularyError: a name has a character that the model never saw.
    """
    if not model.rnn.config.has_network:
        raise ConfigError(
            f"a model of the kind {model.rnn.config.kind} has no hidden units. "
            "Train one of the kind network or mixture."
        )
    rnn = getattr(model.rnn, "network", model.rnn)  # of a mixture, its network
    layers = rnn.config.layers
    layer = whole("layer", layer, -layers, layers - 1)
    strings = _encode(model, names)
    width = max(map(len, strings))
    ids = np.full((len(strings), width), BOUNDARY, np.int32)
    for row, string in zip(ids, strings, strict=True):
        row[: len(string)] = string
    carry = rnn.initial_carry(len(strings))
    if rnn.config.begin:
        _, carry = rnn.step(np.full(len(strings), BOUNDARY), carry)
    hidden = np.empty((len(strings), width, rnn.config.units), np.float32)
    for time in range(width):
        _, carry = rnn.step(ids[:, time], carry)
        hidden[:, time] = carry[layer % layers * STATES[rnn.config.cell]]
    return [h[: len(string)] for h, string in zip(hidden, strings, strict=True)]


def simple_features(
    names: Sequence[str], unit: Unit = "character"
) -> dict[str, list[NDArray[np.float64]]]:
    """Return simple features of each character of each name, (T,) for each name.

    ``vowel``: 1 for Latin a, e, i, o, u and y, with or without accents, else 0; ``position``: the
    number of characters before it; ``left``: the number after it, which a model can only guess.
    """
    found: dict[str, list[NDArray[np.float64]]] = {"vowel": [], "position": [], "left": []}
    for name in names:
        characters = split_units(normalise(name), unit)
        places = np.arange(len(characters), dtype=np.float64)
        found["vowel"].append(np.array([is_vowel(c) for c in characters], np.float64))
        found["position"].append(places)
        found["left"].append(places[::-1].copy())
    return found


def is_vowel(character: str) -> bool:
    """Return whether a character is a Latin a, e, i, o, u or y, with or without accents."""
    return decomposed(character)[:1].lower() in tuple("aeiouy")


def kind(character: str) -> str:
    """Return ``capital``, ``vowel`` or ``consonant`` for a Latin letter, else ``other``."""
    base = decomposed(character)[:1]
    if not ("a" <= base.lower() <= "z"):
        return "other"
    if base.isupper():
        return "capital"
    return "vowel" if is_vowel(character) else "consonant"


def notable_units(activities: Sequence[Floats], features: Features) -> list[NotableUnit]:
    """Choose for each feature the hidden unit that follows it best.

    That is the unit with the largest absolute Pearson correlation over all characters, except
    those chosen for earlier features. Constant features are left out.

    Args:
        activities: (T, H) for each name, from ``activity``.
        features: by name, (T,) for each name, as from ``simple_features``.

    Raises:
        ConfigError: a feature's lengths are not those of ``activities``.
    """
    hidden = np.concatenate(activities).astype(np.float64)  # (characters, H)
    hidden -= hidden.mean(axis=0)
    norms = np.sqrt((hidden**2).sum(axis=0))
    chosen: list[NotableUnit] = []
    for name, values in features.items():
        if [len(value) for value in values] != [len(h) for h in activities]:
            raise ConfigError(
                f"the feature {name!r:.40} must have a number for each character. Received: "
                f"{sum(map(len, values))} for {len(hidden)}"
            )
        feature = np.concatenate(values)
        feature = feature - feature.mean()
        if not feature.any() or len(chosen) == len(norms):
            continue
        scale = norms * np.sqrt((feature**2).sum())
        correlations = (feature @ hidden) / np.where(scale > 0, scale, np.inf)
        free = np.abs(correlations)
        free[[unit.unit for unit in chosen]] = -1
        best = int(free.argmax())
        chosen.append(NotableUnit(unit=best, feature=name, correlation=float(correlations[best])))
    return chosen


def embedding_map(table: NDArray[np.floating]) -> EmbeddingMap:
    """Project an embedding, (V, E), as in ``run.weights``, onto two principal components.

    The sign of each axis makes its largest coordinate positive, whatever the solver returns.

    Raises:
        ConfigError: the table has not two dimensions, or no row.
    """
    table = np.asarray(table, np.float64)
    if table.ndim != 2 or not table.size:
        raise ConfigError(f"an embedding must have the shape (V, E). Received: {table.shape}")
    u, s, _ = np.linalg.svd(table - table.mean(axis=0), full_matrices=False)
    points, shares = np.zeros((len(table), 2)), np.zeros(2)
    axes = min(2, len(s))
    points[:, :axes] = u[:, :axes] * s[:axes]
    points *= np.sign(points[np.abs(points).argmax(axis=0), range(2)])
    if s.any():
        shares[:axes] = s[:axes] ** 2 / (s**2).sum()
    return EmbeddingMap(points=points, explained=(float(shares[0]), float(shares[1])))


def _encode(model: LanguageModel, names: Iterable[str]) -> list[NDArray[np.int32]]:
    names = list(map(model.vocabulary.normalised, texts("names", names)))
    if not names or not all(names):
        raise CorpusError(
            "there must be a name to read, and none may be empty or of invisible characters alone. "
            "Give one."
        )
    return [model.vocabulary.encode(name) for name in names]
