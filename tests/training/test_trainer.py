"""Training reports, saves, stops, resumes and keeps the best."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from charloom import NameModel, api
from charloom.config import ModelConfig, TrainConfig
from charloom.data.batches.names import Batch
from charloom.data.names import NameCorpus
from charloom.errors import ConfigError, RunError, TrainingError
from charloom.models.rnn.initial import initial_weights
from charloom.models.rnn.numpy import NumpyRNN
from charloom.run import load_model, load_state
from charloom.training import name_data, trainer
from charloom.training.engines.factory import backend_name, make_engine
from charloom.training.events import Evaluated, Finished, Saved, Started, Step, Warned
from charloom.training.trainer import fit

pytestmark = pytest.mark.slow

MODEL = ModelConfig(units=12, embedding=6, dropout=0.2)
TRAINING = TrainConfig(epochs=3, batch_size=16, learning_rate=0.02)


def events_of(corpus, **arguments):
    arguments = {"model": MODEL, "training": TRAINING, **arguments}
    return list(fit(corpus, **arguments))


def of_kind(events, kind):
    return [event for event in events if isinstance(event, kind)]


def same(a, b):
    return a.keys() == b.keys() and all((a[name] == b[name]).all() for name in a)


def test_events_begin_with_started_and_end_with_finished(toy):
    events = events_of(toy)
    started, finished = events[0], events[-1]
    assert isinstance(started, Started)
    assert isinstance(finished, Finished)
    steps, evaluated = of_kind(events, Step), of_kind(events, Evaluated)
    assert started.train_size + started.held_out_size == len(toy.names)
    assert len(steps) == 3 * started.steps_per_epoch == finished.step
    assert [step.step for step in steps] == list(range(1, len(steps) + 1))
    assert [event.epoch for event in evaluated] == [1, 2, 3]
    assert steps[-1].progress == 1
    assert finished.reason == "epochs"


def test_the_loss_falls(toy):
    evaluated = of_kind(events_of(toy, training=TRAINING.replace(epochs=8)), Evaluated)
    assert evaluated[-1].train_nats_per_char < 0.8 * evaluated[0].train_nats_per_char
    assert evaluated[-1].held_out_nats_per_char < 0.8 * evaluated[0].held_out_nats_per_char


def test_the_reported_held_out_loss_is_that_of_the_scored_names(toy):
    last = of_kind(events_of(toy), Evaluated)[-1]
    _, held_out = toy.split(TRAINING.held_out, TRAINING.seed)
    nats = NameModel(NumpyRNN(MODEL, last.weights), toy.vocabulary).nll(held_out)
    characters = sum(map(len, held_out)) + len(held_out)
    assert last.held_out_nats_per_char == pytest.approx(nats.sum() / characters)


def test_the_reported_training_loss_counts_ends_but_no_padding(toy):
    # With a rate of almost 0 the weights stay, so the epoch's loss can be scored afterwards.
    still = TRAINING.replace(epochs=1, learning_rate=1e-12)
    only = of_kind(events_of(toy, model=MODEL.replace(dropout=0.0), training=still), Evaluated)[0]
    train, _ = toy.split(still.held_out, still.seed)
    nats = NameModel(NumpyRNN(MODEL, only.weights), toy.vocabulary).nll(train)
    assert only.train_nats_per_char == pytest.approx(
        nats.sum() / (sum(map(len, train)) + len(train)), rel=1e-5
    )


def test_the_seed_decides_everything(toy):
    first, again, other = (
        events_of(toy, training=TRAINING.replace(seed=seed))[-1] for seed in (5, 5, 6)
    )
    assert same(first.weights, again.weights)
    assert not same(first.weights, other.weights)


def test_the_best_weights_are_kept(toy):
    # A rate that is far too high at its peak makes later epochs worse than some earlier one.
    events = events_of(toy, training=TRAINING.replace(epochs=8, learning_rate=0.5, patience=0))
    evaluated = of_kind(events, Evaluated)
    best = min(evaluated, key=lambda event: event.held_out_nats_per_char)
    assert events[-1].best_epoch == best.epoch
    assert same(events[-1].weights, best.weights)
    assert [e.best for e in evaluated] == [
        e.held_out_nats_per_char
        < min((f.held_out_nats_per_char for f in evaluated[:i]), default=99)
        for i, e in enumerate(evaluated)
    ]


def test_training_stops_early_when_the_held_out_loss_no_longer_falls(toy, monkeypatch):
    losses = itertools.chain([3.0, 2.0], itertools.repeat(2.5))
    held_out = "held_out_nats_per_char"
    loss = lambda self, weights: {held_out: next(losses)}  # noqa: E731
    monkeypatch.setattr(name_data.NameData, "held_out_loss", loss)
    finished = events_of(toy, training=TRAINING.replace(epochs=50, patience=3))[-1]
    assert (finished.reason, finished.epoch, finished.best_epoch) == ("early stopping", 5, 2)


def test_without_held_out_names_the_last_weights_are_kept(toy):
    events = events_of(toy, training=TRAINING.replace(held_out=0))
    assert events[0].held_out_size == 0
    assert events[-1].held_out_nats_per_char is None
    assert events[-1].best_epoch == 3
    assert same(events[-1].weights, of_kind(events, Evaluated)[-1].weights)


@pytest.mark.heavy
@pytest.mark.parametrize("names", [["Ann"], ["Ann", "Bo"], ["Ann", "Bo", "Cy"], ["a", "b", "c"]])
def test_one_two_and_three_names_work_untuned(names):
    corpus = NameCorpus.of(names)
    assert any("few" in warning for warning in corpus.report.warnings)
    model = api.train(corpus, epochs=2)
    assert np.isfinite(model.nll(names)).all()


def test_too_few_held_out_names_do_not_choose_the_epoch():
    events = events_of(NameCorpus.of(["Ann", "Bo", "Cy"]), training=TRAINING.replace(epochs=30))
    assert of_kind(events, Warned)
    assert events[-1].best_epoch == events[-1].epoch == 30


@pytest.mark.heavy
def test_a_budget_of_seconds_ends_the_training(toy):
    training = TRAINING.replace(epochs=1_000_000, patience=0, seconds=4.0)
    finished = events_of(toy, training=training)[-1]
    assert finished.reason == "seconds"
    assert finished.seconds < 10
    assert finished.epoch < 1_000_000


def test_a_budget_that_is_too_small_still_gives_a_model(toy):
    finished = events_of(toy, training=TRAINING.replace(epochs=50, seconds=0.01))[-1]
    assert (finished.reason, finished.step) == ("seconds", 1)


@pytest.mark.heavy
@pytest.mark.parametrize("cell", ["gru", "lstm", "rnn"])
def test_every_cell_trains_with_several_layers(toy, cell):
    model = MODEL.replace(cell=cell, layers=2)
    evaluated = of_kind(events_of(toy, model=model), Evaluated)
    assert evaluated[-1].held_out_nats_per_char < math.log(15)


def test_the_run_folder_holds_the_best_model_and_its_origin(toy, tmp_path):
    events = events_of(toy, out=tmp_path / "run")
    saved = load_model(tmp_path / "run")
    train, held_out = toy.split(TRAINING.held_out, TRAINING.seed)
    assert same(dict(saved.weights), dict(events[-1].weights))
    assert saved.config == MODEL
    assert (saved.train_names, saved.held_out_names) == (train, held_out)
    assert saved.facts["training"] == TRAINING.to_dict()
    assert saved.facts["best"]["held_out_nats_per_char"] == events[-1].held_out_nats_per_char
    assert len(saved.facts["history"]) == events[-1].best_epoch
    assert of_kind(events, Saved)


def test_a_folder_in_use_is_refused_before_any_work(toy, tmp_path):
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(RunError, match="force"):
        events_of(toy, out=tmp_path)
    assert (tmp_path / "mine.txt").read_text() == "x"
    events_of(toy, out=tmp_path, force=True)
    assert (tmp_path / "mine.txt").read_text() == "x"
    assert load_model(tmp_path).config == MODEL


def interrupted(corpus, folder, after, **arguments):
    """Train, and stop after so many steps."""
    count = itertools.count(1)
    return events_of(corpus, out=folder, stop=lambda: next(count) >= after, **arguments)


@pytest.mark.parametrize("after", [1, 7, 8])  # in the first epoch, at its end, in the second
def test_an_interrupted_training_resumes_bit_for_bit(toy, tmp_path, after):
    whole = events_of(toy, out=tmp_path / "whole")[-1]
    first = interrupted(toy, tmp_path / "parts", after)[-1]
    assert (first.reason, first.step) == ("interrupted", after)
    assert load_model(tmp_path / "parts")  # there is something to generate from already
    rest = events_of(toy, out=tmp_path / "parts", resume=True)
    assert rest[-1].reason == "epochs"
    assert len(of_kind(rest, Step)) == whole.step - after
    assert same(dict(rest[-1].weights), dict(whole.weights))
    assert rest[-1].held_out_nats_per_char == whole.held_out_nats_per_char
    ours, theirs = (load_state(tmp_path / name)[0] for name in ("parts", "whole"))
    assert same(ours, theirs)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": MODEL.replace(units=13)}, "units"),
        ({"training": TRAINING.replace(learning_rate=0.03)}, "learning rate"),
        ({"training": TRAINING.replace(seed=1)}, "seed"),
    ],
)
def test_a_resumed_training_must_be_the_same(toy, tmp_path, change, message):
    interrupted(toy, tmp_path, 2)
    with pytest.raises(RunError, match=message):
        events_of(toy, out=tmp_path, resume=True, **change)


def test_a_resumed_training_must_have_the_same_corpus(toy, tmp_path):
    interrupted(toy, tmp_path, 2)
    with pytest.raises(RunError, match="corpus"):
        events_of(NameCorpus.of([*toy.names, "other"]), out=tmp_path, resume=True)


def test_resuming_an_empty_folder_starts_from_the_beginning(toy, tmp_path):
    events = events_of(toy, out=tmp_path / "new", resume=True)
    assert events[0].first_epoch == 1
    assert events[-1].reason == "epochs"


def test_resuming_a_finished_training_changes_nothing(toy, tmp_path):
    end = events_of(toy, out=tmp_path)[-1]
    again = events_of(toy, out=tmp_path, resume=True)
    assert not of_kind(again, Step)
    assert same(dict(again[-1].weights), dict(end.weights))


class Poisoned:
    """An engine whose loss becomes NaN at a step."""

    def __init__(self, engine, at):
        self.engine, self.left = engine, at

    def step(self, batch, rate):
        self.left -= 1
        return float("nan") if self.left == 0 else self.engine.step(batch, rate)

    def __getattr__(self, name):
        return getattr(self.engine, name)


def poison(monkeypatch, at):
    monkeypatch.setattr(trainer, "make_engine", lambda *a, **k: Poisoned(make_engine(*a, **k), at))


def test_a_loss_of_nan_keeps_the_last_good_weights(toy, tmp_path, monkeypatch):
    poison(monkeypatch, 15)
    events = events_of(toy, out=tmp_path)
    good = [e for e in of_kind(events, Evaluated) if e.best][-1]
    assert events[-1].reason == "diverged"
    assert same(dict(load_model(tmp_path).weights), dict(good.weights))


def test_a_loss_of_nan_in_the_first_epoch_says_what_to_change(toy, tmp_path, monkeypatch):
    poison(monkeypatch, 2)
    with pytest.raises(TrainingError, match="Lower --learning-rate"):
        events_of(toy, out=tmp_path)


def test_an_unknown_backend_is_named(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "theano")
    with pytest.raises(ConfigError, match="theano"):
        backend_name()


def random_batch(seed: int) -> Batch:
    rng = np.random.default_rng(seed)
    inputs, targets = rng.integers(0, 7, (2, 4, 9)).astype(np.int32)
    mask = (np.arange(9) < np.array([[9], [5], [7], [2]])).astype(np.float32)
    return Batch(inputs, targets, mask, names=4)


@pytest.mark.heavy
@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("cell", ["gru", "lstm", "rnn"])
def test_the_engine_of_jax_takes_the_steps_of_keras(cell, nesterov):
    """Clipping, decay, moments and masks, over several steps, against Keras' own layers."""
    from charloom.training.engines.keras import KerasEngine

    model = ModelConfig(cell=cell, units=9, layers=2, embedding=5, dropout=0.0)
    training = TrainConfig(batch_size=4, clip_norm=0.3, weight_decay=0.05, nesterov=nesterov)
    weights = initial_weights(model, 7, seed=0)
    engines = (
        make_engine(backend_name(), model, training, weights, 30.0),
        KerasEngine(model, training, weights, 30.0),
    )
    engines[0].prepare([9])
    for step in range(5):
        rate = 0.01 * (step + 1)
        ours, theirs = (float(e.step(random_batch(step), rate)) for e in engines)
        assert ours == pytest.approx(theirs, rel=1e-5)
    ours, theirs = (engine.weights() for engine in engines)
    for name in weights:
        np.testing.assert_allclose(ours[name], theirs[name], atol=2e-5, err_msg=name)
    assert np.abs(ours["embedding"] - weights["embedding"]).max() > 0.01


def test_an_engine_resumes_from_its_state():
    model = ModelConfig(units=9, embedding=5, dropout=0.5)
    training = TrainConfig(batch_size=4)
    engine = make_engine(backend_name(), model, training, initial_weights(model, 7, 0), 30.0)
    engine.step(random_batch(0), 0.01)
    state = engine.state()
    ahead = [float(engine.step(random_batch(i), 0.01)) for i in (1, 2)]
    engine.restore(state)
    assert [float(engine.step(random_batch(i), 0.01)) for i in (1, 2)] == ahead


@pytest.mark.skipif(backend_name() != "jax", reason="Keras draws its own masks")
def test_dropout_draws_another_mask_at_every_step():
    model, training = ModelConfig(units=200, dropout=0.3), TrainConfig(batch_size=50)
    engine = make_engine("jax", model, training, initial_weights(model, 7, 0), 30.0)
    first, again = engine._dropout(), engine._dropout()
    engine._count += 1
    later = engine._dropout()
    assert set(np.unique(first)) == {np.float32(0), np.float32(1) / np.float32(0.7)}
    assert first.shape == (1, 50, 200)
    assert (first == 0).mean() == pytest.approx(0.3, abs=0.02)
    assert (first == again).all()
    assert (first != later).any()
