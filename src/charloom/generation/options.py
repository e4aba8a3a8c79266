"""How to draw: the keywords of a language model's calls."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, TypedDict

from ..config import SampleConfig

if TYPE_CHECKING:
    from ..models.sampling import Transform
    from .constraints import Rule, Rules


class Options(TypedDict, total=False):
    """How to draw: all of it may be left out.

    Attributes:
        start: what every string begins with.
        rules: what else they must obey: one of ``generation.rules``, or several joined by ``&``.
        config: temperature, filters, longest string and seed. Without ``max_length``, a string
            may be twice as long as the longest training name, and 10 more.
        temperature, top_k, top_p, min_p, max_length, seed: in place of those of ``config``.
        sampler: a transform of the logits, applied before these: one of ``charloom.samplers``,
            or your own (``samplers.Transform`` says how).
        allow_known: whether names of the training list may come out.
        allow_repeats: whether one string may come out more than once.
        forbid: further strings that may not come out.
        min_edits: how many edits each must be away from those strings, and from the list.
        fold_case: whether strings that differ only in case count as the same there.
        threads: at most so many; by default one a core. The result is the same.
    """

    start: str
    rules: Rule | Rules | None
    config: SampleConfig | None
    temperature: float | tuple[float, ...]
    top_k: int | None
    top_p: float | None
    min_p: float | None
    max_length: int | None
    seed: int
    sampler: Transform | None
    allow_known: bool
    allow_repeats: bool
    forbid: Iterable[str]
    min_edits: int
    fold_case: bool
    threads: int | None


class TextOptions(TypedDict, total=False):
    """How to draw running text: all of it may be left out.

    Attributes:
        start: what the text begins with.
        config: temperature, filters and seed.
        temperature, top_k, top_p, min_p, seed: in place of those of ``config``.
        sampler: a transform of the logits, applied before these.
    """

    start: str
    config: SampleConfig | None
    temperature: float | tuple[float, ...]
    top_k: int | None
    top_p: float | None
    min_p: float | None
    seed: int
    sampler: Transform | None
