"""The widgets answer what their pages ask, as the library does, and tell Python what is set."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import pytest

pytest.importorskip("anywidget")

import charloom
from charloom import NameCorpus, TextCorpus, constraints, train
from charloom.errors import ConfigError
from charloom.generation.continuations import continued_name
from charloom.generation.explain import explain
from charloom.notebook import Play, Wall
from helpers.widget_pages import settle

FROZEN = Path(__file__).parents[1] / "frozen"
NAMES = NameCorpus.builtin().names[:200]


@pytest.fixture(scope="module")
def model():
    return train(NAMES, kind="ngram", seed=1)


@pytest.fixture(scope="module")
def writer():
    return train(TextCorpus.of("the cat sat on the mat. " * 60), kind="ngram", seed=1)


@pytest.fixture
def ask(monkeypatch):
    """Ask a widget as its page does; returns the items of the answer, and its end or problem."""

    def ask(widget, path, **body):
        said = []
        monkeypatch.setattr(widget, "send", said.append)
        widget._receive(widget, {"id": "1", "path": path, "body": body}, [])
        settle(widget)
        assert {message["id"] for message in said} == {"1"}
        items = [item for message in said for item in message["items"]]
        return items, said[-1].get("end"), said[-1].get("problem")

    return ask


def test_a_wall_shows_what_the_model_generates(model, ask):
    wall = Wall(model, seed=5)
    items, end, _ = ask(wall, "/v1/names", n=30, temperature=0.8, seed=5, length="5:9")
    expected = model.generate(
        30, temperature=0.8, seed=5, rules=constraints.Length(5, 9) & constraints.Rules()
    )
    assert [item["text"] for item in items] == [sample.text for sample in expected]
    assert items[0] == expected[0].to_dict()
    assert end == {"seed": 5, "reason": None, "note": None}
    assert wall.names == [sample.text for sample in expected]


def test_options_of_a_wall_give_the_same_names_in_python(model, ask):
    wall = Wall(model)
    wall.asked = {"n": 9, "start": "A", "end": "s", "contains": ["o"], "seed": 2,
                  "temperature": 1.1, "min_edits": 2, "forbid": ["Aoros"]}  # fmt: skip
    ask(wall, "/v1/names", **wall.asked)
    assert wall.names and model.names(9, **wall.options) == wall.names
    assert all(name[0] == "A" and name[-1] == "s" and "o" in name for name in wall.names)


def test_every_constraint_of_the_page_holds(model, ask):
    body = {"n": 20, "seed": 1, "chars": "aeinorstuA", "regex": "A.*", "block": ["ss"]}
    items, _, _ = ask(Wall(model), "/v1/names", **body)
    assert items
    for item in items:
        assert item["text"][0] == "A" and set(item["text"]) <= set(body["chars"])
        assert "ss" not in item["text"].lower()


def test_the_most_likely_names_come_in_order(model, ask):
    items, _, _ = ask(Wall(model), "/v1/names", n=5, best=True, allow_known=True)
    nats = [item["nats"] for item in items]
    assert len(nats) == 5 and nats == sorted(nats)


def test_a_label_is_counted(ask):
    model = charloom.load(FROZEN / "labels" / "run")
    label = model.labels[0]
    wall = Wall(model)
    assert wall.labels == list(model.labels)
    items, _, _ = ask(wall, "/v1/names", n=8, seed=3, labels={label: 1.0}, guidance=3.0)
    expected = model.condition({label: 1.0}, 3.0).names(8, seed=3)
    assert [item["text"] for item in items] == expected


def test_too_few_names_say_why(model, ask):
    items, end, _ = ask(Wall(model), "/v1/names", n=9, seed=1, start="A", length="1")
    assert len(items) < 9
    assert "found" in end["reason"]


def test_a_name_is_explained(model, ask):
    _, end, _ = ask(Wall(model), "/v1/explain", texts=["Aliora"], alternatives=2)
    assert end == {"explanations": [explain(model, ["Aliora"], 2)[0].to_dict()]}


def test_a_mistake_is_one_line_with_its_field(model, ask):
    _, _, problem = ask(Wall(model), "/v1/names", n=5, seed=1, start="漢")
    assert "漢" in problem["message"] and "\n" not in problem["message"]
    _, _, problem = ask(Wall(model), "/v1/names", n=5, length="9:6")
    assert problem["field"] == "length" and problem["message"].startswith("length")
    _, _, problem = ask(Wall(model), "/nowhere")
    assert problem["message"] == "KeyError: '/nowhere'"


@pytest.mark.parametrize("leave", ["abort", "close"])
def test_a_search_ends_when_nobody_waits_for_it(model, monkeypatch, leave):
    wall = Wall(model)
    said, walking, left = [], threading.Event(), threading.Event()
    monkeypatch.setattr(wall, "send", said.append)
    check, threads = wall._check, wall._threads

    def checked():
        if walked := walking.is_set():
            assert left.wait(10)
        else:
            walking.set()  # the first check comes before the search
        check()
        assert not walked

    monkeypatch.setattr(wall, "_check", checked)
    body = {"n": 10_000, "seed": 1, "length": "3:"}
    wall._receive(wall, {"id": "1", "path": "/v1/names", "body": body}, [])
    assert walking.wait(10)
    if leave == "abort":
        wall._receive(wall, {"abort": "1"}, [])
    else:
        wall.close()
    left.set()
    threads.shutdown(wait=True)
    assert said == [] and wall.names == []


def test_names_come_before_the_search_ends(model, monkeypatch):
    wall, said = Wall(model), []
    monkeypatch.setattr(wall, "send", said.append)
    monkeypatch.setattr("charloom.notebook.widget.EVERY", 0.0)
    body = {"n": 4, "seed": 1}
    wall._receive(wall, {"id": "1", "path": "/v1/names", "body": body}, [])
    settle(wall)
    assert [len(message["items"]) for message in said] == [1, 1, 1, 1, 0]
    assert ["end" in message for message in said] == [False] * 4 + [True]


def test_what_is_given_at_first_is_set_in_the_page(model):
    wall = Wall(model, n=20, temperature=0.9, start="Ka", length="6:9", seed=4, favourites=("Ada",))
    assert wall.settings == {
        "n": "20", "temperature": "0.9", "seed": "4", "start": "Ka", "end": "", "contains": "",
        "min": "6", "max": "9",
    }  # fmt: skip
    assert wall.favourites == ["Ada"]
    assert wall.listed


@pytest.mark.parametrize(
    "mistake", [{"n": 0}, {"temperature": -1}, {"length": "9:6"}, {"seed": -1}, {"start": 3}]
)
def test_a_wall_refuses_what_the_model_would(model, mistake):
    with pytest.raises(charloom.CharloomError) as error:
        Wall(model, **mistake)
    assert "\n" not in str(error.value)


def test_a_widget_needs_a_model(writer):
    with pytest.raises(ConfigError, match="a wall must be"):
        Wall(writer)
    with pytest.raises(ConfigError, match="a widget needs a model, as train and load return"):
        Play("runs/towns")


def test_play_shows_what_the_command_shows(model, ask):
    _, end, _ = ask(Play(model), "/studio/next", text="Ba", temperature=1.0)
    found = continued_name(model, "Ba", 1.0)
    assert [one["probability"] for one in end["characters"]] == [p for _, p in found.characters]
    names = [(one["text"], one["probability"]) for one in end["continuations"]]
    assert names == [(sample.text, share) for sample, share in found.offers]


def test_play_continues_text(writer, ask):
    play = Play(writer, "the c")
    assert play.of_text and play.text == "the c"
    _, end, _ = ask(play, "/studio/next", text="the c", temperature=0)
    assert end["characters"][0]["text"] == "a"
    assert end["continuations"][0]["text"].startswith("at sat")
    assert end["continuations"][0]["probability"] is None


def test_play_writes_text_with_each_characters_probability(writer, ask):
    body = {"prompt": "the c", "temperature": 0.7, "top_p": 1, "max_tokens": 30, "seed": 3}
    items, _, _ = ask(Play(writer), "/v1/completions", **body)
    text = "".join(item["choices"][0]["text"] for item in items)
    assert "the c" + text == writer.text(30, start="the c", temperature=0.7, top_p=1, seed=3)
    logs = [log for item in items[:-1] for log in item["choices"][0]["logprobs"]["token_logprobs"]]
    assert sum(logs) == pytest.approx(
        sum(writer.log_prob(["the c" + text])) - sum(writer.log_prob(["the c"])), abs=1e-3
    )
    assert items[-1]["choices"][0]["finish_reason"] == "length"
    body |= {"stop": ["mat"], "charloom": {"no_repeat": 12}}
    items, _, _ = ask(Play(writer), "/v1/completions", **body | {"max_tokens": 200})
    assert items[-1]["choices"][0]["finish_reason"] == "stop"


def test_the_examples_of_the_documentation_run(tmp_path, monkeypatch):
    page = Path(__file__).parents[2] / "docs" / "notebooks.md"
    train(NAMES, kind="ngram", seed=1, out=tmp_path / "runs" / "towns")
    monkeypatch.chdir(tmp_path)
    scope: dict = {}
    for code in re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL):
        exec(code, scope)
    assert len(scope["more"]) == 100
    assert scope["play"].text == "Al"
