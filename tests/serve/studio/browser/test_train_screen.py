"""Watching a training in a real browser, through reloads and the end of the server."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest

from charloom.serve.studio.job import PROCESS, Job
from charloom.serve.studio.trainings import MOST
from charloom.storage.lock import held

pytestmark = pytest.mark.heavy

SETTINGS = {"epochs": 12, "units": 64}


def begin(studio: Any, visit: Callable[..., Any], run: str = "towns", **settings: Any) -> Any:
    """Begin a training, and return a page that watches it."""
    page = visit(studio, "/train")
    page.set_default_timeout(150_000)
    page.get_by_text("No training yet").wait_for()
    asked = {
        "list": "builtin", "look": {"form": "names"}, "run": run, "settings": SETTINGS | settings,
    }  # fmt: skip
    answer = page.request.post(f"{studio.address}/studio/trainings", data=asked)
    assert answer.status == 201
    page.goto(f"{studio.address}/train?run={run}")
    page.get_by_role("heading", name=run).wait_for()
    return page


def test_a_training_is_watched_through_reloads_and_the_end_of_the_server(
    studio: Any, visit: Callable[..., Any]
) -> None:
    page = begin(studio, visit, patience=0)
    page.get_by_text("after epoch").wait_for()
    page.reload()
    page.get_by_text("after epoch").wait_for()
    studio.kill()
    page.get_by_text("does not answer").wait_for()
    studio.start()
    page.get_by_text("Finished after 12 epochs").wait_for()
    page.get_by_text("does not answer").wait_for(state="detached")
    assert page.locator(".made.large li").count() == 10
    page.get_by_text("Earlier names").click()
    page.get_by_role("heading", name="Epoch 1", exact=True).wait_for()
    page.get_by_role("button", name="Generate names").click()
    assert page.url.endswith("/generate?run=towns")
    ours = [fault for fault in visit.faults if "net::ERR" not in fault]  # type: ignore[attr-defined]
    visit.faults[:] = ours  # type: ignore[attr-defined]


def test_the_keyboard_alone_stops_resumes_and_discards(
    studio: Any, visit: Callable[..., Any]
) -> None:
    page = begin(studio, visit, epochs=2_000, patience=0)
    page.get_by_text("after epoch").wait_for()
    page.get_by_role("button", name="Stop").focus()
    page.keyboard.press("Enter")
    page.get_by_text("training can be resumed").wait_for()
    assert page.evaluate("document.activeElement.textContent") == "towns"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Stop").wait_for()
    page.get_by_role("button", name="Discard").focus()
    page.keyboard.press("Enter")
    page.get_by_text("Discarded towns.").wait_for()
    assert page.evaluate("document.activeElement.tagName") == "H1"
    page.get_by_text("No training yet").wait_for()
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="Resume").wait_for()


def test_names_in_any_script_and_length_fit_a_phone(studio: Any, visit: Callable[..., Any]) -> None:
    run = "नगर " + "x" * 56
    page = begin(studio, visit, run, kind="ngram")
    page.set_viewport_size({"width": 360, "height": 740})
    page.get_by_text("Fitted in").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.get_by_role("link", name="All trainings").click()
    page.get_by_role("link", name=run).wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_fifth_training_waits_for_its_turn(studio: Any, visit: Callable[..., Any]) -> None:
    page = visit(studio)
    with ExitStack() as running:
        for number in range(MOST):  # as if processes trained these
            name = f"towns {number}"
            training = studio.folder / ".charloom" / "trainings" / name
            training.mkdir(parents=True)
            (studio.folder / name).mkdir()
            Job(list="builtin", list_name="dinosaurs", form="names").save(training)
            (training / PROCESS).write_text("{}")
            running.enter_context(held(training))
        asked = {
            "list": "builtin", "look": {"form": "names"}, "run": "last",
            "settings": {"kind": "ngram"},
        }  # fmt: skip
        answer = page.request.post(f"{studio.address}/studio/trainings", data=asked)
        assert answer.json()["state"] == "waiting"
        page.goto(f"{studio.address}/train?run=last")
        page.get_by_text("Waiting for another training to end.").wait_for()
        studio.kill()
        page.get_by_text("does not answer").wait_for()
        studio.start()
        page.get_by_text("The studio answers again.").wait_for()
        assert page.get_by_text("Waiting for another training to end.").is_visible()
    page.get_by_text("Fitted in").wait_for()
    ours = [fault for fault in visit.faults if "net::ERR" not in fault]  # type: ignore[attr-defined]
    visit.faults[:] = ours  # type: ignore[attr-defined]
