"""The nearest name: that of a search through all."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from charloom.errors import CorpusError
from charloom.generation.nearest import nearest

module = sys.modules["charloom.generation.nearest"]  # its function has the same name

strings = st.lists(st.text("abß", max_size=6), min_size=1, max_size=20)


@pytest.mark.parametrize("few", [module.FEW, 0])
@given(queries=strings, names=strings)
def test_it_is_the_first_of_the_least_distance(few, queries, names):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "FEW", few)
        distances, indices = nearest(queries, names)
    for query, distance, index in zip(queries, distances, indices, strict=True):
        every = [Levenshtein.distance(query, name) for name in names]
        assert (distance, index) == (min(every), every.index(min(every)))


def test_threads_change_nothing(monkeypatch):
    monkeypatch.setattr(module, "FEW", 0)
    monkeypatch.setattr(module, "SMALL", 0)
    queries = [f"{i:05}" for i in range(0, 3000, 7)]
    names = [f"{i * i:05}" for i in range(300)]
    one, two = nearest(queries, names, threads=1), nearest(queries, names, threads=2)
    assert (one[0] == two[0]).all() and (one[1] == two[1]).all()


def test_an_edit_changes_a_grapheme_where_these_are_the_unit():
    names = ["x\u0331\u0301a"]  # one grapheme of three code points, and a letter
    assert nearest(["oa"], names)[0].tolist() == [3]
    assert nearest(["oa"], names, unit="grapheme")[0].tolist() == [1]


def test_strings_of_more_than_255_characters_are_compared_too():
    distances, _ = nearest(["a" * 400], ["b" * 300])
    assert distances.tolist() == [400]


def test_no_query_gives_nothing_and_no_name_is_refused():
    assert nearest([], ["a"])[0].shape == (0,)
    with pytest.raises(CorpusError, match="Pass at least one"):
        nearest(["a"], [])
