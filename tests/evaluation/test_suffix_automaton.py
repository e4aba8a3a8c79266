"""Verbatim copies: the automaton against a search in all places."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charloom.evaluation.memorisation import suffix_automaton as module
from charloom.evaluation.memorisation.suffix_automaton import copied, covered


def slow(drawn, source):
    text = source.tolist()

    def stands(piece):
        return any(text[i : i + len(piece)] == piece for i in range(len(text) - len(piece) + 1))

    found = []
    for end in range(1, len(drawn) + 1):
        lengths = [n for n in range(1, end + 1) if stands(drawn[end - n : end].tolist())]
        found.append(max(lengths, default=0))
    return found


def strings(symbols, most):
    return st.lists(st.integers(0, symbols - 1), max_size=most).map(lambda v: np.array(v, np.int32))


@pytest.fixture(params=[(2048, 1 << 22, 256), (3, 1 << 22, 256), (3, 5, 256), (2, 7, 1)])
def sizes(request, monkeypatch):
    """Few lanes, short blocks, or digits, so that small strings meet every edge."""
    names = ("LANES", "BLOCK", "MOST_SYMBOLS")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in zip(names, request.param, strict=True):
            patch.setattr(module, name, value)
        yield


@pytest.mark.usefixtures("sizes")
def test_lengths_are_those_of_a_search_in_all_places():
    @given(strings(4, 14), strings(5, 40))
    def check(drawn, source):
        found = copied(drawn, lambda low, high: source[low:high], len(source))
        assert found.tolist() == slow(drawn, source)

    check()


@pytest.mark.usefixtures("sizes")
def test_a_long_piece_is_found_wherever_it_stands():
    rng = np.random.default_rng(0)
    source = rng.integers(0, 30, 4000)
    drawn = np.concatenate([rng.integers(30, 33, 20), source[1010:1090], [31, 31]])
    found = copied(drawn, lambda low, high: source[low:high], len(source))
    assert found.argmax() == 99 and found.max() == 80
    assert covered(found, 50).nonzero()[0].tolist() == list(range(20, 100))
    assert not covered(found, 81).any()


def test_nothing_is_a_copy_of_nothing():
    empty = np.zeros(0, np.int32)
    three = np.array([1, 2, 3])
    assert copied(empty, lambda a, b: three[a:b], 3).tolist() == []
    assert copied(three, lambda a, b: empty[a:b], 0).tolist() == [0, 0, 0]
