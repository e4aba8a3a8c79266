"""Training of what counts, and of mixtures: choices, saving, continuing, beginning with a run."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from charloom import api
from charloom.config import ModelConfig, TrainConfig
from charloom.data.names import NameCorpus
from charloom.data.text import TextCorpus
from charloom.errors import ConfigError, RunError
from charloom.models.factory import recurrence
from charloom.models.mixture import Mixture, best_weight
from charloom.models.ngram.arrays import MIXTURE_WEIGHT
from charloom.models.ngram.counts import count, stream_of
from charloom.models.scoring.names import score, target_nats
from charloom.run import load_model
from charloom.training.events import Evaluated, Finished, Saved, Started, Step, Warned
from charloom.training.name_data import NameData
from charloom.training.ngram import DEFAULT_ORDER, DEFAULT_WEIGHT, NgramFit, ngram_facts
from charloom.training.trainer import fit
from helpers.trainings import contents, history, interrupted, losses, messages, of_kind, same, train

pytestmark = pytest.mark.slow

NGRAM = ModelConfig(kind="ngram")
MIXTURE = ModelConfig(kind="mixture", units=12, embedding=6, dropout=0.2)
TRAINING = TrainConfig(epochs=3, batch_size=16, learning_rate=0.02)


def stream(vocabulary, names):
    return stream_of(*vocabulary.encode_all(names))


# What is counted


@pytest.mark.parametrize("kind", ["ngram", "unigram", "uniform"])
def test_counting_tells_what_a_training_tells(toy, tmp_path, kind):
    events = train(toy, tmp_path, model=ModelConfig(kind=kind), training=TRAINING)
    assert [type(event) for event in events] == [Started, Evaluated, Saved, Finished]
    begun, evaluated, saved, finished = events
    assert (begun.backend, begun.counted, begun.steps_per_epoch) == ("numpy", "names", 0)
    assert begun.parameters > 0 and (begun.train_size, begun.held_out_size) == (108, 12)
    assert evaluated.best and (saved.folder, saved.epoch) == (tmp_path, 1)
    assert (finished.reason, finished.best_epoch) == ("epochs", 1)
    model = load_model(tmp_path)
    rnn = recurrence(model.config, model.weights)
    ids = [model.vocabulary.encode(name) for name in model.held_out_names]
    nats = score(rnn, ids).sum() / sum(len(i) + 1 for i in ids)
    assert abs(nats - finished.held_out_nats_per_char) < 1e-6
    assert same(finished.weights, model.weights)
    assert model.facts["best"] == history(tmp_path)[0]
    assert api.load(tmp_path).names(3, seed=1, allow_known=True)


def test_counting_loads_no_framework(tmp_path):
    script = (
        "import sys, charloom\n"
        "charloom.train(charloom.Corpus.of(['anna', 'hanna', 'nan']), kind='ngram')\n"
        "print(*sorted({m.split('.')[0] for m in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert not {"jax", "keras", "tensorflow", "torch", "matplotlib"} & set(done.stdout.split())


def test_the_order_is_the_least_that_is_as_good_as_any_on_held_out_names(toy, tmp_path):
    finished = train(toy, tmp_path, model=NGRAM)[-1]
    saved = load_model(tmp_path)
    train_, out = (stream(saved.vocabulary, n) for n in (saved.train_names, saved.held_out_names))
    nats = -np.log(count(train_, saved.vocabulary.size).probabilities(out)).mean(axis=1)
    best = int(np.flatnonzero(nats <= nats.min() + 1e-3)[0])
    assert saved.facts["ngram"]["order"] == best + 1
    assert abs(finished.held_out_nats_per_char - nats[best]) < 1e-6
    assert saved.config.order == 0  # as it was asked for
    fixed = train(toy, None, model=NGRAM.replace(order=2))[-1]
    assert abs(fixed.held_out_nats_per_char - nats[1]) < 1e-6


@pytest.mark.parametrize("order", [1, 2])
def test_without_held_out_names_parts_of_the_others_choose_the_order(order):
    rng = np.random.default_rng(0)
    names = set()
    for _ in range(400):  # each character is chance, or one more than the one before or chance
        ids = rng.integers(0, 4, 10)
        for i in range(1, 10) if order == 2 else ():
            ids[i] = (ids[i - 1] + 1) % 4 if rng.random() < 0.8 else ids[i]
        names.add("".join("abcd"[i] for i in ids))
    events = list(fit(NameCorpus.of(names), model=NGRAM, training=TRAINING.replace(held_out=0)))
    assert events[-1].held_out_nats_per_char is None
    # That a name has ten characters, no context of a few tells; but the first ones have none.
    assert abs(ngram_facts(events[-1].weights)["ngram"]["order"] - order) <= 1


@pytest.mark.parametrize("names", [["Ann"], ["Ann", "Bo"], ["a", "b", "c"], ["A"], ["x" * 3000]])
@pytest.mark.parametrize("kind", ["ngram", "mixture"])
def test_a_handful_of_names_is_enough(names, kind):
    model = api.train(NameCorpus.of(names), kind=kind, epochs=1, units=4, embedding=2)
    assert np.isfinite(model.nll(names)).all()


def test_text_is_counted_as_it_stands():
    text = TextCorpus.of("the cat sat on the mat. " * 60)
    config = ModelConfig(kind="ngram", text=True)
    events = list(fit(text, model=config, training=TrainConfig(preparation="text")))
    assert events[0].counted == "characters"
    assert 0 < events[-1].held_out_nats_per_char < 0.3
    assert events[-1].held_out_window_nats_per_char >= events[-1].held_out_nats_per_char
    model = api.model_of(events[-1].saved)
    assert set(model.text(100, seed=1)) <= set("the catsonm.")


def test_what_counting_cannot_do_is_refused_in_a_line(toy, tmp_path):
    with pytest.raises(ConfigError, match="an unpacked loop; leave it out"):
        fit(toy, model=NGRAM, loop="custom")
    train(toy, tmp_path, model=NGRAM)
    with pytest.raises(ConfigError, match="a model to start from"):
        fit(toy, model=NGRAM, initial=load_model(tmp_path))
    with pytest.raises(ConfigError, match="kind ngram, which has none; leave --from or --base out"):
        list(fit(toy, model=MIXTURE, initial=load_model(tmp_path)))


def test_too_many_contexts_are_told_of(toy):
    vocabulary = toy.vocabulary
    names = stream(vocabulary, toy.names)
    counted = NgramFit(NGRAM, lambda: (names, True), None, vocabulary.size, most_nodes=100)
    assert "more than 100 contexts" in counted.warnings[0] and "order is" in counted.warnings[0]


def test_a_run_that_is_counted_is_kept_and_resumed_without_work(toy, tmp_path):
    train(toy, tmp_path, model=NGRAM)
    before = contents(tmp_path)
    with pytest.raises(RunError, match="force"):
        train(toy, tmp_path, model=NGRAM)
    again = train(toy, tmp_path, model=NGRAM, resume=True)
    assert "fitted already" in messages(again)[0]
    assert same(again[-1].weights, load_model(tmp_path).weights)
    assert contents(tmp_path) == before
    with pytest.raises(RunError, match="another order"):
        train(toy, tmp_path, model=NGRAM.replace(order=3), resume=True)
    other = NameCorpus.of([*toy.names, "xyz"])
    with pytest.raises(RunError, match="another corpus"):
        train(other, tmp_path, model=NGRAM, resume=True)
    train(other, tmp_path, model=NGRAM, force=True)
    assert "x" in load_model(tmp_path).vocabulary.characters


def test_counting_takes_over_from_a_network_and_the_other_way_round(toy, tmp_path):
    network = MIXTURE.replace(kind="network")
    train(toy, tmp_path, training=TRAINING)
    train(toy, tmp_path, model=NGRAM, force=True)
    assert load_model(tmp_path).config.kind == "ngram"
    assert not any((tmp_path / "checkpoints").glob("[0-9]*"))  # nobody continues from the network's
    train(toy, tmp_path, model=network, training=TRAINING, force=True)
    assert load_model(tmp_path).config.kind == "network"


def test_a_list_that_is_read_as_arrays_is_counted_like_any_other(write, monkeypatch, tmp_path):
    names = [f"{a}{b}{c}" for a in "bdgk" for b in ("aei", "ou", "a") for c in ("nas", "l", "ren")]
    monkeypatch.setenv("CHARLOOM_CACHE", str(tmp_path / "cache"))
    long = NameCorpus.read(write("\n".join(names)), large_bytes=0)
    assert long.is_large
    training = TRAINING.replace(held_out=0)
    events = list(fit(long, model=NGRAM.replace(order=3), training=training))
    same_names = list(fit(NameCorpus.of(names), model=NGRAM.replace(order=3), training=training))
    assert same(events[-1].weights, same_names[-1].weights)
    # Where they are too many, not all are counted.
    few = NameData(long, NGRAM.replace(order=3), training, most_targets=120).ngrams
    assert len(few.alone()[0]["ngram.own"]) < len(events[-1].weights["ngram.own"])
    assert "not to the whole corpus" in few.warnings[0] and not messages(events)
    with pytest.raises(ConfigError, match="canaries cannot be added to a list"):
        fit(long, training=TRAINING.replace(canaries=2), model=MIXTURE.replace(kind="network"))


# Mixtures


@pytest.fixture(scope="module")
def mixed(toy, tmp_path_factory):
    """A run folder of a mixture, and its events; tests only read it."""
    folder = tmp_path_factory.mktemp("mixture")
    return folder, train(toy, folder, model=MIXTURE, training=TRAINING.replace(keep_epochs=1))


def test_each_epoch_has_the_share_that_is_best_with_its_network(toy, mixed):
    folder, events = mixed
    for event in of_kind(events, Evaluated):
        rnn = recurrence(MIXTURE, event.weights)
        assert isinstance(rnn, Mixture)
        saved = load_model(folder)
        ids = [saved.vocabulary.encode(name) for name in saved.held_out_names]
        p = np.exp(-np.concatenate(target_nats(rnn.network, ids)))
        train_, out = (
            stream(saved.vocabulary, names) for names in (saved.train_names, saved.held_out_names)
        )
        found = [best_weight(p, q) for q in count(train_, saved.vocabulary.size).probabilities(out)]
        nats = np.array([loss for _, loss in found])
        best = int(np.flatnonzero(nats <= nats.min() + 1e-3)[0])
        assert abs(rnn.weight - found[best][0]) < 1e-6
        assert abs(event.held_out_nats_per_char - nats[best]) < 1e-6
        whole = np.concatenate(target_nats(rnn, ids)).mean()
        assert abs(event.held_out_nats_per_char - whole) < 1e-5
        network = np.concatenate(target_nats(rnn.network, ids)).mean()
        assert event.held_out_nats_per_char < network + 1e-3


def test_the_best_epoch_is_the_mixtures(mixed):
    folder, events = mixed
    nats = [event.held_out_nats_per_char for event in of_kind(events, Evaluated)]
    assert events[-1].best_epoch == 1 + int(np.argmin(nats))
    saved = load_model(folder)
    facts = saved.facts["ngram"]
    assert (
        facts["share"] == round(float(saved.weights[MIXTURE_WEIGHT][0]), 6) and facts["order"] >= 1
    )
    assert facts["contexts"] == len(saved.weights["ngram.backoff"])
    assert same(saved.weights, events[-1].weights)
    assert load_model(folder / "epochs" / "003").config.kind == "mixture"


def test_the_network_is_trained_as_without_the_n_gram(toy, mixed):
    _, events = mixed
    alone = train(toy, None, model=MIXTURE.replace(kind="network"), training=TRAINING)
    for a, b in zip(of_kind(events, Evaluated), of_kind(alone, Evaluated), strict=True):
        assert all((a.weights[name] == b.weights[name]).all() for name in b.weights)
        assert a.train_nats_per_char == b.train_nats_per_char


@pytest.mark.parametrize("after", [1, 7, 10])
def test_an_interrupted_mixture_resumes_bit_for_bit(toy, tmp_path, mixed, after):
    folder, _ = mixed
    kept = TRAINING.replace(keep_epochs=1)
    interrupted(toy, tmp_path, after, model=MIXTURE, training=kept)
    rest = train(toy, tmp_path, model=MIXTURE, training=kept, resume=True)
    assert same(load_model(tmp_path).weights, load_model(folder).weights)
    assert losses(history(tmp_path)) == losses(history(folder))
    again = train(toy, tmp_path, model=MIXTURE, training=kept, resume=True)
    assert not of_kind(again, Step) and same(again[-1].weights, rest[-1].weights)


@pytest.mark.parametrize("held_out", [0, 0.02])
def test_with_too_little_held_out_the_share_is_the_usual_one(toy, held_out):
    events = train(toy, None, model=MIXTURE, training=TRAINING.replace(held_out=held_out))
    assert any(f"mixture weight: using {DEFAULT_WEIGHT}" in message for message in messages(events))
    assert events[-1].weights[MIXTURE_WEIGHT][0] == np.float32(DEFAULT_WEIGHT)
    assert (events[-1].held_out_nats_per_char is None) == (held_out == 0)
    assert recurrence(MIXTURE, events[-1].weights).ngram.contexts > DEFAULT_ORDER


def test_an_interruption_in_the_first_epoch_leaves_a_whole_mixture(toy, tmp_path):
    interrupted(toy, tmp_path, 2, model=MIXTURE)
    assert api.load(tmp_path).names(2, seed=1, allow_known=True)


def test_a_mixture_begins_with_a_networks_weights_and_the_other_way_round(toy, mixed, tmp_path):
    folder, _ = mixed
    saved, frozen = (
        load_model(folder),
        TRAINING.replace(epochs=1, freeze=("embedding", "recurrent")),
    )
    more = NameCorpus.of([*toy.names, "zyx"])
    for kind in ("network", "mixture"):
        config = MIXTURE.replace(kind=kind)
        found = train(more, tmp_path / kind, model=config, training=frozen, initial=saved)[-1]
        assert ("ngram.own" in found.weights) == (kind == "mixture")
        kernel = "rnn.0.recurrent_kernel"
        assert (found.weights[kernel] == saved.weights[kernel]).all()
    network = load_model(tmp_path / "network")
    assert network.config.kind == "network"
    last = train(toy, None, model=MIXTURE, training=frozen, initial=network)[-1]
    kernel = "rnn.0.recurrent_kernel"
    assert (last.weights[kernel] == saved.weights[kernel]).all() and MIXTURE_WEIGHT in last.weights


def test_a_mixture_of_text_is_measured_along_the_text_and_in_windows(tmp_path):
    text = TextCorpus.of("the cat sat on the mat. the dog sat on the cat. " * 40)
    config = MIXTURE.replace(text=True)
    training = TrainConfig(preparation="text", epochs=2, batch_size=4, window=16)
    finished = train(text, tmp_path, model=config, training=training)[-1]
    from charloom.evaluation import text_likelihood

    model, saved = api.load(tmp_path), load_model(tmp_path)
    found = text_likelihood(model, saved.held_out_text)
    assert abs(found.streamed_nats_per_char - finished.held_out_nats_per_char) < 1e-5
    windows = finished.held_out_window_nats_per_char
    assert abs(found.window_nats_per_char - windows) < 1e-5


# Canaries


def test_canaries_are_trained_on_and_recorded(toy, tmp_path):
    train(toy, tmp_path, model=NGRAM, training=TRAINING.replace(canaries=3))
    saved = load_model(tmp_path)
    strings = saved.facts["canaries"]
    assert len(set(strings)) == 3 and not set(strings) & set(toy.names)
    assert saved.train_names[-3:] == tuple(strings)
    assert saved.facts["train_names"] == 108  # names, not counting what is none
    without = train(toy, None, model=NGRAM, training=TRAINING)[-1]
    model = api.load(tmp_path)
    bare = api.model_of(without.saved)
    assert (model.nll(strings) < bare.nll(strings)).all()


def test_canaries_have_no_label():
    corpus = NameCorpus.of(
        [f"{a}{b}na" for a in "bdgkt" for b in "aeiou"], labels=["x", "y"] * 12 + ["x"]
    )
    config = ModelConfig(units=6, embedding=3, labels=2)
    events = list(fit(corpus, model=config, training=TRAINING.replace(epochs=1, canaries=4)))
    assert isinstance(events[-1], Finished)


def test_facts_of_a_network_say_nothing_of_n_grams(toy, tmp_path):
    train(toy, tmp_path, training=TRAINING.replace(epochs=1))
    index = json.loads((tmp_path / "model.json").read_text("utf-8"))
    assert not {"kind", "order"} & set(index["config"]) and "ngram" not in index["facts"]
    assert "canaries" not in index["facts"]
    assert not of_kind(train(toy, None, training=TRAINING.replace(epochs=1)), Warned)


# The command line


def test_info_tells_what_was_counted_and_how_it_is_mixed(toy, mixed, tmp_path, call):
    code, out, _ = call("info", mixed[0])
    assert code == 0 and "mixture weight" in out and "n-gram of order" in out
    data = json.loads(call("info", mixed[0], "--json")[1])
    saved = load_model(mixed[0])
    assert data["ngram"] == saved.facts["ngram"] and data["model"]["kind"] == "mixture"
    assert data["parameters"] == sum(
        array.size
        for name, array in saved.weights.items()
        if name in ("ngram.own", "ngram.left") or not name.startswith(("ngram.", "mixture."))
    )
    for kind, words in (("uniform", "all characters equally likely"), ("unigram", "of order 1")):
        train(toy, tmp_path / kind, model=ModelConfig(kind=kind), training=TRAINING)
        assert words in call("info", tmp_path / kind)[1]
