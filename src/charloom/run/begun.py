"""What a training started with: its source and settings, beside the checkpoints of its run.

The source is known by its path on this machine, which is in this file and nowhere else in a run.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..data.names import NameCorpus
from ..data.sources.origin import Origin
from ..data.sources.streams import label
from ..data.text import TextCorpus
from ..errors import CorpusError, RunError
from ..storage import own_folder, write_file
from ..storage.disk import MAX_INDEX_BYTES, make_folder, read
from .model_file import holds_model, sound_facts
from .state_file import CHECKPOINTS, find_state, holds_state

BEGUN = "begun.json"
KIND = "charloom begun training"


@dataclass(frozen=True, kw_only=True)
class Begun:
    """What a training started with.

    Attributes:
        origin: where its corpus came from; ``None`` for strings in memory.
        model, training: its settings, as plain data.
        loop: ``fit`` or ``custom``; ``None`` for a step of the caller's own.
        fine_tuned: whether it started from another run, whose characters and labels it keeps.
    """

    origin: Origin | None = None
    model: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    loop: str | None = None
    fine_tuned: bool = False


def save_begun(run: Path, begun: Begun) -> None:
    """Remember what the training in ``run`` started with.

    Raises:
        RunError: the folder cannot be written.
    """
    data = {
        "format": KIND,
        "source": None if begun.origin is None else begun.origin.to_dict(),
        "model": dict(begun.model),
        "training": dict(begun.training),
        "loop": begun.loop,
        "fine_tuned": begun.fine_tuned,
    }
    folder = own_folder(run, CHECKPOINTS)
    try:
        make_folder(folder)
    except OSError as error:
        raise RunError(f"{folder} cannot be written: {error.strerror}.") from error
    content = json.dumps(data, indent=1, allow_nan=False).encode() + b"\n"
    write_file(folder, BEGUN, content, own=True)


def find_begun(run: Path) -> Begun:
    """Return what the training in ``run`` started with, as far as that is known."""
    try:
        content = read(own_folder(run, CHECKPOINTS) / BEGUN, MAX_INDEX_BYTES)
        data = json.loads(content or b"null")
    except (RunError, ValueError, RecursionError):
        data = None
    if not isinstance(data, dict) or data.get("format") != KIND:
        return Begun()
    model, training, loop = data.get("model"), data.get("training"), data.get("loop")
    return Begun(
        origin=Origin.from_dict(data.get("source")),
        model=model if isinstance(model, dict) else {},
        training=training if isinstance(training, dict) else {},
        loop=loop if loop in ("fit", "custom") else None,
        fine_tuned=data.get("fine_tuned") is True,
    )


def remembered_origin(run: Path, *, repeats: bool = False) -> Origin | None:
    """Return the origin of the corpus that ``run`` was trained on, checked; ``None`` for no run.

    Nothing is read but files of the sizes and SHA-256 that the run remembers.

    Args:
        run: the run folder.
        repeats: whether repeated names are kept, if the run does not remember it.

    Raises:
        RunError: it does not remember its source, or that is not what it was.
    """
    origin = find_begun(run).origin
    if origin is None:
        digest = find_state(run).data.get("corpus") if holds_state(run) else None
        if digest is None and not holds_model(run):
            return None
        digest = digest or sound_facts(run).get("digest")
        if digest != NameCorpus.builtin(repeats=repeats).digest:
            raise RunError(f"{run} does not remember its source. Give SOURCE, as it was.")
        return Origin(options={"repeats": repeats})
    try:
        origin.check()
    except CorpusError as error:
        raise RunError(f"the source of {run} must be given again: {error}. Give SOURCE.") from None
    return origin


def corpus_before(run: Path, notice: Callable[[str], None]) -> NameCorpus | TextCorpus:
    """Read the corpus that ``run`` was trained on again.

    Args:
        run: the run folder.
        notice: called with one line that says which files are read.

    Raises:
        RunError: it holds no training, does not remember its source, or that is not what it was.
        CorpusError: a file cannot be read.
    """
    origin = remembered_origin(run)
    if origin is None:
        raise RunError(f"{run} holds no training to resume. Give the corpus.")
    notice(notice_of(run, origin))
    if origin.text:
        return TextCorpus.read(*origin.paths, **origin.options)
    if not origin.files:
        unit, repeats = origin.options.get("unit"), bool(origin.options.get("repeats"))
        return NameCorpus.builtin(unit=unit, repeats=repeats)
    return NameCorpus.read(*origin.paths, **origin.options)


def notice_of(run: Path, origin: Origin) -> str:
    """Return the line that says what is read again."""
    first, *others = origin.paths or ("the built-in dinosaurs",)
    more = f" and {len(others):,} more" if others else ""
    return f"Reading the source of {run} again: {label(first)}{more}"
