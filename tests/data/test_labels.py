"""Labels: read with the names, split without leaks, batched, saved and shown."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charloom import load
from charloom.config import ModelConfig
from charloom.data.batches.names import NameBatches
from charloom.data.encoded.ragged import Ragged
from charloom.data.names import NameCorpus
from charloom.errors import CorpusError
from charloom.run import load_model, save_model
from helpers.options import FAST
from helpers.run_folders import forge, plain, refusal, toy
from helpers.sources import two_kinds

PAIRS = st.lists(st.tuples(st.text("ab", min_size=1, max_size=3), st.sampled_from("xyz")))


def labelled(pairs) -> NameCorpus:
    return NameCorpus.of([name for name, _ in pairs], labels=[label for _, label in pairs])


@pytest.fixture(scope="module")
def kinds() -> NameCorpus:
    return two_kinds()


# Reading


def test_the_other_of_two_columns_holds_the_names(write):
    corpus = NameCorpus.read(write("kind,n\nde,Ann\nfi,Bo\n", "a.csv"), label_column="kind")
    assert (corpus.names, corpus.labels) == (("Ann", "Bo"), ("de", "fi"))


@pytest.mark.parametrize(
    ("text", "name", "how"),
    [
        ("n,kind\nAnn, de \nBo,fi\nAnn,fi\nAnn,de\nCy,\n", "a.csv", {"label_column": "kind"}),
        ("n\tkind\nAnn\tde\nBo\tfi\nAnn\tfi\nAnn\tde\nCy\t\n", "a.tsv", {"label_column": 2}),
    ],
)
def test_a_table_gives_a_label_a_name(write, text, name, how):
    corpus = NameCorpus.read(write(text, name), column="n", **how)
    assert corpus.names == ("Ann", "Bo", "Ann", "Cy")
    assert corpus.labels == ("de", "fi", "fi", "")
    assert corpus.label_names == ("de", "fi")
    assert corpus.label_ids == (1, 2, 2, 0)
    assert corpus.report.duplicates == 1
    assert corpus.report.labels == {"fi": 2, "de": 1}


def test_json_lines_give_a_label_a_name(write):
    lines = [{"n": "Ann", "k": "de"}, {"n": "Bo", "k": None}, "Cy", {"n": "Al", "k": "e\u0301"}]
    path = write("\n".join(map(json.dumps, lines)), "a.jsonl")
    corpus = NameCorpus.read(path, field="n", label_field="k")
    assert corpus.names == ("Ann", "Bo", "Cy", "Al")
    assert corpus.labels == ("de", "", "", "\u00e9")


@pytest.mark.parametrize(
    ("text", "name", "how", "message"),
    [
        ("n,k\nAnn,de\n", "a.csv", {"column": "n", "label_column": "kind"}, "no column 'kind'"),
        ("n,k\nAnn,\nBo,\n", "a.csv", {"column": "n", "label_column": "k"}, "holds no labels"),
        ("Ann\n", "a.txt", {"label_column": "k"}, "--label-column is for .csv and .tsv"),
        ("n\nAnn\n", "a.csv", {"label_field": "k"}, "--label-field is for .json and .jsonl"),
        ('{"n": "Ann"}', "a.jsonl", {"field": "n", "label_field": "k"}, "has no 'k' (--label-f"),
        ('{"n": "A", "k": 1}', "a.jsonl", {"field": "n", "label_field": "k"}, "Received: int"),
        ("n,k\nAnn,\x1bx\n", "a.csv", {"column": "n", "label_column": "k"}, "control character"),
    ],
)
def test_labels_that_cannot_be_read_are_named(write, text, name, how, message):
    with pytest.raises(CorpusError) as caught:
        NameCorpus.read(write(text, name), **how)
    assert message in str(caught.value)
    assert str(caught.value).isprintable()


def test_there_must_be_as_many_labels_as_names():
    with pytest.raises(CorpusError, match=r"as many as names, 2\. Received: 1"):
        NameCorpus.of(["a", "b"], labels=["x"])
    with pytest.raises(CorpusError, match="list of strings"):
        NameCorpus.of(["a", "b"], labels="xy")
    with pytest.raises(CorpusError, match=r"Received 1 missing of 2, .* number 2: None"):
        NameCorpus.of(["a", "b"], labels=["x", None])


def test_useless_labels_draw_a_warning():
    names = [str(i) for i in range(100)]
    assert "only one label, 'x'" in NameCorpus.of(names, labels=["x"] * 100).report.warnings[0]
    assert "right column?" in NameCorpus.of(names, labels=names).report.warnings[0]
    assert "50 names have no" in NameCorpus.of(names, labels=["x", ""] * 50).report.warnings[-1]
    assert not NameCorpus.of(names, labels=["x", "y"] * 50).report.warnings
    assert "2 labels: x 50, y 50" in NameCorpus.of(names, labels=["x", "y"] * 50).describe()


@settings(deadline=None)
@given(PAIRS.filter(bool), st.floats(0, 0.9), st.integers(0, 99), st.randoms())
def test_a_name_is_in_one_part_with_all_its_labels(pairs, share, seed, rng):
    corpus = labelled(pairs)
    train, held_out = corpus.split_places(share, seed)
    assert sorted(train + held_out) == list(range(len(corpus.names)))
    sides = [{corpus.names[i] for i in part} for part in (train, held_out)]
    assert not sides[0] & sides[1]
    names = len(set(corpus.names))
    assert len(sides[1]) == (0 if not share or names == 1 else max(1, int(names * share)))

    shuffled = pairs[:]
    rng.shuffle(shuffled)
    other = labelled(shuffled)
    for ours, theirs in zip((train, held_out), other.split_places(share, seed), strict=True):
        assert [(corpus.names[i], corpus.labels[i]) for i in ours] == [
            (other.names[i], other.labels[i]) for i in theirs
        ]


# Batches


def test_a_batch_gives_each_name_its_label():
    lengths = np.random.default_rng(0).integers(1, 9, 50)
    ids = np.concatenate([np.full(n, i + 1, np.int32) for i, n in enumerate(lengths)])
    labels = np.arange(50, dtype=np.int32) % 7
    batches = NameBatches(Ragged.of(ids, lengths), 8, labels=labels)
    seen = 0
    for step in range(batches.steps_per_epoch):
        batch = batches.batch(1, step)
        names = batch.targets[: batch.names, 0] - 1
        np.testing.assert_array_equal(batch.labels[: batch.names], labels[names])
        assert not batch.labels[batch.names :].any()
        seen += batch.names
    assert seen == 50


def test_label_dropout_drops_other_labels_in_each_epoch():
    labels = np.ones(2000, np.int32)
    ids = Ragged.of(np.ones(2000, np.int32), labels.astype(np.int64))
    batches, again = (NameBatches(ids, 500, 0, 1, labels, 0.2) for _ in range(2))
    kept = np.array([[batches.batch(e, s).labels for s in range(4)] for e in range(3)])
    assert kept.mean() == pytest.approx(0.8, abs=0.02)
    assert (kept[0] != kept[1]).any() and (kept[0, 0] != kept[0, 1]).any()
    np.testing.assert_array_equal(again.batch(2, 3).labels, kept[2, 3])
    plain = NameBatches(ids, 500, 0, 1)
    np.testing.assert_array_equal(plain.batch(2, 3).inputs, batches.batch(2, 3).inputs)


# The run folder


LABELLED = toy(config=ModelConfig(units=2, embedding=2, labels=2), labels=("de", "é x"))


def test_labels_come_back_from_the_folder(tmp_path):
    save_model(tmp_path / "run", LABELLED)
    saved = load_model(tmp_path / "run")
    assert saved.labels == ("de", "é x")
    assert plain(saved) == plain(LABELLED)


def test_the_folder_of_a_model_without_labels_does_not_mention_them(folder):
    index = json.loads((folder / "model.json").read_bytes())
    assert "labels" not in index and "labels" not in index["config"]
    assert load_model(folder).labels == ()


HOSTILE = {
    "too few": ["de"],
    "too many": ["de", "fi", "hu"],
    "twice the same": ["de", "de"],
    "empty": ["de", ""],
    "no text": ["de", 7],
    "no list": {"de": 1, "fi": 2},
    "text": "ab",
    "escape": ["de", "\x1b[31m"],
    "surrogate": ["de", "\ud800"],
    "line break": ["de", "a\nb"],
    "nothing": None,
}


@pytest.mark.parametrize("labels", HOSTILE.values(), ids=HOSTILE)
def test_hostile_labels_are_refused(tmp_path, labels):
    save_model(tmp_path / "run", LABELLED)
    path = tmp_path / "run" / "model.json"
    if labels == ["de", "\ud800"]:
        data = path.read_bytes().replace("é x".encode(), rb"\ud800")
        path.write_bytes(data)
    else:
        forge(path, lambda fields: fields.update(labels=labels))
    refusal(lambda: load_model(tmp_path / "run"))


def test_labels_without_rows_and_rows_without_labels_are_refused(tmp_path):
    save_model(tmp_path / "run", LABELLED)
    forge(tmp_path / "run" / "model.json", lambda fields: fields["config"].update(labels=0))
    assert "must name 0 labels" in refusal(lambda: load_model(tmp_path / "run"))
    forge(tmp_path / "run" / "model.json", lambda fields: fields["config"].update(labels=10**9))
    assert "labels must be a whole number" in refusal(lambda: load_model(tmp_path / "run"))
    for labels in ((), ("de", "de"), ("de", "a\n")):
        refusal(lambda labels=labels: save_model(tmp_path / "no", replace(LABELLED, labels=labels)))


# The command line


@pytest.mark.heavy
@pytest.mark.slow
def test_the_command_line_trains_with_labels_and_shows_them(call, kinds, tmp_path):
    rows = zip(kinds.names, kinds.labels, strict=True)
    table = tmp_path / "people.csv"
    table.write_text("name,kind\n" + "".join(f"{name},{kind}\n" for name, kind in rows))
    columns = ("--column", "name", "--label-column", "kind", "--label-dropout", "0.2")
    code, out, err = call("train", table, *columns, "--out", tmp_path / "run", *FAST)
    assert (code, len(out.splitlines())) == (0, 10)
    assert "2 labels: head 61, tail 61" in err
    assert load(tmp_path / "run").labels == ("head", "tail")
    assert load_model(tmp_path / "run").facts["training"]["label_dropout"] == 0.2
    code, out, _ = call("info", tmp_path / "run")
    assert "labels       2: head, tail" in out.splitlines()
    data = json.loads(call("info", tmp_path / "run", "--json")[1])
    assert data["labels"] == ["head", "tail"]
    assert data["corpus"]["labels"] == {"head": 61, "tail": 61}


@pytest.mark.parametrize(
    "arguments", [["--label-column", "kind"], ["--label-dropout", "0.2"]], ids=str
)
def test_label_options_without_labels_are_a_mistake_in_usage(call, arguments):
    code, out, err = call("train", *arguments)
    assert (code, out) == (2, "")
    assert "label" in err.splitlines()[-1]
