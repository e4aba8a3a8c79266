"""A real studio in a process of its own, and a real browser that looks at it."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers.studio_process import DESKTOP, Process


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Process]:
    """A studio of an empty folder."""
    studio = Process(tmp_path / "place")
    yield studio
    studio.kill(signal.SIGTERM)


@pytest.fixture
def visit(browser: Any) -> Iterator[Callable[..., Any]]:
    """Open a page of a studio; afterwards, nothing was logged and nothing outside was asked for."""
    contexts, faults = [], []

    def visit(studio: Process, path: str = "/", **options: Any) -> Any:
        context = browser.new_context(
            viewport=DESKTOP, accept_downloads=True, storage_state=studio.known, **options
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on(
            "console",
            lambda message: faults.append(message.text) if message.type == "error" else None,
        )
        page.on("pageerror", lambda error: faults.append(str(error)))

        def asked(request: Any) -> None:
            if not request.url.startswith((studio.address, "blob:", "data:")):
                faults.append(f"asked for {request.url}")

        page.on("request", asked)
        if studio.known is None:
            page.goto(studio.entrance)
            studio.known = context.storage_state()
        page.goto(studio.address + path)
        return page

    visit.faults = faults  # type: ignore[attr-defined]
    yield visit
    for context in contexts:
        context.close()
    assert faults == []
