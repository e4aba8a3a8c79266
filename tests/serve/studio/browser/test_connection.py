"""What the page does when the studio is away, damaged or asked for what it has not."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

import charloom
from charloom import NameCorpus
from helpers.studio_process import Process

pytestmark = pytest.mark.heavy

SHOWN = {
    "/list": ".list, .drop, form, main button",
    "/train": "main .empty",
    "/generate?run=names": ".wall button.name",
    "/write?run=names": ".next-characters button",
    "/understand?run=names": "article.report",
    "/library": "table.library",
}


@pytest.fixture
def filled(tmp_path: Path) -> Any:
    """A studio with a run, and a damaged one."""
    place = tmp_path / "place"
    names = list(NameCorpus.builtin().names)[:300]
    charloom.train(names, kind="ngram", seed=1, out=place / "names")
    shutil.copytree(place / "names", place / "broken")
    weights = place / "broken" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    studio = Process(place)
    yield studio
    studio.kill()


def test_every_screen_connects_again_by_itself(filled: Any, visit: Any) -> None:
    for path, shown in SHOWN.items():  # what takes long is measured once, before
        if path.startswith("/understand"):
            visit(filled, path).locator(shown).wait_for(timeout=120_000)
    page = visit(filled, "/library")
    for path, shown in SHOWN.items():
        page.goto(f"{filled.address}/library")
        page.locator("table.library").wait_for()
        page.evaluate("window.same = true")
        filled.kill()
        screen = path[1:].split("?")[0]
        link = page.get_by_label("Screens").locator(f'a[href^="/{screen}"]')
        if screen == "library":  # it is shown already
            page.get_by_label("Screens").locator('a[href="/list"]').click()
        link.click()
        page.get_by_role("status").get_by_text("The studio does not answer").first.wait_for()
        assert page.get_by_role("button", name="Try again").count() == 0
        filled.start()
        page.get_by_text("The studio answers again.").wait_for()
        page.locator(shown).first.wait_for()
        assert page.get_by_text("does not answer").count() == 0
        assert page.evaluate("window.same")  # it was not loaded again
    ours = [fault for fault in visit.faults if "net::ERR" not in fault]
    visit.faults[:] = ours


def test_an_address_that_leads_nowhere_is_said_so(filled: Any, visit: Any) -> None:
    page = visit(filled, "/zzz")
    page.get_by_role("heading", name="Page not found").wait_for()
    assert page.get_by_text("/zzz").is_visible()
    page.get_by_role("link", name="Library").click()
    page.locator("table.library").wait_for()
    visit.faults.clear()  # the browser notes the status


def test_a_damaged_run_is_shown_and_not_chosen(filled: Any, visit: Any) -> None:
    page = visit(filled, "/generate?run=names")
    page.locator(".wall button.name").first.wait_for()
    option = page.get_by_label("Run").locator("option", has_text="broken")
    assert option.text_content() == "broken (damaged)"
    assert option.is_disabled()
    page.goto(f"{filled.address}/generate?run=broken")
    page.get_by_role("status").get_by_text("broken").wait_for()


def test_a_heat_map_is_read_by_arrow_keys(filled: Any, visit: Any) -> None:
    page = visit(filled, "/understand?run=names")
    page.locator("article.report").wait_for(timeout=120_000)
    figure = page.locator("figure:has([role=application])").first
    figure.get_by_role("application").focus()
    told = figure.locator(".told")
    for key in ("ArrowLeft", "ArrowDown", "ArrowRight", "ArrowRight", "ArrowUp"):
        page.keyboard.press(key)
    assert told.get_attribute("aria-live") == "polite"
    first = told.inner_text()
    labels = figure.locator("svg text").all_text_contents()
    assert first.startswith(f"{labels[4]} after {labels[0]}: ")  # columns and rows alternate
    page.keyboard.press("End")
    page.keyboard.press("PageDown")
    assert told.inner_text().startswith(f"{labels[-1]} after {labels[-1]}: ")
