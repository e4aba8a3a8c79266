"""Small languages whose every string, and its probability, can be enumerated."""

from __future__ import annotations

import numpy as np

from charloom.config import ModelConfig, SampleConfig
from charloom.data.vocabulary import Vocabulary
from charloom.generation import NameModel
from charloom.models.rnn.numpy import NumpyRNN
from charloom.models.rnn.shapes import weight_shapes
from charloom.models.sampling import Sampler


def toy(cell: str = "gru", vocabulary_size: int = 3, layers: int = 1, seed: int = 0) -> NumpyRNN:
    """A model whose next id depends much on what came before."""
    config = ModelConfig(cell=cell, units=4, layers=layers, embedding=2)
    rng = np.random.default_rng(seed)
    shapes = weight_shapes(config, vocabulary_size)
    return NumpyRNN(config, {k: rng.normal(0, 1.2, s).astype("f4") for k, s in shapes.items()})


def named(letters: str = "abc", *, seed: int = 0, known=frozenset(), longest: int = 4) -> NameModel:
    """The same with letters."""
    rnn = toy(vocabulary_size=len(letters) + 1, seed=seed)
    return NameModel(rnn, Vocabulary(tuple(letters)), known, longest)


def enumerated(rnn: NumpyRNN, *, prompt=(), max_length: int = 3, transform=None, **config):
    """Each string's probability under the sampler, and its nats under the model, step by step."""
    sampler = Sampler(SampleConfig(**config), transform)
    plain = Sampler()
    found: dict[tuple[int, ...], tuple[float, float]] = {}

    def walk(ids: tuple[int, ...], last: int, carry, log_p: float, nats: float) -> None:
        logits, carry = rnn.step(np.array([last]), carry)
        heated = sampler.prepared(logits, np.array([len(ids)]))
        own, model = sampler.log_probabilities(heated)[0], plain.log_probabilities(logits)[0]
        if len(ids) < len(prompt):
            following = prompt[len(ids)]
            walk((*ids, following), following, carry, log_p, nats - model[following])
            return
        for following in np.flatnonzero(np.isfinite(own)).tolist():
            p, n = log_p + own[following], nats - model[following]
            if following == 0:
                found[ids[len(prompt) :]] = (float(np.exp(p)), float(n))
            elif len(ids) < max_length:
                walk((*ids, following), following, carry, p, n)

    walk((), 0, rnn.initial_carry(1), 0.0, 0.0)
    return found


def texts_of(model: NameModel, *, max_length: int, **config) -> dict[str, float]:
    """Each text's probability under the sampler, the empty one left out."""
    strings = enumerated(model.rnn, max_length=max_length, **config)
    return {model.vocabulary.decode(ids): p for ids, (p, _) in strings.items() if ids}


def chi_square(counts: dict, expected: dict) -> float:
    """Return the p-value of Pearson's test; ``expected`` are weights of all that may be counted.

    Cells that expect fewer than five are taken together.
    """
    assert set(counts) <= set(expected), set(counts) - set(expected)
    total, weight = sum(counts.values()), sum(expected.values())
    cells, rest_seen, rest_hoped = [], 0.0, 0.0
    for key, share in expected.items():
        hoped = total * share / weight
        if hoped < 5:
            rest_seen, rest_hoped = rest_seen + counts.get(key, 0), rest_hoped + hoped
        else:
            cells.append((counts.get(key, 0), hoped))
    if rest_hoped:
        cells.append((rest_seen, rest_hoped))
    statistic = sum((seen - hoped) ** 2 / hoped for seen, hoped in cells)
    return chi_square_tail(statistic, len(cells) - 1)


def chi_square_tail(statistic: float, freedom: int) -> float:
    """Wilson and Hilferty's approximation of P(chi² ≥ statistic): good to a few per cent."""
    from math import erfc, sqrt

    if freedom < 1:
        return 1.0
    spread = 2 / (9 * freedom)
    z = ((statistic / freedom) ** (1 / 3) - (1 - spread)) / sqrt(spread)
    return 0.5 * erfc(z / sqrt(2))
