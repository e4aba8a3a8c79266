"""How good a model of names is: every measure of it, each with its interval."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..data.encoded.array_names import ArrayNames
from ..data.statistics import END
from ..data.unicode import normalise
from ..data.vocabulary import BOUNDARY
from ..errors import ConfigError
from ..generation import NameModel
from ..generation.nearest import nearest
from .metrics import generated
from .metrics.calibration import Calibration, calibration, calibration_measure
from .metrics.distributions import EDGE, pair_shares, shares_of_lengths
from .metrics.likelihood import Likelihood, labelled_measure, likelihood, likelihood_measures
from .metrics.two_sample import FEW
from .results import DrawnName, Measurement, Settings
from .samples import NameSamples, SampledNames, compared, without
from .statistics import Measure

if TYPE_CHECKING:
    from ..generation.constraints import Rule, Rules

SHOWN = 300
"""Samples to show."""

CHARACTERS = 40
"""Characters in the table of pairs, at most: the most frequent."""

MORE = "Names sampled with a label may be copies more often."

Progress = Callable[[str, float], None]


def measure(
    model: NameModel,
    held_out: Sequence[str],
    *,
    train: Sequence[str] | None = None,
    labels: Sequence[str] | None = None,
    canaries: Sequence[str] = (),
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
        held_out: real names that it was not trained on; what needs them is left out if there
            are none.
        train: those that it was trained on; by default its own list without ``held_out``.
        labels: those of the held-out names, for a model with labels. It is measured without
            them, except for one more likelihood.
        canaries: random strings among those: known, but no real names.
        samples: names to sample, copies and repeats let through; 0 samples none, and leaves out
            what needs them.
        temperature: of the samples.
        seed: decides the samples and the resamples.
        rules: what valid names obey; the samples are not constrained.
        start: what the samples begin with; they are compared with real names that begin so too.
            Without it, a model without a begin symbol begins as the training names do.
        threads: at most so many; the result is the same.
        drawn: samples shared with other figures; by default the model is sampled here.
        progress: called with what is being measured, and how far it is, from 0 to 1.

    Raises:
        ConfigError: labels are given to a model without labels, or a number is out of range.
        CorpusError: none of the held-out names can be scored.
        GenerationError: the model ends no name, or cannot begin one.
        RuleError: no name can obey the rules.
    """
    if samples < 0:
        raise ConfigError(f"samples must be 0 or more. Received: {samples}")
    for what, given in (("held_out", held_out), ("train", train), ("labels", labels)):
        if isinstance(given, str):
            raise ConfigError(f"{what} must be a list of strings. Received one: {given!r:.40}")
    tell = progress or (lambda what, share: None)
    real = list(dict.fromkeys(map(normalise, held_out)))
    known = _known(model, real, train)
    measures: list[Measure] = []
    notes: list[str] = []
    found: Likelihood | None = None
    calibrated: Calibration | None = None
    if real:
        tell("likelihood", 0.0)
        found = likelihood(model, real)
        measures += likelihood_measures(model, real, seed=seed, threads=threads)
        if labels is not None:
            texts = [normalise(name) for name in held_out]
            measures += labelled_measure(model, texts, labels, seed=seed, threads=threads)
        tell("calibration", 0.05)
        calibrated = calibration(model.rnn, _inputs(model, real), seed=seed, threads=threads)
        measures += calibration_measure(calibrated)
        notes += _notes_on(real, known)
        notes += _notes_on_labels(model, labels)
    else:
        notes.append(
            "There are no held-out names: likelihood, calibration and comparisons with real names "
            "are left out."
        )
    settings = Settings(samples=samples, temperature=temperature, seed=seed, start=start)
    if not samples:
        return Measurement(
            likelihood=found, measures=tuple(measures), calibration=calibrated,
            settings=settings, notes=tuple(notes),
        )  # fmt: skip
    if drawn is None:
        like = without(known or (), canaries) or real
        drawn = NameSamples(model=model, seed=seed, like=like, threads=threads)
    sampled, note = drawn.take_with_reason(samples, temperature=temperature, start=start)
    if note is not None:
        notes.append(f"There are {len(sampled):,} of {samples:,} samples: the model {note}.")
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
    tell("nearest training names", 0.4)
    near = generated.nearest_known(names)
    measures += generated.distance(names, near)
    tell("lengths and n-grams", 0.6)
    if not start and temperature > 0:
        measures += generated.recall(names, samples, temperature)
    measures += generated.distributions(names)
    tell("two-sample test", 0.8)
    measures += generated.two_sample(names)
    tell("done", 1.0)
    return Measurement(
        likelihood=found,
        measures=tuple(measures),
        calibration=calibrated,
        settings=settings,
        distances={} if near is None else near.shares(),
        lengths=_lengths(names),
        ngrams=_ngrams(names),
        names=_shown(names),
        notes=tuple(notes),
    )


def _known(
    model: NameModel, real: Sequence[str], train: Sequence[str] | None
) -> Sequence[str] | None:
    """Return the training names, normalised, each once; ``None`` if they are not at hand."""
    if isinstance(train, ArrayNames):
        return train
    if train is not None:
        return list(dict.fromkeys(map(normalise, train)))
    if model.training_set is None:
        return None
    return sorted(frozenset(map(normalise, model.training_set)).difference(real))


def _inputs(model: NameModel, names: Sequence[str]) -> list[NDArray[np.int32]]:
    """Return the ids of each name that the model can read, boundaries included."""
    readable = [n for n in names if model.vocabulary.has_unknown or not model.vocabulary.unknown(n)]
    edge = [BOUNDARY] if model.rnn.config.begin else []
    return [
        np.array([*edge, *model.vocabulary.encode(name).tolist(), BOUNDARY], np.int32)
        for name in readable
    ]


def _notes_on(real: Sequence[str], known: Sequence[str] | None) -> list[str]:
    """Say what limits the figures on held-out names."""
    notes = []
    if known is not None:
        seen = len(frozenset(known).intersection(real)) if not isinstance(known, ArrayNames) else 0
        if seen:
            notes.append(
                f"{seen:,} of the {len(real):,} names are in the training list: the model was "
                "trained on them."
            )
    if len(real) == 1:
        notes.append("There is only one held-out name: its figures have no interval.")
    elif len(real) < FEW:
        notes.append(f"There are only {len(real):,} held-out names: the intervals are wide.")
    return notes


def _notes_on_labels(model: NameModel, labels: Sequence[str] | None) -> list[str]:
    """Say how a model with labels was measured."""
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
        some = ", ".join(
            repr(label) if label else "no label" for label, _ in foreign.most_common(3)
        )
        some += ", …" if len(foreign) > 3 else ""
        notes.append(
            f"{foreign.total():,} of {len(labels):,} labels are unknown to the model "
            f"({some}): their names are not in that likelihood."
        )
    return notes


def _shown(names: SampledNames) -> tuple[DrawnName, ...]:
    """Return the first distinct samples, each with the nearest training name."""
    first = {normalise(s.text): s for s in reversed(names.samples)}
    samples = list(dict.fromkeys(first[text] for text in names.texts))[:SHOWN]
    if not names.near_to:
        return tuple(
            DrawnName(text=s.text, nats=s.nats, nearest=None, distance=None) for s in samples
        )
    texts = [s.text for s in samples]
    edits, places = nearest(
        texts, names.near_to, names.threads, unit=names.model.vocabulary.token_unit
    )
    return tuple(
        DrawnName(text=s.text, nats=s.nats, nearest=names.near_to[place], distance=int(distance))
        for s, distance, place in zip(samples, edits, places, strict=True)
    )


def _lengths(names: SampledNames) -> dict[str, dict[int, float]]:
    found = {"generated": shares_of_lengths(names.units(names.texts))}
    if names.real:
        found["real"] = shares_of_lengths(names.units(names.real))
    return found


def _ngrams(names: SampledNames) -> dict[str, Any]:
    """Return the frequencies of characters and of pairs of them, for a figure."""
    texts = {"generated": names.units(names.texts)}
    if names.real:
        texts["real"] = names.units(names.real)
    counts = Counter(c for units in texts.get("real", texts["generated"]) for c in units)
    characters = sorted(c for c, _ in counts.most_common(CHARACTERS))
    found: dict[str, Any] = {"characters": [END, *characters], "letters": {}}
    for which, strings in texts.items():
        found[which] = pair_shares(strings, [EDGE, *characters]).tolist()
        count = Counter(c for units in strings for c in units)
        found["letters"][which] = [count[c] / count.total() for c in characters]
    return found
