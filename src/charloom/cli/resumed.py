"""``train --resume``: the source and its options as the run remembers them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import RunError
from .options import say
from .sources import Source, given_options

if TYPE_CHECKING:
    from ..data.sources.origin import Origin


def resumed_source(source: Source, run: Path, *, repeats: bool) -> Source:
    """Return the source of the training in ``run``, with the options that it was read with.

    Options that were given take the place of those. A ``source`` with files is taken as it is,
    unless these are the files that the run remembers, perhaps at another place. Without files,
    those are read again, if they have not changed, and a line says so.

    Raises:
        RunError: no files are given, and the run holds no training, does not remember them, or
            they have changed.
    """
    from ..run.begun import find_begun, notice_of, remembered_origin

    if source.paths:
        origin = find_begun(run).origin
        if origin is None or not origin.is_of(source.paths):
            return source
        return _as_before(source, origin, source.paths)
    origin = remembered_origin(run, repeats=repeats)
    if origin is None:
        raise RunError(
            f"{run} holds no training to resume. Check its name, give SOURCE, or leave out "
            "--resume to train on the built-in dinosaurs."
        )
    say(notice_of(run, origin))
    return _as_before(source, origin, origin.paths)


def _as_before(source: Source, origin: Origin, paths: tuple[str, ...]) -> Source:
    before: dict[str, Any] = dict(origin.options)
    given = given_options({"form", "unit"})
    repeats = bool(before.pop("repeats", False))
    unit, min_count = before.pop("unit", source.unit), before.pop("min_count", None)
    documents = before.pop("documents", None)
    return replace(
        source,
        paths=paths,
        how={**before, **source.how},
        form=source.form if "--as" in given else "text" if origin.text else "names",
        unit=source.unit if "--token-unit" in given else unit,
        min_count=source.min_count if source.min_count is not None else min_count,
        repeats=repeats,
        documents=source.documents or ("file" if documents is True else documents),
    )
