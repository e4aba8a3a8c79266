"""Data of the figures that compare samples with real strings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, Unpack

from ...data.statistics import END
from ..subject import AnySubject, NameSubject, Sampling

Data = dict[str, Any]

MOST = 40
"""Characters that are shown, at most: the most frequent."""


def letters(subject: AnySubject, **sampling: Unpack[Sampling]) -> Data:
    """Return the shares of the most frequent real characters, in alphabetical order."""
    generated, real = (
        Counter(unit for units in strings for unit in units)
        for strings in subject.generated_and_real(**sampling)
    )
    characters = _frequent(real, generated)
    return {
        "characters": characters,
        "generated": _shares(generated, characters),
        "real": _shares(real, characters),
    }


def pairs(subject: AnySubject, *, most: int = MOST, **sampling: Unpack[Sampling]) -> Data:
    r"""Return how often each character (a column) follows each (a row), as shares of the row.

    ``\n`` is the beginning (row) and the end (column) of a name; in text, the end of a line.
    """
    edge = (END,) if isinstance(subject, NameSubject) else ()
    generated, real = (
        Counter(pair for units in strings for pair in pairwise((*edge, *units, *edge)))
        for strings in subject.generated_and_real(**sampling)
    )
    counts = generated, real
    firsts: list[Counter[str]] = [Counter() for _ in counts]
    for first, count in zip(firsts, counts, strict=True):
        for (a, _), times in count.items():
            first[a] += times
    seen = [Counter({c: n for c, n in first.items() if c not in edge}) for first in firsts]
    characters = [*edge, *_frequent(seen[1], seen[0], most - len(edge))]
    tables = [
        [[round(count[a, b] / max(first[a], 1), 6) for b in characters] for a in characters]
        for count, first in zip(counts, firsts, strict=True)
    ]
    return {"characters": characters, "generated": tables[0], "real": tables[1]}


def lengths(subject: NameSubject, **sampling: Unpack[Sampling]) -> Data:
    """Return the shares of names by length, in the model's unit."""
    generated, real = (
        Counter(map(len, strings)) for strings in subject.generated_and_real(**sampling)
    )
    both = sorted({*generated, *real})
    span = range(both[0], both[-1] + 1)
    return {
        "unit": str(subject.run.vocabulary.token_unit),
        "lengths": list(span),
        "generated": _shares(generated, span),
        "real": _shares(real, span),
    }


def distances(subject: NameSubject, **sampling: Unpack[Sampling]) -> Data:
    """Return the shares of names by edit distance to the nearest training name."""
    from ...generation.nearest import nearest

    train, unit = subject.need_train_names(), subject.run.vocabulary.token_unit

    def shares(names: Sequence[str]) -> list[float] | None:
        if not names:
            return None
        counts = Counter(nearest(names, train, unit=unit)[0].tolist())
        return _shares(counts, range(max(counts) + 1))

    return {
        "generated": shares(subject.sampled(**sampling)),
        "real": shares(subject.run.held_out_names),
    }


def calibration(subject: AnySubject) -> Data:
    """Return how often characters occurred, by the probability that the model gave them."""
    from ...evaluation import measure, measure_text

    if isinstance(subject, NameSubject):
        found = measure(subject.model, subject.need_held_out(), samples=0)
    else:
        found = measure_text(subject.model, subject.need_held_out(), samples=0)
    return {"bins": found.to_dict()["calibration"]["bins"]}


def memorisation(subject: NameSubject) -> Data:
    """Return what ``names_memorisation`` finds."""
    from ...evaluation import names_memorisation

    held_out = subject.need_held_out()
    canaries = subject.run.facts.canaries
    train = subject.need_train_names()
    return names_memorisation(subject.model, train, held_out, canaries=canaries).to_dict()


def _frequent(real: Counter[str], generated: Counter[str], most: int = MOST) -> list[str]:
    together = Counter({c: real[c] or generated[c] / 1e9 for c in {*real, *generated}})
    ranked = sorted(together.items(), key=lambda pair: (-pair[1], pair[0]))
    return sorted(character for character, _ in ranked[:most])


def _shares(counts: Counter[Any], keys: Iterable[Any]) -> list[float]:
    total = max(counts.total(), 1)
    return [round(counts[key] / total, 6) for key in keys]
