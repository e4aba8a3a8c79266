"""How a beginning may continue: the next characters, and whole strings, with probabilities."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from ..config import SampleConfig
from ..data.tokens import Tokens
from ..data.vocabulary import BOUNDARY
from ..errors import GenerationError
from ..models.interface import NEVER
from ..models.sampling import Sampler
from .explain import explain
from .names import NameModel
from .search.request import Sample
from .text import TextModel

NEXT, DRAWN = 8, 5
"""Next characters that are found, and strings that are sampled."""

WHOLE, BEAM = 3, 64
"""Most likely names that are found, and prefixes of each length among which they are searched."""

AHEAD = 256
"""Characters that a name may have after its beginning: every answer should come soon."""

READ = 2000
"""Last characters of a text that the model reads: earlier ones hardly matter, and every answer
should come soon."""

OFFERED = 60
"""Characters of a continuation of a text, at most."""

Choices = list[tuple[str, float]]
Offers = list[tuple[Sample, float]]


class Continued(NamedTuple):
    """How a beginning may continue.

    Attributes:
        text: the beginning, as the vocabulary spells it.
        characters: the most likely next characters, the end of a name included, and their
            probabilities; none if the model needs a first character.
        offers: whole names, or texts with a continuation, and their probabilities given the
            beginning, which are NaN for texts.
    """

    text: str
    characters: Choices
    offers: Offers


def continued_name(model: NameModel, text: str, temperature: float) -> Continued:
    """Return the most likely next characters after the beginning of a name, and whole names.

    Raises:
        GenerationError: the beginning is too long.
        CharloomError: the model cannot read it, or the temperature is invalid.
    """
    text = model.vocabulary.normalised(text)
    length, limit = len(model.vocabulary.encode(text)), longest_name(model, text)
    config = SampleConfig(temperature=temperature, max_length=limit)
    if length > limit:
        raise GenerationError(
            f"a beginning may have up to {limit} characters with this model. "
            f"Received: {length}; type less."
        )
    likeliest: Sequence[Sample] = ()
    if length or model.rnn.config.begin:
        likeliest = model.best(
            WHOLE, **beginning(model, text), config=config, beam=BEAM, allow_known=True
        )
    return Continued(text, *judged(model, text, temperature, likeliest))


def judged(
    model: NameModel, text: str, temperature: float, samples: Sequence[Sample]
) -> tuple[Choices, Offers]:
    """Return the next characters after ``text``, and names that begin with it, with their
    probabilities given ``text``."""
    texts = [text, *(sample.text for sample in samples)]
    here, *there = explain(model, texts, NEXT, temperature=temperature, compare=False)
    if not here.steps:
        return [], []
    last = here.steps[-1]  # of what may follow the beginning, the end included
    following = [(last.character, last.probability), *last.alternatives]
    following = sorted((pair for pair in following if pair[1]), key=lambda pair: -pair[1])
    shares = [
        math.prod(step.probability for step in one.steps[len(here.steps) - 1 :]) for one in there
    ]
    return following[:NEXT], list(zip(samples, shares, strict=True))


def beginning(model: NameModel, text: str) -> dict[str, Any]:
    """Return the option for names that begin with ``text``, and with its own tokens."""
    if not isinstance(model.vocabulary.token_unit, Tokens):
        return {"start": text}
    from .constraints import Rules, Start

    return {"rules": Rules((Start(text, whole=True),))}


def longest_name(model: NameModel, text: str) -> int:
    """Return the length of the longest names that begin with ``text``, in units."""
    length = len(model.vocabulary.encode(text))
    return min(2 * model.longest + 10, length + AHEAD)


def continued_text(
    model: TextModel, text: str, temperature: float, seed: Callable[[], int]
) -> Continued:
    """Return the most likely next characters after a text, and sampled continuations.

    Args:
        model: a model of text.
        text: what it is to continue.
        temperature: 0 for the most likely continuation only.
        seed: returns the seed of the next draw.

    Raises:
        CharloomError: the model cannot read the text, or the temperature is invalid.
    """
    text = model.vocabulary.normalised(text)
    config = SampleConfig(temperature=temperature)
    ids = model.vocabulary.encode(text)[-READ:].tolist()
    rnn, unknown = model.rnn, model.vocabulary.unknown_id
    carry = rnn.initial_carry(1)
    for one in (BOUNDARY, *ids):
        logits, carry = rnn.step(np.array([one]), carry)
    logits[:, [BOUNDARY, *([] if unknown is None else [unknown])]] = NEVER
    shares = np.exp(Sampler(config).log_probabilities(logits)[0])
    order = np.argsort(-shares, kind="stable")[:NEXT]
    characters = ("", *model.vocabulary.characters, "")
    following = [(characters[i], float(shares[i])) for i in order if shares[i] > 0]
    return Continued(text, following, drawn_texts(model, text, temperature, seed))


def drawn_texts(model: TextModel, text: str, temperature: float, seed: Callable[[], int]) -> Offers:
    """Sample different continuations: to the end of the line, or of a limited length."""
    found: dict[str, None] = {}
    for _ in range(DRAWN if temperature else 1):
        piece = ""
        for character in written(model, text, temperature, OFFERED, seed()):
            piece += character
            if character == "\n":
                break
        found[piece] = None
    return [(Sample(text + piece, math.nan, "unknown"), math.nan) for piece in found]


def written(
    model: TextModel, text: str, temperature: float, characters: int, seed: int
) -> Iterator[str]:
    """Yield what a model writes after a text, character by character."""
    read = model.vocabulary.encode(text)[-READ:]
    start = model.vocabulary.decode(read)
    stream = model.stream_text(characters, start=start, temperature=temperature, seed=seed)
    return islice(stream, 1 if start else 0, None)
