"""What the tests of running text share: a run folder whose model has no memory."""

from __future__ import annotations

import numpy as np

from charloom.config import ModelConfig
from charloom.data.vocabulary import Vocabulary
from charloom.models.rnn.shapes import weight_shapes
from charloom.run import save_model
from helpers.run_folders import toy

ODDS = {"": 2.0, "\n": 1.0, "a": 4.0, "b": 2.0, "c": 1.0}
"""Of the boundary and each character, anywhere."""

HELD_OUT = "abca\nab"


def save_text_run(folder, odds=ODDS, *, unknown=None, held_out=HELD_OUT, facts=None):
    """Write a run of running text; ``unknown`` are the odds of the unknown symbol."""
    config = ModelConfig(cell="rnn", units=1, embedding=1, text=True)
    characters = sorted(odds)
    vocabulary = Vocabulary(tuple(characters[1:]), unknown=unknown is not None)
    logits = [odds[c] for c in characters] + ([] if unknown is None else [unknown])
    weights = {n: np.zeros(s, "f4") for n, s in weight_shapes(config, vocabulary.size).items()}
    weights["logits.bias"] = np.log(logits).astype("f4")
    weights["embedding"][:, 0] = np.arange(vocabulary.size)  # that a figure of it has a shape
    saved = toy(
        config=config, vocabulary=vocabulary, weights=weights, facts=facts or {},
        train_names=None, held_out_names=None, held_out_text=held_out,
    )  # fmt: skip
    save_model(folder, saved)
    return folder
