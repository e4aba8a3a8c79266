"""What ``charloom train`` says at the end: how it ended, and new names or text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..generation import NameModel, TextModel
from ..reporting import describe
from ..training.events import Finished
from .options import say, to_json

SAMPLES = 10
"""New names that are printed at the end."""

CHARACTERS = 300
"""Characters of new text that are printed at the end."""


def say_ending(
    finished: Finished, model: NameModel | TextModel, folder: Path, budget: float | None
) -> None:
    """Say why a training ended, and what came of it."""
    reasons = {
        "epochs": "Trained to the end",
        "early stopping": "Stopped early, the held-out loss no longer fell",
        "seconds": f"Stopped, the {budget:g} seconds are used up" if budget else "Stopped",
        "interrupted": "Interrupted",
        "diverged": "Stopped, the loss became NaN; lower --learning-rate",
    }
    held_out = finished.held_out_nats_per_char
    loss = finished.train_nats_per_char if held_out is None else held_out
    part = "training" if held_out is None else "held-out"
    end = f"{part} loss {loss:.3f} nats/char, in {folder}"
    chosen = _chosen(finished)
    ngram = describe.ngram(chosen)
    said = f"{ngram}, " if ngram else ""
    if model.rnn.config.has_network:
        kept = f"Kept epoch {finished.best_epoch}, {said}{end}"
        say(f"{reasons[finished.reason]}: epoch {finished.epoch}, {finished.seconds:.1f} s. {kept}")
    else:
        say(f"Counted in {finished.seconds:.1f} s: {said}{end}")


def _chosen(finished: Finished) -> dict[str, Any]:
    """Return the n-gram's order and mixture weight; empty for other kinds."""
    from ..training.ngram import ngram_facts

    ngram = ngram_facts(finished.weights).get("ngram", {})
    return {name: ngram[name] for name in ("order", "share") if ngram.get(name)}


def print_samples(
    model: NameModel | TextModel,
    finished: Finished,
    folder: Path,
    as_json: bool,
    seed: int,
    start: str,
) -> None:
    """Print new names or text; ``start`` is for a model that cannot choose a first letter."""
    summary = {
        "run": str(folder),
        "model": model.rnn.config.kind,
        **_chosen(finished),
        "reason": finished.reason,
        "epochs": finished.epoch,
        "best_epoch": finished.best_epoch,
        "train_nats_per_char": finished.train_nats_per_char,
        "held_out_nats_per_char": finished.held_out_nats_per_char,
        "seconds": round(finished.seconds, 3),
    }
    if isinstance(model, TextModel):
        text = model.text(CHARACTERS, seed=seed)
        if as_json:
            windows = finished.held_out_window_nats_per_char
            summary |= {"held_out_window_nats_per_char": windows, "text": text}
        click.echo(to_json(summary) if as_json else text)
        return
    if start:
        say(f"This model cannot choose a first letter; these begin with {start}, as the list does.")
    samples = model.generate(SAMPLES, seed=seed, start=start)
    if as_json:
        click.echo(to_json({**summary, "names": [sample.text for sample in samples]}))
        return
    for sample in samples:
        click.echo(sample.text)
    if samples.reason is not None:
        say(f"charloom: {samples.reason}.")
