"""The process that measures: ``python -m charloom.serve.studio.measuring KIND FOLDER KEY RUN...``.

It writes a line of JSON for each event to its standard output, and the result into the reports.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import CharloomError, ConfigError, RunError
from ..library import UnknownRunError
from .place import Place
from .reports import keep, key_of

if TYPE_CHECKING:
    from ...run import Run

Tell = Callable[[str, float], None]

SAMPLES = 2000
"""Names that are sampled from each run for a comparison, as ``charloom compare`` does."""

REMEDY = "Runs of one list hold out the same {}, if seed and held-out share are the same too."

POLITE = 5
"""How far this process stands back behind those who generate names."""


def main(kind: str, folder: str, key: str, *names: str) -> None:
    """Measure one run, or compare two, and keep the result."""
    if hasattr(os, "nice"):
        os.nice(POLITE)
    place = Place(Path(folder))

    def tell(what: str, share: float) -> None:
        say("progress", what=what, share=round(share, 3))

    try:
        first, *others = names
        if kind == "report":
            result = report(place, first, tell)
        else:
            result = compare(place, first, others[0], tell)
        if key_of(place, kind, names) != key:
            raise RunError("a run was saved while it was measured. Try again.")
        keep(place, key, result)
        say("end")
    except CharloomError as error:
        say("error", message=_why(place, names, error))
    except MemoryError:
        say("error", message="there is too little memory to measure this run.")


def _why(place: Place, names: Sequence[str], error: CharloomError) -> str:
    """Return what went wrong as the page says it; a run that has gone meanwhile comes first."""
    try:
        for name in names:
            place.run(name)
    except UnknownRunError as gone:
        return str(gone)
    return place.inside(error).replace(", or pass --data FILE", "")


def say(event: str, **data: Any) -> None:
    """Write an event."""
    sys.stdout.write(json.dumps({"event": event, **data}) + "\n")
    sys.stdout.flush()


def report(place: Place, name: str, tell: Tell) -> dict[str, Any]:
    """Return what ``charloom report`` shows of a run.

    Raises:
        RunError: it is damaged, or not yet a run.
    """
    from ...api import load
    from ...reporting.gathered import gather
    from ...reporting.report import illustrate, plain
    from ...reporting.subject import subject_of
    from ...run import Run

    run = Run.open(place.run(name))
    subject = subject_of(run, load(run.measured))
    found = gather(
        subject,
        progress=lambda what, share: tell(what, 0.7 * share),
        unread=unread(place, run) if run.is_text else "",
    )
    content = illustrate(found, subject, lambda what, share: tell(what, 0.7 + 0.3 * share))
    return {"run": name} | plain(content)


def unread(place: Place, run: Run) -> str:
    """Return why the text that a run was trained on is not read; empty if it is."""
    from ...run.begun import find_begun
    from .terminal import check_inside

    try:
        check_inside(place, run.path)
        remembered = find_begun(run.path).origin is not None
    except RunError:
        remembered = False
    return (
        ""
        if remembered
        else "the text that the run was trained on is not in the studio's folder, so it cannot be "
        "searched for copies. charloom report RUN --source FILE does that."
    )


def compare(place: Place, a: str, b: str, tell: Tell) -> dict[str, Any]:
    """Return what ``charloom compare --json`` prints of two runs, and what makes it less fair.

    Raises:
        RunError: one is damaged, or not yet a run.
        ConfigError: one is of names, the other of text.
        CorpusError: there is nothing that neither was trained on.
    """
    from ...api import load
    from ...reporting.compared import compare_runs
    from ...run import Run

    runs = {name: Run.open(place.run(name)) for name in (a, b)}
    if len({run.is_text for run in runs.values()}) > 1:
        raise ConfigError(
            "a run of names cannot be compared with one of text. Choose two of one kind."
        )
    warnings: list[str] = []
    models = {name: load(run.measured) for name, run in runs.items()}
    result = compare_runs(
        runs, models, samples=SAMPLES, remedy=REMEDY, warn=warnings.append, tell=tell
    )
    for one in result["models"]:
        one["run"] = one["name"]  # no path of this machine
    return result | {"warnings": warnings}


if __name__ == "__main__":
    main(*sys.argv[1:])
