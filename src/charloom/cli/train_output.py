"""What ``charloom train`` says at the end: how it ended, and new names or text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..config import NAMES_TEMPERATURE
from ..errors.formatting import without_controls
from ..generation import NameModel, TextModel
from ..reporting import describe
from ..reporting.narrated import failure as failure
from ..training.events import Finished
from ..training.progress import UNWEIGHTED
from .options import say, to_json

SAMPLES = 10
"""New names that are printed at the end."""

CHARACTERS = 300
"""Characters of new text that are printed at the end."""


def say_ending(
    finished: Finished, model: NameModel | TextModel, folder: Path, budget: float | None
) -> None:
    """Say why a training ended, and how good the model is."""
    held_out = finished.held_out_nats_per_char
    loss, part = (
        (held_out, "held-out")
        if held_out is not None
        else (finished.train_nats_per_char, "training")
    )
    before = describe.refitted_parts(finished.saved.facts.get("refit", {}))
    before = f", before {before} refitted to all names" if before else ""
    result = f"{part} loss {loss:.3f} nats/char"
    if (unweighted := finished.saved.facts.get("best", {}).get(UNWEIGHTED)) is not None:
        result += f" by weight, {unweighted:.3f} with each name counted once"
    result += f"{before}. Saved to {folder}"
    if ngram := describe.ngram(_ngram(finished)):
        result = f"{ngram}, {result}"
    if distilled := describe.distilled(finished.saved.facts.get("best", {})):
        result = f"{distilled}, {result}"
    if not model.rnn.config.has_network:
        say(f"Fitted in {finished.seconds:.1f} s: {result}")
        return
    reasons = {
        "epochs": "Training finished",
        "early stopping": "Stopped early because the held-out loss no longer fell",
        "seconds": f"Stopped because the {budget or 0:g} seconds are used up",
        "interrupted": "Interrupted",
        "diverged": "Stopped because the loss became NaN; lower --learning-rate",
    }
    epochs = f"{finished.epoch} epoch{'s' * (finished.epoch != 1)}, {finished.seconds:.1f} s"
    say(f"{reasons[finished.reason]}: {epochs}. Best: epoch {finished.best_epoch}, {result}")


def _ngram(finished: Finished) -> dict[str, Any]:
    """Return the n-gram's order, and how a mixture weighs it; nothing for other models."""
    from ..training.ngram import ngram_facts

    ngram = ngram_facts(finished.weights).get("ngram", {})
    return {name: ngram[name] for name in ("order", "share", "exponents") if ngram.get(name)}


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
        **_ngram(finished),
        "reason": finished.reason,
        "epochs": finished.epoch,
        "best_epoch": finished.best_epoch,
        "train_nats_per_char": finished.train_nats_per_char,
        "held_out_nats_per_char": finished.held_out_nats_per_char,
        **{k: v for k, v in finished.saved.facts.get("best", {}).items() if k == UNWEIGHTED},
        "seconds": round(finished.seconds, 3),
        "seed": seed,
    }
    if isinstance(model, TextModel):
        text = model.text(CHARACTERS, seed=seed)
        if as_json:
            windows = finished.held_out_window_nats_per_char
            summary |= {"held_out_window_nats_per_char": windows, "text": text}
        click.echo(to_json(summary) if as_json else without_controls(text))
        return
    if start:
        say(f"This model cannot choose a first letter; these names start with {start}.")
    samples = model.generate(SAMPLES, seed=seed, start=start, temperature=NAMES_TEMPERATURE)
    if as_json:
        click.echo(to_json({**summary, "names": [sample.text for sample in samples]}))
        return
    for sample in samples:
        click.echo(sample.text)
    if samples.reason is not None:
        say(f"charloom: {samples.reason}.")
