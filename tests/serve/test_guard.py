"""Who is let in: hosts, origins, tokens, sizes; and what is logged."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from charloom.errors import ConfigError
from charloom.serve.settings import BODY_BYTES, ServeSettings

TOKEN = "0123456789abcdefX"


def client_of(runs: dict[str, Path], host: str = "localhost", **settings: Any) -> Any:
    from fastapi.testclient import TestClient

    from charloom.serve.app import create_app

    app = create_app([str(runs["names"])], ServeSettings(**settings))
    return TestClient(app, base_url=f"http://{host}")


@pytest.fixture(scope="module")
def guarded(served_runs: dict[str, Path]) -> Iterator[Any]:
    """A server with a token, an origin that may call, and a name of its own."""
    settings: dict[str, Any] = {
        "token": TOKEN,
        "origins": ("https://names.example",),
        "hosts": ("looms.example",),
    }
    with client_of(served_runs, **settings) as found:
        yield found


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.0.0.1:8000", "[::1]:8000"])
def test_this_machines_names_are_served(client: Any, host: str) -> None:
    assert client.get("/v1/models", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "10.0.0.1", "", "[:"])
def test_another_name_is_refused(client: Any, host: str) -> None:
    """As after DNS rebinding: the browser calls this machine by the attacker's name."""
    assert client.get("/v1/models", headers={"host": host}).status_code == 403


def test_a_page_of_another_origin_is_refused(client: Any) -> None:
    for origin in ("https://evil.example", "null", "http://localhost:1234"):
        answer = client.post("/v1/names", json={}, headers={"origin": origin})
        assert answer.status_code == 403, origin
    own = client.post("/v1/names", json={"run": "names"}, headers={"origin": "http://localhost"})
    assert own.status_code == 200
    assert "access-control-allow-origin" not in own.headers


@pytest.mark.parametrize("headers", [{}, bearer("wrong"), bearer(""), {"authorization": TOKEN}])
def test_without_the_token_nobody_comes_in(guarded: Any, headers: dict[str, str]) -> None:
    for path in ("/v1/models", "/docs", "/openapi.json", "/metrics", "/v1/runs/names", "/nope"):
        answer = guarded.get(path, headers=headers)
        assert answer.status_code == 401, path
        assert TOKEN not in answer.text
    assert guarded.get("/healthz").status_code == 200


def test_with_the_token_everything_is_open(guarded: Any) -> None:
    assert guarded.get("/v1/models", headers=bearer(TOKEN)).status_code == 200
    named = {**bearer(TOKEN), "host": "looms.example"}
    assert guarded.get("/v1/models", headers=named).status_code == 200


def test_a_named_origin_may_call(guarded: Any) -> None:
    origin = {"origin": "https://names.example"}
    asked = guarded.options(
        "/v1/names", headers={**origin, "access-control-request-method": "POST"}
    )
    assert asked.status_code == 200
    answer = guarded.post("/v1/names", json={"n": 1}, headers={**origin, **bearer(TOKEN)})
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "https://names.example"
    assert guarded.post("/v1/names", json={"n": 1}, headers=origin).status_code == 401


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "example.org"])
def test_an_address_of_others_needs_a_token(host: str) -> None:
    with pytest.raises(ConfigError, match="token"):
        ServeSettings(host=host)
    assert ServeSettings(host=host, token=TOKEN).host == host


def test_a_short_token_is_refused() -> None:
    with pytest.raises(ConfigError, match="16 characters"):
        ServeSettings(token="short")


def test_a_large_body_is_refused_as_it_comes(client: Any) -> None:
    """Counted while it is read: the header may say less."""

    def pieces() -> Iterator[bytes]:
        yield b'{"texts": ["'
        for _ in range(BODY_BYTES // 100_000 + 1):
            yield b"a" * 100_000

    answer = client.post("/v1/score", content=pieces())
    assert answer.status_code == 413
    assert client.get("/healthz").status_code == 200


def test_the_log_has_no_texts(client: Any, caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("charloom.serve").propagate = True
    with caplog.at_level(logging.INFO, logger="charloom.serve"):
        answer = client.post("/v1/names", json={"run": "names", "start": "Mar", "n": 2})
        client.get("/v1/nothing?secret=Mar")
    lines = [json.loads(record.getMessage()) for record in caplog.records]
    first = next(line for line in lines if line["path"] == "/v1/names")
    second = next(line for line in lines if line["path"] == "/v1/nothing")
    assert first["status"] == 200
    assert first["run"] == "names"
    assert first["request"] == answer.headers["x-request-id"]
    assert second["status"] == 404
    assert "Mar" not in caplog.text


def test_figures_are_shown_by_route(client: Any) -> None:
    client.get("/v1/nothing/at/all")
    client.post("/v1/names", json={"run": "names", "n": 3})
    text = client.get("/metrics").text
    assert 'charloom_requests_total{path="/v1/names",status="200"}' in text
    assert "/v1/nothing" not in text
    assert "charloom_names_total" in text
