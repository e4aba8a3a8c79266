"""A model to which each symbol is as likely anywhere, and its run folder."""

from __future__ import annotations

import numpy as np

from charloom import NameModel
from charloom.config import ModelConfig
from charloom.data.vocabulary import Vocabulary
from charloom.models.rnn.numpy import NumpyRNN
from charloom.models.rnn.shapes import weight_shapes
from charloom.run import save_model
from helpers.run_folders import toy


def memoryless_weights(config: ModelConfig, odds: dict[str, float]) -> dict:
    """Each character ("" for the end) has the same probability everywhere, by its odds."""
    shapes = weight_shapes(config, len(odds))
    weights = {name: np.zeros(shape, "f4") for name, shape in shapes.items()}
    weights["logits.bias"] = np.log([odds[c] for c in sorted(odds)], dtype="f4")
    return weights


def memoryless(odds: dict[str, float], *, known=frozenset(), begin=True, unit="character"):
    config = ModelConfig(cell="rnn", units=1, embedding=1, begin=begin)
    vocabulary = Vocabulary(tuple(sorted(odds))[1:], unit)
    return NameModel(NumpyRNN(config, memoryless_weights(config, odds)), vocabulary, known, 3)


def save_memoryless(folder, odds, *, begin=True, known=("aab", "bb")):
    config = ModelConfig(cell="rnn", units=1, embedding=1, begin=begin)
    saved = toy(
        config=config,
        vocabulary=Vocabulary(tuple(sorted(odds))[1:]),
        weights=memoryless_weights(config, odds),
        facts={"longest": 3},
        train_names=known,
        held_out_names=(),
    )
    save_model(folder, saved)
    return folder
