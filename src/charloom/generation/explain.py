"""Each character's probability in a string, and what else was likely."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..config import MOST_LENGTH, SampleConfig
from ..config.arguments import texts as list_of
from ..config.arguments import whole
from ..data.summary import counted
from ..data.vocabulary import BOUNDARY
from ..errors.formatting import escaped, percent
from ..models.sampling import Sampler
from ..models.threads import one_blas_thread
from .model import LanguageModel
from .names import NameModel
from .nearest import nearest
from .text import TextModel

END = "<end>"  # shown for the end symbol: no character looks like it
UNKNOWN = "\ufffd"  # shown for characters outside the vocabulary, in models with an unknown symbol
ROWS = 256  # the most strings to step together


@dataclass(frozen=True, slots=True)
class Step:
    """One character and the model's prediction for its place.

    Attributes:
        character: in the vocabulary's unit; ``END`` for the end.
        probability: of this character.
        alternatives: the most likely others and their probabilities, the most likely first.
    """

    character: str
    probability: float
    alternatives: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """A string's likelihood, character by character.

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

        ``nats`` is ``None`` for a string that cannot occur.
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

    def _repr_html_(self) -> str:
        """Show each character's probability in a notebook."""
        from html import escape

        def shown(character: str) -> str:
            visible = {END: "end", " ": "␣", "\n": "↵"}.get(character, escaped(character))
            return f"<bdi>{escape(visible)}</bdi>"

        rows = "".join(
            f"<tr><td>{shown(step.character)}</td><td>{escape(percent(step.probability))}</td><td>"
            + ", ".join(f"{shown(c)} {escape(percent(p))}" for c, p in step.alternatives)
            + "</td></tr>"
            for step in self.steps
        )
        near = self.nearest
        said = f"{escape(escaped(self.text))}: {self.nats:.2f} nats"
        if near is not None:
            said += f"; nearest training name: {escape(escaped(near[0]))}, "
            said += f"{counted(near[1], 'edit')} away"
        return (
            f"<table><caption>{said}</caption><tr><th>character</th><th>probability</th>"
            f"<th>instead</th></tr>{rows}</table>"
        )


def explain(
    model: LanguageModel,
    texts: Iterable[str],
    alternatives: int = 3,
    *,
    temperature: float = 1.0,
    compare: bool = True,
) -> list[Explanation]:
    """Explain each text, in order: its nats are those of ``model.nll``.

    Args:
        model: a model of names or text.
        texts: spelled as the vocabulary does: in NFC, without invisible characters.
        alternatives: how many for each character, if the vocabulary is large enough; equally
            likely ones in the vocabulary's order.
        temperature: divides the logits; 1 is the model itself.
        compare: whether to look for the nearest training strings: the first in sorted order of
            several that are equally near.

    Raises:
        VocabularyError: a text has a character that the model never saw.
        ArgumentError: ``texts`` is one string, or holds something else than strings.
        ConfigError: a number is out of range.
    """
    alternatives = whole("alternatives", alternatives, 0, MOST_LENGTH)
    sampler, texts = Sampler(SampleConfig(temperature=temperature)), list_of("texts", texts)
    normal = [model.vocabulary.normalised(text) for text in texts]
    strings = [model.vocabulary.encode(text) for text in normal]
    # The longest first, so that those with characters left are always the first rows.
    order = sorted(range(len(strings)), key=lambda i: -len(strings[i]))
    parts: dict[int, tuple[tuple[Step, ...], float]] = {}
    with one_blas_thread():
        for first in range(0, len(order), ROWS):
            rows = order[first : first + ROWS]
            found = _predicted(model, [strings[i] for i in rows], alternatives, sampler)
            parts |= zip(rows, found, strict=True)
    near: list[tuple[str, int] | None] = [None] * len(normal)
    if compare and isinstance(model, NameModel):
        known = sorted(model.novelty(allow_known=True).known or ())
        if known:
            edits, places = nearest(normal, known, unit=model.vocabulary.token_unit)
            near = [(known[i], int(d)) for i, d in zip(places, edits, strict=True)]
    given = ["" if model.rnn.config.begin else model.vocabulary.decode(s[:1]) for s in strings]
    return [Explanation(text, given[i], *parts[i], near[i]) for i, text in enumerate(texts)]


def _predicted(
    model: LanguageModel, strings: Sequence[NDArray[np.int32]], alternatives: int, sampler: Sampler
) -> list[tuple[tuple[Step, ...], float]]:
    """Return the steps and the nats of strings of ids, (B,); the longest is first."""
    rnn, characters = model.rnn, (END, *model.vocabulary.characters, UNKNOWN)
    end = () if isinstance(model, TextModel) else (BOUNDARY,)
    ids = [(BOUNDARY, *string.tolist(), *end) for string in strings]
    steps: list[list[Step]] = [[] for _ in ids]
    nats = np.zeros(len(ids))
    carry = rnn.initial_carry(len(ids))
    for time in range(0 if rnn.config.begin else 1, len(ids[0]) - 1):
        ids = [row for row in ids if len(row) > time + 1]
        targets = np.array([row[time + 1] for row in ids])  # (B,)
        logits, carry = rnn.step(np.array([row[time] for row in ids]), carry[:, : len(ids)])
        log_p = sampler.log_probabilities(logits)  # (B, V)
        own = log_p[np.arange(len(ids)), targets]
        nats[: len(ids)] -= own
        best = np.argsort(-log_p, axis=1, kind="stable")[:, : alternatives + 1]
        p = np.exp(np.take_along_axis(log_p, best, axis=1))
        for i, target in enumerate(targets.tolist()):
            pairs = zip(best[i].tolist(), p[i].tolist(), strict=True)
            others = [(characters[k], p) for k, p in pairs if k != target][:alternatives]
            steps[i].append(Step(characters[target], math.exp(own[i]), tuple(others)))
    return list(zip(map(tuple, steps), nats.tolist(), strict=True))


class Reader:
    """Explains a text piece by piece, as it is written; the steps are those of ``explain``."""

    def __init__(self, model: LanguageModel, alternatives: int = 3) -> None:
        self._model, self._alternatives = model, alternatives
        self._carry, self._last = model.rnn.initial_carry(1), BOUNDARY
        self._begun = model.rnn.config.begin
        self._characters = (END, *model.vocabulary.characters, UNKNOWN)
        self._sampler = Sampler(SampleConfig(temperature=1.0))

    def read(self, piece: str) -> list[Step]:
        """Return the steps of the characters that come next.

        The first character has none if the model has no begin symbol.
        """
        steps = []
        for target in self._model.vocabulary.encode(piece).tolist():
            if self._begun:
                logits, self._carry = self._model.rnn.step(np.array([self._last]), self._carry)
                (log_p,) = self._sampler.log_probabilities(logits)
                best = np.argsort(-log_p, kind="stable")[: self._alternatives + 1].tolist()
                others = [(self._characters[k], math.exp(log_p[k])) for k in best if k != target]
                own = math.exp(log_p[target])
                chosen = tuple(others[: self._alternatives])
                steps.append(Step(self._characters[target], own, chosen))
            self._last, self._begun = target, True
        return steps


def _choice(character: str, probability: float) -> dict[str, Any]:
    return {"character": character, "probability": float(f"{probability:.6g}")}
