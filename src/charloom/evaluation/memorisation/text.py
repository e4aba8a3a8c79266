"""How much of its training text a model of running text reproduces verbatim."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...config import MOST_SAMPLES
from ...config.arguments import AnyPath, seed_of, whole
from ...config.arguments import path as path_of
from ...data.encoded.tap import Progress
from ...data.random import Stream, generator
from ...data.sources.documents import MARK
from ...data.sources.origin import SourceFile
from ...data.text import TextCorpus, held_out_corpus
from ...data.unicode import split_units
from ...data.vocabulary import BOUNDARY, Vocabulary
from ...errors import ConfigError, CorpusError, RunError
from ...errors.formatting import percent
from ...generation import TextModel
from ...models.scoring.text import WARM
from ...run import Run
from ...run.begun import find_begun
from ..metrics.text_likelihood import BLOCK, block_nats, ids_in
from ..samples import TextSamples, temperatures_of
from ..statistics import Estimate, middle, ratio_estimate
from .suffix_automaton import copied, covered
from .verdict import WORDS, Copies, Level, LongestCopy, Memorisation

Ids = NDArray[np.integer]

TEMPERATURES = (0.5, 0.8, 1.0)
CHARACTERS = 20_000

PIECE = 50
"""Characters from which a verbatim piece is long: about ten words."""

BLOCKS = 100
"""Blocks of each text that are scored, at most, evenly spaced."""

STRONG_SHARE = 0.1
"""Share of text in long pieces, beyond that of real text, from which memorisation is strong."""

TIMES = 2
"""How much longer than in real text the longest copy may be by chance."""

LEAST = 20
"""Minimum that the longest copy in real text counts as, since the text may be short."""

STRETCH = 500
"""Characters that are resampled together for the intervals of shares."""

RESAMPLES = 1000


def text_memorisation(
    model: TextModel,
    train_text: TextCorpus | None,
    held_out_text: str | TextCorpus,
    *,
    temperatures: Iterable[float] = TEMPERATURES,
    characters: int = CHARACTERS,
    seed: int = 0,
    threads: int | None = None,
    drawn: TextSamples | None = None,
) -> Memorisation:
    """Search sampled text, and as much unseen real text, for pieces of the training text.

    A language repeats itself, so real text has such pieces too: those of ``held_out_text`` show
    what is normal. ``copied`` is the share of sampled characters in verbatim pieces of 50 or more,
    ``ideal`` that of real ones; intervals are bootstraps over stretches of text.

    The level is that at the temperature nearest to 1. ``strong``: the share is higher than in real
    text by a tenth of the text or more. ``some``: it is higher, and the intervals do not overlap;
    or the longest piece is more than twice as long. Otherwise ``none``.

    Args:
        model: of text.
        train_text: the training text; ``held_out_text`` at its end is ignored.
        held_out_text: text that it was not trained on.
        temperatures: each above 0.
        characters: to sample at each temperature; at most as many as ``held_out_text`` has.
        seed: decides the samples and the intervals.
        threads: at most so many.
        drawn: samples shared with other figures; by default the model is sampled here.

    Raises:
        ConfigError: an argument is out of range.
        CorpusError: there is no training text, or the model knows none of a text's characters.
    """
    temperatures, seed = temperatures_of(temperatures), seed_of(seed)
    characters = whole("characters", characters, 1, MOST_SAMPLES)
    if train_text is None:
        raise CorpusError(
            "copies of the training text can only be found in it, which a run folder does not "
            "hold. Pass the file that the run was trained on."
        )
    if train_text.unit != model.vocabulary.token_unit:
        raise ConfigError(
            f"the training text must be read in the model's unit, {model.vocabulary.token_unit}. "
            f"Received: {train_text.unit}; pass unit=model.vocabulary.token_unit."
        )
    if not isinstance(held_out_text, TextCorpus):
        held_out_text = held_out_corpus(
            held_out_text, train_text.unit, ends=model.rnn.config.documents
        )
    unseen = held_out_text.vocabulary.decode(held_out_text.ids(0, len(held_out_text)))
    real = _ids(unseen, train_text.vocabulary)
    size = _end_of_training(train_text, real)
    real = real[:characters]
    if size < 2:
        raise CorpusError("the training text is all held out. Pass what the model was trained on.")
    drawn = drawn or TextSamples(model=model, seed=seed)
    texts = [drawn.take(len(real), temperature=float(heat)) for heat in temperatures]
    sampled = [_ids(text, train_text.vocabulary) for text in texts]
    lengths = _copied([real, *sampled], train_text, size)
    ideal, *shares = (_share_copied(found, seed) for found in lengths)
    k = int(np.abs(np.asarray(temperatures) - 1).argmin())
    by_temperature = tuple(
        Copies(temperature=float(heat), copied=found, ideal=ideal)
        for heat, found in zip(temperatures, shares, strict=True)
    )
    longest = LongestCopy(
        characters=int(lengths[1 + k].max()),
        text=_longest(sampled[k], lengths[1 + k], train_text),
        drawn=len(sampled[k]),
        real_characters=int(lengths[0].max()),
        real_text=_longest(real, lengths[0], train_text),
        piece=PIECE,
    )
    nats, spread, blocks = _scored(model, train_text, size, seed, threads)
    other, other_spread, others = _scored(
        model, held_out_text, len(held_out_text), seed + 1, threads
    )
    level = _level(by_temperature[k], longest)
    return Memorisation(
        train_nats_per_char=middle(spread, nats, blocks),
        held_out_nats_per_char=middle(other_spread, other, others),
        gap=middle(other_spread - spread, other - nats, min(blocks, others)),
        by_temperature=by_temperature,
        longest_copy=longest,
        level=level,
        verdict=_verdict(by_temperature[k], longest, level),
    )


def training_text(
    run: Run,
    sources: Sequence[AnyPath] = (),
    *,
    encoding: str | None = None,
    progress: Progress | None = None,
) -> TextCorpus:
    """Read the text that a run was trained on, including what it held out.

    Args:
        run: of text.
        sources: the files; by default those that the run remembers, if they have not changed, or
            files of these names.
        encoding, progress: as in ``TextCorpus.read``.

    Raises:
        RunError: the run did not record its files, or they are missing or have changed.
        CorpusError: a file cannot be read or decoded.
    """
    corpus, size = run.facts.corpus, run.facts.train_size
    if not run.is_text or size is None or not corpus:
        raise RunError(
            f"{run.path} does not say which text it was trained on. Train a model of text."
        )
    named = [str(source) for source in corpus.get("sources", [])]
    origin = None if sources else find_begun(run.path).origin
    if origin is not None and origin.text and not any(map(SourceFile.difference, origin.files)):
        named, encoding = list(origin.paths), origin.options.get("encoding")
    paths = [str(path_of("a source", source)) for source in sources] or named
    missing = [path for path in paths if not Path(path).exists()]
    if missing or not paths:
        raise RunError(
            f"the text that {run.path} was trained on is not at hand: there is no file "
            f"{(missing or ['of it'])[0]!r:.200}. Pass its files with --source."
        )
    text = TextCorpus.read(
        *paths,
        unit=run.vocabulary.token_unit,
        encoding=encoding,
        documents=corpus.get("divided") or False,
        progress=progress,
    )
    held_out = run.held_out_text.replace(MARK, "")
    if _end_of_training(text, _ids(held_out, text.vocabulary)) != size + 1:
        raise RunError(
            f"{', '.join(paths):.200} is not the text that {run.path} was trained on: it was "
            "changed since. Pass the files as they were with --source."
        )
    return text


def _ids(text: str, vocabulary: Vocabulary) -> Ids:
    """Return the ids of a text; that beyond the last character stands for any other."""
    units = split_units(text, vocabulary.token_unit)
    known = {character: i for i, character in enumerate(vocabulary.characters, start=1)}
    return np.fromiter((known.get(unit, len(known) + 1) for unit in units), np.int64, len(units))


def _end_of_training(text: TextCorpus, held_out: Ids) -> int:
    """Return where ``held_out`` starts, if the text ends with it; else the text's end."""
    window = min(len(held_out) + text.report.documents, len(text))
    tail = text.ids(len(text) - window, len(text))
    places = np.flatnonzero(tail != BOUNDARY)
    if not len(held_out) or len(places) < len(held_out):
        return len(text)
    places = places[-len(held_out) :]
    absent = len(text.vocabulary.characters) + 1  # rare characters were encoded so
    if not ((tail[places] == held_out) | (held_out == absent)).all():
        return len(text)
    return len(text) - window + int(places[0])


def _copied(texts: Sequence[Ids], source: TextCorpus, size: int) -> list[NDArray[np.int32]]:
    """Return ``copied`` for each text; the source is read once for all."""
    parts: list[Ids] = []
    for number, text in enumerate(texts):  # each ends with an id that occurs nowhere else
        parts += [text, np.array([source.vocabulary.size + 1 + number])]
    lengths = copied(np.concatenate(parts), source.ids, size)
    ends = np.cumsum([len(text) + 1 for text in texts])
    return [lengths[end - len(text) - 1 : end - 1] for end, text in zip(ends, texts, strict=True)]


def _share_copied(lengths: NDArray[np.int32], seed: int) -> Estimate:
    """Estimate the share of characters in long pieces with a bootstrap over stretches."""
    inside = covered(lengths, PIECE)
    starts = np.arange(0, len(inside), STRETCH)
    counts = np.add.reduceat(inside.astype(np.int64), starts)
    return ratio_estimate(counts, np.diff(starts, append=len(inside)), seed=seed)


def _longest(ids: Ids, lengths: NDArray[np.int32], source: TextCorpus) -> str:
    end = int(lengths.argmax()) + 1
    return source.vocabulary.decode(ids[end - int(lengths[end - 1]) : end])


def _scored(
    model: TextModel, text: TextCorpus, size: int, seed: int, threads: int | None
) -> tuple[float, NDArray[np.float64], int]:
    """Return nats per character of blocks throughout a text, resampled, and how many blocks."""
    table = ids_in(model.vocabulary, text.vocabulary)
    table[BOUNDARY] = -1  # left out, as are unknown characters
    count = min(BLOCKS, max(1, (size - 1) // BLOCK))
    blocks = []
    for low in np.linspace(1, max(1, size - BLOCK), count).astype(np.int64).tolist():
        before = table[text.ids(max(0, low - WARM), low)]
        inside = table[text.ids(low, min(low + BLOCK, size))]
        before, inside = before[before >= 0], inside[inside >= 0]
        if len(inside):
            blocks.append((np.concatenate([before, inside]), len(inside)))
    if not blocks:
        raise CorpusError("the model never saw any of the text's characters. Pass other text.")
    nats = block_nats(model.rnn, blocks, threads)
    sizes = np.array([own_size for _, own_size in blocks])
    rng = generator(Stream.RESAMPLING, seed)
    picks = rng.integers(len(blocks), size=(RESAMPLES, len(blocks)))
    spread = nats[picks].sum(axis=1) / sizes[picks].sum(axis=1)
    return float(nats.sum() / sizes.sum()), spread, len(blocks)


def _level(copies: Copies, longest: LongestCopy) -> Level:
    apart = copies.copied.low > copies.ideal.high
    if apart and copies.copied.value - copies.ideal.value >= STRONG_SHARE:
        return "strong"
    if apart or longest.characters > TIMES * max(longest.real_characters, LEAST):
        return "some"
    return "none"


def _verdict(copies: Copies, longest: LongestCopy, level: Level) -> str:
    return (
        f"Of {longest.drawn:,} characters drawn at temperature {copies.temperature:g}, the longest "
        f"piece that is verbatim in the training text has {longest.characters:,}, where as much "
        f"real text that the model has not seen has one of {longest.real_characters:,}, and "
        f"{percent(copies.copied.value)} lie in pieces of {longest.piece} or more, where it is "
        f"{percent(copies.ideal.value)} of the real ones: {WORDS[level]} memorisation."
    )
