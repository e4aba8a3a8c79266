"""Whatever holds strings is taken as names: lists, columns, arrays, generators, files."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from charloom import NameCorpus, TextCorpus, fit, load, train
from charloom import constraints as c
from charloom.data.given import corpus_of, names_of, text_of
from charloom.data.lists import read_texts
from charloom.data.statistics import describe
from charloom.errors import CorpusError, CorpusTypeError
from charloom.evaluation import compare_names, compare_text, likelihood, measure, text_likelihood
from charloom.run import Run

FROZEN = Path(__file__).parents[1] / "frozen"
NAMES = ["Ann", "Anna", "Hanna"]


class Column:
    """A column as pandas and Polars have it: it iterates over its values."""

    ndim = 1

    def __init__(self, values: list[Any]) -> None:
        self.values = values

    def __iter__(self):
        return iter(self.values)

    def __bool__(self):
        raise ValueError("the truth value of a column is ambiguous")


class Table:
    """A table like a pandas one: iterating yields the names of its columns."""

    columns, ndim = ("name", "sex"), 2

    def __iter__(self):
        return iter(self.columns)


class NAType:
    """The missing value of pandas, which equals nothing, and is neither true nor false."""

    def __eq__(self, other):
        return self

    def __bool__(self):
        raise TypeError("boolean value of NA is ambiguous")

    def __repr__(self):
        return "<NA>"

    __hash__ = None


class Folder(os.PathLike):
    """A path that is neither a string nor a ``Path``."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __fspath__(self):
        return str(self.path)


@pytest.fixture(scope="module")
def model():
    return load(FROZEN / "ngram" / "run")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "names.txt"
    path.write_text("Ann\nAnna\nHanna\n")
    return path


ITERABLES = {
    "list": list,
    "tuple": tuple,
    "set": set,
    "dict": dict.fromkeys,
    "keys": lambda names: dict.fromkeys(names).keys(),
    "generator": iter,
    "array": np.array,
    "array of objects": lambda names: np.array(names, object),
    "array of NumPy's strings": lambda names: np.array(names, np.dtypes.StringDType()),
    "column": Column,
    "corpus": NameCorpus.of,
}


@pytest.mark.parametrize("kind", ITERABLES)
def test_any_iterable_of_strings_is_a_corpus(kind):
    made = ITERABLES[kind]
    assert set(corpus_of(made(NAMES)).names) == set(NAMES)
    assert set(NameCorpus.of(names_of("names", made(NAMES))).names) == set(NAMES)
    assert {type(name) for name in names_of("names", made(NAMES))} == {str}
    assert train(made(NAMES), kind="ngram", seed=1).training_set == frozenset(NAMES)


def test_an_iterator_is_read_once(model):
    read = []

    def names():
        for name in NAMES:
            read.append(name)
            yield name

    list(fit(names(), kind="ngram"))
    assert read == NAMES
    assert TextCorpus.of(iter(["to be", "or not"])).report.documents == 2
    assert describe(iter(NAMES)).names == 3


def test_a_file_is_a_corpus_whether_its_path_is_a_string_or_a_path(file, model):
    for path in (str(file), file, Folder(file)):
        assert corpus_of(path).names == tuple(NAMES)
        assert NameCorpus.read(path).names == tuple(NAMES)
        assert read_texts(path) == NAMES
        assert train(path, kind="ngram", seed=1).training_set == frozenset(NAMES)
        assert c.Block(path) == c.Block(NAMES)
        assert likelihood(model, path) == likelihood(model, NAMES)
        assert "Ann" not in model.names(3, seed=1, forbid=path)
    assert NameCorpus.read(Folder(file)).report.sources == (str(file),)
    assert measure(model, file, samples=0).likelihood == likelihood(model, NAMES)
    models = {"a": model, "b": load(Folder(FROZEN / "mixture" / "run"))}
    assert compare_names(models, str(file)).to_dict() == compare_names(models, NAMES).to_dict()


def test_the_forbidden_names_of_a_file_do_not_come_out(model, tmp_path):
    (tmp_path / "taken.json").write_text(json.dumps(model.names(5, seed=1)))
    again = model.names(5, seed=1, forbid=tmp_path / "taken.json")
    assert not set(again) & set(model.names(5, seed=1))


def test_the_tutorial_keeps_the_repeats_of_a_file(file, tmp_path):
    file.write_text("Ann\nAnn\nAnna\nHanna\n")
    assert corpus_of(file, repeats=True).names == ("Ann", "Ann", "Anna", "Hanna")


def test_how_a_file_was_read_is_a_warning(tmp_path):
    (tmp_path / "names.txt").write_text('["Ann", "Anna"]')
    with pytest.warns(UserWarning, match="JSON"):
        assert corpus_of(tmp_path / "names.txt").names == ("Ann", "Anna")


@pytest.mark.parametrize("take", [corpus_of, lambda one: names_of("names", one), c.Block])
def test_a_string_that_is_no_file_could_be_a_name_and_is_refused(take):
    with pytest.raises(TypeError, match=r"'Anna', and there is no such file\. Write \['Anna'\]"):
        take("Anna")


def test_a_long_text_or_a_nul_in_place_of_a_path_is_one_line():
    for text in ("To be, or not to be\n" * 1000, "a\0b"):
        with pytest.raises(CorpusTypeError, match=r"TextCorpus\.of\(text\)") as caught:
            corpus_of(text)
        assert str(caught.value).isprintable() and len(str(caught.value)) < 300


def test_files_in_place_of_names_or_text_are_refused_with_a_remedy(file):
    for take, given in (
        (NameCorpus.of, [str(file)]),
        (NameCorpus.of, [file]),
        (TextCorpus.of, str(file)),
        (TextCorpus.of, file),
        (TextCorpus.of, [file, file]),
    ):
        with pytest.raises(TypeError, match=r"Corpus\.read.* takes? files"):
            take(given)


def test_names_in_place_of_a_file_are_refused_with_a_remedy():
    with pytest.raises(TypeError, match=r"a path\. Received: \['Ann'.*NameCorpus\.of takes names"):
        NameCorpus.read(NAMES)


@pytest.mark.parametrize("missing", [None, float("nan"), np.float32("nan"), NAType()], ids=repr)
def test_missing_values_are_counted_and_refused_with_a_remedy(missing, model):
    column = Column(["Ann", missing, "Anna", missing])
    for take in (NameCorpus.of, corpus_of, TextCorpus.of, model.nll, c.Block):
        with pytest.raises(
            TypeError, match=r"2 missing of 4, .* number 2: .*dropna\(\).*drop_nulls"
        ):
            take(column)
    with pytest.raises(TypeError, match=r"labels .* 1 missing of 2"):
        NameCorpus.of(["Ann", "Bo"], labels=Column(["f", missing]))


@pytest.mark.parametrize("table", [Table(), np.array([["Ann", "f"], ["Bo", "m"]]), np.array("Ann")])
def test_a_table_is_not_read_as_the_names_of_its_columns(table, model):
    for take in (train, NameCorpus.of, TextCorpus.of, model.nll):
        with pytest.raises(TypeError, match=r"not one of its columns\. Give one, as in table"):
            take(table)


def test_running_text_is_a_string_a_corpus_or_a_file(tmp_path):
    text = (FROZEN / "text.txt").read_text("utf-8")
    model = load(FROZEN / "text" / "run")
    wanted = text_likelihood(model, text)
    assert text_likelihood(model, FROZEN / "text.txt") == wanted
    assert text_likelihood(model, TextCorpus.of(text)) == wanted
    models = {"a": model, "b": load(FROZEN / "text_mixture" / "run")}
    verdicts = {compare_text(models, one).verdict for one in (text, FROZEN / "text.txt")}
    assert len(verdicts) == 1
    with pytest.raises(TypeError, match=r"a TextCorpus, a string or a Path. Received: 5"):
        text_of(5, "character")


def test_paths_of_other_kinds_are_taken_where_files_are_written(model, tmp_path):
    model.save(Folder(tmp_path / "run"))
    assert Run.open(Folder(tmp_path / "run")).digest == Run.open(tmp_path / "run").digest
    train(NAMES, kind="ngram", out=Folder(tmp_path / "other"))
    assert load(tmp_path / "other").training_set == frozenset(NAMES)
    with pytest.raises(TypeError, match=r"out must be a path. Received: 5"):
        fit(NAMES, out=5)


def test_a_missing_file_is_an_error_that_names_it(tmp_path):
    with pytest.raises(CorpusError, match=r"none\.txt does not exist"):
        corpus_of(tmp_path / "none.txt")


def test_columns_of_pandas_are_names():
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame({"name": NAMES, "sex": ["f", "f", None]})
    assert corpus_of(table["name"]).names == tuple(NAMES)
    assert corpus_of(table["name"].astype("category")).names == tuple(NAMES)
    assert corpus_of(pandas.Index(NAMES)).names == tuple(NAMES)
    with pytest.raises(TypeError, match="a DataFrame, not one of its columns"):
        corpus_of(table)
    for kind in (object, "string", "str"):
        with pytest.raises(TypeError, match="1 missing of 2"):
            corpus_of(pandas.Series(["Ann", None], dtype=kind))


def test_columns_of_polars_are_names():
    polars = pytest.importorskip("polars")
    table = polars.DataFrame({"name": NAMES})
    assert corpus_of(table["name"]).names == tuple(NAMES)
    assert corpus_of(table["name"].cast(polars.Categorical)).names == tuple(NAMES)
    with pytest.raises(TypeError, match="a DataFrame, not one of its columns"):
        corpus_of(table)
    with pytest.raises(TypeError, match="1 missing of 2"):
        corpus_of(polars.Series(["Ann", None]))


def test_columns_of_arrow_are_names():
    arrow = pytest.importorskip("pyarrow")
    assert corpus_of(arrow.array(NAMES)).names == tuple(NAMES)
    assert corpus_of(arrow.chunked_array([NAMES[:1], NAMES[1:]])).names == tuple(NAMES)
    with pytest.raises(TypeError, match="a Table, not one of its columns"):
        corpus_of(arrow.table({"name": NAMES}))
