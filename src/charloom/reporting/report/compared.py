"""What figures show of strings that a model draws, beside real ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from ...config import Unit
from ...data.statistics import END
from ...errors import RunError

if TYPE_CHECKING:
    from .figures import Source

Data = dict[str, Any]
Units = Sequence[str]

DRAWS = 2000
"""Names that are drawn, if nothing else is said."""

CHARACTERS = 20_000
"""Characters of running text that are drawn."""

MOST_NAMES = 20_000
"""Real names that draws are compared with, about, at most."""

MOST = 40
"""Characters that are shown, at most: the most frequent."""


def letters(source: Source, given: Data) -> Data:
    """Return the shares of the characters, the most frequent real ones, in alphabetical order."""
    drawn, real = _strings(source, given)
    counts = [Counter(unit for units in strings for unit in units) for strings in (drawn, real)]
    characters = _frequent(counts[1], counts[0])
    return {
        "characters": characters,
        "generated": _shares(counts[0], characters),
        "real": _shares(counts[1], characters),
    }


def pairs(source: Source, given: Data) -> Data:
    r"""Return how often each character (a column) follows each (a row), as shares of the row.

    ``\n`` is a name's beginning (as a row) and end (as a column); in text, a line's end.
    """
    drawn, real = _strings(source, given)
    edge = () if source.saved.config.text else (END,)
    counts = []
    for strings in (drawn, real):
        counts.append(Counter(p for units in strings for p in pairwise((*edge, *units, *edge))))
    firsts = [Counter[str]() for _ in counts]
    for first, count in zip(firsts, counts, strict=True):
        for (a, _), times in count.items():
            first[a] += times
    seen = [Counter({c: n for c, n in first.items() if c not in edge}) for first in firsts]
    characters = [*edge, *_frequent(seen[1], seen[0], given.get("most", MOST) - len(edge))]
    tables = [
        [[round(count[a, b] / max(first[a], 1), 6) for b in characters] for a in characters]
        for count, first in zip(counts, firsts, strict=True)
    ]
    return {"characters": characters, "generated": tables[0], "real": tables[1]}


def lengths(source: Source, given: Data) -> Data:
    """Return the shares of names by length, in the model's unit."""
    drawn, real = (Counter(map(len, strings)) for strings in _strings(source, given))
    both = sorted({*drawn, *real})
    span = range(both[0], both[-1] + 1)
    return {
        "unit": source.saved.vocabulary.unit,
        "lengths": list(span),
        "generated": _shares(drawn, span),
        "real": _shares(real, span),
    }


def distances(source: Source, given: Data) -> Data:
    """Return the shares of names by distance in edits to the nearest training name."""
    from ...generation.nearest import nearest

    train = _training(source)
    found: list[list[float] | None] = []
    for strings in (_drawn(source, given), source.held_out):
        if not strings:
            found.append(None)
            continue
        counts = Counter(nearest(strings, train, unit=source.saved.vocabulary.unit)[0].tolist())
        found.append(_shares(counts, range(max(counts) + 1)))
    return {"generated": found[0], "real": found[1]}


def calibration(source: Source, _given: Data) -> Data:
    """Return, by how likely the model said something was, how often it came."""
    saved = source.saved
    if saved.config.text:
        if not saved.held_out_text:
            raise RunError(
                f"{source.run.path} has no held-out text to compare with. Train with some."
            )
        from ...evaluation import measure_text

        found = measure_text(source.text_model, saved.held_out_text, samples=0).to_dict()
    else:
        if not source.held_out:
            raise RunError(
                f"{source.run.path} has no held-out names to compare with. Train with some."
            )
        from ...evaluation import measure

        found = measure(source.names_model, source.held_out, samples=0).to_dict()
    return {"bins": found["calibration"]["bins"]}


def memorisation(source: Source, _given: Data) -> Data:
    """Return what ``names_memorisation`` finds."""
    from ...evaluation import names_memorisation

    if not source.held_out:
        raise RunError(
            f"{source.run.path} has no held-out names to compare copies with. Train with some."
        )
    found = names_memorisation(
        source.names_model, _training(source), source.held_out, canaries=source.canaries
    )
    return found.to_dict()


def _strings(source: Source, given: Data) -> tuple[list[Units], list[Units]]:
    """Return what was drawn and what is real, in the model's unit."""
    from ...data.unicode import split_units

    saved, unit = source.saved, source.saved.vocabulary.unit
    if saved.config.text:
        if not saved.held_out_text:
            raise RunError(
                f"{source.run.path} has no held-out text to compare with. Train with some."
            )
        start = given.get("start", "")
        text = source.text_samples(given.get("seed", 0)).take(
            given.get("n", CHARACTERS), start=start
        )
        return [split_units(text, unit)], [split_units(saved.held_out_text, unit)]
    real = some(source.train_names or source.held_out)
    if not real:
        raise RunError(f"{source.run.path} has no training names. Restore its train_names.txt.")
    drawn = _drawn(source, given)
    return _split(drawn, unit), _split(real, unit)


def _split(strings: Sequence[str], unit: Unit) -> list[Units]:
    from ...data.unicode import normalise, split_units

    return [split_units(normalise(name), unit) for name in strings]


def names(source: Source, n: int, *, seed: int = 0, **given: Any) -> list[str]:
    """Return sampled names, copies and repeats among them.

    A model without a begin symbol begins as the training names do, if no ``start`` is given.
    """
    return [sample.text for sample in source.name_samples(seed).take(n, **given)]


def some(names: Sequence[str]) -> Sequence[str]:
    """Return the names, or of very many enough of them, as evenly as they lie."""
    return names if len(names) <= MOST_NAMES else names[:: len(names) // MOST_NAMES]


def _drawn(source: Source, given: Data) -> list[str]:
    options = {key: given[key] for key in ("seed", "start") if key in given}
    return names(source, given.get("n", DRAWS), **options)


def _training(source: Source) -> Sequence[str]:
    names = source.train_names
    if not names:
        raise RunError(f"{source.run.path} has no training names. Restore its train_names.txt.")
    return names


def _frequent(real: Counter[str], drawn: Counter[str], most: int = MOST) -> list[str]:
    together = Counter({c: real[c] or drawn[c] / 1e9 for c in {*real, *drawn}})
    ranked = sorted(together.items(), key=lambda pair: (-pair[1], pair[0]))
    return sorted(character for character, _ in ranked[:most])


def _shares(counts: Counter[Any], keys: Iterable[Any]) -> list[float]:
    total = max(counts.total(), 1)
    return [round(counts[key] / total, 6) for key in keys]
