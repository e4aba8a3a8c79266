"""Training the network again on all names, once held-out names have chosen how long."""

from __future__ import annotations

import itertools

import pytest

from charloom.api import fit as fit_corpus
from charloom.api import load, model_of, train
from charloom.config import TrainConfig
from charloom.data.names import NameCorpus
from charloom.errors import ConfigError, RunError
from charloom.evaluation import likelihood
from charloom.run import MEASURED, Run, holds_model
from charloom.training.events import Evaluated, Refitting
from charloom.training.name_data import NameData
from charloom.training.trainer import fit
from helpers.trainings import MODEL, TRAINING, contents, messages, of_kind, same
from helpers.trainings import train as run_training

pytestmark = pytest.mark.heavy

REFIT = TRAINING.replace(refit=True)
MIXTURE = MODEL.replace(kind="mixture", smoothing="fitted")


def network_of(weights):
    return {n: a for n, a in weights.items() if not n.startswith(("ngram.", "mixture."))}


def refit_until(corpus, folder, step, **arguments):
    """Train, and stop after ``step`` steps of the second training."""
    seen = []
    events = fit(
        corpus, model=MIXTURE, training=REFIT, out=folder, stop=lambda: len(seen) >= step,
        **arguments,
    )  # fmt: skip
    everything = []
    for event in events:
        everything.append(event)
        if isinstance(event, Refitting):
            seen.append(event.step)
    return everything


@pytest.fixture(scope="module")
def refitted(toy, tmp_path_factory):
    """A finished training and its folder."""
    folder = tmp_path_factory.mktemp("refit") / "run"
    return run_training(toy, folder, model=MIXTURE, training=REFIT), folder


def test_the_network_is_the_one_that_all_names_train_for_as_many_epochs(toy, refitted):
    events, folder = refitted
    settings = TRAINING.replace(held_out=0.0, patience=0)
    alone = MODEL.replace(kind="network")
    best = events[-1].best_epoch
    for event in of_kind(fit(toy, model=alone, training=settings), Evaluated):
        if event.epoch == best:
            assert same(network_of(Run.open(folder).weights), dict(event.weights))


def test_a_late_best_epoch_follows_the_schedule_of_all_epochs(toy):
    training = REFIT.replace(epochs=4, learning_rate=0.001)
    end = list(fit(toy, model=MODEL, training=training))[-1]
    assert end.best_epoch == 4  # a slow training is best at its end
    whole = fit(toy, model=MODEL, training=training.replace(held_out=0.0, patience=0, refit=False))
    assert same(dict(end.weights), dict(of_kind(whole, Evaluated)[3].weights))


def test_the_measured_model_is_kept_and_measured(refitted):
    events, folder = refitted
    run = Run.open(folder)
    reported = events[-1].held_out_nats_per_char
    best = [event for event in of_kind(events, Evaluated) if event.best][-1]
    assert same(dict(run.measured.weights), dict(best.weights))
    measured = likelihood(load(run.measured), run.held_out_names).nats_per_char
    assert measured == pytest.approx(reported, abs=1e-6)
    assert run.facts.best["held_out_nats_per_char"] == reported
    assert run.facts.refit["network"]["names"] == 120
    assert same(dict(events[-1].weights), dict(run.weights))


def test_the_second_training_is_reported_step_by_step(refitted):
    steps = of_kind(refitted[0], Refitting)
    assert [event.step for event in steps] == list(range(1, steps[-1].steps + 1))
    assert {event.names for event in steps} == {120}


def test_interrupted_it_leaves_the_measured_model_and_resumes(toy, tmp_path, refitted):
    events = refit_until(toy, tmp_path / "run", 3)
    assert events[-1].reason == "interrupted"
    run = Run.open(tmp_path / "run")
    assert "network" not in run.facts.refit
    assert same(dict(run.measured.weights), dict(Run.open(refitted[1]).measured.weights))
    again = run_training(toy, tmp_path / "run", model=MIXTURE, training=REFIT, resume=True)
    assert not messages(again)
    assert of_kind(again, Refitting) and again[-1].reason == "epochs"
    assert same(dict(Run.open(tmp_path / "run").weights), dict(Run.open(refitted[1]).weights))


def test_resumed_once_more_it_changes_no_file(toy, refitted):
    folder = refitted[1]
    before = contents(folder), contents(folder / MEASURED)
    again = run_training(toy, folder, model=MIXTURE, training=REFIT, resume=True)
    assert (contents(folder), contents(folder / MEASURED)) == before
    assert not of_kind(again, Refitting)
    assert same(dict(again[-1].weights), dict(Run.open(folder).weights))
    assert "nothing is left to do" in messages(again)[0]


def test_a_finished_training_can_be_refitted_by_resuming_it(toy, tmp_path, refitted):
    run_training(toy, tmp_path / "run", model=MIXTURE)
    run_training(toy, tmp_path / "run", model=MIXTURE, training=REFIT, resume=True)
    assert same(dict(Run.open(tmp_path / "run").weights), dict(Run.open(refitted[1]).weights))


def test_further_epochs_replace_the_refitted_model(toy, tmp_path):
    slow = REFIT.replace(learning_rate=0.001)
    run_training(toy, tmp_path / "run", training=slow.replace(epochs=1))
    run_training(toy, tmp_path / "run", training=slow.replace(epochs=3), resume=True)
    run = Run.open(tmp_path / "run")
    assert run.facts.best["epoch"] == 3 and run.facts.refit["network"]["steps"] > 20
    measured = likelihood(load(run.measured), run.held_out_names).nats_per_char
    assert measured == pytest.approx(run.facts.best["held_out_nats_per_char"], abs=1e-6)


def test_a_lost_measured_model_is_an_error(toy, tmp_path):
    run_training(toy, tmp_path / "run", training=REFIT.replace(epochs=1))
    (tmp_path / "run" / MEASURED / "model.json").unlink()
    with pytest.raises(RunError, match="measured"):
        Run.open(tmp_path / "run").measured  # noqa: B018


def test_without_a_folder_the_model_is_refitted_too(toy, refitted):
    end = list(fit(toy, model=MIXTURE, training=REFIT))[-1]
    assert same(dict(end.weights), dict(refitted[0][-1].weights))


def test_a_training_that_is_interrupted_is_not_refitted(toy, tmp_path):
    count = itertools.count(1)
    events = run_training(
        toy, tmp_path / "run", training=REFIT, stop=lambda: next(count) >= 3
    )  # fmt: skip
    assert not of_kind(events, Refitting) and events[-1].reason == "interrupted"
    assert not holds_model(tmp_path / "run" / MEASURED)


def test_canaries_and_labels_are_those_that_were_measured(tmp_path):
    names = ["".join(p) for p in itertools.product("bdgk", "aeiou", "lnr", "ns")]
    labels = ["soft" if name[0] in "bd" else "hard" for name in names]
    corpus = NameCorpus.of(names, labels=labels)
    settings = {"epochs": 2, "units": 8, "embedding": 4, "canaries": 4, "refit": True}
    list(fit_corpus(corpus, out=tmp_path / "run", **settings))
    run = Run.open(tmp_path / "run")
    assert len(run.facts.canaries) == 4 and run.measured.facts.canaries == run.facts.canaries
    assert run.facts.refit["network"]["names"] == len(names)
    assert not same(dict(run.weights), dict(run.measured.weights))


def test_a_time_budget_is_divided_between_the_two_trainings(toy):
    training = REFIT.replace(epochs=100_000, seconds=2.0, patience=0)
    events = list(fit(toy, model=MODEL, training=training))
    assert events[-1].reason == "seconds"
    best = next(e for e in of_kind(events, Evaluated) if e.epoch == events[-1].best_epoch)
    per_epoch = events[0].steps_per_epoch
    assert abs(of_kind(events, Refitting)[-1].steps - best.step * 8 / per_epoch) <= 1.5


def test_the_canaries_of_the_second_training_are_those_of_the_first(toy):
    first = NameData(toy, MODEL, TRAINING.replace(canaries=4))
    second = first.on_all(TRAINING.replace(held_out=0.0))
    assert set(second.train_names) == {*toy.names, *first.facts()["canaries"]}
    assert len(second.train_names) == len(toy.names) + 4 and not second.held_out_names


@pytest.mark.parametrize("settings", [{"held_out": 0.0}, {"preparation": "text"}])
def test_it_needs_held_out_names(settings):
    with pytest.raises(ConfigError, match="refit needs names, some of them held out"):
        TrainConfig(refit=True, **settings)


def test_python_trains_and_saves_a_refitted_model(toy, tmp_path):
    model = train(toy, out=tmp_path / "run", refit=True, epochs=2, units=8, embedding=4)
    saved = model_of(Run.open(tmp_path / "run").saved)
    assert model.names(5, seed=1, allow_known=True) == saved.names(5, seed=1, allow_known=True)


@pytest.mark.slow
def test_the_command_says_what_it_does(call, names_file, tmp_path):
    options = ["--units", 8, "--embedding", 4, "--epochs", 2, "--out", tmp_path / "run"]
    code, _, err = call("train", names_file, "--refit", *options)
    assert code == 0
    assert "training the network again, on all 120 names" in err
    assert "nats/char, before the network and the n-gram were refitted to all names. Saved" in err
    assert "the network and the n-gram were refitted to all" in call("info", tmp_path / "run")[1]
    card = call("card", tmp_path / "run", "--samples", 20, "--out", "-")[1]
    assert '"refit": true' in card and "before the network and the n-gram were refitted" in card
    assert "only counts" in call("train", names_file, "--model", "ngram", "--refit")[2]
