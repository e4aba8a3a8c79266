"""The tutorial's preparation, model and training, with its numbers."""

from __future__ import annotations

import dataclasses
import itertools
import math

import numpy as np
import pytest

from charloom import NameCorpus, NameModel, SampleConfig, Vocabulary, api, load
from charloom.cli.main import run
from charloom.config import ModelConfig
from charloom.data.batches.tutorial import PaddedBatches, padded_rows
from charloom.errors import ConfigError, GenerationError, RunError
from charloom.evaluation import likelihood
from charloom.models.rnn.initial import initial_weights
from charloom.models.rnn.numpy import NumpyRNN
from charloom.models.rnn.shapes import weight_shapes
from charloom.models.scoring.names import log_softmax
from charloom.run import latest_epoch, load_model
from charloom.training.engines.factory import backend_name, make_engine
from charloom.training.events import Evaluated, Finished, Step
from charloom.training.recipes import recipe

pytestmark = pytest.mark.slow

SMALL = {"units": 12, "embedding": 6, "batch_size": 16, "epochs": 2}
CELLS = ("gru", "lstm", "rnn")


def tutorial(corpus, **changes):
    return recipe(corpus.report.names, corpus.report.characters, "tutorial", **changes)


@pytest.fixture(scope="module")
def trained(toy, tmp_path_factory):
    """A small model in the tutorial's way; tests only read it."""
    folder = tmp_path_factory.mktemp("runs") / "tutorial"
    api.train(toy, out=folder, recipe="tutorial", **(SMALL | {"epochs": 3}))
    return folder


def test_rows_are_padded_with_newlines_and_ids_are_in_sorted_order():
    corpus = NameCorpus.of(["Abc", "B", "Abc"], repeats=True)
    vocabulary = Vocabulary.of(corpus.names)
    assert vocabulary.encode("ABbc").tolist() == [1, 2, 3, 4]
    rows = padded_rows(corpus.names, vocabulary)
    assert rows.tolist() == [[1, 3, 4, 0], [2, 0, 0, 0], [1, 3, 4, 0]]


def test_the_tutorials_list_gives_24_batches_of_its_shape_and_its_first_row(dinos):
    corpus = NameCorpus.read(dinos, repeats=True)
    vocabulary = Vocabulary.of(corpus.names)
    rows = padded_rows(corpus.names, vocabulary)
    batches = PaddedBatches(rows, 64)
    assert vocabulary.size == 53
    assert (vocabulary.encode("Aa")).tolist() == [1, 27]
    assert corpus.names[0] == "Aachenosaurus"
    assert rows[0].tolist() == [*vocabulary.encode("Aachenosaurus").tolist(), *[0] * 11]
    assert batches.steps_per_epoch == 24
    batch = batches.batch(0, 0)
    assert batch.inputs.shape == batch.targets.shape == (64, 23)


def test_an_epoch_has_every_row_at_most_once_in_another_order():
    rows = np.arange(1, 36, dtype=np.int32).reshape(-1, 1) * [[1, 1, 0]]
    batches = PaddedBatches(rows, 8, seed=3)
    epochs = [
        [batches.batch(epoch, step) for step in range(batches.steps_per_epoch)] for epoch in (0, 1)
    ]
    for steps in epochs:
        first = np.concatenate([batch.inputs[:, 0] for batch in steps])
        assert len(first) == len(set(first.tolist())) == 32
        assert [batch.continues for batch in steps] == [False, True, True, True]
        for batch in steps:
            np.testing.assert_array_equal(batch.inputs[:, 1:], batch.targets[:, :-1])
            assert batch.mask.all()
    assert (epochs[0][0].inputs != epochs[1][0].inputs).any()
    assert batches.padded_share == 0


def test_too_few_names_for_a_batch_are_refused_with_the_remedy(toy):
    with pytest.raises(ConfigError, match=r"at least 500.*--batch-size"):
        api.train(toy, recipe="tutorial", batch_size=500)


def test_repeats_are_kept_where_asked_for_and_never_held_out():
    corpus = NameCorpus.of(["Rex", "Rex", "Ornith"], repeats=True)
    assert corpus.names == ("Rex", "Rex", "Ornith")
    assert corpus.report.duplicates == 0
    with pytest.raises(ConfigError, match="both parts"):
        corpus.split(0.5)
    assert NameCorpus.of(["Rex", "Rex", "Ornith"]).names == ("Rex", "Ornith")


@pytest.mark.heavy
def test_the_model_has_the_tutorials_parameters_and_untrained_loss(toy):
    from charloom.models.rnn.keras import build_model, keras  # it chooses the backend

    model, training = tutorial(toy)
    weights = initial_weights(model, 53, 0, as_tutorial=True)
    built = build_model(model, 53, weights, batch_size=training.batch_size, stateful=True)
    counts = [sum(math.prod(w.shape) for w in layer.trainable_weights) for layer in built.layers]
    assert [count for count in counts if count] == [13_568, 3_938_304, 54_325]
    assert sum(counts) == 4_006_197
    ids = np.random.default_rng(0).integers(0, 53, (64, 24))
    logits = built(ids[:, :-1])
    assert tuple(logits.shape) == (64, 23, 53)
    loss = keras.losses.sparse_categorical_crossentropy(ids[:, 1:], logits, from_logits=True)
    assert float(keras.ops.mean(loss)) == pytest.approx(math.log(53), abs=0.02)
    bound = math.sqrt(6 / (1024 + 3 * 1024))
    assert 0.99 * bound < abs(weights["rnn.0.recurrent_kernel"]).max() <= bound
    assert 0.049 < abs(weights["embedding"]).max() <= 0.05


# Epochs' mean losses of a small model, the same on each backend to rounding (recorded on JAX).
EXPECTED = {
    "gru": (2.628677, 2.607837),
    "lstm": (2.628998, 2.609618),
    "rnn": (2.638639, 2.624775),
}


@pytest.mark.heavy
@pytest.mark.parametrize("loop", ["fit", "custom"])
@pytest.mark.parametrize("cell", CELLS)
def test_losses_are_the_same_on_every_backend_and_in_either_loop(toy, cell, loop):
    events = api.fit(toy, recipe="tutorial", cell=cell, loop=loop, **SMALL)
    losses = [e.train_nats_per_char for e in events if isinstance(e, Evaluated)]
    np.testing.assert_allclose(losses, EXPECTED[cell], rtol=1e-4)


@pytest.mark.heavy
def test_a_step_of_ones_own_is_called_with_every_batch(toy):
    seen = []

    def make_step(model, optimizer, loss):
        def step(ids, targets, weights):
            seen.append((ids.shape, model.count_params(), float(optimizer.learning_rate)))
            return loss(targets, model(ids), sample_weight=weights)

        return step

    events = list(api.fit(toy, recipe="tutorial", loop=make_step, **SMALL))
    assert len(seen) == 14
    assert {shape for shape, _, _ in seen} == {(16, 5)}
    losses = [e.train_nats_per_char for e in events if isinstance(e, Evaluated)]
    assert losses[0] == pytest.approx(losses[1], rel=0.02)  # nothing was learned


@pytest.mark.parametrize("cell", CELLS)
def test_the_carry_is_kept_within_an_epoch_and_not_into_the_next(toy, cell):
    model, training = tutorial(toy, cell=cell, **SMALL)
    vocabulary = Vocabulary.of(toy.names)
    weights = initial_weights(model, vocabulary.size, 0)
    batches = PaddedBatches(padded_rows(toy.names, vocabulary), training.batch_size)
    batch = batches.batch(0, 1)

    def losses(*flags):
        engine = make_engine(backend_name(), model, training, weights, 1.0)
        return [
            float(engine.step(dataclasses.replace(batch, continues=flag), 1e-9)) for flag in flags
        ]

    fresh, again = losses(False, False)
    assert again == pytest.approx(fresh, rel=1e-6)
    _, on = losses(False, True)
    assert abs(on - fresh) > 1e-5 * fresh


@pytest.mark.heavy
def test_a_training_resumes_from_another_engines_state(toy):
    from charloom.training.engines.keras import KerasEngine

    model, training = tutorial(toy, **SMALL)
    vocabulary = Vocabulary.of(toy.names)
    weights = initial_weights(model, vocabulary.size, 0, as_tutorial=True)
    batches = PaddedBatches(padded_rows(toy.names, vocabulary), training.batch_size)
    ours = make_engine(backend_name(), model, training, weights, 80.0)
    keras = KerasEngine(model, training, initial_weights(model, vocabulary.size, 9), 80.0)
    for step in range(3):
        ours.step(batches.batch(0, step), 0.01)
    keras.restore(ours.state())
    for step in (3, 4):
        expected = float(ours.step(batches.batch(0, step), 0.01))
        assert float(keras.step(batches.batch(0, step), 0.01)) == pytest.approx(expected, rel=1e-5)
    ours.restore(keras.state())
    expected = float(keras.step(batches.batch(0, 5), 0.01))
    assert float(ours.step(batches.batch(0, 5), 0.01)) == pytest.approx(expected, rel=1e-5)


def test_an_interrupted_training_resumes_with_its_carry(toy, tmp_path):
    whole = list(api.fit(toy, recipe="tutorial", **SMALL))[-1]
    model, training = tutorial(toy, **SMALL)
    from charloom.training.trainer import fit

    calls = iter(range(100))
    settings = {"model": model, "training": training, "out": tmp_path / "run"}
    half = list(fit(toy, stop=lambda: next(calls) == 2, **settings))[-1]
    assert isinstance(half, Finished)
    assert (half.reason, half.step) == ("interrupted", 3)
    end = list(fit(toy, resume=True, **settings))[-1]
    for name, value in whole.weights.items():
        np.testing.assert_array_equal(end.weights[name], value)


def test_each_epoch_is_kept_under_its_number_and_the_latest_is_found(trained, tmp_path):
    assert sorted(f.name for f in (trained / "epochs").iterdir()) == ["001", "002", "003"]
    latest = latest_epoch(trained)
    assert latest.name == "003"
    assert load_model(latest).facts["best"]["epoch"] == 3
    assert load(latest).names(3, start="b", seed=1) == load(trained).names(3, start="b", seed=1)
    with pytest.raises(RunError, match=r"no checkpoint of an epoch.*--keep-epochs"):
        latest_epoch(tmp_path)


def test_every_nth_epoch_and_the_last_are_kept(toy, tmp_path):
    api.train(
        toy, out=tmp_path / "run", recipe="tutorial", keep_epochs=2, **(SMALL | {"epochs": 5})
    )
    kept = sorted(f.name for f in (tmp_path / "run" / "epochs").iterdir())
    assert kept == ["002", "004", "005"]


@pytest.mark.parametrize("cell", CELLS)
def test_without_a_begin_symbol_the_first_character_is_given_and_costs_nothing(cell):
    config = ModelConfig(cell=cell, units=5, embedding=3, layers=2, begin=False)
    rng = np.random.default_rng(0)
    weights = {
        name: rng.normal(size=shape).astype(np.float32)
        for name, shape in weight_shapes(config, 4).items()
    }
    model = NameModel(NumpyRNN(config, weights), NameCorpus.of(["abc", "cab"]).vocabulary)
    expected = []
    for text in ("abc", "c", "cab"):
        ids = [*model.vocabulary.encode(text).tolist(), 0]
        rnn = NumpyRNN(config, weights)
        carry, nats = rnn.initial_carry(1), 0.0
        for here, there in itertools.pairwise(ids):
            logits, carry = rnn.step(np.array([here]), carry)
            nats -= float(log_softmax(logits)[0, there])
        expected.append(nats)
    np.testing.assert_allclose(model.nll(["abc", "c", "cab"]), expected, rtol=1e-5)
    measured = likelihood(model, ["abc", "c"])
    assert measured.characters == 4  # b, c and two ends
    assert measured.nats_per_char == pytest.approx(sum(expected[:2]) / 4, rel=1e-5)
    assert measured.nats_per_char_without_first == pytest.approx(measured.nats_per_char)
    for sample in model.generate(5, start="a", allow_known=True, config=SampleConfig(seed=1)):
        np.testing.assert_allclose(sample.nats, model.nll([sample.text])[0], rtol=1e-4)
    with pytest.raises(GenerationError, match=r"first character.*--start"):
        model.generate(5)


def test_the_command_trains_like_the_tutorial(toy, tmp_path, capsys):
    source = tmp_path / "names.txt"
    source.write_text("\n".join([*toy.names, toy.names[0]]), "utf-8")
    out = tmp_path / "run"
    options = ["--units", "12", "--embedding", "6", "--batch-size", "16", "--epochs", "2"]
    command = ["train", str(source), "--recipe", "tutorial", "--loop", "custom", "--out", str(out)]
    assert run([*command, *options], started=0.0) == 0
    stdout, stderr = capsys.readouterr()
    assert f"{len(toy.names) + 1} to train on, 0 held out" in stderr
    assert "Epoch 1 Batch 0 Loss 2.6" in stderr
    assert "Epoch 2 Loss" in stderr
    assert stderr.count("Time taken for 1 epoch") == 2
    assert all(name.startswith(toy.names[0][0]) for name in stdout.split())
    assert latest_epoch(out).name == "002"
    assert run(["generate", str(out)], started=0.0) == 1
    assert "Pass --start" in capsys.readouterr().err


def test_an_unknown_recipe_is_named_with_the_known_ones(toy, capsys):
    with pytest.raises(ConfigError, match=r"'dinner'.*tutorial"):
        recipe(10, 100, "dinner")
    assert run(["train", "--recipe", "dinner"], started=0.0) == 2
    assert capsys.readouterr().err.splitlines()[-1].endswith("There is: tutorial.")


def test_an_incomplete_state_is_refused_in_one_line(toy, tmp_path):
    from charloom.run import load_state, save_state

    api.train(toy, out=tmp_path / "run", **SMALL)
    arrays, state = load_state(tmp_path / "run")
    del arrays["means/embedding"]
    save_state(tmp_path / "run", arrays, state)
    with pytest.raises(RunError, match=r"means/embedding.*--force"):
        api.train(toy, out=tmp_path / "run", resume=True, **(SMALL | {"epochs": 3}))


def test_the_epoch_that_patience_ends_is_kept(toy, tmp_path):
    settings = {"units": 12, "embedding": 6, "learning_rate": 1e-9, "patience": 1, "epochs": 50}
    events = list(api.fit(toy, out=tmp_path / "run", keep_epochs=40, **settings))
    assert events[-1].reason == "early stopping"
    assert latest_epoch(tmp_path / "run").name == f"{events[-1].epoch:03d}"


@pytest.mark.heavy
def test_an_unpacked_step_reports_its_own_batchs_loss(toy):
    events = list(api.fit(toy, recipe="tutorial", loop="custom", **SMALL))
    losses = [e.batch_nats_per_char for e in events if isinstance(e, Step)]
    epochs = [e.train_nats_per_char for e in events if isinstance(e, Evaluated)]
    np.testing.assert_allclose([np.mean(losses[:7]), np.mean(losses[7:])], epochs, rtol=1e-6)


def test_steps_report_the_loss_that_counts_padding(toy):
    events = list(api.fit(toy, recipe="tutorial", **SMALL))
    first = next(e for e in events if isinstance(e, Step))
    assert first.nats_per_char == pytest.approx(math.log(Vocabulary.of(toy.names).size), abs=0.1)
