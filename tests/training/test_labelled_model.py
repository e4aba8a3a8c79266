"""Labels in the model and its training: the same numbers everywhere, and learned."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from charloom.config import ModelConfig, TrainConfig
from charloom.data.batches.names import Batch
from charloom.data.names import NameCorpus
from charloom.data.vocabulary import Vocabulary
from charloom.errors import ConfigError, RunError
from charloom.models.rnn.initial import initial_weights
from charloom.models.rnn.numpy import NumpyRNN
from charloom.models.rnn.shapes import weight_shapes
from charloom.models.scoring.names import score, score_labelled
from charloom.run import load_model, load_state
from charloom.training.engines.factory import backend_name, make_engine
from charloom.training.events import Evaluated
from charloom.training.trainer import fit
from helpers.sources import two_kinds

pytestmark = pytest.mark.heavy

V, B, T = 7, 5, 6
SMALL = ModelConfig(units=12, embedding=6, dropout=0.2, labels=2)
TRAINING = TrainConfig(epochs=3, batch_size=16, learning_rate=0.02)


@pytest.fixture(scope="module")
def kinds() -> NameCorpus:
    return two_kinds()


# The model


def random_model(cell, labels=3, layers=2):
    config = ModelConfig(cell=cell, units=6, layers=layers, embedding=4, dropout=0.0, labels=labels)
    rng = np.random.default_rng(0)
    shapes = weight_shapes(config, V)
    return config, {k: rng.normal(0, 0.5, s).astype(np.float32) for k, s in shapes.items()}


def numpy_logits(config, weights, ids, labels):
    """(B, T, V), by the NumPy step of each row's own label."""
    rnn, rows = NumpyRNN(config, weights), []
    for row, label in zip(ids, labels, strict=True):
        one = rnn.labelled(int(label) - 1 if label else None)
        carry, logits = one.initial_carry(1), []
        for i in row:
            step, carry = one.step(np.array([i]), carry)
            logits.append(step[0])
        rows.append(logits)
    return np.array(rows)


IDS = np.random.default_rng(1).integers(0, V, (B, T)).astype(np.int32)
LABELS = np.array([0, 3, 1, 2, 3], np.int32)


@pytest.mark.parametrize("cell", ["gru", "lstm", "rnn"])
def test_jax_and_numpy_give_the_same_logits(cell):
    from charloom.models.rnn import jax_model

    config, weights = random_model(cell)
    expected = numpy_logits(config, weights, IDS, LABELS)
    logits = jax_model.logits(config, weights, IDS.T, None, LABELS)[0]  # (V, T, B)
    np.testing.assert_allclose(np.transpose(logits, (2, 1, 0)), expected, atol=1e-5)
    assert np.abs(expected[1] - numpy_logits(config, weights, IDS[1:2], [1])).max() > 0.01


@pytest.mark.parametrize("cell", ["gru", "lstm", "rnn"])
def test_keras_and_numpy_give_the_same_logits(cell):
    from charloom.models.rnn.keras import build_model, keras, model_weights

    config, weights = random_model(cell)
    model = build_model(config, V, weights)
    logits = keras.ops.convert_to_numpy(model([IDS, LABELS]))
    np.testing.assert_allclose(logits, numpy_logits(config, weights, IDS, LABELS), atol=1e-5)
    back = model_weights(model, config, V)
    assert list(back) == list(weights)
    assert all((back[name] == weights[name]).all() for name in weights)


def test_a_labelled_keras_model_can_be_saved_and_loaded(tmp_path):
    from charloom.models.rnn.keras import build_model, keras

    config, weights = random_model("gru")
    model = build_model(config, V, weights)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    ours, theirs = (keras.ops.convert_to_numpy(m([IDS, LABELS])) for m in (model, again))
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_without_a_label_the_model_equals_one_without_labels():
    config, weights = random_model("gru")
    bare = {name: value for name, value in weights.items() if name != "labels"}
    without = NumpyRNN(config.replace(labels=0), bare)
    for rnn in (NumpyRNN(config, weights), NumpyRNN(config, weights).labelled(2).labelled(None)):
        ours, theirs = (r.step(np.arange(V), r.initial_carry(V)) for r in (rnn, without))
        np.testing.assert_array_equal(ours[0], theirs[0])
    for wrong in (3, -1):
        with pytest.raises(ConfigError, match=f"integer below 3.*Received: {wrong}"):
            NumpyRNN(config, weights).labelled(wrong)
    with pytest.raises(ConfigError, match="integer below 0"):
        without.labelled(0)


def test_the_labels_weights_have_the_gradient_that_differentiation_gives():
    import jax

    from charloom.models.rnn import jax_model

    config, weights = random_model("gru", layers=1)
    targets, mask = IDS.T[::-1], np.ones((T, B), np.float32)

    def loss(logits):
        return jax_model.nats(logits, targets, mask)

    def plain(weights):
        """The labels as further characters' rows: each sequence in a vocabulary of its own."""
        rows = jax.numpy.concatenate([np.zeros((1, 4), np.float32), weights["labels"]])
        each = [
            jax_model.logits(
                config,
                {**weights, "embedding": weights["embedding"] + rows[LABELS[i]]},
                IDS.T[:, i : i + 1],
            )[0]
            for i in range(B)
        ]  # (V, T, 1) each
        return loss(jax.numpy.concatenate(each, axis=2))

    def folded(weights):
        return loss(jax_model.logits(config, weights, IDS.T, None, LABELS)[0])

    ours, expected = (jax.jit(jax.grad(way))(weights) for way in (folded, plain))
    for name in weights:
        np.testing.assert_allclose(ours[name], expected[name], atol=2e-5, err_msg=name)


def test_strings_are_scored_under_their_labels():
    config, weights = random_model("gru")
    rnn, rng = NumpyRNN(config, weights), np.random.default_rng(3)
    strings = [rng.integers(1, V, n).astype(np.int32) for n in (3, 0, 5, 4, 2)]
    nats = score_labelled(rnn, strings, LABELS)
    for i, label in enumerate(LABELS):
        one = rnn.labelled(label - 1 if label else None)
        assert nats[i] == pytest.approx(score(one, strings[i : i + 1])[0], rel=1e-5)


# Training


def test_the_engine_of_jax_takes_the_steps_of_keras_with_labels():
    from charloom.training.engines.keras import KerasEngine

    training = TrainConfig(batch_size=B, clip_norm=0.3, weight_decay=0.05)
    config, weights = random_model("gru")
    engines = (
        make_engine(backend_name(), config, training, weights, 30.0),
        KerasEngine(config, training, weights, 30.0),
    )
    engines[0].prepare([T])
    batch = Batch(IDS, IDS[::-1].copy(), np.ones((B, T), np.float32), B, labels=LABELS)
    for step in range(4):
        ours, theirs = (float(e.step(batch, 0.01 * (step + 1))) for e in engines)
        assert ours == pytest.approx(theirs, rel=1e-5)
    ours, theirs = (engine.weights() for engine in engines)
    for name in weights:
        np.testing.assert_allclose(ours[name], theirs[name], atol=2e-5, err_msg=name)
    assert np.abs(ours["labels"] - weights["labels"]).max() > 0.01


def test_a_labelled_model_predicts_names_of_its_labels(kinds):
    events = list(fit(kinds, model=SMALL, training=TRAINING.replace(epochs=30)))
    last = [event for event in events if isinstance(event, Evaluated)][-1]
    vocabulary = Vocabulary.of(kinds.names)
    rnn = NumpyRNN(SMALL, last.weights)
    ids = [vocabulary.encode(name) for name in kinds.names]
    labels = np.array(kinds.label_ids)
    right, wrong = (score_labelled(rnn, ids, given).sum() for given in (labels, 3 - labels))
    without = score(rnn, ids).sum()
    assert right < without < wrong
    assert without - right > 0.5 * np.log(2) * len(ids), "a label tells half a bit of each name"

    _, held_out = kinds.split_places(TRAINING.held_out, TRAINING.seed)
    nats = score_labelled(rnn, [ids[i] for i in held_out], labels[list(held_out)])
    characters = sum(len(ids[i]) + 1 for i in held_out)
    assert last.held_out_nats_per_char == pytest.approx(nats.sum() / characters)


def same(a, b):
    return a.keys() == b.keys() and all((a[name] == b[name]).all() for name in a)


@pytest.mark.parametrize("after", [3, 8])
def test_an_interrupted_labelled_training_resumes_bit_for_bit(kinds, tmp_path, after):
    how = {"model": SMALL, "training": TRAINING}
    *_, whole = fit(kinds, **how)
    count = itertools.count(1)
    list(fit(kinds, **how, out=tmp_path, stop=lambda: next(count) >= after))
    *_, rest = fit(kinds, **how, out=tmp_path, resume=True)
    assert same(dict(rest.weights), dict(whole.weights))
    saved = load_model(tmp_path)
    assert saved.labels == ("head", "tail")
    assert same(dict(saved.weights), dict(whole.weights))
    assert load_state(tmp_path)[1]["model"]["labels"] == 2


def test_a_resumed_training_must_have_the_same_labels(kinds, tmp_path):
    list(fit(kinds, model=SMALL, training=TRAINING.replace(epochs=1), out=tmp_path))
    swapped = {"head": "tail", "tail": "head"}
    other = NameCorpus.of(kinds.names, labels=[swapped[label] for label in kinds.labels])
    with pytest.raises(RunError, match="another corpus"):
        list(fit(other, model=SMALL, training=TRAINING, out=tmp_path, resume=True))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": SMALL.replace(labels=0)}, r"as many as the corpus's, 2\. Received: 0"),
        ({"loop": "custom"}, "unpacked loop"),
        ({"training": TRAINING.replace(preparation="tutorial", held_out=0)}, "tutorial"),
    ],
)
def test_trainings_that_cannot_use_labels_are_refused_before_any_work(
    kinds, change, message, tmp_path
):
    with pytest.raises(ConfigError, match=message):
        fit(kinds, **{"model": SMALL, "training": TRAINING, "out": tmp_path / "run", **change})
    assert not (tmp_path / "run").exists()


def test_untrained_labels_start_at_zero_and_change_no_other_weight():
    with_labels, without = (initial_weights(ModelConfig(labels=n), V, 0) for n in (4, 0))
    assert not with_labels.pop("labels").any()
    assert same(with_labels, without)
