"""Before a long training takes its first step, it says how long it will take."""

from __future__ import annotations

import pytest

from charloom.config import ModelConfig, TrainConfig
from charloom.reporting.narrated import duration
from charloom.training import duration as durations
from charloom.training.engines.jax import JaxEngine
from charloom.training.events import Evaluated, Ready, Started, Step
from charloom.training.trainer import fit

MODEL = ModelConfig(units=8, embedding=4)
TRAINING = TrainConfig(epochs=3, batch_size=16)


def trained(corpus, training=TRAINING, **arguments):
    return list(fit(corpus, model=MODEL, training=training, **arguments))


@pytest.fixture
def second(monkeypatch):
    """Let a batch of every size take a hundredth of a second for each of its cells."""
    monkeypatch.setattr(durations, "MANY_STEPS", 10)
    monkeypatch.setattr(JaxEngine, "seconds_of", lambda self, batch: 0.01 * batch.mask.size)


def test_the_estimate_is_the_time_of_all_cells(toy, second):
    events = trained(toy)
    started, ready, first = events[0], events[1], events[2]
    assert isinstance(started, Started) and isinstance(first, Step)
    characters = sum(len(name) + 1 for name in toy.names) * started.train_size / len(toy.names)
    cells = 3 * characters / (1 - started.padded_share)
    assert ready.seconds == pytest.approx(durations.WHOLE * 0.01 * cells, rel=0.1)


def test_a_budget_bounds_it_and_a_resumed_training_takes_the_rest(toy, second, tmp_path):
    whole = trained(toy)[1].seconds
    (bounded,) = [e for e in trained(toy, TRAINING.replace(seconds=2.0)) if isinstance(e, Ready)]
    assert bounded.seconds <= 2 < whole
    epochs = []
    stop = lambda: bool(epochs)  # noqa: E731
    for event in fit(toy, model=MODEL, training=TRAINING, out=tmp_path / "run", stop=stop):
        epochs += [event] if isinstance(event, Evaluated) else []
    resumed = trained(toy, out=tmp_path / "run", resume=True)
    (rest,) = [event for event in resumed if isinstance(event, Ready)]
    steps = sum(isinstance(event, Step) for event in resumed)
    assert rest.seconds == pytest.approx(whole * steps / (3 * resumed[0].steps_per_epoch), rel=0.1)


def test_short_trainings_say_nothing(toy):
    assert not any(isinstance(event, Ready) for event in trained(toy))


def test_timing_changes_nothing(toy, monkeypatch):
    plain = trained(toy, TRAINING.replace(seed=3))[-1]
    monkeypatch.setattr(durations, "MANY_STEPS", 10)
    events = trained(toy, TRAINING.replace(seed=3))
    assert any(isinstance(event, Ready) and event.seconds > 0 for event in events)
    assert all((plain.weights[n] == events[-1].weights[n]).all() for n in plain.weights)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (20, None),
        (45, "this takes up to 1 minute"),
        (61, "this takes up to 2 minutes"),
        (5 * 3600, "this takes up to 5 hours"),
    ],
)
def test_what_is_said(seconds, said):
    assert duration(Ready(seconds=seconds)) == said
