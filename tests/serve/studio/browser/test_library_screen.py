"""The library and the writing page in a real browser."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helpers.studio_process import PHONE

pytestmark = pytest.mark.heavy

FROZEN = Path(__file__).parents[3] / "frozen"


@pytest.fixture
def filled(studio: Any) -> Any:
    """A studio with a run of names and one of text."""
    shutil.copytree(FROZEN / "mixture" / "run", studio.folder / "towns")
    shutil.copytree(FROZEN / "text" / "run", studio.folder / "prose")
    return studio


def test_a_run_is_renamed_downloaded_deleted_and_brought_back(
    filled: Any, visit: Callable[..., Any], tmp_path: Path
) -> None:
    page = visit(filled, "/library")
    page.get_by_label("More actions for towns").click()
    page.get_by_role("button", name="Rename").first.click()
    page.keyboard.insert_text("Städte")
    page.keyboard.press("Enter")
    page.get_by_label("More actions for Städte").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download without the names").first.click()
    download.value.save_as(tmp_path / "run.zip")
    with zipfile.ZipFile(tmp_path / "run.zip") as archive:
        assert {name.split("/")[0] for name in archive.namelist()} == {"Städte"}
    page.get_by_label("More actions for Städte").click()
    page.locator("tr", has_text="Städte").get_by_role("button", name="Delete").click()
    page.get_by_text("Bin (1)").wait_for()
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("Bin (1)").wait_for(state="detached")
    assert sorted(path.name for path in filled.folder.iterdir() if path.name[0] != ".") == [
        "Städte",
        "prose",
    ]


def test_a_name_is_written_with_the_keyboard(filled: Any, visit: Callable[..., Any]) -> None:
    page = visit(filled, "/write?run=towns")
    field = page.get_by_label("The beginning of a name")
    page.locator(".next-names button").first.wait_for()
    page.keyboard.type("Mar")
    page.locator(".next-names b", has_text="Mar").first.wait_for()
    page.locator("#write-state", has_text="Likeliest").wait_for(state="attached")
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelector('#write-name').value.length > 3")
    page.keyboard.press("Control+z")
    page.wait_for_url("**text=Mar")
    assert field.input_value() == "Mar"


def test_text_comes_in_colours_and_is_added(filled: Any, visit: Callable[..., Any]) -> None:
    page = visit(filled, "/write?run=prose&text=The&length=200&seed=7")
    page.get_by_role("button", name="Generate", exact=True).click()
    page.get_by_text("It has the length that you asked for.").wait_for()
    written = page.locator(".written").text_content()
    assert len(written) == 200 and page.locator(".written span[class^=p-]").count() > 10
    page.get_by_role("button", name="Add it to the text").click()
    assert page.get_by_label("The text so far").input_value() == f"The{written}"


def test_on_a_phone_a_long_name_hides_no_button(filled: Any, visit: Callable[..., Any]) -> None:
    long = "W" * 60
    (filled.folder / "towns").rename(filled.folder / long)
    page = visit(filled, "/library")
    page.set_viewport_size(PHONE)
    page.get_by_label(f"More actions for {long}").click()
    menu = page.locator(".more[open] .panel")
    at = menu.bounding_box()
    assert at["x"] >= 0 and at["x"] + at["width"] <= PHONE["width"]
    menu.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Undo").click()  # fails if it lies outside the window
    page.get_by_label(f"More actions for {long}").wait_for()


def test_a_library_that_is_read_again_in_vain_stays_in_sight(
    filled: Any, visit: Callable[..., Any]
) -> None:
    page = visit(filled, "/library")
    page.get_by_label("More actions for towns").click()
    page.locator("tr", has_text="towns").get_by_role("button", name="Delete").click()
    page.get_by_text("Bin (1)").wait_for()
    page.route("**/studio/runs", lambda route: route.abort())
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("The studio does not answer.").wait_for()
    assert page.get_by_label("More actions for prose").is_visible()
    visit.faults.clear()  # type: ignore[attr-defined]
