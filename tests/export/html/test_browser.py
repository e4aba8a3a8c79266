"""The page in a real browser: opened as a file, without a network."""

from __future__ import annotations

import pytest

from charloom import load
from charloom.export.html import write_html
from charloom.run import Run
from helpers.studio_process import PHONE

from .conftest import FROZEN

pytestmark = pytest.mark.heavy

RUN = FROZEN / "mixture" / "run"


@pytest.fixture
def opened(browser, tmp_path):
    """A function that exports a run and opens its page; at the end nothing may have been wrong."""
    problems, requests, contexts, addresses = [], [], [], set()

    def open_page(run=RUN, wait=".names li", scheme="light", motion="no-preference", **options):
        run = run if isinstance(run, Run) else Run.open(run)
        out = tmp_path / "names.html"
        write_html(run, out, **options)
        context = browser.new_context(viewport=PHONE, color_scheme=scheme, reduced_motion=motion)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        addresses.add(out.as_uri())
        page.goto(out.as_uri())
        page.wait_for_selector(wait, timeout=60_000)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert problems == []
    assert {url for url in requests if not url.startswith("data:")} <= addresses


def until(page, holds):
    """Wait until a condition holds; the policy forbids Playwright's own ``wait_for_function``."""
    for _ in range(300):
        if holds():
            return
        page.wait_for_timeout(100)
    raise AssertionError("it took too long")


def shown(page):
    return page.locator("#results .name").all_inner_texts()


def names_on(page, count=20):
    until(page, lambda: len(shown(page)) >= count)
    return shown(page)


def settings(page):
    page.evaluate("document.querySelector('details').open = true")


def test_names_appear_that_the_command_generates_too(opened):
    page = opened(weights="float32")
    settings(page)
    page.get_by_label("Seed").fill("7")
    expected = load(RUN).names(20, seed=7, temperature=0.7)
    until(page, lambda: shown(page)[:1] == expected[:1])
    assert names_on(page) == expected
    page.get_by_role("button", name="More names").click()
    assert names_on(page, 40)[:20] == expected


def test_constraints_hold_and_what_cannot_be_is_said(opened):
    page = opened()
    settings(page)
    page.get_by_label("Starts with").fill("A")
    page.get_by_label("Longest").fill("7")
    until(page, lambda: all(n[0] == "A" and len(n) <= 7 for n in shown(page) or ["?"]))
    page.get_by_label("Ends with").fill("日")
    page.get_by_text("The model never saw “日”.").first.wait_for()
    assert page.get_by_label("Ends with").get_attribute("aria-invalid") == "true"
    page.get_by_label("Ends with").fill("abcdefgh")
    page.get_by_text("No name is that long and that short.").first.wait_for()


def test_letters_favourites_and_copies(opened):
    page = opened()
    name = names_on(page)[1]
    page.locator("#results .name").nth(1).press("Enter")
    table = page.locator("#results .letters")
    assert table.locator("tbody tr").count() == len(name) + 1
    assert table.locator("tbody th").all_inner_texts()[-1] == "end"
    page.get_by_role("button", name=f"Favourite: {name}").first.click()
    page.get_by_role("heading", name="Favourites").wait_for()
    page.reload()
    page.get_by_role("heading", name="Favourites").wait_for()
    assert page.locator("section:has(#favourites) .name").all_inner_texts() == [name]
    page.get_by_role("button", name=f"Copy {name}").first.click()
    page.get_by_role("status").get_by_text("Copied.").wait_for()


def test_a_page_without_names_says_so(opened):
    page = opened(names=False)
    page.get_by_text("This page has no training list").wait_for()
    assert page.get_by_label("New names only").count() == 0


def test_text_is_written_after_its_beginning(opened):
    page = opened(FROZEN / "text_mixture" / "run", wait=".written:not(:empty)")
    page.get_by_label("Beginning").fill("The loom")
    page.get_by_role("button", name="Write").click()
    page.get_by_role("status").get_by_text("Done.").wait_for()
    written = page.locator(".written").inner_text()
    assert written.startswith("The loom")
    assert len(written) > 300


def test_right_to_left_names_and_long_ones_fit_a_phone(opened, models, tmp_path):
    from charloom import NameCorpus, train

    names = ["שלום", "אברהם", "שרה", "רבקה", "ש" * 60, "משה"] * 2
    train(NameCorpus.of(names), kind="ngram").save(tmp_path / "run")
    page = opened(tmp_path / "run")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    name = page.locator("#results .name").first
    assert name.evaluate("one => getComputedStyle(one).direction") == "rtl"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("kind", ["mixture", "text_mixture"])
def test_axe_finds_nothing_serious(opened, scheme, kind):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe-core")
    names = kind == "mixture"
    wait = ".names li" if names else ".written:not(:empty)"
    still = "reduce"  # a name that is still fading in has too little contrast
    page = opened(FROZEN / kind / "run", wait=wait, scheme=scheme, motion=still)
    if names:
        names_on(page)
        settings(page)
        page.locator("#results .name").first.click()
        page.locator("#results .star").nth(2).click()
        page.get_by_role("heading", name="Favourites").wait_for()
    found = axe.Axe().run(page).response["violations"]
    assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_a_label_is_chosen(opened):
    run = Run.open(FROZEN / "labels" / "run")
    page = opened(run, weights="float32")
    settings(page)
    page.get_by_label("Seed").fill("7")
    label = run.labels[-1]
    expected = load(run).condition({label: 1}).names(20, seed=7, temperature=0.7)
    page.get_by_label("Label").select_option(label)
    until(page, lambda: shown(page) == expected)
