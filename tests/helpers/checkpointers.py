"""A checkpointer of a toy model, and how far its training is."""

from __future__ import annotations

from pathlib import Path

from charloom.config import ModelConfig, TrainConfig
from charloom.data.vocabulary import Vocabulary
from charloom.training.checkpointer import Keeper
from charloom.training.progress import Progress


def keeper(folder: Path, **changes) -> Keeper:
    fields = {
        "folder": folder,
        "model": ModelConfig(units=2, embedding=2),
        "training": TrainConfig(),
        "backend": "jax",
        "digest": "0" * 16,
        "corpus_facts": {},
        "label_names": (),
        "vocabulary": Vocabulary(("a", "ß")),
        "train_names": ("aß",),
        "held_out_names": (),
        "held_out_text": None,
    }
    return Keeper(**(fields | changes))


def progress(epoch, best):
    entries = [{"epoch": i + 1, "step": 10 * i + 10, "train_nats_per_char": 1 / (i + 1)}
               for i in range(epoch)]  # fmt: skip
    return Progress(epoch=epoch, step=10 * epoch, best_epoch=best, history=entries)
