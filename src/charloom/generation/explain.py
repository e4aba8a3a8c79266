"""Why a string is as likely as it is: each character's probability, and what else was likely."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..config import SampleConfig, Unit
from ..data.unicode import normalise, split_units
from ..data.vocabulary import BOUNDARY
from ..models.sampling import Sampler
from ..models.threads import one_blas_thread
from .model import LanguageModel
from .names import NameModel
from .novelty import CELLS
from .text import TextModel

END = "<end>"
"""What stands for the end symbol: no character looks like it."""

UNKNOWN = "\ufffd"
"""What stands for characters that the model has no id for, if it has learned of such."""

ROWS = 256
"""Strings that are read together, at most."""


@dataclass(frozen=True, slots=True)
class Step:
    """A character as the model saw it come.

    Attributes:
        character: what came, in the vocabulary's unit; ``END`` for the end.
        probability: that it would.
        alternatives: the likeliest of the others and their probabilities, the likeliest first.
    """

    character: str
    probability: float
    alternatives: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a string's likelihood is made of.

    Attributes:
        text: the string.
        given: its first character for a model without a begin symbol, which has no probability
            for it; else nothing.
        steps: its characters after ``given``, and its end if the model is one of names.
        nats: -log of the product of their probabilities.
        nearest: the nearest training string and its distance in edits; ``None`` without a list.
    """

    text: str
    given: str
    steps: tuple[Step, ...]
    nats: float
    nearest: tuple[str, int] | None

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that JSON can hold, probabilities to six significant digits.

        ``nats`` are ``None`` where the string cannot occur.
        """
        return {
            "text": self.text,
            "nats": round(self.nats, 6) if math.isfinite(self.nats) else None,
            "given": self.given,
            "steps": [
                {
                    **_choice(step.character, step.probability),
                    "alternatives": [_choice(*other) for other in step.alternatives],
                }
                for step in self.steps
            ],
            "nearest": self.nearest and {"text": self.nearest[0], "distance": self.nearest[1]},
        }


def explain(
    model: LanguageModel,
    texts: Sequence[str],
    alternatives: int = 3,
    *,
    temperature: float = 1.0,
    compare: bool = True,
) -> list[Explanation]:
    """Explain each text, in order: its nats are those of ``model.nll``.

    Args:
        model: what the texts are read with.
        texts: brought to NFC before.
        alternatives: how many a character has, if the vocabulary holds as many others; equally
            likely ones in the vocabulary's order.
        temperature: divides the logits; 1 is the model itself.
        compare: whether to look for the nearest training strings.

    Raises:
        VocabularyError: a text has a character that the model never saw.
        ConfigError: the temperature lies outside what it may be.
    """
    sampler = Sampler(SampleConfig(temperature=temperature))
    normal = [normalise(text) for text in texts]
    strings = [model.vocabulary.encode(text) for text in normal]
    # The longest first, so that those that are still read are always the first rows.
    order = sorted(range(len(strings)), key=lambda i: -len(strings[i]))
    read: dict[int, tuple[tuple[Step, ...], float]] = {}
    with one_blas_thread():
        for first in range(0, len(order), ROWS):
            rows = order[first : first + ROWS]
            parts = _read(model, [strings[i] for i in rows], alternatives, sampler)
            read |= zip(rows, parts, strict=True)
    known = None
    if compare and isinstance(model, NameModel):
        known = model.novelty(allow_known=True).known
    near = nearest(normal, known, model.vocabulary.unit) if known else [None] * len(normal)
    given = ["" if model.rnn.config.begin else model.vocabulary.decode(s[:1]) for s in strings]
    return [Explanation(text, given[i], *read[i], near[i]) for i, text in enumerate(texts)]


def nearest(
    texts: Sequence[str], known: Collection[str], unit: Unit = "character"
) -> list[tuple[str, int]]:
    """Return the one of ``known`` nearest to each text, and its distance in edits.

    Edits are insertions, deletions and substitutions of units; the first in sorted order of
    several. ``known`` holds one string at least; all are compared as they are.
    """
    from rapidfuzz.distance import Levenshtein
    from rapidfuzz.process import cdist

    candidates = list(known)
    parts: list[Any] = candidates
    asked: list[Any] = list(texts)
    if unit != "character":
        parts, asked = ([split_units(t, unit) for t in ts] for ts in (candidates, texts))
    found: list[tuple[str, int]] = []
    rows = max(1, CELLS // len(parts))
    for first in range(0, len(asked), rows):
        distances = cdist(
            asked[first : first + rows],
            parts,
            scorer=Levenshtein.distance,
            dtype=np.int32,
            workers=-1,
        )
        for row in distances:
            best = row.min()
            found.append((min(candidates[i] for i in np.flatnonzero(row == best)), int(best)))
    return found


def _read(
    model: LanguageModel, strings: Sequence[NDArray[np.int32]], alternatives: int, sampler: Sampler
) -> list[tuple[tuple[Step, ...], float]]:
    """Return the steps and the nats of strings of ids, which come with the longest first."""
    rnn, characters = model.rnn, (END, *model.vocabulary.characters, UNKNOWN)
    end = () if isinstance(model, TextModel) else (BOUNDARY,)
    ids = [(BOUNDARY, *string.tolist(), *end) for string in strings]
    steps: list[list[Step]] = [[] for _ in ids]
    nats = np.zeros(len(ids))
    carry = rnn.initial_carry(len(ids))
    for time in range(0 if rnn.config.begin else 1, len(ids[0]) - 1):
        ids = [row for row in ids if len(row) > time + 1]
        came = np.array([row[time + 1] for row in ids])  # (B,)
        logits, carry = rnn.step(np.array([row[time] for row in ids]), carry[:, : len(ids)])
        log_p = sampler.log_probabilities(logits)  # (B, V)
        own = log_p[np.arange(len(ids)), came]
        nats[: len(ids)] -= own
        best = np.argsort(-log_p, axis=1, kind="stable")[:, : alternatives + 1]
        chances = np.exp(np.take_along_axis(log_p, best, axis=1))
        for i, target in enumerate(came.tolist()):
            pairs = zip(best[i].tolist(), chances[i].tolist(), strict=True)
            others = [(characters[k], p) for k, p in pairs if k != target][:alternatives]
            steps[i].append(Step(characters[target], math.exp(own[i]), tuple(others)))
    return list(zip(map(tuple, steps), nats.tolist(), strict=True))


def _choice(character: str, probability: float) -> dict[str, Any]:
    return {"character": character, "probability": float(f"{probability:.6g}")}
