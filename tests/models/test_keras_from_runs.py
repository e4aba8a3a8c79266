"""A run and a model give their network as a Keras model with its weights, in one call."""

from __future__ import annotations

import subprocess
import sys
import warnings

import numpy as np
import pytest

from charloom import ModelConfig, NameCorpus, Run, build_model, load, train
from charloom.errors import ConfigError

pytestmark = pytest.mark.slow

NAMES = ["Ann", "Anna", "Hanna", "Nanna", "Hannah", "Nan", "Hana", "Anan"]
SMALL = {"units": 4, "embedding": 3, "epochs": 1, "seed": 1}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    for kind in ("network", "mixture", "ngram"):
        settings = {"seed": 1} if kind == "ngram" else SMALL
        train(NameCorpus.of(NAMES), kind=kind, out=folder / kind, **settings)
    return folder


def outputs(model, ids):
    import keras

    return keras.ops.convert_to_numpy(model(ids))


def log_probs(model, name):
    """Log-probabilities of a name's characters and its end, by a Keras model of batch size 1."""
    ids = np.array([[0, *NameCorpus.of(NAMES).vocabulary.encode(name).tolist(), 0]], np.int32)
    logits = outputs(model, ids[:, :-1])[0]
    shifted = logits - logits.max(axis=1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return logs[np.arange(len(logs)), ids[0, 1:]]


@pytest.mark.heavy
@pytest.mark.parametrize("opened", [Run.open, load], ids=["Run", "load"])
def test_a_network_is_the_same_model_in_keras(runs, opened):
    source = opened(runs / "network")
    expected = -load(runs / "network").nll(["Hanna"])[0]
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        models = source.to_keras(), source.to_keras(batch_size=1, stateful=True)
    assert [model.input_shape for model in models] == [(None, None), (1, None)]
    for model in models:
        assert log_probs(model, "Hanna").sum() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("opened", [Run.open, load], ids=["Run", "load"])
def test_a_mixture_gives_its_network_and_says_so(runs, opened):
    source = opened(runs / "mixture")
    with pytest.warns(UserWarning, match="only the network of this mixture, without its n-gram"):
        model = source.to_keras()
    weights = Run.open(runs / "mixture").weights
    expected = [array for name, array in weights.items() if not name.startswith(("ngram", "mix"))]
    for ours, theirs in zip(model.get_weights(), expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    network = load(runs / "mixture").rnn.network
    logits, _ = network.step(np.array([0]), network.initial_carry(1))
    np.testing.assert_allclose(outputs(model, np.array([[0]]))[0], logits, atol=1e-6)


@pytest.mark.parametrize("opened", [Run.open, load], ids=["Run", "load"])
def test_an_ngram_has_no_network(runs, opened):
    with pytest.raises(ConfigError, match="only a network can be a Keras model"):
        opened(runs / "ngram").to_keras()


def test_a_blend_is_taken_apart_first(runs):
    model = load(runs / "network")
    with pytest.raises(ConfigError, match="each part of a blend by itself"):
        model.blend_with(model, 0.5).to_keras()


def test_stateful_needs_a_batch_size():
    with pytest.raises(ConfigError, match="Pass batch_size"):
        build_model(ModelConfig(units=4, embedding=3), 7, stateful=True)


def test_training_a_mixture_does_not_warn_of_its_network():
    from charloom.models.rnn.initial import initial_weights
    from charloom.training.engines.keras import KerasEngine
    from charloom.training.recipes import settings_for

    model, training = settings_for(NameCorpus.of(NAMES), None, None, kind="mixture", **SMALL)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        KerasEngine(model, training, initial_weights(model, 5, seed=0), 1.0)


@pytest.mark.heavy
def test_keras_is_imported_with_the_name_and_not_before():
    script = (
        "import sys, charloom\n"
        "assert 'keras' not in sys.modules\n"
        "from charloom import build_model\n"
        "print('keras' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "True\n"
