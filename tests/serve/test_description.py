"""The server keeps to its OpenAPI description, and survives whatever is sent."""

from __future__ import annotations

import copy
import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from charloom.serve.app import create_app

schemathesis = pytest.importorskip("schemathesis")
pytestmark = pytest.mark.heavy

BODIES: list[tuple[str, dict[str, Any]]] = [
    ("/v1/names", {"run": "names", "n": 3, "start": "Ma", "length": "4:8", "seed": 1}),
    ("/v1/names", {"run": "names", "n": 2, "regex": "[A-M].*a", "temperature": [0.5, 1.2]}),
    ("/v1/names", {"n": 2, "forbid": ["Mara"], "block": ["x"], "min_edits": 2, "stream": True}),
    ("/v1/names", {"n": 2, "best": True, "beam": 5, "explain": True}),
    ("/v1/names", {"n": 2, "blend": {"run": "names", "weight": 0.2}, "labels": {}}),
    ("/v1/score", {"run": "text", "texts": ["the cat", ""]}),
    ("/v1/explain", {"texts": ["Mara"], "alternatives": 2, "temperature": 0.5}),
    ("/v1/check", {"text": "Mara", "length": "3", "end": "a", "contains": ["r"], "regex": "M.*"}),
    ("/v1/completions", {"model": "names", "prompt": "Ma", "n": 2, "logprobs": 1, "echo": True}),
    ("/v1/completions", {"model": "text", "prompt": "the", "max_tokens": 9, "stop": ["a"]}),
    ("/v1/completions", {"model": "names", "stream": True, "charloom": {"end": "a"}, "n": 2}),
]
ODD: list[Any] = [
    *(None, True, False, 0, -1, 1, 2**31, 2**63, 10**30, 0.5, -0.0, 1e308, "", "a", "Ma", "\0"),
    *("\ud800", "(", "(a*)*b", "[", "a" * 999, "a" * 1001, "🦕", "é", "e\u0301", "9:3", ":", "3"),
    *([], {}, [[]], ["a", 1], {"a": 1}, {"run": "x"}, [0.1] * 50, "names", "text", "-inf"),
]


def mutated(rng: random.Random, body: dict[str, Any]) -> Any:
    """Return a body with a few things changed, dropped or added."""
    found = copy.deepcopy(body)
    for _ in range(rng.randint(1, 3)):
        keys = sorted({key for _, other in BODIES for key in other})
        where: Any = found
        key = rng.choice([*where, rng.choice(keys), rng.choice(["x", "", "N"])])
        if isinstance(where.get(key), dict) and where[key] and rng.random() < 0.5:
            where, key = where[key], rng.choice(list(where[key]))
        if rng.random() < 0.15:
            where.pop(key, None)
        else:
            where[key] = rng.choice(ODD)
    return found


def test_ten_thousand_odd_bodies_are_answered_or_refused(client: Any) -> None:
    rng, statuses = random.Random(0), set()
    for number in range(10_000):
        path, body = rng.choice(BODIES)
        content = json.dumps(mutated(rng, body)).encode("utf-8", "surrogatepass")
        if rng.random() < 0.05:
            content = content[: rng.randrange(len(content) + 1)]
        answer = client.post(path, content=content, headers={"content-type": "application/json"})
        statuses.add(answer.status_code)
        assert 200 <= answer.status_code < 500, (number, path, content, answer.text)
    assert {200, 404, 422} <= statuses


def test_answers_are_as_described(served_runs: dict[str, Path]) -> None:
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        response_schema_conformance,
        status_code_conformance,
    )

    app = create_app([str(path) for path in served_runs.values()])
    schema = schemathesis.openapi.from_asgi("/openapi.json", app, headers={"host": "localhost"})
    checks = [
        not_a_server_error,
        status_code_conformance,
        content_type_conformance,
        response_schema_conformance,
    ]

    for operation in schema.get_all_operations():

        @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.ok().as_strategy())
        def one(case: Any) -> None:
            answer = case.call(headers={"host": "localhost"})
            case.validate_response(answer, checks=checks)

        one()
