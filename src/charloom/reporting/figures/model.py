"""Data of a model's figures: losses, training names, temperature and internals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ...data.unicode import split_units
from ...errors import CorpusError, RunError

if TYPE_CHECKING:
    from ..subject import AnySubject, NameSubject

Data = dict[str, Any]

TEMPERATURES = (0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.5)
DRAWS = 1000
"""Samples at each temperature."""

SHOWN, READ = 8, 1000
"""Held-out strings shown with the hidden units; training names, about, that select the units."""


def loss(subject: AnySubject) -> Data:
    """Return the losses of each finished epoch."""
    from ...run import holds_state, load_state
    from ...run.facts import epochs

    path, history = subject.run.path, list(subject.run.history)  # up to the best epoch
    if holds_state(path):  # up to the last one
        progress = load_state(path)[1].get("progress")
        longer = epochs(progress.get("history")) if isinstance(progress, dict) else []
        if longer[: len(history)] == history:
            history = longer
    if not history:
        raise RunError(f"{path} has no history of losses: no epoch was finished. Train on.")
    return {"history": history}


def lengths(subject: NameSubject) -> Data:
    """Return how many training names have each length, in the model's unit."""
    unit = subject.run.vocabulary.token_unit
    counts = Counter(len(split_units(name, unit)) for name in subject.need_train_names())
    return {"unit": str(unit), "lengths": [list(pair) for pair in sorted(counts.items())]}


def sweep(
    subject: NameSubject,
    *,
    temperatures: Sequence[float] | float = TEMPERATURES,
    n: int = DRAWS,
    start: str = "",
    seed: int = 0,
) -> Data:
    """Return the loss and the novelty of ``n`` samples at each temperature."""
    from ...evaluation import likelihood, temperature_sweep

    draws = temperature_sweep(
        subject.model,
        [temperatures] if isinstance(temperatures, float) else temperatures,
        n,
        start=start,
        seed=seed,
        drawn=subject.samples(seed),
    )
    names = subject.run.held_out_names
    real = likelihood(subject.model, names).nats_per_char if names else None
    return {"draws": [draw.to_dict() for draw in draws], "real_nats_per_char": real}


def next_characters(subject: AnySubject, *, text: Sequence[str] = ()) -> Data:
    """Return the probability of each next character along a string."""
    from ...evaluation import next_characters

    texts = text or subject.passages(1) or subject.run.train_names[:1]
    if not texts:
        raise _nothing_to_read(subject)
    found = next_characters(subject.model, texts[0])
    return {
        "text": texts[0],
        "targets": list(found.targets),
        "characters": list(found.characters),
        "probabilities": _plain(found.probabilities),
    }


def embedding(subject: AnySubject) -> Data:
    """Return a map of the characters in the network's embedding."""
    from ...evaluation import embedding_map, kind, symbols

    run = subject.run
    found = embedding_map(run.weights["embedding"])
    characters = list(symbols(run.vocabulary, text=run.is_text))
    return {
        "characters": characters,
        "kinds": list(map(kind, characters)),
        "points": _plain(found.points),
        "explained": list(found.explained),
    }


def units(subject: AnySubject, *, text: Sequence[str] = ()) -> Data:
    """Return the activity, along strings, of the hidden units that follow a simple feature."""
    from ...evaluation import activity, notable_units, simple_features

    texts = text or subject.passages(SHOWN)
    if not texts:
        raise _nothing_to_read(subject)
    run, model, unit = subject.run, subject.model, subject.run.vocabulary.token_unit
    train = (subject.passages(READ) if run.is_text else run.train_names) or texts
    shown = activity(model, texts)  # (T, H) for each name
    read = train[:: max(1, len(train) // READ)]  # all of 100,000 names would take gigabytes
    chosen = notable_units(activity(model, read), simple_features(read, unit))
    if not chosen:
        raise CorpusError(
            "no name has a second character, so hidden units cannot be compared. Train on more."
        )
    return {
        "names": [split_units(run.vocabulary.normalised(text), unit) for text in texts],
        "units": [
            {**asdict(u), "activities": [_plain(h[:, u.unit]) for h in shown]} for u in chosen
        ],
    }


def _plain(numbers: Any) -> list[Any]:
    """Return an array as lists of rounded numbers."""
    return numbers.astype(float).round(6).tolist()  # type: ignore[no-any-return]


def _nothing_to_read(subject: AnySubject) -> CorpusError:
    return CorpusError(
        f"{subject.run.path} has nothing held out to read. Pass something: --text TEXT."
    )
