"""Explanations of strings, and how they are shown."""

from __future__ import annotations

import io
import itertools
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from charloom import load
from charloom.cli.explained import CHUNK, print_explanations
from charloom.errors import ConfigError, VocabularyError
from charloom.generation import Sample
from charloom.generation.explain import END, ROWS, explain
from charloom.generation.nearest import nearest
from charloom.reporting.format import probability
from helpers.languages import named
from helpers.memoryless import memoryless, save_memoryless

PAGE = """\
ab  3.47 nats
  a      50 %  <end> 25 %, b 25 %
  b      25 %  a 50 %, <end> 25 %
  <end>  25 %  a 50 %, b 25 %
  nearest training string: aab, 1 edit
"""
"""What is shown of ``ab`` under ``HALVES``."""

HALVES = {"": 1, "a": 2, "b": 1}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


pytestmark = pytest.mark.usefixtures("no_colours")


@pytest.fixture
def run(tmp_path):
    return save_memoryless(tmp_path / "run", HALVES)


def shown(model, strings, out=None, **options) -> str:
    out = out or io.StringIO()
    print_explanations(model, strings, out=out, **options)
    return out.getvalue()


def test_each_character_has_its_probability_and_the_strongest_others() -> None:
    (one,) = explain(memoryless({"": 1, "a": 4, "b": 2, "c": 1}), ["ba"], 2)
    assert [step.character for step in one.steps] == ["b", "a", END]
    assert [step.probability for step in one.steps] == pytest.approx([1 / 4, 1 / 2, 1 / 8])
    b, _, end = one.steps
    # <end> and c are equally likely: the vocabulary's order decides.
    assert b.alternatives == (("a", pytest.approx(1 / 2)), (END, pytest.approx(1 / 8)))
    assert end.alternatives == (("a", pytest.approx(1 / 2)), ("b", pytest.approx(1 / 4)))
    assert one.nats == pytest.approx(-math.log(1 / 64), abs=1e-5)
    assert (one.text, one.given, one.nearest) == ("ba", "", None)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.text("abc", max_size=6), max_size=8), st.integers(0, 5))
def test_explanations_are_in_order_and_their_nats_are_those_of_score(texts, seed) -> None:
    model = named(seed=seed)
    found = explain(model, texts, 9)
    assert [one.text for one in found] == texts
    np.testing.assert_allclose([one.nats for one in found], model.nll(texts), atol=1e-4)
    for one in found:
        assert "".join(step.character for step in one.steps) == one.text + END
        for step in one.steps:
            others = [p for _, p in step.alternatives]
            assert len(others) == 3
            assert others == sorted(others, reverse=True)
            assert step.character not in dict(step.alternatives)
            assert step.probability + sum(others) == pytest.approx(1)


def test_more_strings_than_are_read_together_keep_their_order() -> None:
    model = named()
    texts = ["abc"[: i % 4] + "c" * (i % 7) for i in range(2 * ROWS + 3)]
    found = explain(model, texts)
    assert [one.text for one in found] == texts
    np.testing.assert_allclose([one.nats for one in found], model.nll(texts), atol=1e-4)


def test_nothing_to_explain_is_no_explanation() -> None:
    assert explain(named(), []) == []


def test_without_a_begin_symbol_the_first_character_is_given() -> None:
    model = memoryless(HALVES, begin=False)
    ab, nothing = explain(model, ["ab", ""])
    assert (ab.given, [step.character for step in ab.steps]) == ("a", ["b", END])
    assert ab.nats == pytest.approx(-math.log(1 / 16), abs=1e-5)
    assert (nothing.given, nothing.steps, nothing.nats) == ("", (), 0)


def test_texts_are_read_in_nfc_and_keep_their_spelling() -> None:
    (one,) = explain(memoryless({"": 1, "é": 1}), ["e\u0301"])
    assert one.text == "e\u0301"
    assert [step.character for step in one.steps] == ["é", END]


def test_graphemes_are_explained_whole() -> None:
    model = memoryless({"": 1, "g\u0308": 3}, known=frozenset(["g\u0308g\u0308"]), unit="grapheme")
    (one,) = explain(model, ["g\u0308"])
    assert [step.character for step in one.steps] == ["g\u0308", END]
    assert one.nearest == ("g\u0308g\u0308", 1)


def test_a_temperature_sharpens_the_probabilities() -> None:
    model = memoryless(HALVES)
    half, greedy = (explain(model, ["a"], temperature=t)[0] for t in (0.5, 0))
    assert half.steps[0].probability == pytest.approx(4 / 6)
    assert [step.probability for step in greedy.steps] == [1, 0]
    assert greedy.to_dict()["nats"] is None
    with pytest.raises(ConfigError, match="temperature"):
        explain(model, ["a"], temperature=-1)


def test_an_unseen_character_is_named() -> None:
    with pytest.raises(VocabularyError, match="'x'"):
        explain(named(), ["a", "ax"])


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.text("ab", max_size=5), max_size=6),
    st.frozensets(st.text("ab", min_size=1, max_size=5), min_size=1),
    st.sampled_from(["character", "grapheme"]),
)
def test_the_nearest_is_the_first_of_those_with_the_fewest_edits(texts, known, unit) -> None:
    def of(text: str) -> tuple[str, int]:
        distances = [(Levenshtein.distance(text, other), other) for other in known]
        return min(distances)[::-1]

    names = sorted(known)
    edits, places = nearest(texts, names, unit=unit)
    found = [(names[place], edit) for place, edit in zip(places, edits, strict=True)]
    assert found == [of(text) for text in texts]


def test_no_comparison_is_made_unless_requested() -> None:
    model = memoryless(HALVES, known=frozenset(["aab"]))
    assert explain(model, ["ab"])[0].nearest == ("aab", 1)
    assert explain(model, ["ab"], compare=False)[0].nearest is None


def test_the_page_is_plain_text_where_there_is_no_terminal() -> None:
    model = memoryless(HALVES, known=frozenset(["aab", "bb"]))
    assert shown(model, ["ab"]) == PAGE
    two = shown(model, ["ab", "bb"])
    assert two.startswith(f"{PAGE}\nbb  4.16 nats\n")
    assert two.endswith("  nearest training string: itself\n")


def test_the_page_shows_what_was_given_and_what_cannot_be_seen() -> None:
    model = memoryless({"": 1, " ": 1, "b": 2}, begin=False)
    assert shown(model, ["b b"]).splitlines() == [
        "b b  3.47 nats",
        "  b      given",
        "  ' '    25 %  b 50 %, <end> 25 %",
        "  b      50 %  <end> 25 %, ' ' 25 %",
        "  <end>  25 %  b 50 %, ' ' 25 %",
    ]


def test_characters_are_coloured_by_probability_on_a_terminal_only(monkeypatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor")
    model = memoryless(HALVES, known=frozenset(["aab", "bb"]))
    head, a, *_ = shown(model, ["ab"], Terminal()).splitlines()
    blue, teal, end = "\x1b[38;2;42;122;226m", "\x1b[38;2;0;135;125m", "\x1b[0m"
    assert head == f"{blue}a{end}{teal}b{end}  3.47 nats"
    others = f"{teal}<end> 25 %{end}, {teal}b 25 %{end}"
    assert a == f"{blue}  a      50 %{end}  {others}"
    monkeypatch.setenv("NO_COLOR", "1")
    assert shown(model, ["ab"], Terminal()) == PAGE


def test_percentages_have_two_digits_and_are_never_rounded_to_nothing() -> None:
    values = (1, 0.9996, 0.996, 0.99, 0.215, 0.079, 0.00043, 3e-8)
    assert [probability(p) for p in values] == [
        "100.0 %", "100.0 %", "99.6 %", "99 %", "22 %", "7.9 %", "0.043 %", "3e-06 %",
    ]  # fmt: skip


def test_samples_are_explained_with_their_origin() -> None:
    model = memoryless(HALVES, known=frozenset(["aab"]))
    samples = [Sample("ab", 3.4657, "new"), Sample("aab", 4.1589, "known")]
    assert "ab  3.47 nats, new" in shown(model, samples).splitlines()
    lines = shown(model, samples, as_json=True).splitlines()
    assert [json.loads(line)["origin"] for line in lines] == ["new", "known"]


def test_json_is_an_object_a_line() -> None:
    model = memoryless(HALVES, known=frozenset(["aab"]))
    (line,) = shown(model, ["a"], as_json=True).splitlines()
    assert json.loads(line) == {
        "text": "a",
        "nats": pytest.approx(math.log(8), abs=1e-5),
        "given": "",
        "steps": [
            {
                "character": "a",
                "probability": 0.5,
                "alternatives": [
                    {"character": END, "probability": 0.25},
                    {"character": "b", "probability": 0.25},
                ],
            },
            {
                "character": END,
                "probability": 0.25,
                "alternatives": [
                    {"character": "a", "probability": 0.5},
                    {"character": "b", "probability": 0.25},
                ],
            },
        ],
        "nearest": {"text": "aab", "distance": 2},
    }


def test_explanations_of_an_endless_stream_appear_as_it_runs() -> None:
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            if len(self.getvalue().splitlines()) == CHUNK + 1:
                raise BrokenPipeError
            return super().write(text)

    with pytest.raises(BrokenPipeError):
        shown(memoryless(HALVES), itertools.repeat("a"), Full(), as_json=True)


def test_score_explains_each_string(call, run, write) -> None:
    texts = write("ab\n")
    assert call("score", run, texts, "--explain") == (0, PAGE, "")
    assert call("score", run, texts) == (0, "3.465736\tab\n", "")
    code, out, _ = call("score", run, texts, "--explain", "--json")
    assert code == 0
    assert json.loads(out) == explain(load(run), ["ab"])[0].to_dict()


def test_score_as_json_without_explanations_gives_text_and_nats(call, run, write) -> None:
    code, out, _ = call("score", run, write("ab\nax\n"), "--json", "--unknown", "inf")
    assert code == 0
    assert [json.loads(line) for line in out.splitlines()] == [
        {"text": "ab", "nats": pytest.approx(3.465736, abs=2e-6)},
        {"text": "ax", "nats": None},
    ]


def test_a_string_that_cannot_occur_stops_score_or_is_said_to_be_one(call, run, write) -> None:
    texts = write("ab\nax\n")
    for extra in ([], ["--json"]):
        code, out, err = call("score", run, texts, "--explain", *extra)
        assert (code, out, len(err.splitlines())) == (1, "", 1)
        assert "'x'" in err
    code, out, _ = call("score", run, texts, "--explain", "--unknown", "inf")
    assert code == 0
    assert out == f"{PAGE}\nax  inf nats: it has a character that the model never saw\n"
    lines = call("score", run, texts, "--explain", "--json", "--unknown", "inf")[1].splitlines()
    data = json.loads(lines[1])
    assert (data["text"], data["nats"], data["steps"]) == ("ax", None, [])
