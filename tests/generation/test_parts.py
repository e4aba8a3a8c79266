"""The tree in parts, strings in pieces and on disk: the same strings as at once."""

from __future__ import annotations

import errno
import tempfile
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from charloom.errors import GenerationError
from charloom.generation.constraints import Contains, Length, Start
from charloom.generation.search import arrivals as walked
from charloom.generation.search import horizon as horizons
from charloom.generation.search import spool
from charloom.generation.search import without_replacement as unique
from charloom.generation.search.arrivals import Arrivals, arrivals
from charloom.generation.search.estimates import coming
from charloom.generation.search.horizon import horizon
from charloom.generation.search.parts import Below, cut
from charloom.generation.search.tree import Trace
from helpers.languages import named

HORIZON = float(np.log(4000))
ASKED = {
    "plain": {},
    "a start": {"start": "ba"},
    "a look-ahead": {"rules": Contains("db"), "temperature": 2.0},
    "a start and a length": {"rules": Start("b") & Length(4, 9), "temperature": 1.3},
}


def planned(model=None, **options):
    """The plan of a search, with a look-ahead for any constraint, and its slack."""
    search = (model or named("abcd", seed=5, longest=9)).stream(10, allow_known=True, **options)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(unique, "FREQUENT", 1.1)
        plan, _, ahead = search._guided()
    return plan, float(np.log(16)) if ahead else 0.0


def in_parts(plan, slack: float, parts: int) -> tuple[list[Arrivals], int]:
    some = arrivals(plan, HORIZON - 2)
    below = Below(plan.sampler.config.seed, some.padded(), np.full(len(some.keys), 5.0))
    top, found = cut(plan, HORIZON, slack, parts, below)
    return [top, *(arrivals(plan, HORIZON, slack, part=part) for part in found)], len(found)


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("parts", [1, 3, 40])
def test_the_parts_have_the_strings_of_the_whole_tree(asked: str, parts: int) -> None:
    plan, slack = planned(**ASKED[asked])
    whole = arrivals(plan, HORIZON, slack)
    pieces, count = in_parts(plan, slack, parts)
    assert 1 <= count <= parts
    assert sum(len(piece.keys) for piece in pieces) == len(whole.keys) > 100
    assert_same(pieces, whole)


def test_parts_have_about_as_many_strings_each() -> None:
    plan, slack = planned()
    sizes = [len(piece.keys) for piece in in_parts(plan, slack, 6)[0]][1:]
    assert max(sizes) < 2 * np.mean(sizes)


def test_a_conditioned_model_can_be_cut() -> None:
    model = named("abcd", seed=5, longest=9).blend_with(named("abcd", seed=6, longest=9), 0.4)
    plan, slack = planned(model)
    whole = arrivals(plan, HORIZON, slack)
    assert_same(in_parts(plan, slack, 5)[0], whole)


def assert_same(pieces: list[Arrivals], whole: Arrivals) -> None:
    """The same strings, in any order, with the same numbers but for rounding."""
    keys = np.concatenate([piece.keys for piece in pieces])
    order, there = np.argsort(keys), np.argsort(whole.keys)
    assert keys[order].tolist() == whole.keys[there].tolist()
    for name in ("lengths", "log_p", "log_arrival", "log_peak", "log_reach", "nats"):
        numbers = np.concatenate([getattr(piece, name) for piece in pieces])
        np.testing.assert_allclose(numbers[order], getattr(whole, name)[there], atol=1e-5)
    strings = np.concatenate([piece.ids for piece in pieces])
    assert np.bincount(strings).tolist() == np.bincount(whole.ids).tolist()


@pytest.mark.parametrize("threads", [1, 3])
def test_strings_that_are_handed_on_are_those_of_the_walk(monkeypatch, threads: int) -> None:
    for name, value in {"HANDED_ON": 50, "WIDE": 8, "BLOCK": 16}.items():
        monkeypatch.setattr(walked, name, value)
    plan, slack = planned(rules=Length(3, 9), threads=threads, temperature=2.0)
    whole = arrivals(plan, HORIZON, slack)
    pieces: list[Arrivals] = []
    rest = arrivals(plan, HORIZON, slack, hand_on=pieces.append)
    assert len(pieces) > 5
    assert not len(rest.keys)
    assert (rest.complete, rest.steps) == (whole.complete, whole.steps)
    assert_same(pieces, whole)


def test_a_trace_keeps_the_paths_that_are_needed() -> None:
    trace, (_, ab, c) = Trace.of(np.array([1, 1, 2, 3], np.int32), np.array([1, 2, 1], np.int32))
    (abc,) = trace.add(np.array([ab], np.int32), np.array([3], np.int32))
    last = trace.keep(np.array([abc, c, 0], np.int32))
    ids, lengths = trace.read(last)
    assert (ids.tolist(), lengths.tolist()) == ([1, 2, 3, 3], [3, 1, 0])
    assert sum(map(len, trace._ids)) == 5  # the root, the three of one path, and one more


@pytest.mark.parametrize(
    "options", [{}, {"rules": Contains("db"), "temperature": 2.0}, {"min_edits": 2}]
)
def test_a_search_on_disk_finds_the_same_in_the_same_order(monkeypatch, options) -> None:
    model = named("abcd", seed=5, longest=9, known=frozenset(["abca", "bad", "cab"]))
    in_memory = list(model.stream(3000, seed=2, **options))
    monkeypatch.setattr(unique, "MOST_NAMES", 1000)
    monkeypatch.setattr(walked, "HANDED_ON", 100)
    monkeypatch.setattr(spool, "READ_AT_ONCE", 700)
    search = model.stream(3000, seed=2, **options)
    on_disk = list(search)
    assert [sample.text for sample in on_disk] == [sample.text for sample in in_memory]
    nats, same = ([sample.nats for sample in found] for found in (on_disk, in_memory))
    np.testing.assert_allclose(nats, same, rtol=1e-6)  # other walks round otherwise
    assert search.seen >= 3000


def test_all_strings_of_a_small_language_are_found_on_disk(monkeypatch) -> None:
    model = named("ab", seed=20)
    monkeypatch.setattr(unique, "MOST_NAMES", 20)
    search = model.stream(1000, max_length=5, allow_known=True)
    assert len(set(search)) == 62
    assert "and there are no others" in (search.reason or "")


def test_a_full_disk_is_one_line(monkeypatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    file = SimpleNamespace(seek=lambda *_: 0, write=full)
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda: file)
    monkeypatch.setattr(unique, "MOST_NAMES", 100)
    with pytest.raises(GenerationError, match=r"No space left on device\. Free some space"):
        next(named("abcd", seed=5, longest=9).stream(1000))


@pytest.mark.parametrize(
    "options",
    [{}, {"temperature": 0.5}, {"temperature": 3.0}, {"rules": Contains("db"), "temperature": 2.0}],
    ids=str,
)
def test_a_long_search_takes_one_long_walk_however_far_its_horizon(monkeypatch, options) -> None:
    walks: list[int] = []

    def noted(*plan: Any) -> Arrivals:
        found = arrivals(*plan)
        walks.append(len(found.keys))
        return found

    monkeypatch.setattr(unique, "MOST_NAMES", 1000)
    monkeypatch.setattr(unique, "FREQUENT", 1.1)  # a look-ahead for any constraint
    model = named("abcdefgh", seed=5, longest=12)
    search = model.stream(20_000, seed=2, **options)
    search._plan = replace(search._plan, walk=noted)
    assert len({sample.text for sample in search}) == 20_000
    assert max(walks[:-1]) < 5000
    assert 20_000 <= walks[-1] < 26_000


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_estimate_holds_for_a_horizon_a_thousand_times_as_far(temperature: float) -> None:
    plan, _ = planned(named("abcd", seed=5, longest=12), temperature=temperature)
    few = arrivals(plan, float(np.log(2000)))
    factors = np.array([10.0, 100.0, 1000.0])
    expected, variance = coming(few.log_p, float(np.log(2000)), factors)
    found = [len(arrivals(plan, float(np.log(2000 * factor))).keys) for factor in factors]
    assert (np.abs(found - expected) < 4 * np.sqrt(variance + expected)).all()
    assert (np.sqrt(variance) < 0.4 * expected).all()


@pytest.mark.parametrize(
    "options", [{}, {"temperature": 0.4}, {"temperature": 3.0}, {"rules": Contains("db")}], ids=str
)
@pytest.mark.parametrize("seed", range(4))
def test_the_horizon_lies_between_its_bounds(monkeypatch, seed: int, options) -> None:
    monkeypatch.setattr(horizons, "FEWEST", 300)
    monkeypatch.setattr(unique, "FREQUENT", 1.1)  # a look-ahead for any constraint
    search = named("abcd", seed=5, longest=9).stream(4000, seed=seed, **options)
    found = horizon(search)
    times = arrivals(found.plan, found.high, found.log_slack).log_arrival
    assert (times <= found.low).sum() < 4000 < len(times)


def test_more_names_than_there_are_is_one_line(monkeypatch) -> None:
    monkeypatch.setattr(horizons, "FEWEST", 62)
    with pytest.raises(GenerationError, match="found 62 of 2,000 names, and there are about 62 in"):
        horizon(named("ab", seed=20).stream(2000, max_length=5))
    monkeypatch.setattr(horizons, "FEWEST", 63)
    with pytest.raises(GenerationError, match="-n 2,000 is too much: found 62 of 63 new names"):
        horizon(named("ab", seed=20).stream(2000, max_length=5))
