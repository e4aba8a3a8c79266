"""Figures of a model: its losses, its training names, temperature, and what is inside it."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import Any

from ...data.unicode import normalise, split_units
from ...errors import CorpusError, RunError
from ..subject import AnySubject, NameSubject
from .options import DRAWS, Data, FigureOptions

SHOWN, READ = 8, 1000
"""Held-out strings that hidden units are shown along; training names that choose them, about."""


def loss(subject: AnySubject, _options: FigureOptions) -> Data:
    """Return the losses of each epoch, up to the last one that was finished."""
    from ...run import holds_state, load_state

    path, history = subject.run.path, subject.run.saved.facts.get("history")  # up to the best epoch
    if holds_state(path):  # up to the last one
        progress = load_state(path)[1].get("progress")
        longer = progress.get("history") if isinstance(progress, dict) else None
        if isinstance(longer, list) and longer[: len(history or ())] == (history or []):
            history = longer
    if not isinstance(history, list) or not history or not all(map(_is_epoch, history)):
        raise RunError(f"{path} has no history of losses: no epoch was finished. Train on.")
    return {"history": history}


def _is_epoch(entry: Any) -> bool:
    losses = "train_nats_per_char", "held_out_nats_per_char"
    if not isinstance(entry, dict) or not isinstance(entry.get("epoch"), int):
        return False
    return all(isinstance(entry.get(key), float | None) for key in losses)


def lengths(subject: NameSubject, _options: FigureOptions) -> Data:
    """Return how many training names have each length, in the model's unit."""
    unit = subject.run.vocabulary.token_unit
    counts = Counter(len(split_units(name, unit)) for name in subject.need_train_names())
    return {"unit": unit, "lengths": [list(pair) for pair in sorted(counts.items())]}


def sweep(subject: NameSubject, options: FigureOptions) -> Data:
    """Return how plausible and how new samples are at each temperature."""
    from ...evaluation import likelihood, temperature_sweep

    heat = options.temperatures
    draws = temperature_sweep(
        subject.model,
        [heat] if isinstance(heat, float) else heat,
        DRAWS if options.n is None else options.n,
        start=options.start,
        seed=options.seed,
        drawn=subject.samples(options.seed),
    )
    names = subject.run.held_out_names
    real = likelihood(subject.model, names).nats_per_char if names else None
    return {"draws": [draw.to_dict() for draw in draws], "real_nats_per_char": real}


def next_characters(subject: AnySubject, options: FigureOptions) -> Data:
    """Return the probability of each next character along a string."""
    from ...evaluation import next_characters

    texts = options.text or subject.passages(1) or subject.run.train_names[:1]
    if not texts:
        raise _nothing_to_read(subject)
    found = next_characters(subject.model, texts[0])
    return {
        "text": texts[0],
        "targets": list(found.targets),
        "characters": list(found.characters),
        "probabilities": _plain(found.probabilities),
    }


def embedding(subject: AnySubject, _options: FigureOptions) -> Data:
    """Return the characters' places on a map of the network's embedding."""
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


def units(subject: AnySubject, options: FigureOptions) -> Data:
    """Return the activity of the hidden units that follow something simple, along strings."""
    from ...evaluation import activity, notable_units, simple_features

    texts = options.text or subject.passages(SHOWN)
    if not texts:
        raise _nothing_to_read(subject)
    model, unit = subject.model, subject.run.vocabulary.token_unit
    of_names = isinstance(subject, NameSubject)
    train = (subject.run.train_names if of_names else subject.passages(READ)) or texts
    shown = activity(model, texts)  # (T, H) a name
    read = train[:: max(1, len(train) // READ)]  # of 100,000, all would take gigabytes
    chosen = notable_units(activity(model, read), simple_features(read, unit))
    if not chosen:
        raise CorpusError(
            "no name has a second character, so hidden units cannot be compared. Train on more."
        )
    return {
        "names": [split_units(normalise(text), unit) for text in texts],
        "units": [
            {**asdict(u), "activities": [_plain(h[:, u.unit]) for h in shown]} for u in chosen
        ],
    }


def _plain(numbers: Any) -> list[Any]:
    """Return an array as lists of numbers that are short to read."""
    return numbers.astype(float).round(6).tolist()  # type: ignore[no-any-return]


def _nothing_to_read(subject: AnySubject) -> CorpusError:
    return CorpusError(
        f"{subject.run.path} has nothing held out to read. Pass something: --text TEXT."
    )
