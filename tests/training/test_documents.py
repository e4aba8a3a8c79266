"""Training on documents: their ends are learned, whole ones are held out, and whole ones drawn."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest

from charloom import TextCorpus, load
from charloom import train as train_model
from charloom.config import ModelConfig, TrainConfig
from charloom.data.batches.windows import TextBatches
from charloom.data.sources.documents import MARK
from charloom.errors import ConfigError
from charloom.models.rnn.initial import initial_weights
from charloom.models.rnn.numpy import NumpyRNN
from charloom.models.scoring.names import target_nats
from charloom.models.scoring.text import stream_nats, stream_target_nats, window_nats
from charloom.run import Run
from charloom.training.text_data import TextData
from charloom.training.trainer import fit

MODEL = ModelConfig(units=16, embedding=8, dropout=0.0, text=True, documents=True)
TRAINING = TrainConfig(
    epochs=2, batch_size=4, window=16, learning_rate=0.02, preparation="text", held_out=0.2
)
TEXTS = ["".join(p) for p in itertools.product("AB", ["one", "two\n\nthree"], [".", "!"] * 5)]


@pytest.fixture(scope="module")
def corpus() -> TextCorpus:
    return TextCorpus.of(TEXTS, documents=True)


def test_whole_documents_are_held_out(corpus):
    for share in (0.05, 0.2, 0.6):
        data = TextData(corpus, MODEL, TRAINING.replace(held_out=share))
        held_out = data.held_out_text.split(MARK)
        assert held_out == TEXTS[-len(held_out) :]
        assert len("".join(held_out)) + len(held_out) == data.held_out_size
        assert data.train_size == len(corpus) - data.held_out_size
        assert data.held_out_size <= max(share * len(corpus), len(TEXTS[-1]) + 1)
        stream = data.held_out_stream()
        assert stream[0] == stream[-1] == 0 and (stream == 0).sum() == len(held_out) + 1
        train, whole = data.train_stream()
        assert whole and train[0] == train[-1] == 0 and len(train) == data.train_size + 1
    assert TextData(corpus, MODEL, TRAINING.replace(held_out=0.0)).held_out_text is None
    one = TextCorpus.of("Only one document.", documents=True)
    assert TextData(one, MODEL, TRAINING).held_out_size == 0


def test_every_end_is_a_target_and_only_documents_begin_with_the_boundary(corpus):
    batches = TextBatches(corpus, len(corpus), 4, 16, seed=3, ends=True)
    found = []
    for step in range(batches.steps_per_epoch):
        batch = batches.batch(1, step)
        real = batch.mask > 0
        found += batch.targets[real].tolist()
        first = corpus.vocabulary.encode("AB")
        assert np.isin(batch.targets[real & (batch.inputs == 0)], first).all()
    assert sorted(found) == sorted(corpus.ids(0, len(corpus)).tolist())
    assert batches.padded_share == pytest.approx(
        1 - len(found) / (batches.steps_per_epoch * 4 * 16)
    )


def test_documents_are_scored_each_from_an_empty_carry(corpus):
    rnn = NumpyRNN(MODEL, initial_weights(MODEL, corpus.vocabulary.size, seed=1))
    strings = [corpus.vocabulary.encode(text) for text in TEXTS]
    nats = sum(float(row.sum()) for row in target_nats(rnn, strings))
    ids = np.append(corpus.ids(0, len(corpus)), 0)
    assert stream_nats(rnn, ids, apart=True) == pytest.approx(nats, rel=1e-5)
    assert window_nats(rnn, ids, len(ids), apart=True) == pytest.approx(nats, rel=1e-5)
    assert len(stream_target_nats(rnn, ids, apart=True)) == len(ids) - 1
    assert stream_nats(rnn, ids) != pytest.approx(nats, rel=1e-3)


def test_an_ngram_learns_where_documents_end_and_draws_them(corpus, tmp_path):
    model = train_model(corpus, kind="ngram", smoothing="kneser-ney", out=tmp_path / "run")
    drawn = model.texts(40, seed=1)
    assert sum(text in TEXTS for text in drawn) >= 20
    assert load(tmp_path / "run").texts(40, seed=1) == drawn
    run = Run.open(tmp_path / "run")
    assert run.config.documents and run.facts.corpus["divided"] == "file"
    assert run.facts.corpus["longest"] == max(map(len, TEXTS))


def test_the_model_must_fit_the_corpus(corpus):
    with pytest.raises(ConfigError, match=r"documents must fit the corpus.*an end"):
        list(fit(corpus, model=MODEL.replace(documents=False), training=TRAINING))
    with pytest.raises(ConfigError, match="documents need text"):
        ModelConfig(documents=True)


@pytest.mark.heavy
def test_a_training_on_documents_resumes_bit_for_bit(corpus, tmp_path):
    def train(folder, stop=lambda: False, **how):
        return list(
            fit(corpus, model=MODEL, training=TRAINING, out=tmp_path / folder, stop=stop, **how)
        )[-1]

    whole = train("whole")
    count = itertools.count(1)
    train("parts", stop=lambda: next(count) >= 5)
    parts = train("parts", resume=True)
    assert all((whole.weights[name] == parts.weights[name]).all() for name in whole.weights)


def test_commands_train_on_documents_and_draw_and_measure_whole_ones(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.txt").write_text("\n----\n".join(TEXTS))
    how = ["--as", "text", "--documents", "----"]
    code, _, err = call(
        "train", "t.txt", *how, "--model", "ngram", "--smoothing", "kneser-ney", "--out", "run"
    )
    assert code == 0 and "40 documents, each with an end" in err
    out = call("generate", "run", "--records", 3, "--seed", 1)[1]
    lines = call("generate", "run", "-n", 3, "--json", "--seed", 1)[1].splitlines()
    drawn = [json.loads(line) for line in lines]
    assert out == "----\n".join(one["text"] + "\n" for one in drawn)
    assert {one["ended_by"] for one in drawn} == {"end"}
    code, out, err = call("generate", "run", "--records", 2, "--characters", 2, "--seed", 1)
    assert code == 0 and "2 documents were cut at 2 characters" in err
    assert call("generate", "run", "--records", 2, "-n", 2)[0] == 2
    whole = call("generate", "run", "--no-stop-at-end", "--characters", 50)[1]
    assert len(whole) in (50, 51)
    assert "40 documents, divided by '----'" in call("info", "run")[1]
    found = json.loads(call("evaluate", "run", "--samples", 0, "--json")[1])
    same = json.loads(call("evaluate", "run", "--samples", 0, "--json", "--data", "t.txt")[1])
    assert found["characters"] == Run.open("run").facts.held_out_size
    assert same["characters"] == len("".join(TEXTS)) + len(TEXTS)
    assert '"documents": 40' in call("explore", "t.txt", *how, "--json")[1]
    code, _, err = call("train", "t.txt", "--documents", "line")
    assert code == 2 and "--documents is for text" in err


def test_records_are_documents_by_their_column(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = "".join(f'{i},"{text}"\n' for i, text in enumerate(TEXTS))
    (tmp_path / "t.csv").write_text(f"id,how\n{rows}")
    how = ["--as", "text", "--column", "how"]
    code, _, err = call("train", "t.csv", *how)
    assert code == 2 and "add --documents record" in err
    done = call(
        "train",
        "t.csv",
        *how,
        "--documents",
        "record",
        "--model",
        "ngram",
        "--smoothing",
        "kneser-ney",
        "--out",
        "run",
    )
    assert done[0] == 0
    out = call("generate", "run", "-n", 3, "--seed", 1)[1]
    texts = load("run").texts(3, seed=1)
    assert out == "\n".join(text + "\n" for text in texts)
    code, out, _ = call("evaluate", "run", "--samples", 0, "--data", "t.csv", "--column", "how")
    assert code == 0


@pytest.mark.heavy
def test_samples_of_documents_are_measured(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.txt").write_text("\n----\n".join(TEXTS))
    how = ["--as", "text", "--documents", "----", "--model", "ngram", "--out"]
    assert call("train", "t.txt", *how, "run")[0] == 0
    assert call("train", "t.txt", *how, "other", "--smoothing", "kneser-ney")[0] == 0
    found = json.loads(call("evaluate", "run", "--samples", 300, "--json")[1])
    assert found["memorisation"]["longest_copy"]["text"] in "\n".join(TEXTS)
    compared = json.loads(call("compare", "run", "other", "--json")[1])
    assert compared["left_out"] == 0 and compared["items"] == len(
        Run.open("run").held_out_text.split(MARK)
    )
