"""Which of several models predicts the same unseen names, or text, best."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..config.arguments import seed_of, shown
from ..data.given import Names, Text, names_of, text_of
from ..data.sources.documents import MARK
from ..data.text import decoded
from ..data.unicode import normalise, split_units
from ..data.vocabulary import BOUNDARY
from ..errors import ArgumentError, ConfigError, CorpusError
from ..generation import LanguageModel, NameModel, TextModel
from ..models.scoring.names import target_nats
from .metrics.text_likelihood import block_nats, blocks_of
from .statistics import Estimate, Plain, html_table, paired_estimate, ratio_estimate

Floats = NDArray[np.float64]

LEVEL = 0.05
"""Significance level of a difference."""


@dataclass(frozen=True, kw_only=True)
class Compared(Plain):
    """One model of a comparison.

    Attributes:
        name: its name in the comparison.
        nats_per_char: its -log p per character.
        difference: its nats per character above those of the best model on the same names, with
            an interval for this pair; ``None`` for the best.
        p: p value of the difference, corrected for the number of pairs; ``None`` for the best.
    """

    name: str
    nats_per_char: Estimate
    difference: Estimate | None
    p: float | None

    @property
    def is_worse(self) -> bool:
        """Whether it is significantly worse than the best."""
        return self.difference is not None and self.difference.low > 0 and (self.p or 0) < LEVEL

    def to_dict(self) -> dict[str, Any]:
        """Return the fields, and whether it is worse, as plain data that JSON can hold."""
        return super().to_dict() | {"worse": self.is_worse}


@dataclass(frozen=True, kw_only=True, repr=False)
class Comparison(Plain):
    """Several models on the same names, or the same text.

    Attributes:
        items: number of names, or blocks of text.
        characters: number of predictions, names' ends counted.
        left_out: names, or characters of text, that some model cannot read.
        without_first: whether names' first characters are given and not predicted, since a model
            has no begin symbol.
        models: in the order that they were given.
    """

    items: int
    characters: int
    left_out: int
    without_first: bool
    models: tuple[Compared, ...]

    def __repr__(self) -> str:
        return f"Comparison({self.verdict!r})"

    def _repr_html_(self) -> str:
        """Show the models in a notebook."""
        rows = (
            (m.name, m.nats_per_char, m.difference or "", "" if m.p is None else f"{m.p:.2g}")
            for m in self.models
        )
        return html_table(("model", "nats per character", "above the best", "p"), rows)

    @property
    def best(self) -> Compared:
        """The model with the fewest nats."""
        return next(model for model in self.models if model.difference is None)

    @property
    def winner(self) -> str | None:
        """The best model, if every other is significantly worse."""
        equal = [model for model in self.models if not model.is_worse]
        return self.best.name if equal == [self.best] else None

    @property
    def verdict(self) -> str:
        """One plain sentence."""
        others = [model for model in self.models if model is not self.best]
        worse = [model.name for model in others if model.is_worse]
        if self.winner is not None:
            gaps = [(model.difference, model.name) for model in others if model.difference]
            gap, name = min(gaps, key=lambda pair: pair[0].value)
            return (
                f"{self.best.name} predicts best: {gap.value:.3f} nats a character "
                f"({gap.low:.3f} to {gap.high:.3f}) less than "
                f"{'the next, ' if len(others) > 1 else ''}{name}."
            )
        *names, last = [self.best.name, *(model.name for model in others if not model.is_worse)]
        rest = f"; {', '.join(worse)} {'is' if len(worse) == 1 else 'are'} worse" if worse else ""
        return f"There is no significant difference between {', '.join(names)} and {last}{rest}."

    def to_dict(self) -> dict[str, Any]:
        """Return the fields, and what follows from them, as plain data that JSON can hold."""
        conclusion = {"best": self.best.name, "winner": self.winner, "verdict": self.verdict}
        return super().to_dict() | conclusion


def compare_names(
    models: Mapping[str, NameModel],
    names: Names,
    *,
    seed: int = 0,
    threads: int | None = None,
) -> Comparison:
    """Compare models on ``names``, each name weighted by its characters.

    Differences are paired by name, which removes how hard the names are. Since the best model is
    chosen on the same names, the p value of each pair (Student's t of the ratio's residuals) is
    corrected for all pairs (Holm 1979).

    Args:
        models: two or more, by name.
        names: names that none of them was trained on; those that some model cannot spell are left
            out.
        seed: decides the bootstrap.
        threads: at most so many.

    Raises:
        ConfigError: there are fewer than two models, or they split text in different ways
            and one has no begin symbol.
        CorpusError: no name is left.
    """
    seed = seed_of(seed)
    _check(models)
    units = {model.vocabulary.token_unit for model in models.values()}
    without_first = not all(model.rnn.config.begin for model in models.values())
    if without_first and len(units) > 1:
        raise ConfigError(
            "a model without begin can only be compared with others that split text alike. "
            f"Received: {' and '.join(sorted(map(str, units)))}"
        )
    texts: Iterable[str] = names_of("names", names)
    for model in models.values():
        texts = map(model.vocabulary.normalised, texts)
    texts = dict.fromkeys(texts)
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
    """Return the names that every model can spell without an unknown symbol."""
    vocabularies = [model.vocabulary for model in models.values()]
    return [name for name in names if name and not any(v.unknown(name) for v in vocabularies)]


def compare_text(
    models: Mapping[str, TextModel],
    text: Text,
    *,
    seed: int = 0,
    threads: int | None = None,
) -> Comparison:
    """Compare models on running text, in blocks of 1,000 characters, like ``compare_names``.

    Characters that some model never saw are removed from the text first. Where all models are of
    documents, U+001E divides those of the text.

    Raises:
        ConfigError: there are fewer than two models, or they split text in different ways.
        CorpusError: no text is left.
    """
    seed = seed_of(seed)
    _check(models)
    units = {model.vocabulary.token_unit for model in models.values()}
    if len(units) > 1:
        raise ConfigError(
            "models of text must split it alike, into characters, graphemes or the same tokens."
        )
    unit = units.pop()
    if not isinstance(text, str):
        corpus = text_of(text, unit)
        text = decoded(corpus.vocabulary, corpus.ids(0, len(corpus)), ends=corpus.has_ends)
    divided = all(model.rnn.config.documents for model in models.values())
    if not divided:
        text = text.replace(MARK, "\n")
    characters = split_units(normalise(text), unit)
    common = set.intersection(*(set(m.vocabulary.characters) for m in models.values()))
    common |= {MARK} if divided else set()
    kept = [character for character in characters if character in common]
    nats: dict[str, Floats] = {}
    sizes = np.zeros(0)
    for name, model in models.items():
        table = {c: i for i, c in enumerate(model.vocabulary.characters, start=1)}
        table[MARK] = BOUNDARY
        blocks = blocks_of(np.fromiter((table[c] for c in kept), np.int32, len(kept)))
        if not blocks:
            raise CorpusError("the models have no character of the text in common. Pass another.")
        nats[name] = block_nats(model.rnn, blocks, threads)
        sizes = np.array([own for _, own in blocks], np.float64)
    return _compared(nats, sizes, len(characters) - len(kept), False, seed)


def _check(models: Mapping[str, LanguageModel]) -> None:
    if not isinstance(models, Mapping):
        raise ArgumentError(f"models must be a dictionary, by name. Received: {shown(models)}")
    if len(models) < 2:
        raise ConfigError(f"a comparison needs two models at least. Received: {len(models)}")


def _compared(
    nats: Mapping[str, Floats], sizes: Floats, left_out: int, without_first: bool, seed: int
) -> Comparison:
    best = min(nats, key=lambda name: float(nats[name].sum()))
    pairs = itertools.combinations(nats, 2)
    p = holm({frozenset((a, b)): p_value(nats[a] - nats[b], sizes) for a, b in pairs})
    models = tuple(
        Compared(
            name=name,
            nats_per_char=ratio_estimate(own, sizes, seed=seed),
            difference=None if name == best else paired_estimate(own, nats[best], sizes, seed=seed),
            p=p.get(frozenset((name, best))),
        )
        for name, own in nats.items()
    )
    return Comparison(
        items=len(sizes),
        characters=int(sizes.sum()),
        left_out=left_out,
        without_first=without_first,
        models=models,
    )


def p_value(differences: Floats, sizes: Floats) -> float:
    """Return the two-sided p value of Σ differences / Σ sizes, of N items each, against 0.

    Student's t of the ratio, with variance linearised over the items (Cochran 1977, ch. 6).
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
    """Return p values corrected for multiple testing (Holm 1979), by the same keys."""
    found: dict[Any, float] = {}
    least = 0.0
    for rank, key in enumerate(sorted(values, key=lambda key: values[key])):
        least = max(least, min(1.0, (len(values) - rank) * values[key]))
        found[key] = least
    return found
