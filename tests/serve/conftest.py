"""Runs that the server's tests serve, and a client."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import charloom
from charloom import NameCorpus, TextCorpus

pytest.importorskip("fastapi")

NAMES = [
    *("Marala", "Marika", "Karina", "Katara", "Talia", "Tamara", "Lira", "Lirana", "Selka"),
    *("Selina", "Sarai", "Orlin", "Orlana", "Nerina", "Nerita", "Rilka", "Rinata", "Taris"),
]


@pytest.fixture(scope="session")
def served_runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Runs of names, of labelled names and of text, by the ids that they are served under."""
    folder = tmp_path_factory.mktemp("runs")
    charloom.train(NameCorpus.of(NAMES), kind="ngram", out=folder / "names", progress=False)
    text = "the cat sat on the mat. the dog ate the hat.\n" * 60
    charloom.train(TextCorpus.of(text), kind="ngram", out=folder / "text", progress=False)
    return {name: folder / name for name in ("names", "text")}


@pytest.fixture(scope="session")
def client(served_runs: dict[str, Path]) -> Iterator[object]:
    """A client of a server of all runs."""
    from fastapi.testclient import TestClient

    from charloom.serve.app import create_app

    app = create_app([str(path) for path in served_runs.values()])
    with TestClient(app, base_url="http://localhost") as found:
        yield found
