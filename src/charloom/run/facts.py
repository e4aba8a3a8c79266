"""What a run records about its training; values of the wrong type are left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

Entry = Mapping[str, Any]
_NOTHING: Entry = {}


class Facts(NamedTuple):
    """The facts of a run; each is ``None`` or empty if the run does not record it.

    Attributes:
        created: when the model was saved, in ISO 8601 (UTC).
        corpus: sources, counts and warnings.
        corpus_digest: 16 hex digits that stand for the names or the text.
        train_size, held_out_size: names, or characters of text, in each part.
        longest: length of the longest training name, in the vocabulary's units.
        canaries: random strings that were trained on along with the names.
        training: the training's settings, fields of ``TrainConfig``.
        backend: ``jax``, ``tensorflow``, ``torch``, or ``numpy`` where nothing is trained in steps.
        versions: of Python and the packages, by name.
        ngram: order, counts and mixture weight of the n-gram.
        refit: what was fitted to all names once the model was measured, by name: ``ngram`` holds
            its smoothing, ``network`` the names and steps; see ``Run.measured``.
        cross_validation: where nothing was held out: the folds, the epochs and exponents that they
            chose, and their loss.
        best: losses of the epoch that was kept.
        history: one entry an epoch up to when the model was saved.
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
    best: Entry = _NOTHING
    history: Sequence[Entry] = ()
    seconds: float | None = None

    @classmethod
    def of(cls, facts: Mapping[str, Any], *, text: bool) -> Facts:
        """Read the plain data of a model file; ``text``: it is a model of running text."""
        what = "characters" if text else "names"
        canaries, seconds = facts.get("canaries"), facts.get("seconds")
        return cls(
            created=_text(facts.get("created")),
            corpus=_mapping(facts.get("corpus")),
            corpus_digest=_text(facts.get("digest")),
            train_size=_count(facts.get(f"train_{what}")),
            held_out_size=_count(facts.get(f"held_out_{what}")),
            longest=_count(facts.get("longest")),
            canaries=tuple(map(str, canaries)) if isinstance(canaries, list) else (),
            training=_mapping(facts.get("training")),
            backend=_text(facts.get("backend")),
            versions={k: str(v) for k, v in _mapping(facts.get("versions")).items()},
            ngram=_mapping(facts.get("ngram")),
            refit=_mapping(facts.get("refit")),
            cross_validation=_mapping(facts.get("cross_validation")),
            best=_mapping(facts.get("best")),
            history=_entries(facts.get("history")),
            seconds=float(seconds) if isinstance(seconds, int | float) else None,
        )


def _mapping(value: Any) -> Entry:
    return value if isinstance(value, dict) else _NOTHING


def _entries(value: Any) -> Sequence[Entry]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else ()


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _count(value: Any) -> int | None:
    good = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53
    return value if good else None
