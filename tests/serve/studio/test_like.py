"""Names that resemble a name."""

from __future__ import annotations

import json
from typing import Any

import pytest

import charloom
from charloom import NameCorpus


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The run of a small model, trained once."""
    folder = tmp_path_factory.mktemp("model") / "names"
    names = list(NameCorpus.builtin().names)[:400]
    charloom.train(NameCorpus.of(names), kind="ngram", order=4, out=folder, progress=False)
    return folder


@pytest.fixture
def like(studio: Any, model: Any) -> Any:
    """A function that asks for names that resemble one; it returns them and the last event."""
    import shutil

    shutil.copytree(model, studio.folder / "names")

    def ask(text: str, **options: Any) -> tuple[list[Any], Any]:
        asked = {"run": "names", "n": 12, "seed": 1, "text": text, **options}
        answer = studio.client.post("/studio/like", json=asked)
        assert answer.status_code == 200, answer.text
        lines = answer.text.splitlines()
        data = [json.loads(line[6:]) for line in lines if line.startswith("data: ")]
        return data[:-1], data[-1]

    return ask


def texts(names: list[Any]) -> list[str]:
    return [name["text"] for name in names]


def test_they_resemble_it_more_than_other_names_do(like: Any, studio: Any) -> None:
    from rapidfuzz.distance import Levenshtein

    def near(names: list[str]) -> float:
        return sum(Levenshtein.distance(one, "Alectrosaurus") for one in names) / len(names)

    names, end = like("Alectrosaurus")
    others = studio.client.post("/v1/names", json={"run": "names", "n": 12, "seed": 1}).json()
    assert len(names) == 12 and end["reason"] is None
    assert near(texts(names)) < 0.6 * near(texts(others["names"]))
    assert any(one.startswith("Al") for one in texts(names))
    assert any(one.endswith("saurus") for one in texts(names))


def test_the_seed_decides(like: Any) -> None:
    assert like("Alectrosaurus") == like("Alectrosaurus")
    assert texts(like("Alectrosaurus")[0]) != texts(like("Alectrosaurus", seed=2)[0])


def test_they_are_different_new_and_not_the_name_itself(like: Any) -> None:
    known = set(NameCorpus.builtin().names)
    names = texts(like("Albertosaurus", n=40)[0])
    assert len(set(names)) == 40 and "Albertosaurus" not in names and not known & set(names[:400])
    assert like("Albertosaurus", allow_known=True, n=60)[0] != []


def test_constraints_are_kept(like: Any) -> None:
    asked = {"end": "us", "length": "8:12", "contains": ["o"], "block": ["saur"], "min_edits": 2}
    names = texts(like("Alectrosaurus", **asked)[0])
    assert names
    for one in names:
        assert one.endswith("us") and 8 <= len(one) <= 12 and "o" in one
        assert "saur" not in one.lower()


def test_nats_are_those_of_the_model(like: Any, studio: Any) -> None:
    names, _ = like("Alectrosaurus")
    asked = {"run": "names", "texts": texts(names)}
    scores = studio.client.post("/v1/score", json=asked).json()["scores"]
    for name, score in zip(names, scores, strict=True):
        assert name["nats"] == pytest.approx(score["nats"], abs=1e-3)
        assert name["origin"] == "new"


@pytest.mark.parametrize("text", ["Xü☃", "a", "A" * 60])
def test_a_name_unlike_all_others_is_answered_too(text: str, like: Any) -> None:
    names, _ = like(text, n=3)
    assert len(names) == 3


def test_an_empty_name_is_refused(studio: Any, like: Any) -> None:
    answer = studio.client.post("/studio/like", json={"run": "names", "text": ""})
    assert answer.status_code == 422
