"""A stateful model's state is kept from batch to batch, and is neither counted nor saved."""

from __future__ import annotations

import zipfile
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from charloom.config import ModelConfig
from charloom.models.rnn.keras import build_model
from charloom.models.rnn.shapes import parameter_count

keras = import_module("keras")  # after charloom, which chooses the backend

pytestmark = pytest.mark.heavy

B, T, V = 64, 5, 7
EVERY_KIND = pytest.mark.parametrize(
    ("cell", "layers"), [(cell, layers) for cell in ("gru", "lstm", "rnn") for layers in (1, 2)]
)
FILES_OF_0_1_0 = Path(__file__).parents[1] / "frozen" / "keras" / "files.zip"


def config(cell="gru", layers=1, **settings):
    return ModelConfig(cell=cell, layers=layers, units=4, embedding=3, dropout=0.0, **settings)


def stateful(cell="gru", layers=1, batch_size=B, seed=0):
    keras.utils.set_random_seed(seed)
    return build_model(config(cell, layers), V, batch_size=batch_size, stateful=True)


def ids_for(rows=B):
    return np.random.default_rng(0).integers(0, V, (rows, T)).astype("int32")


def outputs(model, ids):
    return keras.ops.convert_to_numpy(model(ids))


def recurrent(model):
    return [layer for layer in model.layers if isinstance(layer, keras.layers.RNN)]


def reset(model):
    for layer in recurrent(model):
        layer.reset_state()


def same(model, other):
    """Whether two models have the same weights."""
    pairs = zip(model.get_weights(), other.get_weights(), strict=True)
    return all((one == two).all() for one, two in pairs)


@EVERY_KIND
def test_the_state_is_kept_until_it_is_reset(cell, layers):
    model, ids = stateful(cell, layers), ids_for()
    first, second = outputs(model, ids), outputs(model, ids)
    assert np.abs(first - second).max() > 1e-5
    whole = build_model(config(cell, layers), V)
    whole.set_weights(model.get_weights())
    both = outputs(whole, np.concatenate([ids, ids], axis=1))
    np.testing.assert_allclose(np.concatenate([first, second], axis=1), both, atol=1e-6)
    reset(model)
    np.testing.assert_allclose(outputs(model, ids), first, atol=1e-6)


@EVERY_KIND
def test_predict_and_fit_keep_the_state_too(cell, layers):
    model, ids = stateful(cell, layers), ids_for()
    first, second = outputs(model, ids), outputs(model, ids)
    reset(model)
    twice = model.predict(np.concatenate([ids, ids]), batch_size=B, verbose=0)
    np.testing.assert_allclose(twice, np.concatenate([first, second]), atol=1e-6)
    reset(model)
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.optimizer.learning_rate = 0.0
    model.fit(ids, ids, batch_size=B, shuffle=False, verbose=0)
    np.testing.assert_allclose(outputs(model, ids), second, atol=1e-6)


@EVERY_KIND
def test_the_state_is_not_counted(cell, layers):
    model = stateful(cell, layers)
    lines: list[str] = []
    model.summary(print_fn=lines.append)
    assert model.count_params() == parameter_count(config(cell, layers), V)
    assert "Non-trainable params: 0 " in "".join(lines)
    assert not model.non_trainable_weights
    plain = build_model(config(cell, layers), V)
    assert [w.shape for w in model.get_weights()] == [w.shape for w in plain.get_weights()]


@EVERY_KIND
def test_weights_move_to_another_batch_size_to_stateless_and_back(cell, layers, tmp_path):
    model, ids = stateful(cell, layers), ids_for()
    expected = outputs(model, ids)
    model.save_weights(tmp_path / "0.weights.h5")
    others = (
        stateful(cell, layers, batch_size=1, seed=1),
        build_model(config(cell, layers), V),
        stateful(cell, layers, seed=2),
    )
    for number, other in enumerate(others):
        assert not same(other, model)
        other.load_weights(tmp_path / f"{number}.weights.h5")
        assert same(other, model)
        other.save_weights(tmp_path / f"{number + 1}.weights.h5")
    one, stateless, again = others
    np.testing.assert_allclose(outputs(one, ids[:1]), expected[:1], atol=1e-6)
    np.testing.assert_allclose(outputs(stateless, ids), expected, atol=1e-6)
    np.testing.assert_allclose(outputs(again, ids), expected, atol=1e-6)


@pytest.mark.parametrize("cell", ["gru", "lstm", "rnn"])
def test_loading_weights_leaves_the_state_as_it_is(cell, tmp_path):
    model, ids = stateful(cell, layers=2), ids_for()
    first, second = outputs(model, ids), outputs(model, ids)
    model.save_weights(tmp_path / "saved.weights.h5")
    reset(model)
    outputs(model, ids)
    model.load_weights(tmp_path / "saved.weights.h5")
    np.testing.assert_allclose(outputs(model, ids), second, atol=1e-6)
    reset(model)
    model.set_weights(model.get_weights())
    np.testing.assert_allclose(outputs(model, ids), first, atol=1e-6)


@EVERY_KIND
def test_a_whole_file_and_a_clone_have_the_weights_and_a_state_of_their_own(cell, layers, tmp_path):
    model, ids = stateful(cell, layers), ids_for()
    first, second = outputs(model, ids), outputs(model, ids)
    model.save(tmp_path / "model.keras")
    clone = keras.models.clone_model(model)
    assert not same(clone, model)
    clone.set_weights(model.get_weights())
    for other in (keras.saving.load_model(tmp_path / "model.keras"), clone):
        assert [layer.stateful for layer in recurrent(other)] == [True] * layers
        assert other.count_params() == model.count_params()
        np.testing.assert_allclose(outputs(other, ids), first, atol=1e-6)
        np.testing.assert_allclose(outputs(other, ids), second, atol=1e-6)


def test_a_frozen_stateful_layer_keeps_its_state_in_fit():
    model, ids = stateful(), ids_for()
    recurrent(model)[0].trainable = False
    first, second = outputs(model, ids), outputs(model, ids)
    assert np.abs(first - second).max() > 1e-5
    reset(model)
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    before = recurrent(model)[0].get_weights()
    model.fit(ids, ids, batch_size=B, verbose=0)
    assert all(
        (a == b).all() for a, b in zip(before, recurrent(model)[0].get_weights(), strict=True)
    )
    (state,) = recurrent(model)[0].states
    assert np.abs(keras.ops.convert_to_numpy(state)).max() > 1e-5


@pytest.fixture(scope="module")
def old_files(tmp_path_factory):
    """Stateful models of batch size 3 and two layers, saved by charloom 0.1.0, and their logits."""
    folder = tmp_path_factory.mktemp("files")
    with zipfile.ZipFile(FILES_OF_0_1_0) as archive:
        archive.extractall(folder)
    return folder, dict(np.load(folder / "logits.npz"))


@pytest.mark.parametrize("cell", ["gru", "lstm", "rnn"])
def test_files_of_0_1_0_load(cell, old_files):
    folder, expected = old_files
    ids = expected["ids"]
    loaded = [
        keras.saving.load_model(folder / f"{cell}.keras"),
        stateful(cell, 2, batch_size=3),
        stateful(cell, 2, batch_size=1),
        build_model(config(cell, 2), V),
    ]
    for model in loaded[1:]:
        model.load_weights(folder / f"{cell}.weights.h5")
    for model in loaded:
        assert model.count_params() == parameter_count(config(cell, 2), V)
        rows = ids[:1] if model.input_shape[0] == 1 else ids
        np.testing.assert_allclose(outputs(model, rows), expected[cell][: len(rows)], atol=1e-6)
