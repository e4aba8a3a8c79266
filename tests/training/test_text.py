"""Training on running text: what it learns, on every engine, interrupted or not."""

from __future__ import annotations

import itertools
import math
import os

import numpy as np
import pytest

from charloom.config import ModelConfig, TrainConfig
from charloom.data.batches.windows import TextBatches
from charloom.data.names import NameCorpus
from charloom.data.text import TextCorpus
from charloom.errors import ConfigError, CorpusError
from charloom.models.rnn.initial import initial_weights
from charloom.models.rnn.numpy import NumpyRNN
from charloom.models.scoring.text import stream_nats, window_nats
from charloom.run import load_model
from charloom.training.engines.factory import make_engine
from charloom.training.events import Evaluated, Finished, Saved, Started, Step
from charloom.training.recipes import settings_for
from charloom.training.trainer import fit

pytestmark = pytest.mark.heavy

MODEL = ModelConfig(units=16, embedding=8, dropout=0.1, text=True)
TRAINING = TrainConfig(
    epochs=3, batch_size=4, window=16, learning_rate=0.02, preparation="text", held_out=0.2
)


@pytest.fixture(scope="module")
def counting() -> TextCorpus:
    """Words that follow each other in a circle: only a carry that is kept knows which is next."""
    words = itertools.cycle(["one", "two", "three", "four", "five", "six"])
    return TextCorpus.of(" ".join(itertools.islice(words, 700)))


def train(text, folder=None, **arguments):
    return list(fit(text, **({"model": MODEL, "training": TRAINING, "out": folder} | arguments)))


def of_kind(events, kind):
    return [event for event in events if isinstance(event, kind)]


def test_the_loss_falls_and_both_measures_of_what_is_held_out_are_reported(counting):
    events = train(counting)
    started, finished = events[0], events[-1]
    assert isinstance(started, Started)
    assert started.counted == "characters"
    assert started.train_size + started.held_out_size == len(counting) - 1
    assert started.held_out_size == int((len(counting) - 1) * 0.2)
    first, *_, last = of_kind(events, Evaluated)
    assert last.train_nats_per_char < first.train_nats_per_char < math.log(20)
    assert finished.held_out_nats_per_char < 0.3
    assert finished.held_out_window_nats_per_char is not None
    assert all(step.characters_per_second > 0 for step in of_kind(events, Step))


def test_the_held_out_losses_are_those_of_the_last_tenths_in_order(counting):
    finished = train(counting)[-1]
    rnn = NumpyRNN(MODEL, finished.weights)
    size = int((len(counting) - 1) * 0.2)
    ids = np.concatenate([[0], counting.ids(len(counting) - size, len(counting))])
    assert finished.held_out_nats_per_char == stream_nats(rnn, ids) / size
    assert finished.held_out_window_nats_per_char == window_nats(rnn, ids) / size


def test_a_carry_that_is_kept_knows_more_than_windows_do(counting):
    # In a window shorter than a word the next word can be told only by what came before.
    finished = train(counting, training=TRAINING.replace(window=4, batch_size=8, epochs=8))[-1]
    rnn = NumpyRNN(MODEL, finished.weights)
    ids = counting.ids(0, len(counting))
    assert stream_nats(rnn, ids) < 0.8 * window_nats(rnn, ids, window=4)


def interrupted(text, folder, after, **arguments):
    count = itertools.count(1)
    return train(text, folder, stop=lambda: next(count) >= after, **arguments)


def test_a_training_resumed_within_an_epoch_ends_bit_for_bit_as_one_in_peace(counting, tmp_path):
    whole = train(counting, tmp_path / "whole")[-1]
    interrupted(counting, tmp_path / "parts", 20)
    interrupted(counting, tmp_path / "parts", 31, resume=True)
    parts = train(counting, tmp_path / "parts", resume=True)[-1]
    assert all((whole.weights[name] == parts.weights[name]).all() for name in whole.weights)
    assert whole.held_out_nats_per_char == parts.held_out_nats_per_char
    assert load_model(tmp_path / "parts").facts["best"]["step"] == whole.step


def test_a_state_is_saved_after_so_many_steps(counting, tmp_path):
    often = TRAINING.replace(save_steps=10, epochs=1)
    events = train(counting, tmp_path, training=often)
    at = [i for i, event in enumerate(events) if isinstance(event, Saved)]
    steps = [of_kind(events[:i], Step)[-1].step for i in at]
    assert steps[:3] == [10, 20, 30]


def test_another_text_is_refused_when_resuming(counting, tmp_path):
    from charloom.errors import RunError

    interrupted(counting, tmp_path, 5)
    with pytest.raises(RunError, match="another corpus"):
        train(TextCorpus.of("other words for once, " * 200), tmp_path, resume=True)


def test_text_and_names_do_not_take_each_others_settings(counting):
    with pytest.raises(ConfigError, match="fit the corpus"):
        next(fit(counting, model=MODEL.replace(text=False), training=TRAINING))
    with pytest.raises(ConfigError, match="fit the corpus"):
        next(fit(NameCorpus.of(["abc", "abd"]), model=MODEL, training=TRAINING))


def test_a_text_too_short_to_learn_from_is_refused():
    with pytest.raises(CorpusError, match="too little"):
        next(fit(TextCorpus.of("a"), model=MODEL, training=TRAINING))


def test_any_text_trains_with_its_recipe():
    text = TextCorpus.of("so short a text")
    model, training = settings_for(text, units=8, embedding=4, epochs=1)
    finished = train(text, model=model, training=training)[-1]
    assert isinstance(finished, Finished)


@pytest.mark.skipif(
    os.environ.get("KERAS_BACKEND", "jax") != "jax", reason="JAX alone has two engines"
)
@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_the_keras_engine_takes_the_same_steps_as_the_fast_one(counting, cell):
    config = MODEL.replace(cell=cell, dropout=0.0)
    weights = initial_weights(config, counting.vocabulary.size, seed=1)
    batches = TextBatches(counting, len(counting), TRAINING.batch_size, TRAINING.window)
    losses = []
    for loop in ("fit", "custom"):
        engine = make_engine("jax", config, TRAINING, weights, batches.characters_per_batch, loop)
        steps = [*range(4), 0, 1]
        losses.append([float(engine.step(batches.batch(0, s), 1e-2)) for s in steps])
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
