"""Whatever is sent to the studio, it refuses in words and never fails: no answer is a 5xx."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

FROZEN = Path(__file__).parents[2] / "frozen"

FORGED = "<img src=x onerror=alert(1)>"

TEXTS = [
    "", " ", "towns", "nope", ".", "..", "../..", "a/b", "a\\b", ".charloom", "con", "x" * 300,
    "\0", "a\nb", "\ud800", "\u202e\u0645\u062d\u0645\u062f", "\u0905\u0902",
    "\U0001f468\u200d\U0001f469",
    FORGED, "=cmd()", "builtin", "[a-z", "(", "%00", "0", "-1", "\ufeff", "utf-16", "idna", "rot13",
    "hex", "e\u0301", "1e999",
]  # fmt: skip

VALUES: list[Any] = [
    *TEXTS, None, True, False, 0, 1, -1, 2**31, 2**63, 2**64, -(2**70), 10**400, 0.5, -0.0, 1e-320,
    1e308, float("nan"), float("inf"), [], {}, [None], [""], [[]], {"": None}, {"run": "towns"},
    {"run": "towns", "weight": 0.5}, {"form": "names"}, {"form": "text"}, {"epochs": 10**20},
    ["a", "b"] * 40,
]  # fmt: skip

BODIES = [
    b"", b"\0", b"\xff\xfe", b"\xef\xbb\xbf{}", b"null", b"[]", b"{", b"[" * 5000, b"1" * 5000,
    b"\x1f\x8b\x08\x00broken", b'"\\ud800"', b"{}\r\n\r\n{}", b"a,b\n\"",
    "n\u00e4me".encode("latin-1"),
    "n\u00e4me\n".encode("utf-16"), b"a\nb\nc\n", b'{"a": 1e999}', b"PK\x03\x04",
]  # fmt: skip

FAST = {"n", "max_tokens"}

SLOW = {"/studio/limits", "/studio/like", "/studio/next"}


def _operations(studio: Any) -> list[tuple[str, str, dict[str, Any]]]:
    """Return method, path and description of each endpoint."""
    described = studio.client.app.openapi()
    return [
        (method.upper(), path, operation | {"schemas": described["components"]["schemas"]})
        for path, operations in described["paths"].items()
        for method, operation in operations.items()
        if (method, path) != ("post", "/studio/trainings")
    ]


def _fields(operation: dict[str, Any]) -> list[str]:
    """Return the names of a request's fields."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    reference = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
    return list(operation["schemas"].get(reference, {}).get("properties", {}))


def _ask(studio: Any, chance: random.Random, method: str, path: str, operation: Any) -> Any:
    """Send an odd request to an endpoint."""
    for place in operation.get("parameters", []):
        text = chance.choice(["towns", "builtin", chance.choice(TEXTS)])
        odd = quote(text.encode("utf-8", "surrogatepass"), safe="")
        path = path.replace(f"{{{place['name']}}}", odd or "x")
    names = [one["name"] for one in operation.get("parameters", []) if one["in"] == "query"]
    query = "&".join(
        f"{name}={quote(str(chance.choice(VALUES)).encode('utf-8', 'surrogatepass'))}"
        for name in names
        if chance.random() < 0.4
    )
    body = chance.choice(BODIES)
    if (fields := _fields(operation)) and chance.random() < 0.9:
        asked = {name: chance.choice(VALUES) for name in fields if chance.random() < 0.25}
        asked |= {"run": "towns"} if "run" in fields and chance.random() < 0.8 else {}
        asked |= dict.fromkeys(FAST & set(fields), 3)
        body = json.dumps(asked).encode()
    kind = chance.choice(["application/json", "application/json", "text/plain"])
    answer = studio.client.request(
        method, f"{path}?{query}", content=body, headers={"content-type": kind}
    )
    return answer, f"{method} {path}?{query} {body[:500]!r}: {answer.status_code}"


def _send(studio: Any, times: int, seed: int, *, slow: bool) -> None:
    """Send odd requests to all endpoints, in turn; without slow ones, to those that load no run."""
    shutil.copytree(FROZEN / "mixture" / "run", studio.folder / "towns")
    chance, operations = random.Random(seed), _operations(studio)
    if not slow:
        operations = [
            one for one in operations if one[1].startswith("/studio/") and one[1] not in SLOW
        ]
    for turn in range(times):
        method, path, operation = operations[turn % len(operations)]
        if path.endswith(("/report", "/compare")):
            continue  # these measure in processes of their own
        answer, what = _ask(studio, chance, method, path, operation)
        assert answer.status_code < 500, what + answer.text
        if answer.status_code >= 400:
            assert answer.json()["error"]["message"], what
        if not (studio.folder / "towns").exists():
            shutil.copytree(FROZEN / "mixture" / "run", studio.folder / "towns")


def test_odd_requests_are_refused_in_words(studio: Any) -> None:
    _send(studio, 300, seed=0, slow=False)


@pytest.mark.heavy
@pytest.mark.parametrize("seed", range(1, 6))
def test_thousands_of_odd_requests_are_refused_in_words(studio: Any, seed: int) -> None:
    _send(studio, 2000, seed, slow=True)
