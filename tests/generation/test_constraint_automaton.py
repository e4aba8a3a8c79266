"""Automata against the enumeration of short strings."""

from __future__ import annotations

from itertools import product as strings_of

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charloom.generation.constraints.automaton import (
    DEAD,
    NO_LIMIT,
    Automaton,
    completable,
    over_words,
    possible,
    product,
    trimmed,
)
from charloom.generation.constraints.bounds import MOST_CELLS, RuleError, Work, require_size
from charloom.generation.constraints.substrings import matching_text

pytestmark = pytest.mark.slow

LONGEST = 5


def strings(V: int, longest: int = LONGEST) -> list[tuple[int, ...]]:
    """All strings over the ids 1..V-1 of at most ``longest``."""
    return [ids for n in range(longest + 1) for ids in strings_of(range(1, V), repeat=n)]


def language(automaton: Automaton, longest: int = LONGEST) -> set[tuple[int, ...]]:
    return {ids for ids in strings(len(automaton.classes), longest) if automaton.accepts(ids)}


def raw(draw, V: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A table at random, with dead ends and states that nothing leads to."""
    S, K = draw(st.integers(1, 5)), draw(st.integers(1, 3))
    cells = st.lists(st.integers(DEAD, S - 1), min_size=S * K, max_size=S * K)
    classes = [0, *draw(st.lists(st.integers(0, K - 1), min_size=V - 1, max_size=V - 1))]
    accepting = draw(st.lists(st.booleans(), min_size=S, max_size=S))
    return np.array(classes), np.array(draw(cells), np.int32).reshape(S, K), np.array(accepting)


def plainly_accepts(classes, table, accepting, ids) -> bool:
    state = 0
    for i in ids:
        state = table[state, classes[i]]
        if state == DEAD:
            return False
    return bool(accepting[state])


@st.composite
def automata(draw, V: int = 3) -> Automaton:
    classes, table, accepting = raw(draw, V)
    return trimmed(classes, table, accepting, 0, Work())


@given(st.data())
def test_trimming_keeps_the_language(data):
    parts = raw(data.draw, 3)
    expected = {ids for ids in strings(3) if plainly_accepts(*parts, ids)}
    assert language(trimmed(*parts, 0, Work())) == expected


@given(automata())
def test_every_state_of_a_trimmed_automaton_is_useful(automaton):
    S = automaton.size
    assert automaton.empty == (S == 0)
    if S:
        reached = {automaton.after(ids) for ids in strings(3, S)}
        assert reached - {DEAD} == set(range(S))
    for state in range(S):
        ends = (automaton.after(ids, state) for ids in strings(3, S))
        assert any(end != DEAD and automaton.accepting[end] for end in ends)


@given(automata())
def test_a_moved_automaton_accepts_the_rest(automaton):
    for ids in strings(3, 2):
        rest = automaton.moved(automaton.after(ids), Work())
        assert language(rest, 3) == {
            more for more in strings(3, 3) if automaton.accepts((*ids, *more))
        }


@given(automata().filter(lambda one: not one.empty), automata().filter(lambda one: not one.empty))
def test_a_product_accepts_what_both_accept(a, b):
    assert language(product(a, b, Work())) == language(a) & language(b)


@given(automata(), st.integers(0, 4), st.integers(0, 4))
def test_completable_agrees_with_enumeration(automaton, least, most):
    rows = completable(automaton, least, most)
    assert rows.shape == (most + 1, automaton.size)
    for t, state in np.ndindex(*rows.shape):
        further = range(max(least - t, 0), most - t + 1)
        found = any(
            (end := automaton.after(ids, state)) != DEAD and automaton.accepting[end]
            for ids in strings(3, most - t)
            if len(ids) in further
        )
        assert rows[t, state] == found


@given(automata(), st.integers(0, 3), st.integers(0, 6), st.integers(0, 6))
def test_possible_is_the_start_of_completable(automaton, read, least, most):
    rows = completable(automaton, least, max(most, read))
    expected = not automaton.empty and read <= most and bool(rows[read, automaton.start])
    assert possible(automaton, read, least, most, Work()) == (expected and least <= most)


@given(automata(), st.integers(0, 3), st.integers(0, 6))
def test_possible_without_a_longest_length_is_with_one_that_never_matters(automaton, read, least):
    enough = max(read, least) + automaton.size
    without, wide = (possible(automaton, read, least, n, Work()) for n in (NO_LIMIT, enough))
    assert without == wide


@given(st.data())
def test_words_are_read_symbol_by_symbol(data):
    words = data.draw(
        st.lists(st.lists(st.integers(0, 1), min_size=1, max_size=3).map(tuple), max_size=3)
    )
    _, table, accepting = raw(data.draw, 3)
    table = table[:, [0, -1]]
    automaton = over_words(table, accepting, words, Work())
    spelt = np.array([0, 0, 1])
    expected = {
        ids
        for ids in strings(len(words) + 1, 3)
        if plainly_accepts(
            spelt, table, accepting, [symbol + 1 for i in ids for symbol in words[i - 1]]
        )
    }
    assert language(automaton, 3) == expected


def counting(n: int) -> Automaton:
    """Accepts strings of a multiple of ``n`` ids."""
    table = np.roll(np.arange(n, dtype=np.int32), -1)[:, None]
    return trimmed(np.zeros(2, np.int32), table, np.arange(n) == 0, 0, Work())


def test_a_product_beyond_the_bound_is_refused():
    a, b = counting(7), counting(99)
    assert product(a, b, Work(), most_states=693).size == 693
    with pytest.raises(RuleError, match="need more than 692 states"):
        product(a, b, Work(), most_states=692)
    with pytest.raises(RuleError, match="too much work"):
        product(a, b, Work(1000))


def test_a_product_of_too_many_pairs_is_refused_before_memory_is_taken():
    S = 20_000
    stuck = Automaton(np.zeros(2, np.int32), np.zeros((S, 1), np.int32), np.ones(S, np.bool_), 0)
    with pytest.raises(RuleError, match="pairs of states"):
        product(stuck, stuck, Work())


def test_a_table_of_too_many_cells_is_refused():
    require_size(1024, MOST_CELLS // 1024)
    with pytest.raises(RuleError, match=f"more than {MOST_CELLS:,} table cells"):
        require_size(1024, MOST_CELLS // 1024 + 1)


def test_a_refusal_names_the_rules():
    with pytest.raises(RuleError) as caught:
        Work(0).spend(1)
    error = caught.value
    assert str(error) == "the constraints need too much work to compile. Simplify one, or drop one."
    assert str(error.named(["--a"])) == "--a needs too much work to compile. Simplify it."
    named = str(error.named(["--a", "--b", "--c"]))
    assert named.startswith("--a, --b and --c together need too much work to compile.")


ids = st.lists(st.integers(1, 2), min_size=1, max_size=4).map(tuple)


@given(ids)
def test_an_ending_is_where_the_string_ends(text):
    expected = {one for one in strings(3) if one[-len(text) :] == text}
    assert language(matching_text(text, 3, Work(), anywhere=False)) == expected


@given(ids)
def test_a_part_may_be_anywhere(text):
    def inside(one) -> bool:
        return any(one[i : i + len(text)] == text for i in range(len(one)))

    found = matching_text(text, 4, Work(), anywhere=True)
    assert language(found, 4) == set(filter(inside, strings(4, 4)))
