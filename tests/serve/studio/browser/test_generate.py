"""The wall of names, in a real browser."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

import charloom
from charloom import NameCorpus, TextCorpus
from helpers.studio_process import PHONE, Process

pytestmark = pytest.mark.heavy

NAME = ".wall button.name"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A studio with runs of several kinds."""
    place = tmp_path_factory.mktemp("studio") / "place"
    names = list(NameCorpus.builtin().names)
    charloom.train(names[:500], kind="ngram", seed=1, out=place / "names")
    charloom.train(names[500:900], kind="ngram", seed=1, order=3, out=place / "other")
    hebrew = [
        a + b for a in ("אבי", "דני", "נח", "רות", "שרה", "תמר") for b in ("", "אל", "ה", "ון")
    ]
    charloom.train(hebrew, kind="ngram", seed=1, order=2, out=place / "hebrew")
    text = TextCorpus.of("the cat sat on the mat. the dog ate the hat.\n" * 200)
    charloom.train(text, kind="ngram", seed=1, out=place / "text")
    studio = Process(place)
    yield studio
    studio.kill()


def names_of(page: Any) -> list[str]:
    page.wait_for_selector('.wall[aria-busy="false"]:not(.old) button.name')
    return list(page.locator(f"{NAME} bdi").all_text_contents())


def settled(page: Any) -> list[str]:
    """Return the names once they stay: the address changes shortly before the wall is searched."""
    before = names_of(page)
    for _ in range(30):
        page.wait_for_timeout(400)
        now = names_of(page)
        if now == before:
            return now
        before = now
    raise AssertionError("the wall keeps changing")


def until(page: Any, condition: str) -> None:
    """Wait for a condition; the page's policy allows no polling by the browser."""
    for _ in range(300):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    raise AssertionError(condition)


def settings(page: Any) -> dict[str, str]:
    return {key: value[0] for key, value in parse_qs(urlsplit(page.url).query).items()}


def test_a_link_restores_wall_and_settings(filled: Any, visit: Any) -> None:
    page = visit(filled, "/generate?run=names")
    names_of(page)
    page.get_by_label("Start").fill("A")
    page.get_by_label("Shortest").fill("6")
    page.get_by_label("Longest").fill("11")
    page.get_by_text("Letters", exact=True).click()
    page.get_by_label("Contains").fill("o, s")
    page.get_by_label("Temperature").fill("1.1")
    until(page, "location.search.includes('temperature=1.1')")
    before = settled(page)
    assert all(
        one[0] == "A" and "o" in one and "s" in one and 6 <= len(one) <= 11 for one in before
    )
    found = settings(page)
    assert found["start"] == "A" and found["contains"] == "o, s" and int(found["seed"]) > 0
    page.goto(page.url)
    assert names_of(page) == before
    assert page.get_by_label("Start").input_value() == "A"
    assert page.get_by_label("Contains").input_value() == "o, s"
    assert page.get_by_label("Temperature").input_value() == "1.1"


def test_other_names_and_back_again(filled: Any, visit: Any) -> None:
    page = visit(filled, "/generate?run=names&seed=5")
    before = names_of(page)
    page.get_by_role("button", name="Other names").click()
    until(page, "!location.search.includes('seed=5&') && !location.search.endsWith('seed=5')")
    until(page, f"document.querySelector('.wall bdi').textContent !== {json.dumps(before[0])}")
    assert names_of(page) != before
    page.go_back()
    until(page, f"document.querySelector('.wall bdi').textContent === {json.dumps(before[0])}")
    assert names_of(page) == before


def test_the_names_are_those_of_the_command_line(filled: Any, visit: Any) -> None:
    page = visit(filled, "/generate?run=names&seed=5&n=20")
    assert names_of(page) == charloom.load(filled.folder / "names").names(
        20, seed=5, temperature=0.7
    )


def test_the_keyboard_moves_keeps_opens_and_closes(filled: Any, visit: Any) -> None:
    page = visit(filled, "/generate?run=names&seed=5")
    names = names_of(page)
    assert page.locator(f'{NAME}[tabindex="0"]').count() == 1
    page.locator(NAME).first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("f")
    focused = "document.activeElement.querySelector('bdi')?.textContent"
    assert page.evaluate(focused) == names[1]
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    assert page.evaluate(focused) == names[1]
    page.keyboard.press("End")
    assert page.evaluate(focused) == names[-1]
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    page.wait_for_selector(".letters .letter")
    assert page.evaluate("document.activeElement.textContent") == names[0]
    page.keyboard.press("Escape")
    page.wait_for_selector(".details", state="detached")
    until(page, f"{focused} === {json.dumps(names[0])}")
    assert page.locator(".tray li bdi").all_text_contents() == [names[1]]


def test_a_name_is_explained_and_leads_to_others(filled: Any, visit: Any) -> None:
    page = visit(filled, "/generate?run=names&seed=5")
    names = names_of(page)
    page.locator(NAME).first.click()
    page.wait_for_selector(".letters .letter")
    assert page.locator(".letters .glyph").all_text_contents() == [*names[0], "▪"]
    details = page.locator(".details")
    assert re.search(r"about 1 in [\d,.]+ ?\w* names", details.inner_text())
    assert "New" in details.inner_text() and "Nearest in the list" in details.inner_text()
    page.get_by_role("button", name="More like this").click()
    until(page, "location.search.includes('like=')")
    page.wait_for_selector("text=Names like")
    like = names_of(page)
    assert len(like) == 60 and names[0] not in like
    page.get_by_role("button", name="Back to all names").click()
    page.wait_for_selector("text=Names like", state="detached")
    page.locator(".letters .letter").nth(1).hover()
    page.get_by_role("button", name=f"Start from {names[0][:2]}").click()
    until(page, "location.search.includes('start=')")
    until(
        page,
        f"document.querySelector('.wall bdi').textContent.startsWith({json.dumps(names[0][:2])})",
    )
    assert all(one.startswith(names[0][:2]) for one in names_of(page))


def test_favourites_last_are_undone_and_exported(filled: Any, visit: Any, tmp_path: Path) -> None:
    page = visit(filled, "/generate?run=names&seed=5")
    names = names_of(page)
    page.locator(NAME).first.focus()
    for _ in range(3):
        page.keyboard.press("f")
        page.keyboard.press("ArrowRight")
    kept = page.locator(".tray li bdi")
    page.get_by_role("button", name=f"Remove {names[1]} from the favourites").click()
    assert kept.all_text_contents() == [names[0], names[2]]
    page.get_by_role("button", name="Undo").click()
    assert kept.all_text_contents() == names[:3]
    page.reload()
    names_of(page)
    assert kept.all_text_contents() == names[:3]
    exported = page.get_by_role("group", name="Export names favourites")
    contents = {}
    for kind, label in (("txt", "Text"), ("csv", "CSV"), ("json", "JSON")):
        with page.expect_download() as waiting:
            exported.get_by_role("button", name=label).click()
        waiting.value.save_as(tmp_path / "file")
        assert waiting.value.suggested_filename == f"names favourites.{kind}"
        contents[kind] = (tmp_path / "file").read_bytes().decode("utf-8-sig")
    assert contents["txt"] == "".join(f"{name}\n" for name in names[:3])
    rows = list(csv.DictReader(io.StringIO(contents["csv"], newline="")))
    assert [row["name"] for row in rows] == names[:3]
    assert all(row["origin"] == "new" and int(row["distance"]) > 0 for row in rows)
    found = json.loads(contents["json"])
    assert found["run"] == "names" and [one["name"] for one in found["names"]] == names[:3]


def test_constraints_that_exclude_each_other_are_named(filled: Any, visit: Any) -> None:
    page = visit(filled, "/generate?run=names&seed=5&start=Al&max=1")
    page.wait_for_selector("text=No name can satisfy all of this")
    assert "starts with “Al” and has at most 1 characters" in page.locator(".limits").inner_text()
    page.get_by_role("button", name="Drop: has at most 1 characters").click()
    assert all(one.startswith("Al") for one in names_of(page))
    assert "max" not in settings(page)
    visit.faults[:] = [one for one in visit.faults if "422" not in one]  # the browser's own line


def test_ten_thousand_names_are_reached_by_scrolling(filled: Any, visit: Any) -> None:
    page = visit(filled, "/generate?run=other&seed=5&n=10000&temperature=1.3&known=true")
    page.wait_for_selector("text=10,000 names", timeout=120_000)
    assert page.locator(NAME).count() < 2_000
    for _ in range(3):
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        page.wait_for_timeout(300)
    assert page.locator(NAME).count() > 600


def test_names_from_right_to_left(filled: Any, visit: Any) -> None:
    page = visit(filled, "/generate?run=hebrew&seed=5&n=20")
    names = names_of(page)
    assert page.locator(".wall").get_attribute("dir") == "rtl"
    page.locator(NAME).first.focus()
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("document.activeElement.querySelector('bdi').textContent") == names[1]


def test_a_run_of_text_leads_to_writing(filled: Any, visit: Any) -> None:
    page = visit(filled, "/generate?run=text")
    page.get_by_role("button", name="Write with it").click()
    page.wait_for_url("**/write?run=text")


def test_on_a_phone_details_come_in_front(filled: Any, visit: Any) -> None:
    page = visit(filled, "/list")
    page.set_viewport_size(PHONE)
    page.goto(f"{filled.address}/generate?run=names&seed=5")
    names = names_of(page)
    page.locator(NAME).nth(2).click()
    page.wait_for_selector("dialog[open] .letters")
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog", state="detached")
    until(
        page, f"document.activeElement.querySelector('bdi')?.textContent === {json.dumps(names[2])}"
    )
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


def test_a_long_list_stays_out_of_the_address(filled: Any, visit: Any) -> None:
    page = visit(filled, "/generate?run=names&seed=5")
    names_of(page)
    page.get_by_text("Letters", exact=True).click()
    write = """(field, text) => {
      field.value = text;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }"""
    page.get_by_label("Blocklist").evaluate(write, "\n".join(f"q{i}x" for i in range(2500)))
    page.get_by_text("New names", exact=True).click()
    page.wait_for_selector("text=too long for the address")
    assert len(page.url) < 2000 and names_of(page)


MODULES = """
async () => {
  const settings = await import("/page/screens/generate/settings.js");
  const files = await import("/page/screens/generate/export.js");
  const words = await import("/page/screens/generate/words.js");
  const given = {
    run: "a b", temperature: "1.25", min: "3", contains: "x, y z,", labels: "a:b:1\\nc:0.5",
    guidance: "3", blend: "other", share: "0.25", fold: "true", seed: "7",
    block: "one\\n two\\n\\n", edits: "2", pattern: "[a&b].*",
  };
  const odd = [
    { text: "=1+1", nats: 2.5, origin: "new" }, { text: 'a "b", c', nats: -1 },
    { text: "-x" }, { text: "@y" },
  ];
  const read = settings.fromAddress(given);
  return {
    again: settings.toAddress(settings.fromAddress(settings.toAddress(read))),
    address: settings.toAddress(read),
    asked: settings.toRequest(read),
    best: settings.toRequest({ ...read, best: true }),
    plain: settings.toAddress(settings.fromAddress({})),
    dropped: settings.without(read, "contains", 0),
    csv: files.asCsv(odd),
    cells: ["+1", "\\t=1", "a", 5, null, -3.5].map(files.cell),
    one: [0.1, 3, 11.35, 16.2, 30, 80, null].map(words.oneIn),
    portions: [0.5, 0.02, 0.0001, 1e-8, 1e-12, 0, null].map(words.portion),
  };
}
"""


def test_settings_requests_and_files_agree(filled: Any, visit: Any) -> None:
    found = visit(filled, "/library").evaluate(MODULES)
    assert found["again"] == found["address"] and found["plain"] == {}
    assert found["address"]["temperature"] == "1.25" and found["address"]["fold"] is True
    assert found["asked"] == {
        "run": "a b", "n": 60, "temperature": 1.25, "seed": 7, "contains": ["x", "y z"],
        "length": "3:", "regex": "[a&b].*", "block": ["one", "two"],
        "min_edits": 2, "fold_case": True,
        "labels": {"a:b": 1, "c": 0.5}, "guidance": 3, "blend": {"run": "other", "weight": 0.25},
    }  # fmt: skip
    assert (
        "temperature" not in found["best"] and "seed" not in found["best"] and found["best"]["best"]
    )
    assert found["dropped"] == {"contains": "y z"}
    rows = list(csv.reader(io.StringIO(found["csv"].removeprefix("\ufeff"), newline="")))
    assert [row[0] for row in rows] == ["name", "'=1+1", 'a "b", c', "'-x", "'@y"]
    assert rows[2][1] == "-1"
    assert found["cells"] == ["'+1", "'\t=1", "a", "5", "", "-3.5"]
    assert found["one"] == [
        "nearly every name", "about 1 in 20 names", "about 1 in 85,000 names",
        "about 1 in 11 million names",
        "about 1 in 11 trillion names", "less than 1 in a thousand trillion names", "cannot occur",
    ]  # fmt: skip
    assert found["portions"][:3] == ["50 %", "2.0 %", "1 in 10,000"]
    assert found["portions"][4:] == ["less than 1 in a billion", "none", "unknown"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_serious_is_found_in_details_and_limits(
    scheme: str, width: int, filled: Any, visit: Any
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe")
    page = visit(filled, "/list", color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    asked = "run=names&seed=5&known=true&pattern=[A-M].*&blend=other"
    page.goto(f"{filled.address}/generate?{asked}")
    names_of(page)
    page.locator(NAME).first.focus()
    page.keyboard.press("f")
    page.keyboard.press("Enter")
    page.wait_for_selector(".letters")
    page.get_by_text("As a table").click()
    opened = serious(axe, page)
    page.goto(f"{filled.address}/generate?run=names&seed=5&start=Al&max=1&n=20")
    page.wait_for_selector(".limits table")
    visit.faults[:] = [one for one in visit.faults if "422" not in one]
    assert opened == [] and serious(axe, page) == []


def serious(axe: Any, page: Any) -> list[Any]:
    page.wait_for_timeout(300)
    return [
        (one["id"], [node["html"][:200] for node in one["nodes"][:4]])
        for one in axe.Axe().run(page).response["violations"]
        if one["impact"] in ("serious", "critical")
    ]


def test_what_is_no_number_in_an_address_counts_as_not_given(filled: Any, visit: Any) -> None:
    plain = visit(filled, "/generate?run=names&seed=7")
    odd = visit(filled, "/generate?run=names&seed=7&temperature=abc&min=-5&n=1e9&edits=x&share=9")
    assert names_of(odd) == names_of(plain)
    assert "NaN" not in odd.locator("main").inner_text()
