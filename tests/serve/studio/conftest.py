"""A studio of an empty folder, and a client that it knows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi")


@dataclass
class Studio:
    """A studio in this process.

    Attributes:
        folder: its folder.
        client: a client with the cookie.
        sessions: who may use it.
    """

    folder: Path
    client: Any
    sessions: Any


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    """A studio whose folder is empty; runs may be put into it."""
    from fastapi.testclient import TestClient

    from charloom.serve.studio.app import create_studio

    app, sessions = create_studio(tmp_path / "place")
    with TestClient(app, base_url="http://localhost") as client:
        assert client.get("/enter", params={"token": sessions.token}).status_code == 200
        yield Studio(tmp_path / "place", client, sessions)
