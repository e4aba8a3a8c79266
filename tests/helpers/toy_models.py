"""Models whose probabilities are known, written down as weights, for the tests of evaluation."""

from __future__ import annotations

import numpy as np

from charloom import NameModel, TextModel, Vocabulary
from charloom.config import ModelConfig
from charloom.models.interface import NEVER
from charloom.models.rnn.numpy import NumpyRNN
from charloom.models.rnn.shapes import weight_shapes


def bigram(odds, *, known=None, begin=True, text=False, unknown=False, longest=9):
    """A model whose next character depends on the last: rows and columns of ``odds`` are ids.

    Row and column 0 are the boundary, the others ``a``, ``b``, ...; with ``unknown`` the last is
    the unknown symbol.
    """
    odds = np.asarray(odds, np.float64)
    size = len(odds)
    config = ModelConfig(cell="rnn", units=size, embedding=size, begin=begin, text=text)
    weights = {n: np.zeros(s, np.float32) for n, s in weight_shapes(config, size).items()}
    weights["embedding"] = weights["rnn.0.kernel"] = np.eye(size, dtype=np.float32)
    with np.errstate(divide="ignore"):
        logits = np.maximum(np.log(odds), -60.0)
    weights["logits.kernel"] = (logits / np.tanh(1)).astype(np.float32)
    assert np.abs(logits).max() < -NEVER
    letters = tuple("abcdefghijklmnopqrstuvwxyz"[: size - 1 - unknown])
    names = None if known is None else frozenset(known)
    vocabulary = Vocabulary(letters, unknown=unknown)
    if text:
        return TextModel(NumpyRNN(config, weights), vocabulary)
    return NameModel(NumpyRNN(config, weights), vocabulary, names, longest)


def uniform(letters, **options):
    """A model to which every symbol is as likely, anywhere."""
    return bigram(np.ones((letters + 1, letters + 1)), **options)


ODDS = {"": 2.0, "a": 4.0, "b": 2.0, "c": 1.0}
"""Of the end and each letter, anywhere."""


def memoryless(odds=ODDS, *, known=frozenset(), begin=True, unit="character"):
    """A model to which each symbol is as likely anywhere, by its odds; ``""`` is the end."""
    config = ModelConfig(cell="rnn", units=1, embedding=1, begin=begin)
    vocabulary = Vocabulary(tuple(sorted(odds)[1:]), unit)
    weights = {n: np.zeros(s, "f4") for n, s in weight_shapes(config, vocabulary.size).items()}
    weights["logits.bias"] = np.log([odds[c] for c in sorted(odds)]).astype("f4")
    longest = max(map(len, known or ()), default=10)
    return NameModel(NumpyRNN(config, weights), vocabulary, known, longest)
