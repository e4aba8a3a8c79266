"""The whole story of the studio in a real browser: from a file to names that are kept."""

from __future__ import annotations

import csv
import json
import re
import time

import pytest

from charloom import NameCorpus, load

pytestmark = pytest.mark.heavy

NAMES = list(NameCorpus.builtin().names[:400])


@pytest.fixture
def towns(tmp_path):
    path = tmp_path / "towns.txt"
    path.write_text("\n".join(NAMES), "utf-8")
    return path


def wall_of(page):
    return page.get_by_label("Generated names").locator(".name")


def steady(page):
    """Wait until the wall has all its names, and return them."""
    page.locator("[aria-label='Generated names'][aria-busy=false] .name").first.wait_for()
    return [text.strip() for text in wall_of(page).locator("bdi").all_inner_texts()]


def test_from_a_file_to_names_that_are_kept(towns, studio, visit):
    page = visit(studio)
    with page.expect_response(lambda answer: "/look" in answer.url):
        page.set_input_files("input[type=file]", towns)
    page.get_by_role("heading", name="towns", level=2).wait_for()
    assert page.get_by_text("400", exact=True).is_visible()
    page.get_by_text("Advanced").click()
    page.get_by_label("Most epochs").fill("6")
    page.get_by_label("Base model").select_option("none")
    page.get_by_role("button", name="Train", exact=True).click()
    page.wait_for_url("**/train?run=towns")

    # Training survives a page that is loaded again, and a studio that is killed.
    page.get_by_text(re.compile(r"Epoch \d+ of 6")).first.wait_for(timeout=60_000)
    page.reload()
    page.get_by_text(re.compile(r"Epoch \d+ of 6|Finished")).first.wait_for()
    studio.kill()
    time.sleep(1.0)
    studio.start()
    page.get_by_text(re.compile("^Finished|^Stopped early")).first.wait_for(timeout=90_000)
    history = (studio.folder / "towns" / "history.jsonl").read_text().splitlines()
    assert len(history) >= 2
    visit.faults[:] = [fault for fault in visit.faults if "net::ERR_" not in fault]

    # Names under constraints, which are those of the command for the same seed.
    page.get_by_role("link", name="Generate names").or_(
        page.get_by_role("button", name="Generate names")
    ).first.click()
    page.wait_for_url("**/generate?*run=towns*")
    steady(page)
    page.get_by_label("End", exact=True).fill("us")
    page.get_by_label("Longest").fill("12")
    page.wait_for_url("**end=us*")
    page.wait_for_function(
        "() => { const all = [...document.querySelectorAll('.wall bdi')];"
        " return all.length && all.every((one) => one.textContent.endsWith('us')); }"
    )
    names = steady(page)
    assert names and all(len(name) <= 12 for name in names) and not set(names) & set(NAMES)
    seed = int(re.search(r"seed=(\d+)", page.url)[1])
    model = load(studio.folder / "towns")
    from charloom.generation import constraints as c

    rules = c.Rules((c.End("us"), c.Length(0, 12)))
    assert names == model.names(len(names), rules=rules, temperature=0.7, seed=seed)

    # A link restores everything.
    other = visit(studio, page.url.removeprefix(studio.address))
    assert steady(other) == names
    assert other.get_by_label("End", exact=True).input_value() == "us"

    # A name is looked at, kept, and exported.
    wall_of(page).first.click()
    page.get_by_text("More like this").wait_for()
    page.get_by_text(re.compile("nearest", re.IGNORECASE)).first.wait_for()
    wall_of(page).first.focus()
    page.keyboard.press("f")
    tray = page.get_by_label("Favourites", exact=True)
    tray.get_by_text(names[0], exact=True).wait_for()
    for kind, check in (
        ("Text", lambda text: text.splitlines() == [names[0]]),
        ("CSV", lambda text: next(csv.DictReader(text.splitlines()))["name"] == names[0]),
        ("JSON", lambda text: names[0] in json.dumps(json.loads(text), ensure_ascii=False)),
    ):
        with page.expect_download() as download:
            tray.get_by_role("button", name=kind, exact=True).click()
        assert check(download.value.path().read_text("utf-8-sig")), kind
    page.reload()
    tray.get_by_text(names[0], exact=True).wait_for()


def test_a_list_that_is_dropped_or_pasted(studio, visit):
    page = visit(studio)
    drop = """(zone) => {
        const data = new DataTransfer();
        data.items.add(new File(["name,land\\nUlm,DE\\nBonn,DE\\nNizza,FR\\n"], "orte.csv"));
        const how = {dataTransfer: data, bubbles: true, cancelable: true};
        zone.dispatchEvent(new DragEvent("drop", how));
    }"""
    page.get_by_text("Drop a file here").evaluate(drop)
    page.get_by_role("heading", name="orte", level=2).wait_for()
    page.get_by_role("radio", name="land").check()
    page.get_by_text("FR", exact=True).first.wait_for()
    page.get_by_role("button", name="Bring another list").click()
    page.get_by_label("Names, one a line, or text").fill("Ann\nBob\nÉva\nअनन्या\n👩‍🚀")
    page.get_by_role("button", name="Use this text").click()
    page.get_by_text("अनन्या").first.wait_for()


def test_what_cannot_be_read_is_said_in_place(tmp_path, studio, visit):
    page = visit(studio)
    for name, content in (("empty.txt", b""), ("picture.png", bytes(range(256)) * 20)):
        path = tmp_path / name
        path.write_bytes(content)
        page.set_input_files("input[type=file]", path)
        alert = page.locator("[role=alert], .problem, .banner.wrong").first
        alert.wait_for()
        assert len(alert.inner_text().strip().splitlines()[0]) < 300
        page.goto(studio.address + "/list")
    visit.faults[:] = [fault for fault in visit.faults if "status of 4" not in fault]
