"""The native endpoints, and that they answer as the command line does."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import charloom
from charloom.cli.generate import command as generate
from charloom.cli.info import command as info

Client = Any

ASKED: list[tuple[dict[str, Any], list[str]]] = [
    ({}, []),
    ({"n": 7, "temperature": 1.2}, ["-n", "7", "--temperature", "1.2"]),
    ({"start": "Ma", "length": "4:8"}, ["--start", "Ma", "--length", "4:8"]),
    ({"end": "a", "contains": ["r"]}, ["--end", "a", "--contains", "r"]),
    ({"regex": "[A-S].*", "top_k": 5}, ["--regex", "[A-S].*", "--top-k", "5"]),
    ({"allow_known": True, "min_p": 0.01}, ["--allow-known", "--min-p", "0.01"]),
    ({"min_edits": 2, "fold_case": True}, ["--min-edits", "2", "--fold-case"]),
    ({"best": True, "n": 4}, ["--best", "-n", "4"]),
]


def printed_by(command: Any, *arguments: object) -> str:
    """Return what a command prints to stdout."""
    return CliRunner().invoke(command, [*map(str, arguments)]).stdout


@pytest.mark.parametrize(("asked", "options"), ASKED)
def test_names_are_those_of_generate(
    client: Client, served_runs: dict[str, Path], asked: dict[str, Any], options: list[str]
) -> None:
    answer = client.post("/v1/names", json={"run": "names", "seed": 5, **asked})
    assert answer.status_code == 200, answer.text
    printed = printed_by(generate, served_runs["names"], "--seed", "5", "--json", *options)
    expected = [json.loads(line) for line in printed.splitlines()]
    found = answer.json()
    assert [name["text"] for name in found["names"]] == [line["text"] for line in expected]
    nats = [line["nats"] for line in expected]
    assert [name["nats"] for name in found["names"]] == pytest.approx(nats, abs=1e-5)
    assert found["complete"] is True


def test_names_are_the_same_in_company(client: Client) -> None:
    """Forty requests at once get what each gets alone."""
    asked = [{"run": "names", "seed": seed, "n": 5, **ASKED[seed % 7][0]} for seed in range(40)]
    alone = [client.post("/v1/names", json=one).json()["names"] for one in asked]
    with ThreadPoolExecutor(20) as pool:
        found = list(pool.map(lambda one: client.post("/v1/names", json=one).json(), asked))
    assert [one["names"] for one in found] == alone


def test_a_seed_is_drawn_and_told(client: Client) -> None:
    first = client.post("/v1/names", json={"run": "names"}).json()
    again = client.post("/v1/names", json={"run": "names", "seed": first["seed"]}).json()
    assert again["names"] == first["names"]
    assert client.post("/v1/names", json={"run": "names"}).json()["seed"] != first["seed"]


def test_too_few_names_come_with_the_reason(client: Client) -> None:
    answer = client.post("/v1/names", json={"run": "names", "n": 50, "regex": "Mar[ai]"}).json()
    assert len(answer["names"]) < 50
    assert answer["complete"] is True
    assert "there are no others" in answer["reason"]


def test_names_stream_as_events(client: Client) -> None:
    asked = {"run": "names", "seed": 3, "n": 6}
    whole = client.post("/v1/names", json=asked).json()
    with client.stream("POST", "/v1/names", json={**asked, "stream": True}) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        events = [event.split("\n") for event in "".join(answer.iter_text()).split("\n\n") if event]
    names = [json.loads(data[6:])["text"] for kind, data in events if kind == "event: name"]
    assert names == [name["text"] for name in whole["names"]]
    assert events[-1][0] == "event: end"
    assert json.loads(events[-1][1][6:])["seed"] == 3


def test_an_error_before_the_first_event_has_its_status(client: Client) -> None:
    answer = client.post("/v1/names", json={"run": "names", "regex": "(", "stream": True})
    assert answer.status_code == 422
    assert answer.json()["error"]["param"] == "regex"


def test_scores_are_the_models(client: Client, served_runs: dict[str, Path]) -> None:
    texts = ["Marala", "Zzz", "Tarina"]
    answer = client.post("/v1/score", json={"run": "names", "texts": texts}).json()["scores"]
    model = charloom.load(served_runs["names"])
    assert answer[0]["nats"] == pytest.approx(float(model.nll(["Marala"])[0]), abs=1e-5)
    assert answer[1] == {"text": "Zzz", "nats": None, "unknown": "Zzz"}


def test_explanations_multiply_to_the_score(client: Client) -> None:
    import math

    answer = client.post("/v1/explain", json={"run": "names", "texts": ["Marala"]}).json()
    (found,) = answer["explanations"]
    product = math.prod(step["probability"] for step in found["steps"])
    assert -math.log(product) == pytest.approx(found["nats"], rel=1e-3)
    assert found["nearest"] == {"text": "Marala", "distance": 0}


def test_a_check_says_what_stands_against_a_name(client: Client) -> None:
    asked = {"run": "names", "text": "Maralaz", "length": "3", "end": "z", "min_edits": 2}
    answer = client.post("/v1/check", json=asked).json()
    assert answer["new"] is True
    assert answer["nearest"] == {"text": "Marala", "distance": 1}
    assert answer["broken"] == ["length 3", "nearer than 2 edits to an excluded name"]
    assert answer["unknown"] == "z"
    known = client.post("/v1/check", json={"run": "names", "text": "Marala"}).json()
    assert (known["new"], known["broken"]) == (False, ["in the training list"])
    fine = client.post("/v1/check", json={"run": "names", "text": "Marina"}).json()
    assert (fine["new"], fine["broken"]) == (True, [])


def test_a_run_is_described_as_info_does(client: Client, served_runs: dict[str, Path]) -> None:
    printed = json.loads(printed_by(info, served_runs["names"], "--json"))
    printed.pop("run")
    answer = client.get("/v1/runs/names").json()
    assert answer.pop("id") == "names"
    assert answer == printed


@pytest.mark.parametrize(
    ("path", "body", "status", "field"),
    [
        ("/v1/names", {"n": 0}, 422, "n"),
        ("/v1/names", {"n": 10**9}, 422, "n"),
        ("/v1/names", {"n": "3"}, 422, "n"),
        ("/v1/names", {"n": 2.5}, 422, "n"),
        ("/v1/names", {"temperature": -1}, 422, "temperature"),
        ("/v1/names", {"temperature": "hot"}, 422, "temperature"),
        ("/v1/names", {"max_length": 10**6}, 422, "max_length"),
        ("/v1/names", {"regex": "a" * 2000}, 422, "regex"),
        ("/v1/names", {"regex": "(?=a)b"}, 422, "regex"),
        ("/v1/names", {"length": "9:3"}, 422, "length"),
        ("/v1/names", {"start": "x"}, 422, None),
        ("/v1/names", {"min_edits": 900, "max_length": 5}, 422, None),
        ("/v1/names", {"unheard_of": 1}, 422, "unheard_of"),
        ("/v1/names", {"run": "nobody"}, 404, "model"),
        ("/v1/names", {"run": "text"}, 422, None),
        ("/v1/names", {"labels": {"Greek": 1.0}}, 422, None),
        ("/v1/names", {"blend": {"run": "text"}}, 422, None),
        ("/v1/names", {"seed": -1}, 422, "seed"),
        ("/v1/names", {"best": True, "allow_repeats": True}, 422, None),
        ("/v1/score", {"texts": "Anna"}, 422, "texts"),
        ("/v1/score", {"texts": []}, 422, "texts"),
        ("/v1/explain", {"texts": ["Zzz"]}, 422, None),
        ("/v1/check", {}, 422, "text"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    client: Client, path: str, body: dict[str, Any], status: int, field: str | None
) -> None:
    answer = client.post(path, json=body)
    assert answer.status_code == status, answer.text
    problem = answer.json()["error"]
    assert "\n" not in problem["message"]
    if field:
        assert problem["param"].startswith(field) or field in problem["message"]


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b"[1,", b"[]", b"", b'{"n": "\xff"}'])
def test_what_is_no_json_is_refused(client: Client, content: bytes) -> None:
    headers = {"content-type": "application/json"}
    problem = client.post("/v1/names", content=content, headers=headers).json()["error"]
    assert problem["type"] == "invalid_request_error"
    assert problem["message"].startswith("the body must be ")
    assert problem["param"] is None


@pytest.mark.parametrize(
    ("path", "body", "field", "says"),
    [
        ("names", {"temperature": "x"}, "temperature", "a valid number"),
        ("names", {"temperature": -1}, "temperature", "greater than or equal to 0"),
        ("names", {"temperature": [1, -1]}, "temperature.1", "greater than 0"),
        ("names", {"labels": {"Greek": "x"}}, "labels.Greek", "a valid number"),
        ("names", {"blend": {"run": "text", "weight": 2}}, "blend.weight", "less than or equal"),
        ("check", {}, "text", "required"),
        ("completions", {"model": "names", "stop": ["a"] * 100}, "stop", "at most 16 items"),
        ("completions", {"model": "names", "prompt": [1, 2]}, "prompt.0", "a valid string"),
    ],
)
def test_what_is_no_valid_request_names_the_field_and_the_rule(
    client: Client, path: str, body: dict[str, Any], field: str, says: str
) -> None:
    problem = client.post(f"/v1/{path}", json=body).json()["error"]
    assert problem["param"] == field
    assert problem["message"].startswith(f"{field}: ")
    assert says in problem["message"]


@pytest.mark.parametrize(
    ("path", "body", "says"),
    [
        ("names", {"chars": ""}, "satisfies chars ''"),
        ("names", {"regex": "--max"}, "regex '--max'"),
        ("names", {"length": "100:", "max_length": 50}, "length 100: and max_length 50 together"),
        ("names", {"labels": {"Greek": 1.0}}, "train with labels."),
        ("names", {"n": 50, "regex": "Mar[ai]"}, "raise max_length"),
        ("check", {"text": "Mara", "length": "9:"}, '"length 9:"'),
        (
            "completions",
            {"model": "names", "prompt": "Ma", "max_tokens": 3, "charloom": {"length": "9:"}},
            "length 9: and max_tokens (5 with the prompt) together",
        ),
    ],
)
def test_messages_name_fields_instead_of_options(
    client: Client, path: str, body: dict[str, Any], says: str
) -> None:
    named = {} if path == "completions" else {"run": "names"}
    assert says in client.post(f"/v1/{path}", json=named | body).text


def test_the_documentation_needs_no_outside_request(client: Client) -> None:
    page = client.get("/docs").text
    assert "http://" not in page.replace("http://localhost", "")
    assert "https://" not in page
    description = client.get("/openapi.json").json()
    paths = {"/v1/names", "/v1/score", "/v1/explain", "/v1/check", "/v1/completions"}
    assert paths <= set(description["paths"])
    for path in paths:
        assert description["paths"][path]["post"]["summary"]
