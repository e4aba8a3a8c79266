"""Without held-out names, cross-validation chooses epochs and exponents inside the list."""

from __future__ import annotations

import itertools

import pytest

from charloom.data.names import NameCorpus
from charloom.models.gates import mean
from charloom.run import Run
from charloom.training import cross_validation
from charloom.training.cross_validation import has_choice
from charloom.training.events import Choosing, Chosen, Evaluated, Finished
from charloom.training.recipes import TUTORIAL, settings_for
from charloom.training.trainer import fit
from helpers.trainings import MODEL, TRAINING, messages, of_kind, same
from helpers.trainings import train as run_training

pytestmark = pytest.mark.heavy

MIXTURE = MODEL.replace(kind="mixture", smoothing="fitted")
NONE_HELD_OUT = TRAINING.replace(held_out=0.0, epochs=4)


@pytest.fixture(autouse=True)
def for_short_lists(monkeypatch):
    monkeypatch.setattr(cross_validation, "LEAST_NAMES", 20)


def run(corpus, folder=None, **arguments):
    given = {"model": MIXTURE, "training": NONE_HELD_OUT} | arguments
    return run_training(corpus, folder, **given)


def is_chosen(corpus, monkeypatch, **changes):
    """Whether a training with these settings would choose."""
    asked = []
    monkeypatch.setattr(
        "charloom.training.trainer.has_choice", lambda t: asked.append(has_choice(t))
    )
    model, training = settings_for(corpus, **{"units": 8, "base": "none", **changes})
    next(fit(corpus, model=model, training=training))
    return asked[0]


@pytest.fixture(scope="module")
def chosen(toy, tmp_path_factory):
    """A finished training and its folder."""
    folder = tmp_path_factory.mktemp("cross") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cross_validation, "LEAST_NAMES", 20)
        return run(toy, folder), folder


def test_the_choice_is_used_and_recorded(chosen):
    events, folder = chosen
    [choice] = of_kind(events, Chosen)
    end = events[-1]
    assert end.epoch == end.best_epoch == choice.epochs <= 4
    assert mean(end.weights["mixture.exponents"]) == pytest.approx(choice.exponents)
    assert end.weights["mixture.exponents"].shape == (3, 4)
    facts = Run.open(folder).facts
    assert facts.cross_validation["nats_per_char"] == choice.nats_per_char
    assert facts.cross_validation["epochs"] == choice.epochs
    assert facts.held_out_size == 0 and end.held_out_nats_per_char is None
    assert not [m for m in messages(events) if "exponents" in m]


def test_each_fold_is_reported(chosen):
    folds = [event.fold for event in of_kind(chosen[0], Choosing)]
    assert sorted(set(folds)) == [1, 2, 3, 4] and folds == sorted(folds)
    place = [type(e) for e in chosen[0]].index(Chosen)
    assert not of_kind(chosen[0][:place], Evaluated)  # those of the folds are not the run's


def test_workers_train_the_folds_at_once_and_choose_the_same(toy, chosen):
    events = run(toy, workers=2)
    ours, theirs = of_kind(events, Chosen)[0], of_kind(chosen[0], Chosen)[0]
    assert ours.epochs == theirs.epochs
    assert ours.exponents == pytest.approx(theirs.exponents, abs=1e-3)
    assert ours.nats_per_char == pytest.approx(theirs.nats_per_char, abs=1e-4)
    shares = [event.fold + event.progress for event in of_kind(events, Choosing)]
    assert shares == sorted(shares) and all(1 < share <= 5 for share in shares)


def test_the_network_trains_on_all_names_along_the_whole_schedule(toy, chosen):
    epochs = of_kind(chosen[0], Chosen)[0].epochs
    alone = fit(toy, model=MODEL, training=NONE_HELD_OUT)
    expected = next(e for e in of_kind(alone, Evaluated) if e.epoch == epochs).weights
    ours = chosen[0][-1].weights
    assert same({name: ours[name] for name in expected}, dict(expected))


def test_the_loss_of_the_folds_is_near_that_of_other_names(toy, chosen):
    measured = list(fit(toy, model=MIXTURE, training=TRAINING.replace(epochs=4)))[-1]
    [choice] = of_kind(chosen[0], Chosen)
    assert choice.nats_per_char == pytest.approx(measured.held_out_nats_per_char, abs=0.15)


def test_a_network_that_overfits_is_stopped_sooner(toy):
    names = toy.names[:40]
    model = MIXTURE.replace(units=64, dropout=0.0)
    training = NONE_HELD_OUT.replace(epochs=30, learning_rate=0.03, weight_decay=0.0)
    [choice] = of_kind(fit(NameCorpus.of(names), model=model, training=training), Chosen)
    assert choice.epochs < 30


@pytest.mark.parametrize("after", [2, 10, 20])
def test_interrupted_at_any_time_it_ends_the_same(toy, tmp_path, chosen, after):
    asked = itertools.count(1)
    events = run(toy, tmp_path / "run", stop=lambda: next(asked) >= after)
    assert events[-1].reason == "interrupted"
    again = run(toy, tmp_path / "run", resume=True)
    assert again[-1].reason == "epochs"
    assert same(dict(again[-1].weights), dict(chosen[0][-1].weights))


def test_resumed_after_the_choice_it_keeps_it(toy, tmp_path, chosen):
    count = itertools.count(1)
    steps = len(of_kind(chosen[0], Choosing)) + 3
    first = run(toy, tmp_path / "run", stop=lambda: next(count) >= steps)
    assert first[-1].reason == "interrupted" and of_kind(first, Chosen)
    again = run(toy, tmp_path / "run", resume=True)
    assert not of_kind(again, Choosing)
    assert same(dict(again[-1].weights), dict(chosen[0][-1].weights))


def test_a_finished_training_is_finished(toy, chosen):
    again = run(toy, chosen[1], resume=True)
    assert not of_kind(again, Choosing) and "nothing is left to do" in messages(again)[0]


def test_with_too_little_time_fixed_values_are_used(toy):
    events = run(toy, training=NONE_HELD_OUT.replace(seconds=0.01))
    assert not of_kind(events, Chosen)
    assert any("too little time to choose epochs" in m for m in messages(events))
    assert isinstance(events[-1], Finished)


def test_what_is_chosen_for(toy, monkeypatch):
    assert is_chosen(toy, monkeypatch, held_out=0.0)
    assert not is_chosen(toy, monkeypatch)
    assert not is_chosen(toy, monkeypatch, held_out=0.0, kind="network")
    assert not is_chosen(toy, monkeypatch, held_out=0.0, smoothing="kneser-ney")
    assert not is_chosen(NameCorpus.of(toy.names[:19]), monkeypatch, held_out=0.0)
    assert is_chosen(NameCorpus.of(toy.names[:20]), monkeypatch, held_out=0.0)
    repeated = NameCorpus.of([*toy.names, *toy.names], repeats=True)
    assert not is_chosen(repeated, monkeypatch, held_out=0.0)
    monkeypatch.setattr(cross_validation, "MOST_CHARACTERS", 719)  # 120 names of 5, and their ends
    assert not is_chosen(toy, monkeypatch, held_out=0.0)


def test_the_tutorial_chooses_nothing(toy):
    model, training = settings_for(toy, "tutorial", units=8, embedding=4, epochs=1)
    assert training.preparation == TUTORIAL["preparation"]
    assert not of_kind(fit(toy, model=model, training=training), Choosing)


def test_canaries_are_in_no_fold(toy):
    training = NONE_HELD_OUT.replace(canaries=5, epochs=1)
    trained = list(fit(toy, model=MIXTURE, training=training))
    assert len(of_kind(trained, Choosing)) == 4 * 6  # 90 names in batches of 16


@pytest.mark.slow
def test_info_and_the_card_say_what_the_folds_lost(call, chosen):
    nats = Run.open(chosen[1]).facts.cross_validation["nats_per_char"]
    assert f"cross-valid. {nats:.4f} nats/char" in call("info", chosen[1])[1]
    card = call("card", chosen[1], "--samples", 20, "--out", "-")[1]
    assert f"Nothing was held out: {nats:.3f} nats per character" in card
