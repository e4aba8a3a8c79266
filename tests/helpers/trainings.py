"""What the tests of trainings that end early share: a small training, and how two compare."""

from __future__ import annotations

import itertools
import json

import numpy as np

from charloom.config import ModelConfig, TrainConfig
from charloom.data.names import NameCorpus
from charloom.training.events import Warned
from charloom.training.history import HISTORY
from charloom.training.trainer import fit

MODEL = ModelConfig(units=12, embedding=6, dropout=0.2)
TRAINING = TrainConfig(epochs=3, batch_size=16, learning_rate=0.02)


def train(corpus, folder, **arguments):
    return list(fit(corpus, **({"model": MODEL, "training": TRAINING, "out": folder} | arguments)))


def interrupted(corpus, folder, after, **arguments):
    count = itertools.count(1)
    return train(corpus, folder, stop=lambda: next(count) >= after, **arguments)


def of_kind(events, kind):
    return [event for event in events if isinstance(event, kind)]


def messages(events):
    return [event.message for event in of_kind(events, Warned)]


def same(a, b):
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


def history(folder):
    return [json.loads(line) for line in (folder / HISTORY).read_text("utf-8").splitlines()]


def losses(entries):
    """What of a history a resumed training must repeat exactly."""
    return [{k: v for k, v in entry.items() if k != "seconds"} for entry in entries]


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def long_training(folder):
    """A training that saves about once an epoch."""
    corpus = NameCorpus.of("".join(p) for p in itertools.product("bdgk", "aeiou", "lnr", "ns"))
    training = TRAINING.replace(epochs=100, patience=0, save_steps=7)
    return fit(corpus, model=MODEL, training=training, out=folder, resume=True)
