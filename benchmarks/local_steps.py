"""Claim: none: what local SGD would lose, were `train --distributed` to sum less often.

Two copies of a network, each trained on half the rows of every batch, as two processes would, take
the mean of their weights and of AdamW's moments every 4, 16 or 64 steps and at the end of an epoch,
instead of summing gradients every step. The table has the best held-out loss, of the network alone,
after as many epochs of the same batches; both copies are trained in this process, in turns.

    python benchmarks/local_steps.py [--names LIST] [--text TEXT] [--units 256] [--batch-size 64]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from _common import DATA, describe_machine
from charloom import __version__
from charloom.data.names import NameCorpus
from charloom.data.text import TextCorpus
from charloom.models.rnn.initial import initial_weights
from charloom.training.base_model import LATIN, latin_base
from charloom.training.engines.jax import JaxEngine
from charloom.training.name_data import NameData
from charloom.training.recipes import settings_for
from charloom.training.schedule import learning_rate
from charloom.training.text_data import TextData
from charloom.training.warm_start import warm_started

COPIES = 2
CHARACTERS = 250_000
"""Characters of the text that are used, its held-out tenth included."""

APART = 7919
"""How far apart the seeds of the copies' dropout are."""

GROUPS = ("_weights", "_means", "_squares")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--names", type=Path, default=DATA, help="a name a line")
    parser.add_argument("--text", type=Path, default=DATA.parent / "tinyshakespeare.txt")
    parser.add_argument("--only", choices=["names", "text"])
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--steps", type=int, nargs="+", default=[4, 16, 64])
    parser.add_argument("--units", type=int, default=256, help="of the LSTM, for text")
    parser.add_argument("--batch-size", type=int, default=64, help="for text")
    parser.add_argument("--epochs", type=int, default=4, help="for text")
    parser.add_argument("--quick", action="store_true", help="smoke test: figures mean nothing")
    options = parser.parse_args()
    if options.quick:
        options.seeds, options.steps, options.units, options.epochs = 1, [4], 8, 1
    print(describe_machine({"charloom": __version__, "python": sys.version.split()[0]}))
    print(f"{'':8}{'seed':>5}{'steps':>7}{'between means':>15}{'nats/char':>11}{'lost':>9}")
    for kind in [options.only] if options.only else ("names", "text"):
        for seed in range(options.seeds):
            together = 0.0
            for every in (0, *options.steps):
                steps, loss = trained(kind, seed, every, options)
                together = together or loss
                print(f"{kind:8}{seed:>5}{steps:>7}{every or 'every step':>15}{loss:>11.4f}"
                      f"{loss - together:>9.4f}", flush=True)  # fmt: skip


def prepared(kind: str, seed: int, options: argparse.Namespace) -> Any:
    """Return the data, the model and the training's settings."""
    if kind == "text":
        text = TextCorpus.of(options.text.read_text("utf-8")[:CHARACTERS])
        model, training = settings_for(
            text, kind="network", cell="lstm", units=options.units, epochs=options.epochs,
            batch_size=options.batch_size, window=32, seed=seed, precision="float32",
        )  # fmt: skip
        return TextData(text, model, training), model, training
    names = NameCorpus.read(options.names)
    epochs = {"epochs": options.epochs} if options.quick else {}
    model, training = settings_for(names, kind="network", seed=seed, **epochs)
    return NameData(names, model, training), model, training


def trained(kind: str, seed: int, every: int, options: argparse.Namespace) -> tuple[int, float]:
    """Train with a mean after ``every`` steps, or one network if 0; return its steps and loss."""
    data, model, training = prepared(kind, seed, options)
    size, vocabulary = training.batch_size, data.vocabulary
    if training.base == LATIN:
        weights = warm_started(latin_base(), model, vocabulary, data.label_names, seed)
    else:
        weights = initial_weights(model, vocabulary.size, seed)
    copies = COPIES if every else 1
    whole, parts = data.batches(), [None]
    if every:
        parts = [range(k * size // copies, (k + 1) * size // copies) for k in range(copies)]
    batches = [data.batches(rows) for rows in parts]
    engines = [
        JaxEngine(
            model,
            training.replace(batch_size=size // copies, seed=seed + APART * k),
            weights,
            whole.characters_per_batch / copies,
        )
        for k in range(copies)
    ]
    losses, steps = [], training.epochs * whole.steps_per_epoch
    for step in range(steps):
        at = divmod(step, whole.steps_per_epoch)
        rate = learning_rate(training, (step + 1) / steps)
        for engine, own in zip(engines, batches, strict=True):
            engine.step(own.batch(*at), rate)
        ends = at[1] + 1 == whole.steps_per_epoch
        if every and (ends or (step + 1) % every == 0):
            average(engines)
        if ends:
            losses.append(data.held_out_loss(engines[0].weights())["held_out_nats_per_char"])
    return steps, min(losses)


def average(engines: list[JaxEngine]) -> None:
    """Give all engines the mean of their weights and moments."""
    for group in GROUPS:
        every = [getattr(engine, group) for engine in engines]
        mean = {name: sum(one[name] for one in every) / len(every) for name in every[0]}
        for engine in engines:
            setattr(engine, group, {name: value + 0 for name, value in mean.items()})


if __name__ == "__main__":
    main()
