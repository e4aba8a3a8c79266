"""Reading a page: contrast, direction, descriptions of figures, and its claims."""

from __future__ import annotations

import math
import re
from importlib import resources

import pytest

from charloom.config import ModelConfig
from charloom.reporting.report import page
from charloom.reporting.report.cells import Label, direction, letter, plain, shades
from helpers.report_pages import FACTS, HISTORY, Outline, content_of, measured
from helpers.run_folders import toy

pytest.importorskip("matplotlib", reason="needs the plotting extra, charloom[plot]")

ARABIC = "\u0645\u0631\u064a\u0645"


def content(**changes):
    found = content_of(toy(**{"config": ModelConfig(units=2, embedding=2), **changes}))
    found.figures["loss"] = {"history": HISTORY}
    found.found.measurement, found.found.measured_on = measured(), 20
    return found


def section(content, name):
    """Return the outline of a section of the page; ``None`` if it is left out."""
    found = re.search(f'<section id="{name}".*?</section>', page(content), re.S)
    return found and Outline(found[0])


def luminance(colour):
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def rgb(digits):
    pairs = [c * 2 for c in digits] if len(digits) == 3 else re.findall("..", digits)
    return [int(pair, 16) / 255 for pair in pairs]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_letters_can_be_read_in_every_shade(scheme):
    style = resources.files("charloom.reporting.report").joinpath("page.css").read_text("utf-8")
    pairs = re.findall(r"--(\w+):light-dark\(#(\w+),#(\w+)\)", style)
    page = {name: rgb(light if scheme == "light" else dark) for name, light, dark in pairs}
    rules = re.findall(rf"var\(--(\w+)\) (\d+)%, transparent\);[^}}]*--{scheme}:#(\w+)", shades())
    assert len(rules) == 40
    for hue, share, ink in rules:
        part = int(share) / 100
        shade = [part * h + (1 - part) * p for h, p in zip(page[hue], page["paper"], strict=True)]
        low, high = sorted((luminance(shade), luminance(rgb(ink))))
        assert (high + 0.05) / (low + 0.05) >= 4.5, (hue, share)  # WCAG 2, level AA


def test_text_read_from_right_to_left_is_laid_out_so():
    assert [direction(text) for text in (ARABIC, f"1 {ARABIC} a", "a", "12", "")] == [
        "rtl", "rtl", None, None, None,
    ]  # fmt: skip
    found = content()
    found.next = [{"text": ARABIC, "targets": list(ARABIC), "characters": sorted(set(ARABIC)),
                   "probabilities": [[0.5, 0.3, 0.2]] * 4}]  # fmt: skip
    found.figures["units"] = units([list(ARABIC), ["a"]], [[0.0] * 4, [0.0]])
    assert section(found, "next_letter").of("ol", dir="rtl")
    rows = section(found, "units").of("p", role="img")
    assert [row.get("dir") for row in rows] == ["rtl", None]


def units(names, activities, feature="left", correlation=0.5):
    unit = {"unit": 3, "feature": feature, "correlation": correlation, "activities": activities}
    return {"names": names, "units": [unit]}


def test_invisible_characters_have_a_name_that_fits():
    assert plain("\u200d", text=False) == "200D"
    assert letter("\u200d", text=False) == Label("200D", "the character U+200D")
    assert letter("\\", text=False) == Label("\\")
    found = content()
    found.figures["units"] = units([["\u200d"]], [[0.5]])
    (cell,) = [a for a in section(found, "units").of("span") if a["class"].startswith("o")]
    assert cell["class"].endswith("code")


@pytest.mark.parametrize(("text", "mark"), [(True, "\u21b5"), (False, "\u00b7")])
def test_a_newline_is_a_lines_end_in_text_only(text, mark):
    assert plain("\n", text=text) == mark


def test_bars_are_described_for_screen_readers():
    found = content()
    found.figures["letters"] = {"characters": ["a"], "real": [0.5], "generated": [0.25]}
    (bars,) = section(found, "letters").of("svg")
    assert bars["role"] == "img" and bars["aria-label"] == "a: 50 % real, 25 % generated"


@pytest.mark.heavy
@pytest.mark.slow
def test_figures_are_described_in_numbers_for_screen_readers():
    found = content()
    table = [[0.0, 1.0], [0.25, 0.75]]
    found.figures |= {
        "drawn-lengths": {"unit": "character", "lengths": [3, 4], "real": [0.5, 0.5],
                          "generated": [0.25, 0.75]},
        "distances": {"generated": [0.5, 0.0, 0.5], "real": None},
        "pairs": {"characters": ["\n", "a"], "real": table, "generated": table},
        "calibration": {"bins": [{"predicted": 0.5, "observed": 0.4, "count": 10}]},
        "sweep": {"real_nats_per_char": None, "draws": [
            {"temperature": 1.0, "nats_per_char": 1.5, "copied": 0, "repeated": 0, "new": 1}]},
    }  # fmt: skip
    found.by_temperature = [(1.0, [("a", False)])]
    for name, said in (
        ("lengths", ["average 3.5 characters real, 3.8 generated.", "1.0 for generated ones."]),
        ("pairs", ["each. a after \u00b7: 100 %, a after a: 75 %, \u00b7 after a: 25 %"] * 2),
        ("calibration", ["gave: 50 % predicted, 40 % observed."]),
        ("heat", ["at 1, 1.50 nats per character and 100 %."]),
    ):
        labels = [a["aria-label"] for a in section(found, name).of("svg")]
        assert len(labels) == len(said)
        assert all(part in label for part, label in zip(said, labels, strict=True)), labels


@pytest.mark.parametrize(("epoch", "said"), [(2, "the marked one"), (1, "that of epoch 1")])
def test_the_epoch_of_the_saved_model_is_named(epoch, said):
    facts = {**FACTS, "best": HISTORY[epoch - 1]}
    assert f"The saved model is {said}." in section(content(facts=facts), "loss").words


def test_no_epoch_is_named_if_the_run_has_none():
    assert "The saved model" not in section(content(facts={**FACTS, "best": 3}), "loss").words


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"facts": {**FACTS, "best": HISTORY[1]}}, "The epoch was chosen"),
        ({"facts": {**FACTS, "best": HISTORY[0]}}, None),  # the last of few, not the best
        (
            {"facts": {"best": HISTORY[0]}, "config": ModelConfig(kind="ngram")},
            "The order was chosen",
        ),
        ({"facts": {"best": HISTORY[0]}, "config": ModelConfig(kind="ngram", order=3)}, None),
        ({"facts": {"best": HISTORY[0]}, "config": ModelConfig(kind="uniform")}, None),
        ({"facts": {"history": 3, "best": [1]}}, None),
    ],
)
def test_the_page_says_what_was_chosen_on_the_held_out_data(changes, said):
    config = changes.get("config", ModelConfig(units=2, embedding=2))
    if config.kind != "network":
        changes = {**changes, "weights": {}}
    found = content(**changes)
    found.found.run.__dict__["parameters"] = 1  # of models without weights
    shown = section(found, "measures").words
    assert (said or "") in shown and ("flatters" in shown) == (said is not None)
    found.found.given = True
    assert "flatters" not in section(found, "measures").words


@pytest.mark.parametrize(
    ("correlation", "shown"), [(-0.31, True), (0.29, False), (math.nan, False)]
)
def test_a_unit_that_correlates_with_nothing_is_not_shown(correlation, shown):
    found = content()
    found.figures["units"] = units([["a"]], [[0.5]], correlation=correlation)
    outline = section(found, "units")
    assert (outline is not None) == shown
    assert outline is None or "Unit 3: characters left" in outline.words


def test_an_interval_of_one_point_is_left_out():
    found = content()
    measures = found.found.measurement["measures"]
    measures[1] |= {"value": 0.5, "low": 0.5, "high": 0.5, "real": None}
    assert "50 %" in section(found, "measures").words
    assert "50 to 50 %" not in section(found, "measures").words
    measures[1] |= {"high": 0.75}
    assert "50 to 75 %" in section(found, "measures").words
