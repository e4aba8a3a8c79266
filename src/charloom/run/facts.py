"""What a run records about its training; what is unknown or of the wrong type is left out.

Facts do not decide what a model generates, and a stranger may have written them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from ..config import TrainConfig

MOST_TEXT = 4096
"""The longest text of a fact, such as a path, in characters."""

MOST_NUMBER = 10**15
"""The largest number of a fact."""

Entry = Mapping[str, Any]
_NOTHING: Entry = {}


class Facts(NamedTuple):
    """The facts of a run; each is ``None`` or empty if the run does not record it.

    Attributes:
        created: when the model was saved, in ISO 8601 (UTC).
        corpus: ``sources`` and ``warnings``, lists of text; ``labels``, a count for each; ``mean``
            and other counts; ``divided``, how documents are divided that have an end;
            ``keep_invisible``, whether invisible characters were kept.
        corpus_digest: 16 hex digits that stand for the names or the text.
        train_size, held_out_size: names, or characters of text, in each part.
        longest: length of the longest training name, in the vocabulary's units.
        canaries: random strings that were trained on along with the names.
        training: the training's settings, valid fields of ``TrainConfig``.
        backend: ``jax``, ``tensorflow``, ``torch``, or ``numpy`` where nothing is trained in steps.
        versions: of Python and the packages, by name.
        ngram: order, counts and mixture weight of the n-gram.
        refit: what was fitted to all names once the model was measured, by name: ``ngram`` holds
            its smoothing, ``network`` the names and steps; see ``Run.measured``.
        cross_validation: where nothing was held out: the folds, the epochs and exponents that they
            chose, and their loss.
        kinds: the kinds of names that the base model began with, and their shares.
        best: losses of the epoch that was kept, an entry as in ``history``.
        history: one entry an epoch up to when the model was saved: ``epoch`` and ``step``, and
            numbers or ``None``.
        seconds: how long training had taken by then.
    """

    created: str | None = None
    corpus: Entry = _NOTHING
    corpus_digest: str | None = None
    train_size: int | None = None
    held_out_size: int | None = None
    longest: int | None = None
    canaries: tuple[str, ...] = ()
    training: Entry = _NOTHING
    backend: str | None = None
    versions: Mapping[str, str] = _NOTHING
    ngram: Entry = _NOTHING
    refit: Entry = _NOTHING
    cross_validation: Entry = _NOTHING
    kinds: Mapping[str, float] = _NOTHING
    best: Entry = _NOTHING
    history: Sequence[Entry] = ()
    seconds: float | None = None

    @classmethod
    def of(cls, facts: Mapping[str, Any], *, text: bool) -> Facts:
        """Read the plain data of a model file; ``text``: it is a model of running text."""
        what = "characters" if text else "names"
        found = known_facts(facts)
        return cls(
            created=found.get("created"),
            corpus=found.get("corpus", _NOTHING),
            corpus_digest=found.get("digest"),
            train_size=found.get(f"train_{what}"),
            held_out_size=found.get(f"held_out_{what}"),
            longest=found.get("longest"),
            canaries=tuple(found.get("canaries", ())),
            training=found.get("training", _NOTHING),
            backend=found.get("backend"),
            versions=found.get("versions", _NOTHING),
            ngram=found.get("ngram", _NOTHING),
            refit=found.get("refit", _NOTHING),
            cross_validation=found.get("cross_validation", _NOTHING),
            kinds=found.get("kinds", _NOTHING),
            best=found.get("best", _NOTHING),
            history=found.get("history", ()),
            seconds=found.get("seconds"),
        )


def known_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts that this version knows, by their names in the file, each of its type."""
    found = {name: _FACTS[name](value) for name, value in facts.items() if name in _FACTS}
    return {name: value for name, value in found.items() if value is not None}


def epochs(history: Any) -> list[Entry]:
    """Return the entries of a history that say which epoch they are of."""
    found = [_losses(one) for one in history] if isinstance(history, list) else []
    return [one for one in found if one is not None and one.get("epoch") is not None]


# Each of these returns a value of its type, or None for any other.


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and len(value) <= MOST_TEXT else None


def _count(value: Any) -> int | None:
    return value if type(value) is int and 0 <= value <= MOST_NUMBER else None


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _number(value: Any) -> float | None:
    good = type(value) in (int, float) and -MOST_NUMBER <= value <= MOST_NUMBER
    return float(value) if good else None


def _seconds(value: Any) -> float | None:
    found = _number(value)
    return found if found is not None and found >= 0 else None


def _list_of(kind: Callable[[Any], Any]) -> Callable[[Any], list[Any] | None]:
    def read(value: Any) -> list[Any] | None:
        found = [kind(one) for one in value] if isinstance(value, list) else [None]
        return None if None in found else found

    return read


def _map_of(kind: Callable[[Any], Any]) -> Callable[[Any], Entry | None]:
    def read(value: Any) -> Entry | None:
        if not isinstance(value, dict):
            return None
        found = {name: kind(one) for name, one in value.items() if _text(name) is not None}
        return {name: one for name, one in found.items() if one is not None}

    return read


def _fields_of(kinds: Mapping[str, Callable[[Any], Any]]) -> Callable[[Any], Entry | None]:
    def read(value: Any) -> Entry | None:
        if not isinstance(value, dict):
            return None
        found = {name: kinds[name](one) for name, one in value.items() if name in kinds}
        # Null is a value too: a loss that was not measured, a budget that was not set.
        return {n: one for n, one in found.items() if one is not None or value[n] is None}

    return read


def _plain(value: Any) -> Entry | None:
    """Read counts, and numbers in lists of lists at most."""
    row = _list_of(_number)

    def part(one: Any) -> Any:
        found = _count(one), _number(one), row(one), _list_of(row)(one)
        return next((kind for kind in found if kind is not None), None)

    return _map_of(part)(value)


def _training(value: Any) -> Entry | None:
    if not isinstance(value, dict):
        return None
    before = {"scheduled_sampling": _text, "truth": _number}  # of version 0.1.0
    return {
        name: one
        for name, one in value.items()
        if TrainConfig.allows(name, one) or (name in before and before[name](one) is not None)
    }


_losses = _fields_of(
    {
        "epoch": _count,
        "step": _count,
        "networks": _count,
        "train_nats_per_char": _number,
        "held_out_nats_per_char": _number,
        "held_out_window_nats_per_char": _number,
        "network_held_out_nats_per_char": _number,
        "unweighted_held_out_nats_per_char": _number,
        "seconds": _seconds,
        "learning_rate": _number,
    }
)

_sizes = (
    "records", "blank", "duplicates", "names", "characters", "distinct", "shortest", "longest",
    "documents", "rare", "unknown_characters", "bytes", "weightless",
)  # fmt: skip

_FACTS: Mapping[str, Callable[[Any], Any]] = {
    "created": _text,
    "corpus": _fields_of(
        {
            **dict.fromkeys(_sizes, _count),
            "sources": _list_of(_text),
            "warnings": _list_of(_text),
            "labels": _map_of(_count),
            "mean": _number,
            "divided": _text,
            "weight": _number,
            "keep_invisible": _flag,
        }
    ),
    "digest": _text,
    **dict.fromkeys(
        ("train_names", "held_out_names", "train_characters", "held_out_characters", "longest"),
        _count,
    ),
    "canaries": _list_of(_text),
    "training": _training,
    "backend": _text,
    "versions": _map_of(_text),
    "ngram": _fields_of(
        {
            **dict.fromkeys(("order", "contexts", "ngrams"), _count),
            "share": _number,
            "exponents": _list_of(_number),
        }
    ),
    "refit": _map_of(_plain),
    "kinds": _map_of(_number),
    "cross_validation": _fields_of(
        {
            **dict.fromkeys(("folds", "epochs", "of_epochs"), _count),
            "exponents": _list_of(_number),
            "nats_per_char": _number,
        }
    ),
    "best": _losses,
    "history": epochs,
    "seconds": _seconds,
}
"""What reads each fact."""
