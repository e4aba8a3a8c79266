"""Bringing a list in a real browser: by dropping, pasting and choosing, and what is said of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

pytestmark = pytest.mark.heavy

TABLE = "id,town,state\n" + "".join(f"{i},Town{chr(97 + i)},S{i % 3}\n" for i in range(24))

DROP = """([name, text]) => {
    const data = new DataTransfer();
    data.items.add(new File([text], name));
    document.querySelector(".drop").dispatchEvent(
        new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
}"""


def query(page: Any) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def test_a_dropped_table_is_looked_at_and_its_column_chosen(
    studio: Any, visit: Callable[..., Any]
) -> None:
    page = visit(studio)
    page.evaluate(DROP, ["towns.csv", TABLE])
    page.get_by_role("heading", name="towns.csv").wait_for()
    assert page.get_by_role("radio", name="town", exact=True).is_checked()
    page.get_by_text("Towna", exact=True).first.wait_for()
    page.get_by_role("radio", name="state").check()
    page.locator(".names li", has_text="S0").first.wait_for()
    assert query(page)["column"] == "state"
    page.get_by_label("Label (optional)").select_option("town")
    page.get_by_role("heading", name="Labels").wait_for()
    page.reload()  # everything is in the address
    page.get_by_role("heading", name="Labels").wait_for()
    assert page.get_by_role("radio", name="state").is_checked()


def test_the_keyboard_alone_brings_a_list_and_trains(
    studio: Any, visit: Callable[..., Any], tmp_path: Path
) -> None:
    page = visit(studio)
    asked: list[Any] = []

    def note(route: Any) -> None:
        if route.request.method == "POST":
            asked.append(json.loads(route.request.post_data))
        route.continue_()

    page.route("**/studio/trainings", note)
    page.get_by_label("Names, one a line, or text").focus()
    page.keyboard.insert_text("Ulm\nBonn\nTrier\nMainz\n")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="pasted.txt").wait_for()
    field = page.get_by_label("Name of the run")
    page.wait_for_function("() => document.querySelector('.start input').value === 'pasted'")
    field.fill("my towns")
    page.get_by_role("radio", name="2 minutes").focus()
    page.keyboard.press("Space")
    page.get_by_text("Advanced").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Seed").fill("7")
    page.get_by_label("Seed").press("Enter")
    page.wait_for_url("**/train?run=my+towns")
    page.get_by_role("heading", name="my towns").wait_for()
    assert asked == [
        {
            "list": asked[0]["list"],
            "look": {"form": "names"},
            "run": "my towns",
            "settings": {"seconds": 120, "seed": 7},
        }
    ]


def test_a_refused_training_says_why_at_its_field(studio: Any, visit: Callable[..., Any]) -> None:
    page = visit(studio, "/list?list=builtin")
    error = {"message": "run must be a name. Received: ..", "param": "run"}
    page.route(
        "**/studio/trainings", lambda route: route.fulfill(status=422, json={"error": error})
    )
    page.get_by_label("Name of the run").fill("..")
    page.get_by_role("button", name="Train", exact=True).click()
    page.get_by_role("alert").get_by_text(error["message"]).wait_for()
    assert page.get_by_label("Name of the run").get_attribute("aria-invalid") == "true"
    visit.faults.clear()  # type: ignore[attr-defined]  # the browser logs the refusal


def test_what_cannot_be_read_is_said_in_place_with_its_remedy(
    studio: Any, visit: Callable[..., Any], tmp_path: Path
) -> None:
    page = visit(studio)
    path = tmp_path / "latin.txt"
    path.write_bytes("K\u00f6ln\nD\u00fcren\nM\u00fcnster\n".encode("latin-1"))
    page.locator("input[type=file]").set_input_files(path)
    page.get_by_role("alert").get_by_text("latin.txt line 1 is not utf-8").wait_for()
    page.get_by_role("button", name="Read it as cp1252").click()
    page.get_by_text("K\u00f6ln", exact=True).wait_for()
    assert query(page)["encoding"] == "cp1252"


def test_an_empty_file_is_refused_where_it_was_dropped(
    studio: Any, visit: Callable[..., Any]
) -> None:
    page = visit(studio)
    page.evaluate(DROP, ["none.txt", ""])
    page.get_by_role("alert").get_by_text("none.txt is empty").wait_for()


def test_a_list_that_was_removed_comes_back(studio: Any, visit: Callable[..., Any]) -> None:
    page = visit(studio)
    page.evaluate(DROP, ["towns.txt", "Ulm\nBonn\n"])
    page.get_by_role("button", name="Bring another list").click()
    page.get_by_role("button", name="Remove towns.txt").click()
    page.get_by_role("link", name="towns.txt").wait_for(state="detached")
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("link", name="towns.txt").click()
    page.get_by_role("heading", name="towns.txt").wait_for()


def test_long_and_foreign_names_fit_a_phone(studio: Any, visit: Callable[..., Any]) -> None:
    page = visit(studio)
    page.set_viewport_size({"width": 360, "height": 740})
    names = [
        "x" * 60,
        "\u0906\u0930\u0935",
        "\U0001f469\u200d\U0001f467",
        "\u0645\u062d\u0645\u062f",
    ]
    page.evaluate(DROP, ["l" * 70 + ".txt", "\n".join([*names, "Bad\u200bEms", "5"])])
    page.locator(".names li").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert page.locator(".names li").nth(1).get_attribute("dir") == "auto"
