"""Training that begins with another run's weights, and training of parts of a model."""

from __future__ import annotations

import numpy as np
import pytest

from charloom import api
from charloom.config import ModelConfig, TrainConfig
from charloom.data.names import NameCorpus
from charloom.data.text import TextCorpus
from charloom.errors import ConfigError, RunError
from charloom.run import load_model
from charloom.training.events import Finished, Started
from charloom.training.trainer import fit

pytestmark = pytest.mark.slow

MODEL = ModelConfig(units=12, embedding=6, dropout=0.1)
TRAINING = TrainConfig(epochs=2, batch_size=16, learning_rate=0.02)


def train(corpus, folder=None, **arguments):
    return list(fit(corpus, **({"model": MODEL, "training": TRAINING, "out": folder} | arguments)))


@pytest.fixture(scope="module")
def base(toy, tmp_path_factory):
    """A model of names of a, e, i, o, u and some consonants."""
    folder = tmp_path_factory.mktemp("base")
    train(toy, folder)
    return load_model(folder)


def test_training_begins_with_the_weights_that_are_given(toy, base):
    frozen = TRAINING.replace(epochs=1, freeze=("embedding", "recurrent"))
    finished = train(toy, initial=base, training=frozen)[-1]
    assert isinstance(finished, Finished)
    for name, weight in finished.weights.items():
        same = (weight == base.weights[name]).all()
        assert same == (not name.startswith("logits.")), name


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("part", "prefix"), [("embedding", ("embedding",)), ("recurrent", ("rnn.",))]
)
def test_a_frozen_part_does_not_change_and_the_rest_is_trained(toy, part, prefix):
    from charloom.models.rnn.initial import initial_weights

    events = train(toy, training=TRAINING.replace(freeze=(part,)))
    before = initial_weights(MODEL, events[0].vocabulary.size, TRAINING.seed)
    for name, weight in events[-1].weights.items():
        assert (weight == before[name]).all() == name.startswith(prefix), name


def test_new_characters_are_added_and_old_ones_are_kept(toy, base, tmp_path):
    corpus = NameCorpus.of([f"{a}y{b}ü" for a in "bdg" for b in "aeiou"])
    events = train(corpus, tmp_path, initial=base)
    assert isinstance(events[0], Started)
    known = set(events[0].vocabulary.characters)
    assert known == {*base.vocabulary.characters, "y", "ü"}
    model = api.load(tmp_path)
    assert set(model.vocabulary.characters) == known
    assert np.isfinite(model.nll(["bynü", "kons"])).all()


@pytest.mark.heavy
def test_a_fine_tuned_training_resumes_bit_for_bit(toy, base, tmp_path):
    import itertools

    corpus = NameCorpus.of([f"{a}y{b}{c}" for a in "bdgk" for b in "aeiou" for c in "xz"])
    whole = train(corpus, initial=base)[-1]
    count = itertools.count(1)
    train(corpus, tmp_path, initial=base, stop=lambda: next(count) >= 2)
    parts = train(corpus, tmp_path, initial=base, resume=True)[-1]
    assert all((whole.weights[name] == parts.weights[name]).all() for name in whole.weights)


@pytest.mark.heavy
def test_resuming_without_the_initial_model_is_refused_if_it_had_more_characters(
    toy, base, tmp_path
):
    import itertools

    count = itertools.count(1)
    corpus = NameCorpus.of([f"{a}y{b}x" for a in "bdgkp" for b in "aeiou"])
    train(corpus, tmp_path, initial=base, stop=lambda: next(count) >= 1)
    with pytest.raises(RunError, match="vocabulary"):
        train(corpus, tmp_path, resume=True)


def test_a_model_keeps_its_settings(toy, base):
    with pytest.raises(ConfigError, match="units is 12"):
        train(toy, initial=base, model=MODEL.replace(units=13))
    with pytest.raises(ConfigError):
        train(TextCorpus.of("names are no text, " * 50), initial=base)


def test_the_settings_of_a_warm_start_are_the_models(toy, base, tmp_path):
    from charloom.run import save_model

    save_model(tmp_path, base)
    model = api.train(toy, initial=tmp_path, epochs=1)
    config = model.rnn.config
    assert (config.units, config.embedding) == (MODEL.units, MODEL.embedding)


@pytest.mark.heavy
def test_labels_of_both_are_kept(tmp_path):
    labelled = MODEL.replace(labels=2)
    names = [f"{a}{b}n" for a in "bdgkp" for b in "aeiou"]
    first = NameCorpus.of(names, labels=["b", "c"] * 12 + ["b"])
    train(first, tmp_path, model=labelled)
    saved = load_model(tmp_path)
    second = NameCorpus.of(names[::-1], labels=["a"] * 12 + ["c"] * 13)
    events = train(second, initial=saved, model=labelled.replace(labels=3))
    assert events[0].labels == ("a", "b", "c")
    moved = np.abs(events[-1].weights["labels"][[1]] - saved.weights["labels"][[0]]).max()
    assert moved < np.abs(events[-1].weights["labels"][0]).max()
