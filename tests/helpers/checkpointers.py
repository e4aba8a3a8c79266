"""A checkpointer of a toy model, and how far its training is."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

from charloom.config import ModelConfig, TrainConfig
from charloom.data.vocabulary import Vocabulary
from charloom.training.checkpointer import Checkpointer
from charloom.training.data import BatchPlan
from charloom.training.progress import Progress


def checkpointer(folder: Path, training: TrainConfig | None = None, **changes) -> Checkpointer:
    """One whose training data has no more than is saved of it; ``changes`` are of the data."""
    plan = BatchPlan(batch_size=1, seed=0)
    fields = {
        "digest": "0" * 16,
        "label_names": (),
        "vocabulary": Vocabulary(("a", "ß")),
        "train_names": ("aß",),
        "held_out_names": (),
        "held_out_weights": None,
        "held_out_text": None,
        "origin": None,
        "reading": {},
        "plan": plan,
        "plan_for": lambda epochs: plan,
        "facts": dict,
        "refitted": lambda weights: (weights, {}),
    }
    return Checkpointer(
        folder=folder,
        model=ModelConfig(units=2, embedding=2),
        training=training or TrainConfig(),
        data=SimpleNamespace(**(fields | changes)),
        backend="jax",
    )


def progress(epoch, best):
    entries = [{"epoch": i + 1, "step": 10 * i + 10, "train_nats_per_char": 1 / (i + 1)}
               for i in range(epoch)]  # fmt: skip
    return Progress(epoch=epoch, step=10 * epoch, best_epoch=best, history=entries)
