"""The search on languages that can be enumerated: exact, complete, with any constraints."""

from __future__ import annotations

import itertools
import os
import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charloom.errors import ConfigError, GenerationError
from charloom.generation.constraints import (
    Block,
    Chars,
    Contains,
    End,
    Length,
    Regex,
    RuleError,
    Rules,
    Start,
)
from charloom.generation.search import without_replacement as unique
from charloom.generation.search.arrivals import arrivals
from charloom.generation.search.lookahead import LookAhead
from helpers.languages import chi_square, named, texts_of
from helpers.toy_models import memoryless, uniform

LONGEST = 5
RULES = {
    "end": (Rules() & End("ab"), lambda s: s.endswith("ab")),
    "contains": (Rules() & Contains("ca"), lambda s: "ca" in s),
    "length": (Rules() & Length(3, 4), lambda s: 3 <= len(s) <= 4),
    "chars": (Rules() & Chars("ab"), lambda s: set(s) <= set("ab")),
    "regex": (Rules() & Regex("a.*b|c+"), lambda s: bool(re.fullmatch("a.*b|c+", s))),
    "block": (Rules() & Block(("AA", "cb")), lambda s: "aa" not in s and "cb" not in s),
    "several": (
        Start("b") & Contains("c") & Length(3, 5),
        lambda s: s.startswith("b") and "c" in s and len(s) >= 3,
    ),
}


@pytest.fixture(params=[0.0, 1.1], ids=["rejection", "look-ahead"])
def way(request, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways of satisfying constraints: drawing and dropping, and with a look-ahead."""
    monkeypatch.setattr(unique, "FREQUENT", request.param)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("config", [{}, {"temperature": 0.6}, {"top_k": 3}])
def test_the_distribution_is_the_models_conditioned_on_the_constraints(rule: str, config) -> None:
    rules, obeys = RULES[rule]
    model = named("abc", seed=20)
    options = {"max_length": LONGEST, **config}
    exact = {s: p for s, p in texts_of(model, **options).items() if obeys(s)}
    search = model.generate(
        20_000, rules=rules, seed=8, allow_repeats=True, allow_known=True, **options
    )
    counts = Counter(sample.text for sample in search)
    if not exact:
        assert not len(search)
        assert search.reason
        return
    assert len(search) == 20_000
    assert chi_square(counts, exact) > 1e-4


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("rule", RULES)
def test_all_strings_that_satisfy_the_constraints_are_found(rule: str) -> None:
    rules, obeys = RULES[rule]
    model = named("abc", seed=20)
    exact = texts_of(model, max_length=LONGEST)
    found = model.generate(10_000, rules=rules, max_length=LONGEST, seed=1, allow_known=True)
    assert sorted(s.text for s in found) == sorted(filter(obeys, exact))
    assert "and there are no others" in (found.reason or "")
    if rule != "several":  # there it is given the start
        assert found.mass == pytest.approx(sum(exact[s.text] for s in found), rel=1e-4)


def test_without_the_list_the_distribution_is_the_models_given_it() -> None:
    model = named("abc", seed=21)
    exact = texts_of(model, max_length=4)
    known = frozenset(sorted(exact, key=lambda s: -exact[s])[:5])
    model = named("abc", seed=21, known=known)
    texts = [s.text for s in model.generate(30_000, max_length=4, seed=3, allow_repeats=True)]
    assert chi_square(Counter(texts), {s: p for s, p in exact.items() if s not in known}) > 1e-4


@pytest.mark.heavy
def test_the_first_two_new_strings_are_draws_without_replacement() -> None:
    model = named("ab", seed=22, known=frozenset(["a"]))
    exact = {s: p for s, p in texts_of(model, max_length=3).items() if s != "a"}
    total = sum(exact.values())
    pairs = Counter(tuple(model.names(2, max_length=3, seed=seed)) for seed in range(800))
    expected = {
        (a, b): p / total * q / (total - p)
        for (a, p), (b, q) in itertools.permutations(exact.items(), 2)
    }
    assert chi_square(pairs, expected) > 1e-4


def test_a_look_ahead_is_accurate_for_a_model_of_short_contexts() -> None:
    # Two letters back tell all of a string of at most three: then the estimate is good.
    model = named("ab", seed=23)
    exact = {s: p for s, p in texts_of(model, max_length=3).items() if s.endswith("b")}
    search = model.stream(1, rules=End("b"), max_length=3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(unique, "FREQUENT", 1.1)
        plan, share, _ = search._guided()
    assert isinstance(plan.guide, LookAhead)
    assert share == pytest.approx(sum(exact.values()), rel=0.3)


rule_sets = st.lists(
    st.one_of(
        st.text("abc", min_size=1, max_size=2).map(Start),
        st.text("abc", min_size=1, max_size=2).map(End),
        st.text("abc", min_size=1, max_size=2).map(Contains),
        st.tuples(st.integers(0, 4), st.integers(0, 4)).map(lambda ab: Length(*sorted(ab))),
        st.text("abc", min_size=1, max_size=3).map(Chars),
        st.sampled_from(["a.*", "[ab]+c?", "(ab|c)*", ".b.", "a{2,3}|b"]).map(Regex),
        st.lists(st.text("abc", min_size=1, max_size=2), min_size=1, max_size=2).map(
            lambda texts: Block(tuple(texts))
        ),
    ),
    max_size=4,
)


def obeyed(rule, text: str) -> bool:
    """The rules in plain Python."""
    match rule:
        case Start():
            return text.startswith(rule.text)
        case End():
            return text.endswith(rule.text)
        case Contains():
            return rule.text in text
        case Length():
            return rule.least <= len(text) <= (99 if rule.most is None else rule.most)
        case Chars():
            return set(text) <= set(rule.characters)
        case Regex():
            return re.fullmatch(rule.pattern, text) is not None
        case Block():
            return not any(part in text for part in rule.texts)
    raise AssertionError(rule)


@pytest.mark.heavy
@given(rules=rule_sets, led=st.booleans(), seed=st.integers(0, 1000))
@settings(max_examples=int(os.environ.get("CHARLOOM_RULE_SETS", "150")), deadline=None)
def test_any_constraints_are_satisfied_or_impossible(rules, led: bool, seed: int) -> None:
    known = frozenset(["a", "ab", "cab", "bbbb"])
    model = named("abc", seed=20, known=known)
    everything = ("".join(s) for n in range(1, 5) for s in itertools.product("abc", repeat=n))
    exact = [s for s in everything if all(obeyed(rule, s) for rule in rules)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(unique, "FREQUENT", 1.1 if led else 0.0)
        try:
            found = model.names(1000, rules=Rules(tuple(rules)), max_length=4, seed=seed)
        except RuleError:
            assert not exact
            return
    assert exact
    assert sorted(found) == sorted(set(exact) - known)  # once each, and none of the list


@pytest.mark.parametrize("distance", [2, 3])
def test_strings_keep_the_minimum_edit_distance(distance: int) -> None:
    from rapidfuzz.distance import Levenshtein

    known = frozenset(["abca", "cc", "bab"])
    model = named("abc", seed=24, known=known)
    found = model.names(2000, max_length=5, min_edits=distance, forbid=["aaaaa"])
    exact = [
        s
        for s in texts_of(model, max_length=5)
        if all(Levenshtein.distance(s, k) >= distance for k in known | {"aaaaa"})
    ]
    assert sorted(found) == sorted(exact)


def test_strings_that_differ_in_case_count_as_the_same_on_request() -> None:
    model = named("ABab", seed=25, known=frozenset(["Ab", "BA"]))
    plain = set(model.names(1000, max_length=2))
    folded = set(model.names(1000, max_length=2, fold_case=True, forbid=["a"]))
    assert {"ab", "AB", "ba"} <= plain
    assert plain - folded == {"ab", "aB", "AB", "ba", "bA", "Ba", "a", "A"} - {"Ab", "BA"}


@pytest.mark.parametrize("value", [0, -1, 1.5, True])
def test_min_edits_must_be_a_whole_number(value) -> None:
    with pytest.raises(ConfigError, match="min_edits must be a whole number"):
        named().generate(1, min_edits=value)


def test_min_edits_that_no_string_can_reach_are_refused() -> None:
    model = named("abc", seed=24, known=frozenset(["aca", "cc"]))
    with pytest.raises(GenerationError, match=r"at most 5 here: .*shortest excluded one has 2"):
        model.generate(1, max_length=5, min_edits=6)
    with pytest.raises(GenerationError, match="at most 15 here"):  # its case might be folded
        model.generate(1, max_length=5, min_edits=16, fold_case=True)
    assert model.names(1, max_length=5, min_edits=5)  # bbbbb
    assert model.names(1, max_length=2, min_edits=4, forbid=["abcab"], allow_known=True)
    assert model.names(1, max_length=2, min_edits=99, allow_known=True)  # excludes nothing


def test_strings_of_a_length_far_beyond_the_models_own_are_given_up(monkeypatch) -> None:
    monkeypatch.setattr(unique, "LOST", 1)
    model = memoryless()
    found = model.generate(3, rules=Length(2000))
    assert not found
    assert "of the model and gave up: they must have 2,000 characters" in (found.reason or "")
    assert len(model.names(3, rules=Length(40))) == 3


def test_they_are_given_up_after_about_as_many_steps_as_that_takes(monkeypatch) -> None:
    monkeypatch.setattr(unique, "LOST", 1000)
    reason = memoryless().generate(3, rules=Length(1000)).reason or ""
    steps = int(re.search(r"found 0 of 3 names in ([\d,]+) steps", reason)[1].replace(",", ""))  # type: ignore[index]
    assert 1000 <= steps < 10_000


def test_the_best_are_the_likeliest_in_order() -> None:
    model = named("abc", seed=26, known=frozenset(["b"]))
    exact = texts_of(model, max_length=5)
    order = sorted((s for s in exact if s != "b"), key=lambda s: -exact[s])
    assert [s.text for s in model.best(40, max_length=5)] == order[:40]
    assert [s.text for s in model.best(10, max_length=5, beam=400)] == order[:10]
    with_z = [s for s in order if "ca" in s]
    assert [s.text for s in model.best(10, max_length=5, rules=Contains("ca"))] == with_z[:10]
    assert [s.text for s in model.best(9, max_length=5, rules=Contains("ca"), beam=400)] == (
        with_z[:9]
    )


def test_the_best_strings_end_when_there_are_no_others() -> None:
    model = named("ab", seed=26)
    best = model.best(100, max_length=2)
    assert sorted(s.text for s in best) == ["a", "aa", "ab", "b", "ba", "bb"]
    assert "found 6 of 100" in (best.reason or "")
    few = model.best(100, max_length=2, beam=1)
    assert len(few) < 6
    assert "widen it" in (few.reason or "")


def test_an_exact_search_that_is_stopped_says_so_and_continues_with_a_beam(monkeypatch) -> None:
    from charloom.generation.search import request as generate

    monkeypatch.setattr(generate, "STEPS", 100)
    monkeypatch.setattr(generate, "STEPS_EACH", 0)
    model = named("abcdef", seed=27)
    best = model.best(60, max_length=8)
    assert len({s.text for s in best}) == 60
    assert "certain to be the most likely" in (best.note or "")
    nats = [s.nats for s in best]
    sure = int(re.search(r"the first (\d+) are certain", best.note or "").group(1))  # type: ignore[union-attr]
    assert nats[:sure] == sorted(nats[:sure])


def test_too_rare_strings_end_the_search_with_a_reason(monkeypatch) -> None:
    from charloom.generation.search import request as generate

    monkeypatch.setattr(generate, "STEPS", 2000)
    monkeypatch.setattr(generate, "STEPS_EACH", 0)
    known = frozenset(["a"])
    found = named("abcdef", seed=27, known=known).generate(50_000, max_length=12)
    assert 0 < len(found) < 50_000
    assert "gave up" in (found.reason or "")


@pytest.mark.parametrize(
    "options",
    [{}, {"rules": Length(2, 6)}, {"rules": Contains("fe")}, {"allow_repeats": True}],
    ids=["free", "rejection", "look-ahead", "repeats"],
)
def test_a_hurried_search_finds_the_same_and_its_first_with_fewer_steps(options) -> None:
    model = named("abcdef", seed=30, longest=8, known=frozenset(["a", "fab"]))
    searches = [model.stream(200, seed=4, temperature=1.5, **options) for _ in range(2)]
    searches[1].hurried()
    first = [next(search) for search in searches]
    steps = [search._walked for search in searches]
    assert steps[1] <= steps[0] / (1 if options.get("rules") == Contains("fe") else 3)
    rest = [tuple(search) for search in searches]
    assert (first[0], rest[0]) == (first[1], rest[1])
    assert searches[0].seen == searches[1].seen
    assert searches[0].mass == pytest.approx(searches[1].mass)


def test_best_strings_cannot_repeat() -> None:
    with pytest.raises(ConfigError, match="allow_repeats"):
        named().best(2, allow_repeats=True)


@pytest.mark.parametrize("temperature", [0.05, 0.2, 1.0, 3.0])
def test_any_temperature_gives_as_many_different_strings_as_there_are(temperature) -> None:
    model = named("abcd", seed=28)
    names = model.names(200, temperature=temperature, max_length=8)
    assert len(set(names)) == len(names)
    assert len(names) == 200 or temperature < 0.1


def test_few_samples_with_a_look_ahead_miss_hardly_any(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unique, "FREQUENT", 1.1)
    model = named("abcdef", seed=29, longest=8)
    led = model.generate(200, rules=Contains("fe"), seed=3, max_length=8)
    assert led.reason is None
    monkeypatch.setattr(unique, "FREQUENT", 0.0)
    railed = model.generate(200, rules=Contains("fe"), seed=3, max_length=8)
    means = [np.mean([s.nats for s in found]) for found in (led, railed)]
    assert means[0] == pytest.approx(means[1], abs=0.5)


@pytest.mark.heavy
def test_many_strings_take_a_small_walk_and_a_whole_one(monkeypatch: pytest.MonkeyPatch) -> None:
    model, walks = uniform(8, known=()), 0

    def counted(*given):
        nonlocal walks
        walks += 1
        return arrivals(*given)

    monkeypatch.setattr(unique, "arrivals", counted)
    for seed in range(20):
        assert len(model.generate(8_000, seed=seed, allow_known=seed % 2 > 0)) == 8_000
    assert walks <= 42  # two each; a few may come short of the count
