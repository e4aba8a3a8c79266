"""How good a model of running text is: its measures, each with its interval."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from math import sqrt

import numpy as np

from ..data.random import Stream, generator
from ..data.text import TextCorpus
from ..data.unicode import split_units
from ..data.vocabulary import Vocabulary
from ..errors import ConfigError
from ..generation import TextModel
from ..models.scoring.text import WARM
from .metrics.calibration import CELLS, calibration, calibration_measure
from .metrics.distributions import Units, ngram_divergence
from .metrics.generated import CHANCE, NGRAMS
from .metrics.likelihood import per_character
from .metrics.text_likelihood import BLOCK, block_nats, blocks_of, ids_of, text_likelihood
from .metrics.two_sample import two_sample_accuracy
from .results import Measurement, Settings
from .samples import TextSamples
from .statistics import Estimate, Measure, changed, ratio_estimate, share_estimate

PASSAGE = 100
"""Characters of a passage: what is drawn again for intervals, and what a classifier is shown."""

SCORED = 400
"""Blocks that are scored one by one for the interval, at most, taken at random."""

FEW = 5
"""Blocks below which the interval is vague."""

REAL = 200_000
"""Characters of real text that drawn text is compared with, at most."""


def measure_text(
    model: TextModel,
    held_out: str | TextCorpus,
    *,
    samples: int = 20_000,
    temperature: float = 1.0,
    seed: int = 0,
    threads: int | None = None,
    drawn: TextSamples | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> Measurement:
    """Measure ``model`` on text that it was not trained on, and by text sampled from it.

    Sampled text is compared with one half of the held-out text; so is the other half, beside it.

    Args:
        model: of running text.
        held_out: real text that it was not trained on.
        samples: characters to sample; 0 samples none, and leaves out what needs them.
        temperature, seed: of the samples.
        threads: at most so many; the result is the same.
        drawn: samples shared with other figures; by default the model is sampled here.
        progress: called with what is being measured, and how far it is, from 0 to 1.

    Raises:
        ConfigError: a number is out of range.
        CorpusError: none of the text can be scored.
    """
    if samples < 0:
        raise ConfigError(f"samples must be 0 or more. Received: {samples}")
    tell = progress or (lambda what, share: None)
    rng = generator(Stream.TEXT_SAMPLES, seed)
    tell("likelihood", 0.0)
    found = text_likelihood(model, held_out, threads=threads)
    ids, _ = ids_of(model, held_out)
    blocks = blocks_of(ids)
    some = [blocks[i] for i in rng.permutation(len(blocks))[:SCORED]]
    nats = ratio_estimate(block_nats(model.rnn, some, threads), [own for _, own in some], seed=seed)
    value = found.streamed_nats_per_char
    share = sqrt(len(some) / len(blocks))  # the more blocks there are, the nearer is their mean
    low, high = (nats.value + share * (end - nats.value) for end in (nats.low, nats.high))
    spread = Estimate(value=nats.value, low=low, high=high)
    measures = per_character(changed(spread, value, 0.0, np.inf))
    tell("calibration", 0.2)
    whole = [string for string, own in some if len(string) - own == WARM]
    most = max(1, CELLS // (model.rnn.vocabulary_size * 1000))
    calibrated = calibration(
        model.rnn,
        [string.astype(np.int32) for string in whole[:most] or [some[0][0]]],
        skip=WARM - 1 if whole else 0,
        seed=seed,
        threads=threads,
    )
    measures += calibration_measure(calibrated)
    notes = []
    if len(blocks) < FEW:
        what = "one block" if len(blocks) == 1 else f"{len(blocks)} blocks"
        notes.append(
            f"The held-out text is only {what} of {BLOCK:,} characters: "
            + ("its figures have no interval." if len(blocks) == 1 else "the intervals are wide.")
        )
    if samples:
        tell("drawing", 0.4)
        drawn = drawn or TextSamples(model=model, seed=seed)
        sampled = drawn.take(samples, temperature=temperature)
        tell("comparing", 0.8)
        real = _readable(model.vocabulary, ids[:REAL])
        half = len(real) // 2
        texts = (sampled, real[:half], real[half:])
        passages = [_passages(text, model.vocabulary) for text in texts]
        compared = _compared(*passages, seed=seed)
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


def _readable(vocabulary: Vocabulary, ids: Sequence[int] | np.ndarray) -> str:
    """Return the text of ids; a boundary is a line break, as is what has no character."""
    characters = ["\n", *vocabulary.characters, "\n"]
    return "".join([characters[i] for i in ids])


def _passages(text: str, vocabulary: Vocabulary) -> list[Units]:
    units = split_units(text, vocabulary.token_unit)
    return [units[i : i + PASSAGE] for i in range(0, len(units) - PASSAGE + 1, PASSAGE)]


def _compared(
    drawn: list[Units], here: list[Units], there: list[Units], *, seed: int
) -> list[Measure]:
    """Compare drawn passages with those of one half of the real text, and the other with it too."""
    if not drawn or not here or not there:
        return []
    size = min(len(drawn), len(there))
    found = []
    for n in range(1, 5):
        ours, real = (
            ngram_divergence(sample, here, n, size=size, edges=False, seed=seed)
            for sample in (drawn, there)
        )
        assert ours is not None  # there are passages
        found.append(
            Measure(
                name=f"ngram_js_{n}",
                title=f"{NGRAMS[n - 1]}, divergence",
                estimate=ours,
                unit="bits",
                better="as real",
                real=real,
                explanation=f"How far frequencies of {NGRAMS[n - 1].lower()} are from unseen "
                "text's; real: as much other text's.",
            )
        )
    words = frozenset(word for units in here for word in _words(units))
    ours, real = (_share_of_words(sample, words, seed) for sample in (drawn, there))
    if ours is not None:
        found.append(
            Measure(
                name="real_words",
                title="Words of real text",
                estimate=ours,
                unit="%",
                better="as real",
                real=real,
                explanation="Share of words that half of the unseen text has too; real: those of "
                "its other half.",
            )
        )
    asked = min(len(here), len(drawn) // 2)
    spread = here[:: max(1, len(here) // max(asked, 1))][:asked]
    accuracy = two_sample_accuracy(spread, drawn, there, seed=seed)
    if accuracy is not None:
        found.append(
            Measure(
                name="two_sample_accuracy",
                title="Distinguished from real text",
                estimate=accuracy,
                unit="%",
                better="lower",
                real=CHANCE,
                explanation=f"How often a classifier distinguishes {PASSAGE} sampled characters "
                "from real ones; 50 % is chance.",
            )
        )
    return found


def _words(units: Units) -> list[str]:
    """Return the words of a passage but the first and the last, which may be cut."""
    return re.findall(r"\w+", "".join(units))[1:-1]


def _share_of_words(passages: list[Units], known: frozenset[str], seed: int) -> Estimate | None:
    words = [_words(units) for units in passages]
    counts = [len(found) for found in words]
    if not sum(counts):
        return None
    hits = [sum(word in known for word in found) for found in words]
    if not 0 < sum(hits) < sum(counts):  # none or all: nothing varies in the sample
        return share_estimate(sum(hits), sum(counts))
    return ratio_estimate(hits, counts, seed=seed)
