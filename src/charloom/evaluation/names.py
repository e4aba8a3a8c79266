"""How good a model of names is: all its measures, with intervals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..config import MOST_SAMPLES
from ..config.arguments import number, require, seed_of, text, texts, whole
from ..data.encoded.array_names import ArrayNames
from ..data.given import Names, names_of
from ..data.statistics import END
from ..data.unicode import normalise
from ..data.vocabulary import BOUNDARY
from ..data.weights import added, note_on_weights, weights_of
from ..generation import NameModel
from ..generation.nearest import nearest
from ..generation.novelty import name_set
from .metrics import generated
from .metrics.calibration import calibration, calibration_measure
from .metrics.distributions import EDGE, pair_shares, shares_of_lengths
from .metrics.likelihood import (
    counts_of,
    labelled_measure,
    likelihood,
    likelihood_measures,
    nats_of_names,
    readable,
)
from .metrics.two_sample import FEW
from .results import DrawnName, Measurement, Settings
from .samples import NameSamples, SampledNames, compared, without
from .statistics import Measure

if TYPE_CHECKING:
    from ..generation.constraints import Rule, Rules

SHOWN = 300
"""Samples in the result."""

CHARACTERS = 40
"""Characters in the table of pairs, at most: the most frequent."""

MORE = "Names sampled with a label may be copies more often."

Progress = Callable[[str, float], None]


def measure(
    model: NameModel,
    held_out: Names,
    *,
    train: Names | None = None,
    labels: Iterable[str] | None = None,
    weights: Iterable[float] | None = None,
    canaries: Iterable[str] = (),
    samples: int = 10_000,
    temperature: float = 1.0,
    seed: int = 0,
    rules: Rule | Rules | None = None,
    start: str = "",
    threads: int | None = None,
    drawn: NameSamples | None = None,
    progress: Progress | None = None,
) -> Measurement:
    """Measure ``model`` on names that it was not trained on, and by names sampled from it.

    Args:
        model: of names.
        held_out: real names that it was not trained on; if there are none, what needs them is
            left out.
        train: the training names; by default the model's own training set without ``held_out``.
        labels: of the held-out names, for a model with labels; they add one likelihood, all other
            measures are without labels.
        weights: of the held-out names, for their likelihoods; all other measures count each name
            once. ``None``: 1.
        canaries: random strings among the training names; they are known, but not real names.
        samples: number of names to sample, known and repeated ones included; 0 leaves out what
            needs samples.
        temperature: of the samples.
        seed: decides the samples and the resamples.
        rules: constraints that valid names satisfy; the samples are not constrained.
        start: what samples start with; they are compared with real names that do. Without it,
            samples of a model without a begin symbol start as the training names do.
        threads: at most so many; the result is the same.
        drawn: samples shared with other figures; by default the model is sampled here.
        progress: called with what is being measured, and how far it is, from 0 to 1.

    Raises:
        ConfigError: labels are given to a model without labels, or a number is out of range.
        CorpusError: none of the held-out names can be scored.
        GenerationError: the model ends no name, or cannot begin one.
        RuleError: no name can satisfy the constraints.
    """
    samples, seed = whole("samples", samples, 0, MOST_SAMPLES), seed_of(seed)
    temperature = number("temperature", temperature, "[0, 100]")
    held_out = names_of("held_out", held_out)
    train = None if train is None else names_of("train", train)
    labels = None if labels is None else texts("labels", labels)
    weights = None if weights is None else weights_of("weights", weights, len(held_out))
    canaries = texts("canaries", canaries)
    start = text("start", start)
    if rules is not None:
        from ..generation.constraints import Rule, Rules

        require("rules", rules, Rule | Rules, "of charloom.constraints")
    tell = progress or (lambda what, share: None)
    normalised = model.vocabulary.normalised
    real = list(dict.fromkeys(map(normalised, held_out)))
    known = _known(model, real, train)
    measures: list[Measure] = []
    settings = Settings(samples=samples, temperature=temperature, seed=seed, start=start)
    found: dict[str, Any] = {"likelihood": None, "calibration": None, "settings": settings}
    if real:
        tell("likelihood", 0.0)
        rows = nats_of_names(model, real, threads)
        often = None
        if weights is not None:
            often = added(map(normalised, held_out), weights)
        found["likelihood"] = likelihood(model, real, rows=rows, weights=often)
        counts = None if often is None else counts_of(model, real, often)
        begin = model.rnn.config.begin
        measures += likelihood_measures(rows, begin=begin, seed=seed, often=counts)
        if labels is not None:
            spelt = [normalised(name) for name in held_out]
            measures += labelled_measure(
                model, spelt, labels, seed=seed, threads=threads, weights=weights
            )
        tell("calibration", 0.05)
        edge = [BOUNDARY] if model.rnn.config.begin else []
        inputs = [
            np.array([*edge, *model.vocabulary.encode(name), BOUNDARY], np.int32)
            for name in readable(model.vocabulary, real)
        ]
        found["calibration"] = calibration(model.rnn, inputs, seed=seed, threads=threads)
        measures += calibration_measure(found["calibration"])
        notes = [*_notes_on(real, known), *_notes_on_labels(model, labels)]
        if often is not None:
            notes.append(note_on_weights(often.values()))
    else:
        notes = [
            "There are no held-out names: likelihood, calibration and comparisons with real names "
            "are left out."
        ]
    if not samples:
        return Measurement(measures=tuple(measures), notes=tuple(notes), **found)
    if drawn is None:
        like = without(known or (), canaries) or real
        drawn = NameSamples(model=model, seed=seed, like=like, threads=threads)
    sampled, reason = drawn.take_with_reason(samples, temperature=temperature, start=start)
    if reason is not None:
        notes.append(f"There are {len(sampled):,} of {samples:,} samples: the model {reason}.")
    elif len(sampled) < FEW:
        notes.append(f"There are only {len(sampled):,} samples: figures from them are imprecise.")
    names = compared(
        model, sampled, real, known, canaries=canaries, start=start, seed=seed, threads=threads
    )
    if real and not names.held_out:
        notes.append(
            f"None of the held-out names begins with {start!r}: the samples are compared with none."
        )
    tell("validity and variety", 0.3)
    measures += generated.validity(names, rules)
    measures += generated.variety(names)
    tell("junk", 0.35)
    junk, on_junk = generated.junk(names)
    measures, notes = measures + junk, notes + on_junk
    tell("nearest training names", 0.4)
    edits = generated.nearest_known(names)
    measures += generated.distance(names, edits)
    tell("lengths and n-grams", 0.6)
    if not start and temperature > 0:
        measures += generated.recall(names, samples, temperature)
    measures += generated.distributions(names)
    tell("two-sample test", 0.8)
    measures += generated.two_sample(names)
    tell("done", 1.0)
    return Measurement(
        measures=tuple(measures),
        distances=generated.shares_of_edits(edits),
        names=_shown(names),
        notes=tuple(notes),
        **_frequencies(names),
        **found,
    )


def note_on_seen(
    model: NameModel, names: Sequence[str], train: Sequence[str] | None
) -> tuple[int, list[str]]:
    """Return how many of the names, each counted once, are in the training list; and a note, if
    any is.

    Args:
        model, train: as ``measure`` takes them.
        names: real names.
    """
    real = list(dict.fromkeys(map(model.vocabulary.normalised, names)))
    return _seen(real, _known(model, real, train))


def _seen(real: Sequence[str], known: Sequence[str] | None) -> tuple[int, list[str]]:
    names = name_set(known or ())
    if not (seen := sum(name in names for name in real)):
        return 0, []
    note = f"{seen:,} of the {len(real):,} names are in the training list"
    return seen, [f"{note}: the model was trained on them."]


def _known(
    model: NameModel, real: Sequence[str], train: Sequence[str] | None
) -> Sequence[str] | None:
    """Return the training names, normalised, as far as they are known."""
    if isinstance(train, ArrayNames):
        return train
    if train is not None:
        return list(dict.fromkeys(map(model.vocabulary.normalised, train)))
    if model.training_set is None:
        return None
    return sorted(frozenset(map(normalise, model.training_set)).difference(real))


def _notes_on(real: Sequence[str], known: Sequence[str] | None) -> list[str]:
    """Return what limits the figures on held-out names."""
    _, notes = _seen(real, known)
    if len(real) == 1:
        notes.append("There is only one held-out name: the intervals of its figures say nothing.")
    elif len(real) < FEW:
        notes.append(f"There are only {len(real):,} held-out names: the intervals are wide.")
    return notes


def _notes_on_labels(model: NameModel, labels: Sequence[str] | None) -> list[str]:
    """Return how a model with labels was measured."""
    if not model.labels:
        return []
    if labels is None:
        return [
            "The model is measured without labels, with which it predicts better: the held-out "
            f"loss in its training is with labels. {MORE}"
        ]
    notes = [f"Except for the likelihood with labels, the model is measured without them. {MORE}"]
    foreign = Counter(label for label in labels if label not in model.labels)
    if foreign:
        some = [repr(label) if label else "no label" for label, _ in foreign.most_common(3)]
        some += ["…"] * (len(foreign) > 3)
        notes.append(
            f"{foreign.total():,} of {len(labels):,} labels are unknown to the model "
            f"({', '.join(some)}): their names are not in that likelihood."
        )
    return notes


def _shown(names: SampledNames) -> tuple[DrawnName, ...]:
    """Return the first distinct samples, each with the nearest training name."""
    first = dict(zip(reversed(names.texts), reversed(names.samples), strict=True))
    samples = [first[text] for text in dict.fromkeys(names.texts)][:SHOWN]
    closest: list[tuple[str | None, int | None]] = [(None, None)] * len(samples)
    if names.near_to:
        texts, unit = [s.text for s in samples], names.model.vocabulary.token_unit
        edits, places = nearest(texts, names.near_to, names.threads, unit=unit)
        closest = [(names.near_to[i], int(d)) for d, i in zip(edits, places, strict=True)]
    return tuple(
        DrawnName(text=sample.text, nats=sample.nats, nearest=name, distance=edits)
        for sample, (name, edits) in zip(samples, closest, strict=True)
    )


def _frequencies(names: SampledNames) -> dict[str, Any]:
    """Return the frequencies of lengths, characters and pairs of characters, for figures."""
    texts = {"generated": names.units(names.texts)}
    if names.real:
        texts["real"] = names.units(names.real)
    counts = {which: Counter(c for units in some for c in units) for which, some in texts.items()}
    frequent = counts.get("real", counts["generated"]).most_common(CHARACTERS)
    characters = sorted(character for character, _ in frequent)
    letters = {which: [n[c] / n.total() for c in characters] for which, n in counts.items()}
    pairs = {which: pair_shares(some, [EDGE, *characters]) for which, some in texts.items()}
    return {
        "lengths": {which: shares_of_lengths(some) for which, some in texts.items()},
        "ngrams": {"characters": [END, *characters], "letters": letters}
        | {which: shares.tolist() for which, shares in pairs.items()},
    }
