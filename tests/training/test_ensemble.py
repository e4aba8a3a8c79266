"""A budget that one network leaves unused: several networks, distilled into one."""

from __future__ import annotations

import itertools
import multiprocessing
from contextlib import contextmanager

import numpy as np
import pytest

from charloom.config import ModelConfig, TrainConfig
from charloom.data.names import NameCorpus
from charloom.errors import ConfigError
from charloom.reporting import describe
from charloom.reporting.progress import show
from charloom.run import load_model, load_state
from charloom.training import at_once, ensemble
from charloom.training.events import NextNetwork, Step
from charloom.training.resume import NETWORK
from charloom.training.trainer import fit
from helpers.trainings import MODEL, history, interrupted, losses, messages, of_kind, same, train

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


def alike(a, b):
    """Whether weights are the same up to rounding, which XLA's number of threads decides."""
    return a.keys() == b.keys() and all(np.allclose(a[n], b[n], atol=1e-4) for n in a)


def test_workers_train_the_same_networks_at_once(names, tmp_path):
    alone, shared = tmp_path / "alone", tmp_path / "shared"
    one = train(names, alone, training=TRAINING)
    several = train(names, shared, training=TRAINING, workers=2)
    assert [(e.number, e.networks) for e in of_kind(several, NextNetwork)] == [
        (2, 3),
        (3, 3),
        (4, 3),
    ]
    steps = [event.step for event in of_kind(several, Step)]
    assert steps == sorted(set(steps)) and several[-1].step == one[-1].step
    assert all(0 < event.progress <= 1 for event in of_kind(several, Step))
    assert alike(load_model(shared).weights, load_model(alone).weights)
    assert [entry["step"] for entry in history(shared)] == [e["step"] for e in history(alone)]


def test_a_killed_worker_costs_nothing_but_time(names, tmp_path, monkeypatch):
    begun = []

    def killing(count, work, *arguments):
        started = begin(count, work, *arguments)

        @contextmanager
        def opened():
            with started as connections:
                victims = multiprocessing.active_children()
                begun.extend(victims)
                victims[0].kill()
                victims[0].join()
                yield connections

        return opened()

    begin = at_once.started
    monkeypatch.setattr(at_once, "started", killing)
    killed = train(names, tmp_path / "killed", training=TRAINING, workers=2)
    monkeypatch.undo()
    assert len(begun) == 2 and not any(process.is_alive() for process in begun)
    told = [message for message in messages(killed) if "died" in message]
    assert len(told) == 1 and "begun again; nothing but time is lost" in told[0]
    assert killed[-1].reason == "epochs" and killed[-1].best_epoch > 2


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


def test_interrupted_workers_leave_what_is_finished_and_resume(names, tmp_path):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    train(names, whole, training=TRAINING, workers=2)
    asked = []

    def stop():
        return bool(asked)

    for event in fit(names, model=MODEL, training=TRAINING, out=cut, workers=2, stop=stop):
        if isinstance(event, NextNetwork):
            asked.append(event)
    assert event.reason == "interrupted" and len(asked) < 3
    assert not multiprocessing.active_children()
    rest = train(names, cut, training=TRAINING, workers=3, resume=True)
    assert not messages(rest)
    assert [entry["step"] for entry in history(cut)] == [e["step"] for e in history(whole)]
    assert alike(load_model(cut).weights, load_model(whole).weights)


def test_workers_need_networks_to_share(names):
    few = TRAINING.replace(seconds=None)
    with pytest.raises(ConfigError, match=r"workers are for several networks.*Received: 2 workers"):
        train(names, None, training=few, workers=2)
    with pytest.raises(ConfigError, match="workers are for several networks"):
        train(names, None, model=ModelConfig(kind="ngram"), training=few, workers=2)
    with pytest.raises(ConfigError, match="workers must be a whole number from 1 to 64"):
        train(names, None, training=TRAINING, workers=0)


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
