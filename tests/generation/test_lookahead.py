"""What a search under rare constraints knows about what lies ahead, and learns from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from charloom.generation.constraints import Contains, End
from charloom.generation.search import lookahead
from charloom.generation.search.lookahead import LookAhead, look_ahead, trials_of
from charloom.generation.search.visits import recorded
from helpers.languages import named, texts_of
from helpers.toy_models import memoryless


def rare(seed: int = 0):
    """The plan of a search under a rare constraint, its guide, and the longest string."""
    model = memoryless({"": 1, "a": 2, "b": 2, "z": 0.3})
    request = model._request(9, rules=Contains("zzz"), allow_known=True, seed=seed)
    guide = request.plan.guide
    assert guide is not None
    return request.plan, guide, request.longest


def test_a_look_ahead_is_kept_for_all_seeds_and_what_a_search_adds_to_it_is_not() -> None:
    plan, guide, longest = rare()
    trials = trials_of(plan, longest)
    first = look_ahead(plan, guide, trials)
    more = first.taught(plan, 3, 50, 4.0)
    assert more.acceptance != first.acceptance
    other = replace(rare(seed=1)[0], rnn=plan.rnn)
    assert trials_of(other, longest) is trials
    assert look_ahead(other, guide, trials) is first
    assert LookAhead(plan, guide, trials).acceptance == LookAhead(other, guide, trials).acceptance


def test_a_look_ahead_learns_from_prefixes_that_satisfy_a_rare_constraint() -> None:
    model = named("abcd", seed=31, longest=5)
    request = model._request(9, rules=End("ddd"), allow_known=True, max_length=5)
    plan, guide = request.plan, request.plan.guide
    assert guide is not None
    exact = sum(p for s, p in texts_of(model, max_length=5).items() if s.endswith("ddd"))
    trials = trials_of(plan, request.longest)
    before = LookAhead(plan, guide, trials).acceptance
    after = look_ahead(plan, guide, trials).acceptance
    assert abs(np.log(after / exact)) < max(0.1, abs(np.log(before / exact)))


def test_estimates_are_raised_where_prefixes_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    # A model without memory has no such contexts; a network has.
    request = named("abcd", seed=31, longest=5)._request(9, rules=End("dd"), allow_known=True)
    alike, differing = rare(), (request.plan, request.plan.guide, request.longest)
    for (plan, guide, longest), differ in ((alike, False), (differing, True)):
        assert guide is not None
        trials = trials_of(plan, longest)
        states = np.full(len(trials.visits.lengths), guide.root[0])
        where = np.minimum(trials.visits.lengths, guide.most - 1), states, np.zeros_like(states)
        monkeypatch.undo()
        raised = LookAhead(plan, guide, trials).estimates(*where)
        monkeypatch.setattr(lookahead, "MOST_SPREAD", 1.0)
        plain = LookAhead(plan, guide, trials).estimates(*where)
        assert (raised >= plain * (1 - 1e-9)).all()
        assert (raised > plain * 1.05).any() == differ


@pytest.mark.parametrize("threads", [1, 2])
def test_what_is_visited_does_not_depend_on_threads(threads: int) -> None:
    plan = replace(rare()[0], guide=None, max_length=300)
    walked, again = recorded(replace(plan, threads=threads), 7.0, 0.0), recorded(plan, 7.0, 0.0)
    assert walked is not None and again is not None
    (found, visits), (_, once) = walked, again
    assert len(visits.lengths) == found.steps
    assert np.array_equal(visits.recent, once.recent)
    assert np.allclose(visits.p, once.p, rtol=1e-5)
    # Each is a string's beginning: its last ids, with the boundary before them.
    strings = {tuple(row[:n]) for row, n in zip(found.padded(), found.lengths, strict=True)}
    beginnings = {(0,) * 5 + s[:n] for s in strings for n in range(len(s) + 1)}
    assert {tuple(row) for row in visits.recent.tolist()} == {s[-5:] for s in beginnings}


def test_a_lesson_of_too_many_steps_is_one_for_fewer_strings(monkeypatch) -> None:
    # What a walk visits until it is cut short depends on its threads: nothing may be learned of it.
    request = named("abcdef", seed=31, longest=8)._request(9, rules=End("dfd"), allow_known=True)
    plan, guide = request.plan, request.plan.guide
    assert guide is not None
    first = LookAhead(plan, guide, trials_of(plan, request.longest))
    walks = []

    def kept(*given):
        walks.append((given[1], recorded(*given)))
        return walks[-1][1]

    monkeypatch.setattr(lookahead, "recorded", kept)
    monkeypatch.setattr(lookahead, "MOST_STEPS", 40)
    taught = [first.taught(replace(plan, threads=n), 1, 100, 4.0).acceptance for n in (1, 2, 8)]
    horizons = [horizon for horizon, _ in walks]
    assert horizons[0] > horizons[-1]
    assert walks[0][1] is None and walks[-1][1] is not None
    assert len(set(taught)) == 1


def test_a_sampler_of_the_callers_has_trials_of_its_own() -> None:
    model = memoryless({"": 1, "a": 2, "b": 2, "z": 0.3})
    own = model._request(9, sampler=lambda logits: logits, allow_known=True)
    assert trials_of(own.plan, own.longest) is not trials_of(own.plan, own.longest)
