"""Training with weights: names are drawn by them, losses are weighted, the split is the same."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest

from charloom import NameCorpus
from charloom.config import ModelConfig, TrainConfig
from charloom.errors import ConfigError, RunError
from charloom.evaluation import likelihood, measure
from charloom.models.factory import recurrence
from charloom.models.scoring.names import score
from charloom.run import Run, load_model
from charloom.training.events import Evaluated, Finished
from charloom.training.name_data import NameData
from charloom.training.progress import UNWEIGHTED, Progress
from charloom.training.trainer import fit
from helpers.options import FAST
from helpers.trainings import MODEL, TRAINING, contents, history, interrupted, losses, same, train

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def weighted(toy) -> NameCorpus:
    """Names of the toy corpus; those that begin with b are 400 times as frequent as others."""
    return NameCorpus.of(toy.names, weights=[400 if name[0] == "b" else 1 for name in toy.names])


def by_hand(corpus, folder):
    """The held-out losses of a run, weighted and not."""
    saved = load_model(folder)
    held_out = saved.held_out_names
    nats = score(
        recurrence(saved.config, saved.weights), [saved.vocabulary.encode(n) for n in held_out]
    )
    lengths = np.array([len(name) + 1 for name in held_out])
    often = np.array([dict(zip(corpus.names, corpus.weights, strict=True))[n] for n in held_out])
    return (often * nats).sum() / (often * lengths).sum(), nats.sum() / lengths.sum()


@pytest.mark.heavy
def test_the_losses_are_weighted_and_unweighted_ones_decide(toy, weighted, tmp_path):
    train(weighted, tmp_path / "run")
    train(NameCorpus.of(toy.names), tmp_path / "plain")
    run, plain = Run.open(tmp_path / "run"), Run.open(tmp_path / "plain")
    assert run.held_out_names == plain.held_out_names and run.training_set == plain.training_set
    best = run.facts.best
    found = best["held_out_nats_per_char"], best[UNWEIGHTED]
    assert found == pytest.approx(by_hand(weighted, tmp_path / "run"), rel=1e-6)
    entries = history(tmp_path / "run")
    assert best[UNWEIGHTED] == min(entry[UNWEIGHTED] for entry in entries)
    assert UNWEIGHTED not in plain.facts.best
    assert set(run.held_out_weights) == {1.0, 400.0} and plain.held_out_weights is None
    assert run.facts.corpus["weight"] == sum(weighted.weights)


def test_an_epoch_is_judged_by_the_unweighted_loss():
    at = Progress(epoch_characters=1.0)
    for weighted_loss, loss in ((1.0, 2.0), (9.0, 1.5), (0.5, 1.7)):
        at.end_epoch(
            {"held_out_nats_per_char": weighted_loss, UNWEIGHTED: loss}, 1.0, 0.1, decides=True
        )
        at.epoch_characters = 1.0
    assert at.best_epoch == 2


@pytest.mark.heavy
def test_heavy_names_are_what_is_learned(toy, weighted):
    """A third begin with b; of what is drawn, over nine tenths do."""

    def share(corpus):
        *_, end = fit(corpus, model=MODEL, training=TRAINING.replace(epochs=10, held_out=0.0))
        assert isinstance(end, Finished)
        saved = end.saved
        rnn = recurrence(saved.config, saved.weights)
        logits, _ = rnn.step(np.array([0]), rnn.initial_carry(1))
        odds = np.exp(logits[0] - logits[0].max())
        return odds[saved.vocabulary.encode("b")[0]] / odds.sum()

    assert share(NameCorpus.of(toy.names)) < 0.45
    assert share(weighted) > 0.75


@pytest.mark.heavy
@pytest.mark.parametrize("after", [3, 10])
def test_a_resumed_training_ends_bit_for_bit_the_same(weighted, tmp_path, after):
    train(weighted, tmp_path / "whole")
    interrupted(weighted, tmp_path / "run", after)
    train(weighted, tmp_path / "run", resume=True)
    assert same(load_model(tmp_path / "run").weights, load_model(tmp_path / "whole").weights)
    assert losses(history(tmp_path / "run")) == losses(history(tmp_path / "whole"))


def test_other_weights_are_another_corpus(toy, weighted, tmp_path):
    interrupted(weighted, tmp_path / "run", 3)
    before = contents(tmp_path / "run")
    for corpus in (NameCorpus.of(toy.names), NameCorpus.of(toy.names, weights=[2] * 120)):
        with pytest.raises(RunError, match="another corpus"):
            train(corpus, tmp_path / "run", resume=True)
    assert contents(tmp_path / "run") == before


def test_equal_weights_have_one_loss(toy):
    corpus = NameCorpus.of(toy.names, weights=[7] * 120)
    entries = [e for e in fit(corpus, model=MODEL, training=TRAINING) if isinstance(e, Evaluated)]
    data = NameData(corpus, MODEL, TRAINING)
    for event in entries:
        found = data.held_out_loss(event.weights)
        assert found["held_out_nats_per_char"] == pytest.approx(found[UNWEIGHTED], rel=1e-12)
        assert event.held_out_nats_per_char == found["held_out_nats_per_char"]


@pytest.mark.heavy
def test_an_ngram_counts_each_name_once_and_its_loss_is_weighted(toy, weighted, tmp_path):
    model = ModelConfig(kind="ngram", smoothing="fitted")
    train(weighted, tmp_path / "run", model=model)
    train(NameCorpus.of(toy.names), tmp_path / "plain", model=model)
    run, plain = load_model(tmp_path / "run"), load_model(tmp_path / "plain")
    assert same(run.weights, plain.weights)
    measured = Run.open(tmp_path / "run").measured
    model = recurrence(measured.config, measured.weights)
    nats = score(model, [run.vocabulary.encode(name) for name in run.held_out_names])
    often, lengths = run.held_out_weights, [len(name) + 1 for name in run.held_out_names]
    expected = float(often @ nats) / float(often @ lengths)
    assert run.facts["best"]["held_out_nats_per_char"] == pytest.approx(expected, rel=1e-6)


@pytest.mark.heavy
@pytest.mark.parametrize("smoothing", ["fitted", "kneser-ney"])
def test_the_losses_of_a_mixture_are_those_of_its_held_out_names(weighted, tmp_path, smoothing):
    model = MODEL.replace(kind="mixture", smoothing=smoothing)
    folder = tmp_path / "run"
    train(weighted, folder, model=model, training=TRAINING.replace(held_out=0.3))
    run = Run.open(folder)
    best, names = run.facts.best, run.held_out_names
    saved = run.measured.saved
    rnn = recurrence(saved.config, saved.weights)
    nats = score(rnn, [saved.vocabulary.encode(name) for name in names])
    often, lengths = run.held_out_weights, np.array([len(name) + 1 for name in names])
    assert best["held_out_nats_per_char"] == pytest.approx(
        (often @ nats) / (often @ lengths), rel=1e-4
    )
    assert best[UNWEIGHTED] == pytest.approx(nats.sum() / lengths.sum(), rel=1e-4)


@pytest.mark.heavy
def test_canaries_labels_and_refitting_work_with_weights(toy, tmp_path):
    corpus = NameCorpus.of(
        toy.names,
        weights=range(1, 121),
        labels=["soft" if name[0] in "bd" else "hard" for name in toy.names],
    )
    training = TRAINING.replace(canaries=3, refit=True)
    train(corpus, tmp_path / "run", model=MODEL.replace(labels=2), training=training)
    run = Run.open(tmp_path / "run")
    assert len(run.facts.canaries) == 3 and run.facts.refit["network"]["names"] == 120
    assert np.array_equal(run.measured.held_out_weights, run.held_out_weights)


def test_the_tutorials_preparation_has_no_weights(weighted):
    training = TrainConfig(preparation="tutorial", held_out=0.0)
    with pytest.raises(ConfigError, match="weights cannot be trained with the tutorial's"):
        NameData(weighted, MODEL, training)


# Measuring


def test_likelihoods_are_weighted(toy, weighted, tmp_path):
    from charloom import load

    train(weighted, tmp_path / "run")
    run = Run.open(tmp_path / "run")
    model, often = load(run), run.held_out_weights.tolist()
    found = measure(model, run.held_out_names, weights=often, samples=0)
    value = found.measure("nats_per_char").estimate
    assert value.value == pytest.approx(run.facts.best["held_out_nats_per_char"], rel=1e-5)
    assert value.low < value.value < value.high
    exact = likelihood(
        model, run.held_out_names, weights=dict(zip(run.held_out_names, often, strict=True))
    )
    assert exact.nats_per_char == pytest.approx(value.value, rel=1e-9)
    rest = found.measure("nats_per_char_without_first").estimate.value
    assert exact.nats_per_char_without_first == pytest.approx(rest, rel=1e-9)
    assert exact.names == len(run.held_out_names)
    assert any("Likelihoods are weighted" in note for note in found.notes)
    twice = measure(model, [*run.held_out_names] * 2, weights=[w / 2 for w in often] * 2, samples=0)
    assert twice.measure("nats_per_char") == found.measure("nats_per_char")
    with pytest.raises(ConfigError, match="weights must be as many as names"):
        measure(model, run.held_out_names, weights=[1.0], samples=0)
    with pytest.raises(ConfigError, match="weights must lie in"):
        measure(model, ["bala"], weights=[0], samples=0)


# The command line


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Names of one pattern, with counts, as a table without header."""
    names = map("".join, itertools.product("bdgk", "aeiou", "lnr", "as"))
    path = tmp_path_factory.mktemp("table") / "counts.csv"
    lines = [f"{name},F,{1 + i * i % 977}\n" for i, name in enumerate(names)]
    path.write_text("".join(lines), "utf-8")
    return path


@pytest.mark.heavy
def test_train_evaluate_and_info_say_that_names_have_weights(call, table, tmp_path):
    run = tmp_path / "run"
    how = ["--no-header", "--column", "1", "--weight-column", "3"]
    code, _, said = call("train", table, *how, "--model", "network", "--base", "none", *FAST,
                         "--held-out", "0.2", "--out", run)  # fmt: skip
    assert code == 0 and "weights: " in said
    code, out, _ = call("info", run)
    assert code == 0 and "weights: " in out and "unweighted" in out
    best = Run.open(run).facts.best["held_out_nats_per_char"]
    code, out, said = call("evaluate", run, "--samples", "0", "--json")
    assert json.loads(out)["nats_per_char"] == pytest.approx(best, rel=1e-5)
    assert "Likelihoods are weighted" in said
    code, out, said = call("evaluate", run, "--samples", "0", "--data", table, *how, "--json")
    assert code == 0 and "Likelihoods are weighted" in said
    weighted = json.loads(out)["nats_per_char"]
    code, out, said = call("evaluate", run, "--samples", "0", "--data", table, *how[:3], "--json")
    assert code == 0 and "here each name counts once" in said
    assert json.loads(out)["nats_per_char"] != weighted
    code, _, said = call("evaluate", run, "--samples", "0", "--weight-column", "3")
    assert code == 2 and "RUN keeps the weights" in said
    code, out, _ = call("card", run)
    assert code == 0 and "square root of their weights" in (run / "README.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--as", "text"], "--weight-column is for names"),
        (["--recipe", "tutorial"], "weights cannot be trained with the tutorial's preparation"),
        (["--format", "lines"], "is for .csv and .tsv files"),
        (["--weight-field", "n"], "--weight-field is for .json and .jsonl files"),
    ],
)
def test_what_has_no_weights_is_refused_in_one_line(call, table, tmp_path, more, said):
    how = ["--no-header", "--column", "1", "--weight-column", "3"]
    code, _, err = call("train", table, *how, *more, "--out", tmp_path / "run")
    assert code in (1, 2) and said in err and err.count("\n") < 8
    assert not (tmp_path / "run").exists()
    code, _, err = call("train", "--weight-column", "3", "--out", tmp_path / "run")
    assert code == 2 and "weights need a SOURCE" in err
