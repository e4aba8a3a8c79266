"""Options of generation: the keywords of a model's methods."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypedDict

from ..config import SampleConfig
from ..config.arguments import require
from ..errors import ArgumentError

if TYPE_CHECKING:
    from ..data.given import Names
    from ..models.sampling import Transform
    from .constraints import Rule, Rules


class CommonOptions(TypedDict, total=False):
    """How to generate names or text; every option may be left out.

    Attributes:
        start: what the string begins with.
        config: temperature, filters and seed.
        temperature, top_k, top_p, min_p, seed: instead of those of ``config``.
        sampler: a transform of the logits, applied before these: one of ``charloom.samplers``,
            or your own (``samplers.Transform`` says how).
        no_repeat_ngram_size: instead of that of ``config``; for text only.
    """

    start: str
    config: SampleConfig | None
    temperature: float | tuple[float, ...]
    top_k: int | None
    top_p: float | None
    min_p: float | None
    seed: int
    sampler: Transform | None
    no_repeat_ngram_size: int | None


class TextOptions(CommonOptions, total=False):
    """How to generate text: ``CommonOptions`` and more; every option may be left out.

    Attributes:
        stop: a text, or several: new text ends before the first of them, which is left out.
        stop_at_end: whether text ends where the model ends a document. By default if the model was
            trained on documents, which have an end.
    """

    stop: str | Iterable[str]
    stop_at_end: bool | None


class Options(CommonOptions, total=False):
    """How to generate names: ``CommonOptions`` and more; every option may be left out.

    Attributes:
        rules: constraints: one of ``charloom.constraints``, or several joined by ``&``.
        max_length: instead of that of ``config``. Without either, it is twice the longest
            training name's, plus 10.
        allow_known: whether names of the training set are allowed.
        allow_repeats: whether a string may occur more than once.
        forbid: further strings that are not allowed, or a file or corpus of them.
        min_edits: the least edit distance to these, and to the training set.
        fold_case: whether strings that differ only in case count as the same there.
        threads: at most this many; by default one per core. The result does not depend on it.
    """

    rules: Rule | Rules | None
    max_length: int | None
    allow_known: bool
    allow_repeats: bool
    forbid: Names
    min_edits: int
    fold_case: bool
    threads: int | None


def config_with(
    config: SampleConfig | None, changes: Mapping[str, Any], options: type[CommonOptions]
) -> SampleConfig:
    """Return ``config`` with some fields changed, which are the rest of a method's ``options``.

    Raises:
        ArgumentError: the method has no such option, or ``config`` is no configuration.
        ConfigError: a value is out of range.
    """
    require("config", config, SampleConfig | None, "a SampleConfig")
    if unknown := sorted(changes.keys() - {field.name for field in fields(SampleConfig)}):
        known = ", ".join(sorted(options.__annotations__))
        raise ArgumentError(f"there is no option {unknown[0]!r:.60}. There are: {known}")
    return (config or SampleConfig()).replace(**changes)
