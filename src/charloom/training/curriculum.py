"""Scheduled sampling: ever more of the characters that a model reads in training are its own.

Bengio, Vinyals, Jaitly, Shazeer 2015. In training a model reads the true characters, in
generation its own; the curriculum leads from the one to the other.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from ..config import TrainConfig
from ..data.batches.names import Batch
from ..data.vocabulary import BOUNDARY
from ..models.rnn.numpy import NumpyRNN

STEEPNESS = 12.0
"""Of the inverse sigmoid: over the whole training it goes from 0.998 to 0.002 of its way."""


def true_share(config: TrainConfig, progress: float) -> float:
    """Return the share of true characters at ``progress`` in [0, 1]: from 1 to ``config.truth``.

    Linear, or along an inverse sigmoid: section 2.4 of the paper, with its constants chosen so
    that the middle of the way is the middle of the training.
    """
    if config.scheduled_sampling == "none":
        return 1.0
    if config.scheduled_sampling == "linear":
        left = 1 - progress
    else:
        left = 1 / (1 + math.exp(STEEPNESS * (progress - 0.5)))
    return config.truth + (1 - config.truth) * left


def mixed(rnn: NumpyRNN, batch: Batch, share: float, rng: np.random.Generator) -> Batch:
    """Return ``batch`` with each input character true with probability ``share``, else drawn.

    What is drawn comes from the model's distribution after what it read so far, its own
    characters included; never an end, after which nothing follows in generation either. Targets,
    first inputs and padding stay. No gradient goes through the draws, as in the paper.
    """
    inputs = batch.inputs.copy()
    carry, buffers = rnn.initial_carry(len(inputs)), rnn.buffers(len(inputs))
    own = (rng.random(inputs.shape) >= share) & (batch.mask > 0) & (inputs != BOUNDARY)
    for time in range(inputs.shape[1] - 1):
        logits, after = rnn.step(inputs[:, time], carry, buffers)
        carry = after.copy()
        scores = logits + rng.gumbel(size=logits.shape)  # the largest is a draw of the softmax
        scores[:, BOUNDARY] = -np.inf
        here = own[:, time + 1]
        inputs[here, time + 1] = scores[here].argmax(axis=1)
    return dataclasses.replace(batch, inputs=inputs)
