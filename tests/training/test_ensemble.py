"""A budget that one network leaves unused: several networks, distilled into one."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from charloom.config import TrainConfig
from charloom.data.names import NameCorpus
from charloom.reporting import describe
from charloom.reporting.progress import show
from charloom.run import load_model, load_state
from charloom.training import ensemble
from charloom.training.events import NextNetwork, Step
from charloom.training.resume import NETWORK
from helpers.trainings import history, interrupted, losses, messages, of_kind, same, train

pytestmark = pytest.mark.heavy

TRAINING = TrainConfig(epochs=2, batch_size=16, learning_rate=0.02, seconds=600.0)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Three networks and few names, so that the clock decides nothing."""
    monkeypatch.setattr(ensemble, "MOST_NETWORKS", 3)
    monkeypatch.setattr(ensemble, "MOST_SAMPLED", 100)
    monkeypatch.setattr(ensemble, "PASSES", 3)


@pytest.fixture(scope="module")
def names():
    parts = itertools.product("bdgk", "aeiou", "lnr", "ns")
    return NameCorpus.of("".join(part) for part in parts)


def test_a_budget_with_time_left_trains_more_networks_and_distils_them(names, tmp_path):
    events = train(names, tmp_path, training=TRAINING)
    assert [(e.number, e.networks) for e in of_kind(events, NextNetwork)] == [
        (2, 3),
        (3, 3),
        (4, 3),
    ]
    steps = [event.step for event in of_kind(events, Step)]
    assert steps == list(range(1, len(steps) + 1))
    entries = history(tmp_path)
    assert [entry.get("networks") for entry in entries] == [None, None, 3, 3, 3]
    finished = events[-1]
    assert finished.reason == "epochs"
    assert finished.best_epoch > 2, "the distilled network should be the best"
    assert same(load_model(tmp_path).weights, finished.weights)
    best = load_model(tmp_path).facts["best"]
    assert describe.distilled(best) == "distilled from 3 networks"


def test_networks_differ_and_are_in_the_state(names, tmp_path):
    train(names, tmp_path, training=TRAINING)
    arrays, _ = load_state(tmp_path)
    kernels = [arrays[f"{NETWORK}{number}/rnn.0.kernel"] for number in range(3)]
    assert all(not np.array_equal(a, b) for a, b in itertools.combinations(kernels, 2))


def test_without_time_for_more_it_is_one_network_as_without_a_budget(names, tmp_path, monkeypatch):
    monkeypatch.setattr(ensemble, "LEAST_TIMES", 1e9)
    events = train(names, tmp_path, training=TRAINING)
    assert not of_kind(events, NextNetwork)
    alone = train(names, None, training=TRAINING.replace(seconds=None))
    assert same(events[-1].weights, alone[-1].weights)


def test_other_backends_train_one_network_and_say_so(names, monkeypatch):
    planned = ensemble.Ensemble.planned

    def on_torch(self, seconds):
        self._checkpoints.backend = "torch"
        return planned(self, seconds)

    monkeypatch.setattr(ensemble.Ensemble, "planned", on_torch)
    events = train(names, None, training=TRAINING)
    assert not of_kind(events, NextNetwork)
    assert "only trained on JAX" in messages(events)[-1]


def test_progress_says_which_network_is_trained(names, capsys):
    show(iter(train(names, None, training=TRAINING)), names)
    shown = capsys.readouterr().err.splitlines()
    assert "there is time for 3 networks; training network 2" in shown
    assert "distilling 3 networks into one" in shown


def test_own_loops_train_one_network(names):
    def step(model, optimizer, loss):
        model.compile(optimizer=optimizer, loss=loss)
        return model.train_on_batch

    events = train(names, None, training=TRAINING, loop=step)
    assert not of_kind(events, NextNetwork)


def steps_until(names, number):
    """Steps before network ``number`` is half trained."""
    count, steps = 0, 0
    for event in train(names, None, training=TRAINING):
        if isinstance(event, NextNetwork):
            count += event.number == number
        steps += isinstance(event, Step)
        if count and isinstance(event, Step):
            return steps + 4
    raise AssertionError


@pytest.mark.parametrize("number", [2, 3, 4])
def test_an_interrupted_training_resumes_to_the_same_end(names, tmp_path, number):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    train(names, whole, training=TRAINING)
    first = interrupted(names, cut, steps_until(names, number), training=TRAINING)
    assert first[-1].reason == "interrupted"
    assert of_kind(first, NextNetwork)[-1].number == number
    assert same(load_model(cut).weights, first[-1].weights)  # the best so far
    rest = train(names, cut, training=TRAINING, resume=True)
    assert of_kind(rest, NextNetwork)[0].number == number
    assert not messages(rest)
    assert losses(history(cut)) == losses(history(whole))
    assert same(load_model(cut).weights, load_model(whole).weights)


def test_a_finished_training_has_nothing_left_to_do(names, tmp_path):
    whole = train(names, tmp_path, training=TRAINING)
    again = train(names, tmp_path, training=TRAINING, resume=True)
    assert not of_kind(again, Step)
    assert "finished" in messages(again)[0]
    assert same(again[-1].weights, whole[-1].weights)
