"""A run whose n-gram was refitted to all names gives back the model that was measured."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from charloom.api import fit, load
from charloom.data.names import NameCorpus
from charloom.data.text import TextCorpus
from charloom.errors import ConfigError, RunError
from charloom.evaluation import likelihood
from charloom.models.ngram.context_fit import Smoothing, count_contexts, fit_smoothing
from charloom.models.ngram.counts import stream_of
from charloom.run import Run, latest_epoch, save_model
from charloom.training.events import Evaluated
from helpers.trainings import MODEL, TRAINING, contents, interrupted, of_kind, same, train

MIXTURE = MODEL.replace(kind="mixture", smoothing="fitted")


@pytest.fixture(scope="module")
def trained_mixture(toy, tmp_path_factory):
    """A run, and the event of its best epoch."""
    folder = tmp_path_factory.mktemp("measured") / "run"
    events = train(toy, folder, model=MIXTURE, training=TRAINING.replace(keep_epochs=1))
    return folder, [event for event in of_kind(events, Evaluated) if event.best][-1]


def test_what_was_measured_is_rebuilt_exactly(trained_mixture):
    folder, best = trained_mixture
    run = Run.open(folder)
    assert same(dict(run.measured.weights), dict(best.weights))
    assert not same(dict(run.weights), dict(best.weights))
    measured = likelihood(load(run.measured), run.held_out_names).nats_per_char
    assert measured == pytest.approx(best.held_out_nats_per_char, abs=1e-6)
    assert likelihood(load(run), run.held_out_names).nats_per_char < measured - 0.01


def test_a_measured_run_is_its_own(trained_mixture):
    measured = Run.open(trained_mixture[0]).measured
    assert measured.measured is measured
    assert "refit" not in measured.saved.facts


def test_the_saved_ngram_counts_all_names_with_the_fitted_smoothing(trained_mixture):
    run = Run.open(trained_mixture[0])
    names = [*run.saved.train_names, *run.held_out_names]
    smoothing = Smoothing.from_dict(run.facts.refit["ngram"])
    train = stream_of(*run.vocabulary.encode_all(run.saved.train_names))
    assert smoothing.to_dict() == fit_smoothing(run.vocabulary, train).to_dict()
    every = count_contexts(run.vocabulary, stream_of(*run.vocabulary.encode_all(names)), smoothing)
    assert all((run.weights[name] == array).all() for name, array in every.items())


def test_the_network_and_the_exponents_are_those_that_were_measured(trained_mixture):
    folder, best = trained_mixture
    weights = Run.open(folder).weights
    for name in weights:
        if not name.startswith("ngram."):
            np.testing.assert_array_equal(weights[name], best.weights[name])


def test_the_model_of_each_epoch_can_be_rebuilt_too(trained_mixture):
    folder = trained_mixture[0]
    run = Run.open(latest_epoch(folder))
    measured = likelihood(load(run.measured), run.held_out_names).nats_per_char
    assert measured == pytest.approx(run.facts.best["held_out_nats_per_char"], abs=1e-6)


def test_an_interrupted_and_resumed_training_ends_the_same(toy, tmp_path, trained_mixture):
    interrupted(toy, tmp_path / "run", 9, model=MIXTURE)
    assert Run.open(tmp_path / "run").facts.refit
    train(toy, tmp_path / "run", model=MIXTURE, resume=True)
    ours, theirs = Run.open(tmp_path / "run"), Run.open(trained_mixture[0])
    assert same(dict(ours.weights), dict(theirs.weights))
    assert same(dict(ours.measured.weights), dict(theirs.measured.weights))


def test_resuming_a_finished_training_changes_no_file(toy, tmp_path):
    train(toy, tmp_path / "run", model=MIXTURE)
    before = contents(tmp_path / "run")
    train(toy, tmp_path / "run", model=MIXTURE, resume=True)
    assert contents(tmp_path / "run") == before


@pytest.mark.parametrize("canaries", [0, 5])
def test_an_ngram_alone_is_refitted(toy, tmp_path, canaries):
    events = list(fit(toy, out=tmp_path / "run", kind="ngram", canaries=canaries))
    run = Run.open(tmp_path / "run")
    [best] = of_kind(events, Evaluated)
    assert same(dict(run.measured.weights), dict(best.weights))
    found = likelihood(load(run.measured), run.held_out_names).nats_per_char
    assert found == pytest.approx(events[-1].held_out_nats_per_char, abs=1e-6)
    assert len(run.facts.canaries) == canaries


def test_too_few_held_out_names_to_choose_by_are_counted_too(tmp_path):
    corpus = NameCorpus.of(["Anna", "Hanna", "Johanna", "Susanna", "Zoë"])
    list(fit(corpus, out=tmp_path / "run", kind="ngram"))
    run = Run.open(tmp_path / "run")
    assert len(run.held_out_names) == 1
    nats = [likelihood(load(one), run.held_out_names).nats_per_char for one in (run, run.measured)]
    assert nats[0] < nats[1]


@pytest.mark.parametrize(
    "settings", [{"kind": "ngram", "smoothing": "kneser-ney"}, {"kind": "ngram", "held_out": 0.0}]
)
def test_nothing_is_refitted_without_fitted_smoothing_or_held_out_names(toy, tmp_path, settings):
    list(fit(toy, out=tmp_path / "run", **settings))
    run = Run.open(tmp_path / "run")
    assert not run.facts.refit and run.measured is run


def test_text_is_not_refitted(tmp_path):
    corpus = TextCorpus.of("the loom weaves and the thread is tied again\n" * 40)
    list(fit(corpus, out=tmp_path / "run", kind="ngram"))
    assert not Run.open(tmp_path / "run").facts.refit


def test_a_character_that_only_held_out_names_have_can_be_generated(tmp_path):
    names = [a + b + c for a in "bdg" for b in "aei" for c in ("la", "ra", "na")]
    unusual = NameCorpus.of(names).split(0.1)[1][0]
    corpus = NameCorpus.of([unusual + "ß" if name == unusual else name for name in names])
    seed = next(s for s in range(200) if any("ß" in name for name in corpus.split(0.1, s)[1]))
    list(fit(corpus, out=tmp_path / "run", kind="ngram", seed=seed))
    run = Run.open(tmp_path / "run")
    nats = [likelihood(load(one), [unusual + "ß"]).nats_per_char for one in (run, run.measured)]
    assert nats[0] < nats[1] - 0.1


def test_without_its_training_names_the_measured_model_is_refused(trained_mixture):
    run = Run.open(trained_mixture[0])
    lost = replace(run, saved=replace(run.saved, train_names=None))
    with pytest.raises(RunError, match=r"no training names.*Restore its train_names\.txt"):
        lost.measured  # noqa: B018


def test_damaged_smoothing_is_refused(trained_mixture):
    run = Run.open(trained_mixture[0])
    facts = {**run.saved.facts, "refit": {"ngram": {"letters": [[0.5]]}}}
    with pytest.raises(RunError, match="does not say how it was measured"):
        replace(run, saved=replace(run.saved, facts=facts)).measured  # noqa: B018


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("letters", [[1.0, 1.0, 1.0]]),
        ("letters", [[0.7, 1.0, 1.3, -0.1]] * 6),
        ("letters", [[0.7, 1.0, 1.3, 0.1]] * 9),
        ("classes", [[0.1, 0.2, 0.3, 1.0]]),
        ("weights", [float("nan")] * 11),
        ("weights", "many"),
        ("weights", None),
    ],
)
def test_smoothing_of_another_form_is_refused(part, value):
    vocabulary = NameCorpus.of(["Anna", "Hanna"]).vocabulary
    smoothing = fit_smoothing(vocabulary, stream_of(*vocabulary.encode_all(["Anna", "Hanna"])))
    data = smoothing.to_dict()
    assert Smoothing.from_dict(json.loads(json.dumps(data))).to_dict() == data
    with pytest.raises(ConfigError, match="smoothing must"):
        Smoothing.from_dict({**data, part: value})


def test_evaluate_measures_the_model_before_the_refit(call, trained):
    run = Run.open(trained)
    code, out, _ = call("evaluate", trained, "--samples", 0, "--json")
    assert code == 0
    reported = run.facts.best["held_out_nats_per_char"]
    assert json.loads(out)["nats_per_char"] == pytest.approx(reported, abs=1e-6)
    _, _, err = call("evaluate", trained, "--samples", 0)
    assert "as it was before the n-gram was refitted" in err


def test_evaluate_measures_the_saved_model_on_other_names(call, trained, write):
    run = Run.open(trained)
    other = write("\n".join(run.held_out_names))
    code, out, err = call("evaluate", trained, "--samples", 0, "--json", "--data", other)
    assert code == 0 and "refitted" not in err
    refitted = likelihood(load(run), run.held_out_names).nats_per_char
    assert json.loads(out)["nats_per_char"] == pytest.approx(refitted, abs=1e-6)


@pytest.mark.slow
def test_evaluate_says_that_a_refitted_model_has_seen_the_held_out_names(call, trained, write):
    names = Run.open(trained).held_out_names
    other = write("\n".join([*names, "zzgana"]))
    _, out, _ = call("evaluate", trained, "--samples", 100, "--json", "--data", other)
    assert f"{len(names)} of the {len(names) + 1} names are in the training list" in out


@pytest.mark.slow
def test_compare_measures_the_models_before_the_refit(call, trained, tmp_path):
    first = Run.open(trained)
    other = tmp_path / "other"
    save_model(other, first.measured.saved)
    _, out, _ = call("compare", trained, other, "--samples", 0, "--json")
    one, two = json.loads(out)["models"]
    assert one["nats_per_char"] == two["nats_per_char"]


@pytest.mark.slow
def test_the_card_and_info_say_what_was_measured(call, trained):
    data = json.loads(call("card", trained, "--samples", 50, "--json")[1])
    nats = {one["name"]: one["value"] for one in data["measures"]}["nats_per_char"]
    reported = Run.open(trained).facts.best["held_out_nats_per_char"]
    assert nats == pytest.approx(reported, abs=1e-6)
    assert any("before the n-gram was refitted" in note for note in data["notes"])
    assert "measured before the n-gram was refitted to all names" in call("info", trained)[1]


def test_training_says_that_the_loss_is_that_before_the_refit(call, names_file, tmp_path):
    _, _, err = call("train", names_file, "--model", "ngram", "--out", tmp_path / "run")
    assert "nats/char, before the n-gram was refitted to all names. Saved to" in err


def test_generated_names_are_new_relative_to_held_out_names(trained):
    run = Run.open(trained)
    known = {*run.train_names, *run.held_out_names}
    assert known.isdisjoint(load(run).names(30, seed=1))


@pytest.mark.heavy
def test_beside_an_adapted_network_what_was_measured_is_rebuilt_exactly(toy, tmp_path):
    events = list(fit(toy, out=tmp_path / "run", base="latin", epochs=1))
    run = Run.open(tmp_path / "run")
    [best] = of_kind(events, Evaluated)
    assert len(run.weights["ngram.weights"]) == 13  # two for shapes and lengths
    assert same(dict(run.measured.weights), dict(best.weights))
