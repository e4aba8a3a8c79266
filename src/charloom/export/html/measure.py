"""What rounding a network's weights costs on held-out strings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...models.factory import recurrence
from ...models.scoring.names import score
from ...models.scoring.text import stream_nats
from .packing import Precision, quantised

if TYPE_CHECKING:
    from ...run import Run

MOST_CHANGE = 0.002
"""The most that the loss may change, in nats a character."""

MOST_NAMES, MOST_CHARACTERS = 5_000, 50_000
"""Held-out names, or characters of text, that it is measured on."""


def losses(run: Run, precisions: tuple[Precision, ...]) -> list[float] | None:
    """Return the loss on held-out strings for weights of each precision, in nats a character.

    It is that of the model as it was measured: a refitted n-gram knows the held-out names.
    ``None`` if nothing was held out.
    """
    vocabulary, config = run.vocabulary, run.config
    if not (run.held_out_text if run.is_text else run.held_out_names):
        return None
    measured = run.measured
    if run.is_text:
        from ...data.text import held_out_corpus

        corpus = held_out_corpus(run.held_out_text, vocabulary.token_unit, ends=config.documents)
        ids = corpus.within(vocabulary).ids(0, min(len(corpus), MOST_CHARACTERS + 1))
        count = len(ids) - 1
    else:
        names = [name for name in run.held_out_names[:MOST_NAMES] if not vocabulary.unknown(name)]
        strings = [vocabulary.encode(name) for name in names]
        count = sum(len(string) + config.begin for string in strings)
    found = []
    for precision in precisions:
        rnn = recurrence(config, quantised(config, measured.weights, precision))
        nats = stream_nats(rnn, ids) if run.is_text else float(np.sum(score(rnn, strings)))
        found.append(nats / count)
    return found


def change(run: Run, precision: Precision) -> float | None:
    """Return what ``precision`` adds to the loss, in nats a character; ``None`` if unmeasured."""
    if not run.config.has_network:
        return 0.0
    found = losses(run, ("float32", precision))
    return None if found is None else found[1] - found[0]
