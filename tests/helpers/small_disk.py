"""A training into a disk that fills up for a while."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from charloom.data.names import NameCorpus
from charloom.errors import RunError
from charloom.run import load_model, load_state
from charloom.training.events import Saved, Step
from charloom.training.trainer import fit
from helpers.trainings import MODEL, TRAINING, same


def trained_on_a_disk_that_fills(disk: Path) -> None:
    """Train into a small disk that somebody else fills for a while."""
    corpus = NameCorpus.of(a + b + c for a in "bdgk" for b in "aeiou" for c in ("la", "ra", "na"))
    often = TRAINING.replace(save_steps=1)
    ballast, run, steps = disk / "ballast", disk / "run", 0
    with pytest.raises(RunError, match="No space left on device") as caught:
        for event in fit(corpus, model=MODEL, training=often, out=run):
            steps = event.step if isinstance(event, Step) else steps
            if isinstance(event, Saved) and steps == 3:
                with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
                    while True:
                        file.write(bytes(512))
    assert str(caught.value).isprintable()
    assert load_state(run)[1]["progress"]["step"] == 3
    ballast.unlink()
    *_, end = fit(corpus, model=MODEL, training=often, out=run, resume=True)
    *_, peace = fit(corpus, model=MODEL, training=often)
    assert end.step > 3 and same(end.weights, peace.weights)
    assert same(load_model(run).weights, peace.weights)
