"""Which of several models predicts unseen names, or text, better: told on the same of them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.unicode import normalise, split_units
from ..errors import ConfigError, CorpusError
from ..generation import LanguageModel, NameModel, TextModel
from ..models.scoring.names import target_nats
from .metrics.text_likelihood import block_nats, blocks_of
from .statistics import Estimate, html_table, paired_estimate, ratio_estimate

Floats = NDArray[np.float64]

LEVEL = 0.05
"""Chance at which a difference is told where there is none."""


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One model of a comparison.

    Attributes:
        name: as which it was given.
        nats_per_char: its -log p a character.
        difference: its nats a character above the best one's, on the same names; ``None`` for
            the best. The interval is that of this one pair.
        p: how likely so large a difference is by chance, corrected for the number of pairs;
            ``None`` for the best.
    """

    name: str
    nats_per_char: Estimate
    difference: Estimate | None
    p: float | None

    @property
    def is_worse(self) -> bool:
        """Whether it can be distinguished from the best."""
        return self.difference is not None and self.difference.low > 0 and (self.p or 0) < LEVEL

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain data that JSON can hold."""
        return {
            "name": self.name,
            "nats_per_char": self.nats_per_char.to_dict(),
            "difference": None if self.difference is None else self.difference.to_dict(),
            "p": self.p,
            "worse": self.is_worse,
        }


@dataclass(frozen=True, kw_only=True, repr=False)
class Comparison:
    """Several models on the same names, or the same text.

    Attributes:
        models: as they were given.
        items: names, or blocks of text.
        characters: what was predicted in all, the names' ends counted.
        left_out: names, or characters of text, that some model cannot read.
        without_first: whether the names' first characters are given, and cost nothing, since a
            model has no begin symbol.
    """

    models: tuple[Compared, ...]
    items: int
    characters: int
    left_out: int
    without_first: bool

    def __repr__(self) -> str:
        return f"Comparison({self.verdict!r})"

    def _repr_html_(self) -> str:
        """Show the models in a notebook."""
        heads = ("model", "nats per character", "above the best", "p")
        return html_table(
            heads,
            (
                (m.name, m.nats_per_char, m.difference or "", "" if m.p is None else f"{m.p:.2g}")
                for m in self.models
            ),
        )

    @property
    def best(self) -> Compared:
        """The one with the least nats."""
        return next(model for model in self.models if model.difference is None)

    @property
    def winner(self) -> str | None:
        """The best, if every other can be distinguished from it."""
        others = [model for model in self.models if model is not self.best]
        return self.best.name if all(model.is_worse for model in others) else None

    @property
    def verdict(self) -> str:
        """One plain sentence."""
        others = [model for model in self.models if model is not self.best]
        if self.winner is not None:
            least = min(others, key=lambda m: m.difference.value if m.difference else 0.0)
            assert least.difference is not None
            return (
                f"{self.best.name} predicts best: {least.difference.value:.3f} nats a character "
                f"({least.difference.low:.3f} to {least.difference.high:.3f}) less than "
                f"{'the next, ' if len(others) > 1 else ''}{least.name}."
            )
        equal = [self.best.name, *(model.name for model in others if not model.is_worse)]
        names = f"{', '.join(equal[:-1])} and {equal[-1]}"
        worse = [model.name for model in others if model.is_worse]
        rest = ""
        if worse:
            rest = f"; {', '.join(worse)} {'is' if len(worse) == 1 else 'are'} worse"
        return f"There is no significant difference between {names}{rest}."

    def to_dict(self) -> dict[str, Any]:
        """Return the fields, and what follows from them, as plain data that JSON can hold."""
        return {
            "items": self.items,
            "characters": self.characters,
            "left_out": self.left_out,
            "without_first": self.without_first,
            "models": [model.to_dict() for model in self.models],
            "best": self.best.name,
            "winner": self.winner,
            "verdict": self.verdict,
        }


def compare_names(
    models: Mapping[str, NameModel],
    names: Sequence[str],
    *,
    seed: int = 0,
    threads: int | None = None,
) -> Comparison:
    """Compare models on ``names``, each name weighed by its characters.

    Differences are taken name by name, which leaves out how hard the names are. Which model is
    best is seen on the same names, so the p of each pair (Student's t of the ratio's residuals)
    is corrected for all pairs (Holm 1979).

    Args:
        models: two or more, by what they are to be called.
        names: that none of them has learned. Those that some model cannot spell are left out.
        seed: decides the bootstrap.
        threads: at most so many.

    Raises:
        ConfigError: there are less than two models, or some count
            characters and some graphemes and one has no begin symbol.
        CorpusError: no name is left.
    """
    _check(models)
    units = {model.vocabulary.token_unit for model in models.values()}
    without_first = not all(model.rnn.config.begin for model in models.values())
    if without_first and len(units) > 1:
        raise ConfigError(
            "a model without begin can only be compared with others of its unit, character or "
            "grapheme. Received: both"
        )
    texts = dict.fromkeys(normalise(name) for name in names)
    kept = spelt_by_all(models, texts)
    if not kept:
        raise CorpusError(
            f"none of the {len(texts):,} names can be compared: each has characters that one of "
            "the models never saw. Pass other names."
        )
    unit = units.pop() if len(units) == 1 else "character"
    sizes = np.array([len(split_units(t, unit)) + (not without_first) for t in kept], np.float64)
    nats: dict[str, Floats] = {}
    for name, model in models.items():
        rows = target_nats(model.rnn, [model.vocabulary.encode(text) for text in kept], threads)
        given = int(without_first and model.rnn.config.begin)
        nats[name] = np.array([row[given:].sum() for row in rows])
    return _compared(nats, sizes, len(texts) - len(kept), without_first, seed)


def spelt_by_all(models: Mapping[str, NameModel], names: Iterable[str]) -> list[str]:
    """Return the names that every model can spell; as an unknown symbol does not count."""
    vocabularies = [model.vocabulary for model in models.values()]
    return [name for name in names if name and not any(v.unknown(name) for v in vocabularies)]


def compare_text(
    models: Mapping[str, TextModel],
    text: str,
    *,
    seed: int = 0,
    threads: int | None = None,
) -> Comparison:
    """Compare models on running text, by blocks of 1,000 characters; else as ``compare_names``.

    Characters that some model never saw are left out before any reads the text.

    Raises:
        ConfigError: there are less than two models, or some count characters
            and some graphemes.
        CorpusError: no text is left.
    """
    _check(models)
    units = {model.vocabulary.token_unit for model in models.values()}
    if len(units) > 1:
        raise ConfigError("models of text must count alike, in characters or in graphemes.")
    characters = split_units(normalise(text), units.pop())
    common = set.intersection(*(set(m.vocabulary.characters) for m in models.values()))
    kept = [character for character in characters if character in common]
    nats: dict[str, Floats] = {}
    sizes = np.zeros(0)
    for name, model in models.items():
        table = {c: i for i, c in enumerate(model.vocabulary.characters, start=1)}
        blocks = blocks_of(np.fromiter((table[c] for c in kept), np.int32, len(kept)))
        if not blocks:
            raise CorpusError("the models have no character of the text in common. Pass another.")
        nats[name] = block_nats(model.rnn, blocks, threads)
        sizes = np.array([own for _, own in blocks], np.float64)
    return _compared(nats, sizes, len(characters) - len(kept), False, seed)


def _check(models: Mapping[str, LanguageModel]) -> None:
    if len(models) < 2:
        raise ConfigError(f"a comparison needs two models at least. Received: {len(models)}")


def _compared(
    nats: Mapping[str, Floats], sizes: Floats, left_out: int, without_first: bool, seed: int
) -> Comparison:
    best = min(nats, key=lambda name: float(nats[name].sum()))
    adjusted = holm(
        {
            frozenset((a, b)): p_value(nats[a] - nats[b], sizes)
            for a, b in itertools.combinations(nats, 2)
        }
    )
    models = []
    for name, own in nats.items():
        first = name == best
        models.append(
            Compared(
                name=name,
                nats_per_char=ratio_estimate(own, sizes, seed=seed),
                difference=None if first else paired_estimate(own, nats[best], sizes, seed=seed),
                p=None if first else adjusted[frozenset((name, best))],
            )
        )
    return Comparison(
        models=tuple(models),
        items=len(sizes),
        characters=int(sizes.sum()),
        left_out=left_out,
        without_first=without_first,
    )


def p_value(differences: Floats, sizes: Floats) -> float:
    """Return how likely a ratio Σ differences / Σ sizes as far from 0 is by chance, both ways.

    Student's t of the ratio, its variance linearised over the items (Cochran 1977, ch. 6).

    Args:
        differences, sizes: (N,), of the same items.
    """
    from scipy.special import stdtr

    count = len(sizes)
    ratio = float(differences.sum() / sizes.sum())
    if count < 2 or ratio == 0:
        return 1.0
    residuals = differences - ratio * sizes
    variance = count / (count - 1) * float((residuals**2).sum())
    if variance == 0:
        return 0.0
    t = abs(ratio) * float(sizes.sum()) / math.sqrt(variance)
    return min(1.0, 2 * float(stdtr(count - 1, -t)))


def holm(values: Mapping[Any, float]) -> dict[Any, float]:
    """Return the p values, corrected so that the chance of any false finding is as wanted."""
    found: dict[Any, float] = {}
    least = 0.0
    for rank, key in enumerate(sorted(values, key=lambda key: values[key])):
        least = max(least, min(1.0, (len(values) - rank) * values[key]))
        found[key] = least
    return found
