"""What ``charloom train`` says at the end: how it ended, and new names or text."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import click

from ..config import NAMES_TEMPERATURE
from ..formatting import without_controls
from ..generation import NameModel, TextModel
from ..reporting import describe
from ..training.data import ENOUGH_HELD_OUT
from ..training.events import Finished
from ..training.progress import UNWEIGHTED
from .options import say, to_json

SAMPLES = 10
"""New names that are printed at the end."""

CHARACTERS = 300
"""Characters of new text that are printed at the end."""

CLOSE = 0.01
"""Nats per character above the loss of a uniform model that are no failure yet."""


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


def failure(finished: Finished, rate: float) -> str | None:
    """Say that a training failed, and what to change, if its model is worse than chance.

    That is judged by the held-out loss, or by the training loss where too little is held out.

    Args:
        finished: the end of the training.
        rate: its learning rate.
    """
    uniform = math.log(finished.saved.vocabulary.size)
    held_out, loss = finished.held_out_nats_per_char, finished.train_nats_per_char
    facts = finished.saved.facts
    few = facts.get("held_out_names", ENOUGH_HELD_OUT) < ENOUGH_HELD_OUT
    judged = loss if held_out is None or few else held_out
    stopped = finished.reason == "interrupted"
    if stopped or finished.saved.config.kind == "uniform" or judged <= uniform + CLOSE:
        return None
    rule = (
        f"training failed: the {'training' if judged == loss else 'held-out'} loss, {judged:.3f} "
        f"nats/char, is above {uniform:.3f}, that of a model to which all characters are equally "
        "likely"
    )
    if loss <= uniform:  # of what it was trained on, it knows something
        return f"{rule}. Nothing was learned that holds for unseen data: train on more of it."
    if not finished.saved.config.has_network:
        return f"{rule}. Train on more data, or with a lower --order."
    return f"{rule}. Lower --learning-rate (it was {rate:g}), or train for more --epochs."


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
