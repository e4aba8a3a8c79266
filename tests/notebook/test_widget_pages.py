"""The widgets in a browser: names arrive, are explained and kept, and text is written."""

from __future__ import annotations

import re
import time
from dataclasses import replace

import pytest

pytest.importorskip("anywidget")

from charloom import NameCorpus, TextCorpus, train
from charloom.notebook import Play, Wall
from helpers.studio_process import DESKTOP, PHONE
from helpers.widget_pages import Shown

pytestmark = pytest.mark.heavy

FOCUSED = "document.activeElement.shadowRoot?.activeElement?.innerText"


@pytest.fixture(scope="module")
def model():
    return train(NameCorpus.builtin().names[:400], kind="ngram", seed=1)


@pytest.fixture(scope="module")
def writer():
    return train(TextCorpus.of("the cat sat on the mat. " * 60), kind="ngram", seed=1)


@pytest.fixture
def show(browser):
    """Show a widget; whatever the browser complains of is an error."""
    shown = []

    def show(widget, size=DESKTOP, background="#ffffff"):
        shown.append(Shown(browser.new_page(viewport=size), widget, background))
        return shown[-1].page

    yield show
    for one in shown:
        one.page.close()
        assert one.problems == []


def names_of(page):
    page.wait_for_function(
        "() => document.querySelector('#cell > div').shadowRoot"
        ".querySelector('.wall')?.getAttribute('aria-busy') === 'false'"
    )
    return page.locator(".wall button.name").all_text_contents()


def hears(page, widget, name, value):
    """Wait until the attribute of a widget, which hears of the page's changes later, is `value`."""
    end = time.monotonic() + 10
    while getattr(widget, name) != value and time.monotonic() < end:
        page.wait_for_timeout(20)
    assert getattr(widget, name) == value


def test_a_wall_has_the_models_names_and_follows_its_settings(model, show):
    wall = Wall(model, n=20, seed=7)
    page = show(wall)
    assert names_of(page) == model.names(20, temperature=0.7, seed=7) == wall.names
    page.get_by_label("Start", exact=True).fill("Al")
    page.wait_for_function("window.model.get('asked').start === 'Al'")
    shown = names_of(page)
    assert shown and all(name.startswith("Al") for name in shown)
    hears(page, wall, "settings", wall.settings | {"start": "Al"})
    assert model.names(20, **wall.options) == shown
    page.get_by_role("button", name="Other names").click()
    page.wait_for_function("window.model.get('asked').seed !== 7")
    seed = page.evaluate("window.model.get('settings').seed")
    assert seed != "7"
    hears(page, wall, "settings", wall.settings | {"seed": seed})


def test_a_name_is_explained_and_kept_by_keyboard(model, show):
    wall = Wall(model, n=20, seed=7)
    page = show(wall)
    first, second = names_of(page)[:2]
    page.locator(".wall button.name").first.focus()
    page.keyboard.press("f")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    details = page.get_by_label("Details")
    details.get_by_role("heading", name=second).wait_for()
    page.get_by_text("Nearest in the list").wait_for()
    assert details.locator(".letter").count() == len(second) + 1
    page.keyboard.press("f")
    page.keyboard.press("Escape")
    details.wait_for(state="detached")
    hears(page, wall, "favourites", [first, second])
    page.keyboard.press("f")  # the name has the focus again
    page.get_by_text(f"Removed {second}").wait_for()
    hears(page, wall, "favourites", [first])


def test_what_python_sets_is_shown(model, show):
    page = show(Wall(model, n=5, seed=7))
    names_of(page)
    page.evaluate("model.set('favourites', ['Zora']); model.set('settings', {n: '3', seed: '2'})")
    page.get_by_label("Favourites").get_by_role("button", name="Zora", exact=True).wait_for()
    page.get_by_text("3 names", exact=True).wait_for()


def test_without_a_training_list_nothing_is_called_new(model, show):
    unlisted = replace(model, training_set=None)
    wall = Wall(unlisted, n=20, seed=7)
    page = show(wall)
    assert names_of(page) == unlisted.names(20, temperature=0.7, seed=7, allow_known=True)
    page.wait_for_function("window.model.get('asked').allow_known")
    hears(page, wall, "options", wall.options | {"allow_known": True})
    page.get_by_text("New names", exact=True).click()
    page.get_by_text("This run has no training list").wait_for()


def test_what_is_typed_stays_while_python_hears_of_it(model, show):
    wall = Wall(model, n=5, seed=7)
    page = show(wall)
    names_of(page)
    field = page.get_by_label("Start", exact=True)
    field.evaluate(
        "(input) => { input.value = 'Alb'; input.dispatchEvent(new Event('input')); echo(); }"
    )
    assert field.input_value() == "Alb"
    page.wait_for_function("window.model.get('asked').start === 'Alb'")
    hears(page, wall, "settings", wall.settings | {"start": "Alb"})


def test_a_mistake_is_a_line_at_its_field(model, show):
    page = show(Wall(model, n=5, seed=7))
    names_of(page)
    page.get_by_label("Start", exact=True).fill("漢")
    page.get_by_text("which the model never saw").wait_for()


@pytest.mark.parametrize(("size", "background"), [(PHONE, "#111111"), (DESKTOP, "#ffffff")])
def test_a_widget_fits_its_cell_and_has_its_colours(model, show, size, background):
    page = show(Wall(model, n=30, seed=7), size, background)
    names_of(page)
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    theme = page.evaluate("document.querySelector('#cell > div').dataset.theme")
    assert theme == ("dark" if background == "#111111" else "light")
    page.locator(".wall button.name").first.click()
    page.get_by_text("Nearest in the list").wait_for()
    assert page.locator("dialog").count() == (1 if size == PHONE else 0)
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")


@pytest.mark.parametrize(("width", "beside"), [(1000, False), (1020, True), (1130, True)])
def test_details_stand_beside_the_wall_where_it_is_wide_enough(model, show, width, beside):
    page = show(Wall(model, n=30, seed=7), {"width": width, "height": 800})
    names_of(page)
    page.locator(".wall button.name").first.click()
    page.get_by_text("Nearest in the list").wait_for()
    assert page.locator("dialog").count() == (0 if beside else 1)
    if beside:
        wall, details = (page.locator(one).bounding_box() for one in (".middle", ".beside-wall"))
        assert details["x"] > wall["x"] + wall["width"]


@pytest.mark.parametrize("of", ["wall", "name", "text"])
def test_a_widget_is_accessible(model, writer, show, of):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe")
    page = show({"wall": Wall(model, n=9, seed=7), "name": Play(model, "Al"),
                 "text": Play(writer)}[of])  # fmt: skip
    page.wait_for_timeout(500)
    whole_page = {"region": {"enabled": False}, "page-has-heading-one": {"enabled": False}}
    found = axe.Axe().run(page, options={"rules": whole_page})
    assert not found.response["violations"], found.generate_report()


def test_a_name_is_written_letter_by_letter(model, show):
    play = Play(model, "Al")
    page = show(play)
    field = page.get_by_label("The beginning of a name")
    assert field.input_value() == "Al"
    assert page.evaluate("document.activeElement === document.body")  # it takes no focus by itself
    likeliest = page.get_by_role("status").filter(has_text="Likeliest: Al")
    likeliest.wait_for(state="attached")
    field.click()
    field.press("End")
    field.press("ArrowRight")
    page.wait_for_function("window.model.get('text').length === 3")
    begun = page.locator(".next-names b").first
    begun.filter(has_text=re.compile(f"^{field.input_value()}$")).wait_for()
    field.press("ArrowDown")
    assert page.evaluate(FOCUSED) == page.locator(".next-names button").first.inner_text()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_function("window.model.get('text').length > 3")
    hears(page, play, "text", field.input_value())
    assert play.text.startswith("Al")


def test_text_is_written_and_continued(writer, show):
    play = Play(writer, "the c", temperature=0.5)
    page = show(play)
    page.get_by_role("button", name="Generate").click()
    page.get_by_text("It has the length that you asked for.").wait_for()
    written = page.locator(".written").inner_text()
    assert len(written) > 300
    page.get_by_role("button", name="Add it to the text").click()
    page.wait_for_function("window.model.get('text').length > 300")
    hears(page, play, "text", page.evaluate("window.model.get('text')"))
    assert play.text.startswith("the c" + written[:50])
    page.get_by_label("Show likely continuations").check()
    page.locator(".next-texts button").first.wait_for()


def test_a_view_that_is_closed_leaves_nothing(model, show):
    page = show(Wall(model, n=5, seed=7))
    assert names_of(page)
    page.evaluate("leave()")
    assert page.evaluate("document.querySelector('#cell > div').shadowRoot.textContent") == ""
