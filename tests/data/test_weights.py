"""Weights of names: read, added, refused in one line, and what they leave as it is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from charloom.data.batches.names import NameBatches
from charloom.data.encoded.ragged import Ragged
from charloom.data.names import NameCorpus
from charloom.data.outliers import without_long
from charloom.data.statistics import describe
from charloom.data.weights import note_on_weights, shares
from charloom.errors import ConfigError, CorpusError, CorpusTypeError
from charloom.run import load_model, save_model
from helpers.run_folders import refusal, toy

# Reading


@pytest.mark.parametrize(
    ("text", "name", "how"),
    [
        ("name,n\nAnn,3\nBo,0.5\nAnn,2\nCy,0\n", "a.csv", {"weight_column": "n"}),
        ("Ann;3\nBo;0.5\nAnn;2\nCy;0\n", "a.csv", {"weight_column": 2, "header": False}),
        ("Ann,F,3\nBo,M,0.5\nAnn,F,2\nCy,M,0\n", "counts.txt", {"weight_column": "3"}),
        (
            '{"name": "Ann", "n": 3}\n{"name": "Bo", "n": 0.5}\n{"name": "Ann", "n": "2"}\n'
            '{"name": "Cy", "n": 0}\n',
            "a.jsonl",
            {"field": "name", "weight_field": "n"},
        ),
    ],
)
def test_the_weights_of_a_repeated_name_are_added_and_0_leaves_it_out(write, text, name, how):
    corpus = NameCorpus.read(write(text, name), **how)
    assert corpus.names == ("Ann", "Bo") and corpus.weights == (5.0, 0.5)
    report = corpus.report
    assert (report.weight, report.weightless, report.duplicates) == (5.5, 1, 1)
    assert "1 of weight 0)" in corpus.describe() and "weights: 5.5 in all" in corpus.describe()


def test_a_name_has_a_weight_with_each_of_its_labels(write):
    path = write("name,sex,n\nKim,F,3\nKim,M,4\nKim,F,1\n", "a.csv")
    corpus = NameCorpus.read(path, label_column="sex", weight_column="n")
    assert (corpus.names, corpus.labels) == (("Kim", "Kim"), ("F", "M"))
    assert corpus.weights == (4.0, 4.0)


@pytest.mark.parametrize("given", ["-1", "x", "7,065", "nan", "inf", "1e13", "1e-10", "", "1 000"])
def test_what_is_no_weight_is_refused_in_one_line_or_skipped_on_request(write, given):
    path = write(f'name,n\nAnn,3\nBo,"{given}"\n', "a.csv")
    with pytest.raises(CorpusError, match=r"a.csv line 3 (must have|has no) ") as raised:
        NameCorpus.read(path, weight_column="n")
    assert "\n" not in str(raised.value)
    corpus = NameCorpus.read(path, weight_column="n", skip_bad_rows=True)
    assert corpus.weights == (3.0,) and "skipped 1 bad row: line 3" in corpus.report.notes[-1]


def test_weights_of_a_list_are_taken_as_numbers_of_any_kind():
    given = [np.float32(2), 3, np.int64(4), "5"]
    assert NameCorpus.of(["Ann", "Bo", "Cy", "Di"], weights=given).weights == (2.0, 3.0, 4.0, 5.0)
    with pytest.raises(CorpusError, match=r"weights must be as many as names, 2\. Received: 1"):
        NameCorpus.of(["Ann", "Bo"], weights=[1])
    for wrong in (5, "12", b"12"):
        with pytest.raises(CorpusTypeError, match=r"weights must be a list of numbers\. Received"):
            NameCorpus.of(["Ann", "Bo"], weights=wrong)
    for wrong in (True, None, [1], -2):
        with pytest.raises(CorpusError, match=r"^name 2 "):
            NameCorpus.of(["Ann", "Bo"], weights=[1, wrong])


def test_weights_need_a_table_names_with_some_and_no_repeats(write):
    with pytest.raises(CorpusError, match=r"--weight-column is for .csv and .tsv files"):
        NameCorpus.read(write("Ann\nBo\nCy\nDi\n"), weight_column=2)
    with pytest.raises(CorpusError, match="holds no names of a weight above 0"):
        NameCorpus.of(["Ann"], weights=[0])
    with pytest.raises(ConfigError, match="cannot be read with repeats"):
        NameCorpus.of(["Ann"], weights=[1], repeats=True)


def test_the_digest_depends_on_weights_and_the_split_does_not(toy):
    plain = NameCorpus.of(toy.names)
    heavy, others = (
        NameCorpus.of(toy.names, weights=range(first, first + len(toy.names))) for first in (1, 2)
    )
    assert len({plain.digest, heavy.digest, others.digest}) == 3
    backwards = NameCorpus.of(toy.names[::-1], weights=heavy.weights[::-1])
    assert backwards.digest == heavy.digest
    assert plain.split(seed=3) == heavy.split(seed=3)


def test_a_line_that_is_far_too_long_goes_with_its_weight():
    few, _ = without_long(
        NameCorpus.of(["Ann", "Bo", "x" * 500, "Eve", "Ida"], weights=[1, 2, 9, 3, 4])
    )
    assert few.weights == (1.0, 2.0, 3.0, 4.0) and few.report.weight == 10.0


def test_explore_lists_the_heaviest_names_and_counts_each_once(call, write):
    path = write("name,n\nAnn,3\nBo,7065\nEve,2\nAnn,2\n", "a.csv")
    found = describe(NameCorpus.read(path, weight_column="n"))
    assert list(found.weights.items()) == [("Bo", 7065.0), ("Ann", 5.0), ("Eve", 2.0)]
    assert found.frequencies["n"] == 2 and not found.repeated
    assert describe(["Ann", "Bo"]).weights == {}
    code, out, _ = call("explore", path, "--weight-column", "n")
    assert code == 0 and "Names by weight, 7,072 in all" in out
    assert "Bo (7,065), Ann (5), Eve (2)" in out
    assert repr(NameCorpus.of(["Ann"], weights=[2])).startswith("NameCorpus(1 names with weights")


# What they count


def test_shares_are_square_roots_with_a_mean_of_1():
    found = shares(np.array([1.0, 4.0, 9.0]))
    np.testing.assert_allclose(found, [0.5, 1.0, 1.5])


def test_the_note_says_how_many_names_weigh_as_much():
    assert "of 3 names" in note_on_weights([5.0, 5.0, 5.0])
    assert "of 1 names" in note_on_weights([1000.0, 1.0, 1.0])


LENGTHS = np.array([2, 3, 3, 5, 8, 1, 4, 6, 7, 2])
WEIGHTS = np.array([0.3, 2.6, 0.1, 1.0, 1.0, 0.5, 3.0, 0.9, 0.4, 0.2])


def batches(weights=WEIGHTS, seed=1):
    """Name i consists of the id i + 1."""
    ids = np.repeat(np.arange(1, 11, dtype=np.int32), LENGTHS)
    return NameBatches(Ragged.of(ids, LENGTHS), 4, seed, 3, weights=weights)


def drawn(made, epoch):
    """How often each name is in an epoch."""
    count = np.zeros(10, int)
    for step in range(made.steps_per_epoch):
        batch = made.batch(epoch, step)
        assert batch.inputs.shape[1] in made.times and set(np.unique(batch.mask)) <= {0.0, 1.0}
        for row in range(batch.names):
            name = int(batch.targets[row, 0]) - 1
            assert batch.mask[row].sum() == LENGTHS[name] + 1
            assert (batch.targets[row, : LENGTHS[name]] == name + 1).all()
            count[name] += 1
    return count


def test_an_epoch_has_each_name_as_often_as_its_weight_says():
    counts = np.array([drawn(batches(), epoch) for epoch in range(400)])
    assert (counts.sum(axis=1) == 10).all()
    assert (np.floor(WEIGHTS) <= counts).all() and (counts <= np.ceil(WEIGHTS)).all()
    np.testing.assert_allclose(counts.mean(axis=0), WEIGHTS, atol=0.1)


def test_what_is_drawn_depends_on_seed_and_epoch_only():
    made = batches()
    first = [made.batch(5, step).inputs for step in range(3)]
    made.batch(6, 0)
    for step in (2, 0, 1):
        np.testing.assert_array_equal(batches().batch(5, step).inputs, first[step])
    assert any(
        not np.array_equal(batches(seed=2).batch(5, step).inputs, first[step]) for step in range(3)
    )


def test_equal_weights_draw_every_name_once_an_epoch():
    assert (drawn(batches(np.ones(10)), 3) == 1).all()
    assert batches(np.ones(10)).characters == batches(None).characters


# In a run


def test_a_run_keeps_the_weights_of_what_it_held_out(tmp_path):
    saved = replace(toy(), held_out_names=("ab", "ba"), held_out_weights=np.array([0.1, 7065.0]))
    save_model(tmp_path / "run", saved)
    np.testing.assert_array_equal(load_model(tmp_path / "run").held_out_weights, [0.1, 7065.0])
    save_model(tmp_path / "run", replace(saved, held_out_weights=None))
    assert load_model(tmp_path / "run").held_out_weights is None


@pytest.mark.parametrize("weights", [[1.0], [1.0, 2.0, 3.0], [1.0, np.nan], [1.0, -2.0]])
def test_weights_that_do_not_belong_to_the_names_are_refused(tmp_path, weights):
    saved = replace(toy(), held_out_names=("ab", "ba"), held_out_weights=np.array(weights))
    save_model(tmp_path / "run", saved)
    said = refusal(lambda: load_model(tmp_path / "run"))
    assert "held_out_weights.txt must hold 2 weights" in said
