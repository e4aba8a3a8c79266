"""How good a model of running text is: its measures, with intervals."""

from __future__ import annotations

import re
from collections.abc import Callable
from math import sqrt

import numpy as np

from ..config import MOST_SAMPLES
from ..config.arguments import number, seed_of, whole
from ..data.given import Text, text_of
from ..data.random import Stream, generator
from ..data.unicode import split_units
from ..data.vocabulary import Vocabulary
from ..generation import TextModel
from ..models.scoring.text import WARM
from .metrics.calibration import CELLS, calibration, calibration_measure
from .metrics.catalogue import described
from .metrics.distributions import NGRAMS, Units, ngram_divergence
from .metrics.likelihood import per_character
from .metrics.text_likelihood import BLOCK, block_nats, blocks_of, ids_of, text_likelihood
from .metrics.two_sample import CHANCE, two_sample_accuracy
from .results import Measurement, Settings
from .samples import TextSamples
from .statistics import Estimate, Measure, changed, ratio_estimate, share_estimate

PASSAGE = 100
"""Characters of a passage, which is resampled as one and what the classifier classifies."""

SCORED = 400
"""Blocks that are scored one by one for the interval: of more, a random subset."""

FEW = 5
"""Blocks below which the interval is imprecise."""

REAL = 200_000
"""Characters of real text that sampled text is compared with, at most."""


def measure_text(
    model: TextModel,
    held_out: Text,
    *,
    samples: int = 20_000,
    temperature: float = 1.0,
    seed: int = 0,
    threads: int | None = None,
    drawn: TextSamples | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> Measurement:
    """Measure ``model`` on text that it was not trained on, and by text sampled from it.

    Sampled text is compared with one half of the held-out text, and so is the other half.

    Args:
        model: of running text.
        held_out: real text that it was not trained on: a corpus, a string, or a file as path-like.
        samples: number of characters to sample; 0 leaves out what needs samples.
        temperature, seed: of the samples.
        threads: at most so many; the result is the same.
        drawn: samples shared with other figures; by default the model is sampled here.
        progress: called with what is being measured, and how far it is, from 0 to 1.

    Raises:
        ConfigError: a number is out of range.
        CorpusError: none of the text can be scored.
    """
    samples, seed = whole("samples", samples, 0, MOST_SAMPLES), seed_of(seed)
    temperature = number("temperature", temperature, "[0, 100]")
    tell = progress or (lambda what, share: None)
    rng = generator(Stream.TEXT_SAMPLES, seed)
    tell("likelihood", 0.0)
    if not isinstance(held_out, str):  # a file is read once
        held_out = text_of(held_out, model.vocabulary.token_unit)
    found = text_likelihood(model, held_out, threads=threads)
    ids, _ = ids_of(model, held_out)
    blocks = blocks_of(ids)
    some = [blocks[i] for i in rng.permutation(len(blocks))[:SCORED]]
    nats = ratio_estimate(block_nats(model.rnn, some, threads), [own for _, own in some], seed=seed)
    share = sqrt(len(some) / len(blocks))  # the interval of all blocks is so much narrower
    low, high = (nats.value + share * (end - nats.value) for end in (nats.low, nats.high))
    spread = Estimate(value=nats.value, low=low, high=high)
    measures = per_character(changed(spread, found.streamed_nats_per_char, 0.0, np.inf))
    tell("calibration", 0.2)
    full = [string for string, own in some if len(string) - own == WARM]
    most = max(1, CELLS // (model.rnn.vocabulary_size * 1000))
    strings = [string.astype(np.int32) for string in full[:most] or [some[0][0]]]
    skip = WARM - 1 if full else 0
    calibrated = calibration(model.rnn, strings, skip, seed=seed, threads=threads)
    measures += calibration_measure(calibrated)
    notes = []
    if len(blocks) == 1:
        notes.append(
            f"The held-out text is only one block of {BLOCK:,} characters: its figures have no "
            "interval."
        )
    elif len(blocks) < FEW:
        notes.append(
            f"The held-out text is only {len(blocks)} blocks of {BLOCK:,} characters: the "
            "intervals are wide."
        )
    if samples:
        tell("drawing", 0.4)
        drawn = drawn or TextSamples(model=model, seed=seed)
        sampled = drawn.take(samples, temperature=temperature)
        tell("comparing", 0.8)
        real = _decoded(model.vocabulary, ids[:REAL])
        half = len(real) // 2
        texts = (sampled, real[:half], real[half:])
        compared = _compared(*(_passages(text, model.vocabulary) for text in texts), seed=seed)
        measures += compared
        if not compared:
            notes.append("There is too little text to compare samples with.")
    tell("done", 1.0)
    return Measurement(
        likelihood=found,
        measures=tuple(measures),
        calibration=calibrated,
        settings=Settings(samples=samples, temperature=temperature, seed=seed),
        notes=tuple(notes),
    )


def _decoded(vocabulary: Vocabulary, ids: np.ndarray) -> str:
    """Return the text of ids; boundaries and unknown characters become line breaks."""
    characters = ["\n", *vocabulary.characters, "\n"]
    return "".join([characters[i] for i in ids])


def _passages(text: str, vocabulary: Vocabulary) -> list[Units]:
    units = split_units(text, vocabulary.token_unit)
    return [units[i : i + PASSAGE] for i in range(0, len(units) - PASSAGE + 1, PASSAGE)]


def _compared(
    sampled: list[Units], half: list[Units], other: list[Units], *, seed: int
) -> list[Measure]:
    """Compare sampled passages, and those of the other half, with one half of the real text."""
    if not sampled or not half or not other:
        return []
    size = min(len(sampled), len(other))
    found = []
    for n, title in enumerate(NGRAMS, start=1):
        ours, real = (
            ngram_divergence(sample, half, n, size=size, edges=False, seed=seed)
            for sample in (sampled, other)
        )
        assert ours is not None  # there are passages
        words = {"ngrams": title, "of": "text", "others": "much other real text"}
        found.append(described("ngram_js_{n}", ours, real, n=n, **words))
    known = frozenset(word for units in half for word in _words(units))
    ours, real = (_share_of_words(sample, known, seed) for sample in (sampled, other))
    if ours is not None:
        found.append(described("real_words", ours, real))
    asked = min(len(half), len(sampled) // 2)
    spread = half[:: max(1, len(half) // max(asked, 1))][:asked]
    accuracy = two_sample_accuracy(spread, sampled, other, seed=seed)
    if accuracy is not None:
        pair = f"{PASSAGE} sampled characters from real ones"
        found.append(described("two_sample_accuracy", accuracy, CHANCE, of="text", pair=pair))
    return found


def _words(units: Units) -> list[str]:
    """Return the words of a passage without the first and the last, which may be cut."""
    return re.findall(r"\w+", "".join(units))[1:-1]


def _share_of_words(passages: list[Units], known: frozenset[str], seed: int) -> Estimate | None:
    words = [_words(units) for units in passages]
    counts = [len(found) for found in words]
    if not sum(counts):
        return None
    hits = [sum(word in known for word in found) for found in words]
    if not 0 < sum(hits) < sum(counts):  # none or all: the sample has no variance
        return share_estimate(sum(hits), sum(counts))
    return ratio_estimate(hits, counts, seed=seed)
