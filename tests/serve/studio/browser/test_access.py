"""Every screen is usable by all: axe-core finds nothing serious, and a phone is wide enough."""

from __future__ import annotations

import pytest

import charloom
from charloom import NameCorpus, TextCorpus
from helpers.studio_process import DESKTOP, PHONE, Process

pytestmark = pytest.mark.heavy

SCREENS = {
    "bring": "/list",
    "look": "/list?list=builtin",
    "trainings": "/train",
    "generate": "/generate?run=names",
    "write names": "/write?run=names",
    "write text": "/write?run=text",
    "understand names": "/understand?run=names",
    "understand text": "/understand?run=text",
    "compare": "/understand?run=names&with=other",
    "library": "/library",
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A folder with small runs of names and of text."""
    place = tmp_path_factory.mktemp("studio") / "place"
    names = list(NameCorpus.builtin().names)
    charloom.train(names[:300], kind="ngram", seed=1, out=place / "names")
    charloom.train(names[:300], kind="ngram", seed=1, order=3, out=place / "other")
    text = TextCorpus.of("the cat sat on the mat. the dog ate the hat.\n" * 200)
    charloom.train(text, kind="ngram", seed=1, out=place / "text")
    return place


@pytest.fixture(scope="module")
def filled(runs):
    """A studio of these runs."""
    studio = Process(runs)
    yield studio
    studio.kill()


def settled(page, name):
    """Wait until a screen shows what it is for."""
    if name.startswith(("understand", "compare")):
        page.locator("article.report").wait_for(timeout=400_000)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(300)


@pytest.mark.parametrize("look", ["light, desktop", "dark, phone"])
@pytest.mark.parametrize("name", SCREENS)
def test_nothing_serious_is_found(name, look, filled, visit):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe")
    scheme, device = look.split(", ")
    page = visit(filled, SCREENS[name], color_scheme=scheme)
    page.set_viewport_size({"phone": PHONE, "desktop": DESKTOP}[device])
    settled(page, name)
    found = axe.Axe().run(page).response["violations"]
    serious = [
        (one["id"], one["impact"], [node["html"][:200] for node in one["nodes"][:4]])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]
    assert serious == []


@pytest.mark.parametrize("name", SCREENS)
def test_a_phone_is_wide_enough(name, filled, visit):
    page = visit(filled, SCREENS[name])
    page.set_viewport_size(PHONE)
    settled(page, name)
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0


def test_screens_are_reached_by_keyboard_alone(filled, visit):
    page = visit(filled, "/list")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "Library":
            break
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Library", level=1).wait_for()
    assert page.evaluate("document.activeElement.tagName") == "H1"
    assert page.url.endswith("/library") and page.title().startswith("Library")
    page.go_back()
    page.get_by_role("heading", name="Bring a list", level=1).wait_for()
