"""What constraints leave of a model's names."""

from __future__ import annotations

from typing import Any

import pytest

import charloom
from charloom import NameCorpus

NAMES = ["Ann", "Anna", "Anne", "Hanna", "Hanne", "Nina", "Nena", "Lena", "Lina", "Ina"]


@pytest.fixture
def limits(studio: Any) -> Any:
    """A function that asks what constraints leave of a small run."""
    corpus = NameCorpus.of(NAMES)
    charloom.train(corpus, kind="ngram", out=studio.folder / "names", progress=False)

    def ask(**constraints: Any) -> Any:
        answer = studio.client.post("/studio/limits", json={"run": "names", **constraints})
        assert answer.status_code == 200, answer.text
        return answer.json()

    return ask


def by_field(answer: Any) -> dict[str, Any]:
    return {one["field"]: one["share_without"] for one in answer["each"]}


def test_without_constraints_all_names_remain(limits: Any) -> None:
    answer = limits(allow_known=True, temperature=1)
    assert answer["share"] == pytest.approx(1, abs=0.02)
    assert answer["each"] == [] and answer["contradiction"] is None


def test_shares_are_those_of_the_model(limits: Any, studio: Any) -> None:
    # What the model's likeliest names, which hold nearly all of its probability, say themselves.
    asked = {"run": "names", "n": 4000, "best": True, "temperature": 1, "allow_known": True}
    names = studio.client.post("/v1/names", json=asked).json()["names"]
    share = {one["text"]: 2.718281828 ** -one["nats"] for one in names}
    expected = sum(p for text, p in share.items() if text.startswith("An") and text.endswith("a"))
    ending = sum(p for text, p in share.items() if text.endswith("a"))
    answer = limits(start="An", end="a", allow_known=True, temperature=1)
    assert answer["share"] == pytest.approx(expected, rel=0.1)
    assert by_field(answer)["start"] == pytest.approx(ending, rel=0.1)


def test_a_rare_ending_is_named_as_what_leaves_little(limits: Any) -> None:
    answer = limits(end="iii", length="3:9", allow_known=True)
    assert 0 < answer["share"] < 1e-3
    shares = by_field(answer)
    assert shares["end"] > 0.5 > shares["length"]
    says = [one["says"] for one in answer["each"]]
    assert says == ["ends with “iii”", "has 3 to 9 characters"]


def test_each_text_that_must_be_contained_counts_by_itself(limits: Any) -> None:
    answer = limits(contains=["nn", "L"], allow_known=True)
    assert [one["item"] for one in answer["each"]] == [0, 1]
    first, second = (one["share_without"] for one in answer["each"])
    assert first > answer["share"] and second > answer["share"]


def test_a_contradiction_is_said_in_words(limits: Any) -> None:
    answer = limits(start="Ann", length=":2")
    assert answer["share"] == 0
    assert "starts with “Ann” and has at most 2 characters" in answer["contradiction"]
    shares = by_field(answer)
    assert shares["start"] > 0 and shares["length"] > 0


def test_a_character_that_the_model_never_saw_is_named(limits: Any) -> None:
    answer = limits(start="Ж")
    assert answer["share"] == 0 and "Ж" in answer["contradiction"]
    assert by_field(answer)["start"] > 0


def test_new_names_are_a_share_of_all(limits: Any) -> None:
    answer = limits(temperature=0.5)
    assert answer["share"] < by_field(answer)["allow_known"]


def test_a_pattern_that_is_none_is_an_error(limits: Any, studio: Any) -> None:
    answer = studio.client.post("/studio/limits", json={"run": "names", "regex": "("})
    assert answer.status_code == 422 and answer.json()["error"]["param"] == "regex"


def test_a_run_without_a_list_has_limits_too(limits: Any, studio: Any) -> None:
    (studio.folder / "names" / "training.json").unlink(missing_ok=True)
    assert limits(end="a")["share"] > 0


def test_text_has_no_limits(studio: Any) -> None:
    from charloom import TextCorpus

    text = TextCorpus.of("the cat sat on the mat.\n" * 100)
    charloom.train(text, kind="ngram", out=studio.folder / "text", progress=False)
    answer = studio.client.post("/studio/limits", json={"run": "text"})
    assert answer.status_code == 422 and "run of names" in answer.json()["error"]["message"]
