"""Lines that are far longer than the others are left out of training; other lists stay."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from charloom import NameCorpus, fit
from charloom.data.outliers import without_long

SHORT = [f"Name{i}" for i in range(40)]


def test_one_line_far_longer_than_the_others_is_left_out_and_named():
    corpus = NameCorpus.of([*SHORT, "word " * 1200])
    few, said = without_long(corpus)
    assert few == replace(corpus, names=tuple(SHORT), report=few.report)
    assert few.report == replace(
        NameCorpus.of(SHORT).report, records=41, warnings=few.report.warnings
    )
    assert said is not None
    assert said.startswith("1 line is left out: over 200 characters")
    assert "'word word" in said
    assert "(5,999)" in said


def test_several_lines_are_left_out_with_their_labels():
    names = [*SHORT[:20], "x" * 300, *SHORT[20:], "y" * 400]
    few, said = without_long(NameCorpus.of(names, labels=[name[:1] for name in names]))
    assert few.names == tuple(SHORT)
    assert few.labels == tuple("N" * 40)
    assert said is not None and said.startswith("2 lines are left out")


@pytest.mark.parametrize(
    "names",
    [
        SHORT,
        [*SHORT, "x" * 200],  # not over 200
        [name + "x" * 100 for name in SHORT] + ["y" * 999],  # not ten times as long
        [f"{'long ' * (100 + i)}{i}" for i in range(50)],  # all are long
        [*SHORT, *(str(i) + "x" * 300 for i in range(10))],  # too many to be a mistake
        ["x" * 1000],
    ],
    ids=["short", "200", "ten times", "all long", "many", "one"],
)
def test_other_lists_stay_as_they_are(names):
    corpus = NameCorpus.of(names)
    assert without_long(corpus) == (corpus, None)


def test_a_list_in_arrays_loses_the_same_lines(tmp_path):
    """Everything of it is as of a list without them, but for what the report says was read."""
    source, plain = tmp_path / "long.txt", tmp_path / "plain.txt"
    names = [*SHORT[:9], "Z" * 300, *SHORT[9:], *SHORT[:3], "y" * 201]
    source.write_text("\n".join(names), "utf-8")
    plain.write_text("\n".join([*SHORT, *SHORT[:3]]), "utf-8")
    long, few = NameCorpus.read(source, large_bytes=0), NameCorpus.read(plain, large_bytes=0)
    found, said = without_long(long)
    assert long.is_large and found.is_large
    assert said == without_long(NameCorpus.read(source))[1]
    assert tuple(found.names) == tuple(few.names) == tuple(SHORT)
    assert (found.digest, found.vocabulary) == (few.digest, few.vocabulary)
    read = {"records": 45, "sources": long.report.sources, "warnings": long.report.warnings}
    assert found.report == replace(few.report, **read)
    assert found.names.counts.tolist() == few.names.counts.tolist()
    assert found.names.first == few.names.first[:9]  # of the first ten, one was left out
    assert "Z" * 300 not in found.names and SHORT[8] in found.names and SHORT[9] in found.names
    for part, other in zip(found.split(0.2, 3), few.split(0.2, 3), strict=True):
        assert tuple(part) == tuple(other)
    places = np.arange(40)
    encoded, others = (one.names.under(few.vocabulary) for one in (found, few))
    assert encoded.padded(places, 8).tolist() == others.padded(places, 8).tolist()
    assert without_long(few) == (few, None)


def test_training_leaves_them_out_unless_asked_for():
    corpus = NameCorpus.of([*SHORT, "N" * 300])
    with pytest.warns(UserWarning, match="keep_long"):
        started, *_ = fit(corpus, kind="ngram")
    assert started.train_size + started.held_out_size == 40
    started, *_ = fit(corpus, kind="ngram", keep_long=True)
    assert started.train_size + started.held_out_size == 41


def test_the_command_names_them_and_the_option(call, tmp_path):
    source = tmp_path / "names.txt"
    source.write_text("\n".join([*SHORT, "N" * 300]), "utf-8")
    options = ["--model", "ngram", "--out", tmp_path / "run"]
    code, _, err = call("train", source, *options)
    assert code == 0
    assert "warning: 1 line is left out" in err and "--keep-long" in err and "--as text" in err
    assert "36 to train on" in err
    err = call("train", source, "--keep-long", "--force", *options)[2]
    assert "left out:" not in err and "37 to train on" in err
