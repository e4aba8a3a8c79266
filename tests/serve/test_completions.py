"""OpenAI's dialect, with OpenAI's own client."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import pytest

import charloom
from charloom.serve.completions import stopping

Client = Any


@pytest.fixture(scope="module")
def openai(client: Client) -> Any:
    module = pytest.importorskip("openai")
    return module.OpenAI(base_url="http://localhost/v1", api_key="none", http_client=client)


def test_the_runs_are_models(openai: Any) -> None:
    assert [model.id for model in openai.models.list()] == ["names", "text"]
    assert openai.models.retrieve("text").owned_by == "charloom"


def test_names_begin_with_the_prompt(openai: Any, served_runs: dict[str, Path]) -> None:
    answer = openai.completions.create(model="names", prompt="Ma", n=4, seed=7)
    model = charloom.load(served_runs["names"])
    expected = model.names(4, start="Ma", temperature=1, seed=7)
    assert ["Ma" + choice.text for choice in answer.choices] == expected
    assert {choice.finish_reason for choice in answer.choices} == {"stop"}
    assert answer.usage.completion_tokens == sum(len(c.text) for c in answer.choices)


def test_names_are_streamed_with_usage(openai: Any) -> None:
    given: dict[str, Any] = {"model": "names", "prompt": "Ma", "n": 3, "seed": 7, "echo": True}
    whole = openai.completions.create(**given)
    parts = list(
        openai.completions.create(**given, stream=True, stream_options={"include_usage": True})
    )
    assert [p.choices[0].text for p in parts[:-1]] == [c.text for c in whole.choices]
    assert parts[-1].choices == []
    assert parts[-1].usage == whole.usage


def test_the_extension_has_what_the_dialect_lacks(openai: Any) -> None:
    extra = {"charloom": {"end": "a", "length": "5:7", "new": False, "unique": False}}
    answer = openai.completions.create(model="names", prompt="", n=20, seed=1, extra_body=extra)
    texts = [choice.text for choice in answer.choices]
    assert all(text.endswith("a") and 5 <= len(text) <= 7 for text in texts)
    assert len(set(texts)) < len(texts)


def test_text_follows_the_prompt(openai: Any, served_runs: dict[str, Path]) -> None:
    answer = openai.completions.create(model="text", prompt="the ", max_tokens=30, seed=2)
    model = charloom.load(served_runs["text"])
    assert "the " + answer.choices[0].text == model.text(30, start="the ", seed=2)
    assert answer.choices[0].finish_reason == "length"


def test_text_is_streamed_and_stops(openai: Any) -> None:
    given: dict[str, Any] = {"model": "text", "prompt": "the ", "max_tokens": 300, "seed": 2}
    whole = openai.completions.create(**given, stop=["mat", "hat"])
    assert whole.choices[0].finish_reason == "stop"
    assert "mat" not in whole.choices[0].text
    parts = list(openai.completions.create(**given, stop=["mat", "hat"], stream=True))
    assert "".join(p.choices[0].text for p in parts) == whole.choices[0].text
    assert parts[-1].choices[0].finish_reason == "stop"


def test_a_prompt_is_scored(openai: Any, served_runs: dict[str, Path]) -> None:
    answer = openai.completions.create(
        model="text", prompt="the cat", max_tokens=0, echo=True, logprobs=2
    )
    found = answer.choices[0].logprobs
    model = charloom.load(served_runs["text"])
    assert -sum(found.token_logprobs) == pytest.approx(float(model.nll(["the cat"])[0]), abs=1e-3)
    assert found.tokens == list("the cat")
    assert found.text_offset == list(range(7))
    assert all(len(top) == 2 for top in found.top_logprobs)
    assert answer.usage.completion_tokens == 0


def test_probabilities_of_a_names_letters(openai: Any, served_runs: dict[str, Path]) -> None:
    answer = openai.completions.create(model="names", prompt="Ma", seed=7, logprobs=1, n=2)
    for choice in answer.choices:
        assert choice.logprobs.tokens == list(choice.text)
        assert choice.logprobs.text_offset[0] == 2
        assert all(-50 < value <= 0 for value in choice.logprobs.token_logprobs)


@pytest.mark.parametrize("echo", [False, True])
def test_text_streams_with_its_probabilities(openai: Any, echo: bool) -> None:
    given: dict[str, Any] = {"model": "text", "prompt": "the c", "max_tokens": 30, "seed": 4}
    given |= {"logprobs": 2, "echo": echo}
    whole = openai.completions.create(**given).choices[0]
    parts = [part.choices[0] for part in openai.completions.create(**given, stream=True)]
    assert len(parts) == 31 + echo and parts[-1].finish_reason == whole.finish_reason
    assert "".join(part.text for part in parts) == whole.text
    found = [part.logprobs for part in parts[:-1]]
    assert [each for one in found for each in one.tokens] == whole.logprobs.tokens
    assert [each for one in found for each in one.text_offset] == whole.logprobs.text_offset
    streamed = [each for one in found for each in one.token_logprobs]
    assert streamed == pytest.approx(whole.logprobs.token_logprobs, abs=1e-5)


def test_no_string_of_so_many_characters_comes_twice(
    openai: Any, served_runs: dict[str, Path]
) -> None:
    given: dict[str, Any] = {"prompt": "the ", "max_tokens": 90, "temperature": 0.5, "seed": 1}
    body = {"charloom": {"no_repeat": 4}}
    texts = [
        openai.completions.create(model="text", **given, extra_body=extra).choices[0].text
        for extra in ({}, body)
    ]
    model = charloom.load(served_runs["text"])
    same = {"start": "the ", "temperature": 0.5, "seed": 1, "no_repeat_ngram_size": 4}
    assert f"the {texts[1]}" == model.text(90, **same) and texts[0] != texts[1]
    with pytest.raises(Exception, match="no_repeat is for text"):
        openai.completions.create(model="names", prompt="Ma", extra_body=body)


def test_several_prompts(openai: Any) -> None:
    answer = openai.completions.create(model="names", prompt=["Ma", "Se"], n=2, seed=1, echo=True)
    assert [choice.index for choice in answer.choices] == [0, 1, 2, 3]
    assert [choice.text[:2] for choice in answer.choices] == ["Ma", "Ma", "Se", "Se"]


@pytest.mark.parametrize(
    "given",
    [
        {"prompt": [1, 2, 3]},
        {"prompt": []},
        {"n": 0},
        {"max_tokens": 0},
        {"best_of": 5},
        {"frequency_penalty": 0.5},
        {"suffix": "x"},
        {"extra_body": {"charloom": {"nonsense": 1}}},
        {"extra_body": {"nonsense": 1}},
    ],
)
def test_what_it_cannot_do_is_refused(openai: Any, given: dict[str, Any]) -> None:
    import openai as package

    with pytest.raises(package.UnprocessableEntityError):
        openai.completions.create(**{"model": "names", "prompt": "Ma", **given})


def test_an_unknown_model_is_not_found(openai: Any) -> None:
    import openai as package

    with pytest.raises(package.NotFoundError, match="names, text"):
        openai.completions.create(model="gpt", prompt="")


@pytest.mark.parametrize("size", [1, 2, 5])
def test_a_stop_is_found_wherever_pieces_end(size: int) -> None:
    text, stops = "abc-ab--cd--", ["--", "b--c"]
    pieces = iter([text[i : i + size] for i in range(0, len(text), size)])
    found = list(stopping(pieces, stops))
    assert "".join(piece for piece, _ in found) in ("abc-ab", "abc-a")
    assert found[-1][1]
    whole = "".join(piece for piece, _ in stopping(iter("abc-ab-cd"), stops))
    assert whole == "abc-ab-cd"
    assert math.isfinite(len(found))


def test_the_examples_of_the_docs_run(
    openai: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (Path(__file__).parents[2] / "docs" / "serve.md").read_text("utf-8")
    monkeypatch.setattr("openai.OpenAI", lambda **_: openai)
    scope: dict[str, Any] = {}
    for code in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        exec(code, scope)
    assert capsys.readouterr().out.count("'Mar") == 5
