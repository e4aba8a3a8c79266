"""A page as it is read: its contrast, its direction, what cannot be seen, and what it claims."""

from __future__ import annotations

import re
from importlib import resources

import pytest

from charloom.config import ModelConfig
from charloom.reporting.report import Content, drawings, internals, quality
from charloom.reporting.report.cells import (
    frequencies,
    letter,
    next_ladder,
    plain,
    shades,
    unit_rows,
)
from charloom.reporting.report.html import direction, joined, spread
from helpers.report_pages import FACTS, HISTORY, Outline, measured
from helpers.run_folders import toy

pytest.importorskip("matplotlib", reason="needs the plotting extra, charloom[plot]")

ARABIC = "\u0645\u0631\u064a\u0645"


def content(**changes):
    fields = {"config": ModelConfig(units=2, embedding=2), **changes}
    found = Content(run="run", saved=toy(**fields), parameters=1, samples=20, seed=0)
    found.figures["loss"] = {"history": HISTORY}
    found.measurement, found.measured_on = measured(), 20
    return found


def words(section):
    return Outline(str(joined(section))).words


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


def test_what_is_read_from_right_to_left_is_laid_out_so():
    assert [direction(text) for text in (ARABIC, f"1 {ARABIC} a", "a", "12", "")] == [
        "rtl", "rtl", None, None, None,
    ]  # fmt: skip
    data = {"text": ARABIC, "targets": list(ARABIC), "characters": sorted(set(ARABIC)),
            "probabilities": [[0.5, 0.3, 0.2]] * 4}  # fmt: skip
    assert Outline(next_ladder(data, text=False)).of("ol", dir="rtl")
    rows = Outline(unit_rows([list(ARABIC), ["a"]], [[0.0] * 4, [0.0]], text=False)).of("p")
    assert [row.get("dir") for row in rows] == ["rtl", None]


def test_what_cannot_be_seen_has_a_name_that_fits():
    assert plain("\u200d") == "200D"
    assert letter("\u200d") == '<abbr title="the character U+200D">200D</abbr>'
    assert letter("\\") == "<bdi>\\</bdi>"
    (cell,) = Outline(unit_rows([["\u200d"]], [[0.5]], text=False)).of("span")
    assert cell["class"].endswith("code")


@pytest.mark.parametrize(("text", "mark"), [(True, "\u21b5"), (False, "\u00b7")])
def test_a_newline_is_a_lines_end_in_text_only(text, mark):
    assert Outline(unit_rows([["\n"]], [[0.5]], text=text)).words == mark


def test_bars_are_told_to_who_cannot_see_them():
    (bars,) = Outline(frequencies(["a"], [0.5], [0.25], text=False)).of("svg")
    assert bars["role"] == "img" and bars["aria-label"] == "a: 50 % real, 25 % drawn"


def test_pictures_are_told_in_numbers_to_who_cannot_see_them():
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
    for build, told in (
        (drawings.lengths, ["average 3.5 characters real, 3.8 drawn.", "1.0 for drawn ones."]),
        (
            drawings.pairs,
            ["each. a after \u00b7: 100 %, a after a: 75 %, \u00b7 after a: 25 %"] * 2,
        ),
        (quality.calibration, ["gave: 50 % said, 40 % came."]),
        (drawings.heat, ["at 1, 1.50 nats a character and 100 %."]),
    ):
        labels = [a["aria-label"] for a in Outline(str(joined(build(found)[2]))).of("svg")]
        assert len(labels) == len(told)
        assert all(part in label for part, label in zip(told, labels, strict=True)), labels


@pytest.mark.parametrize(("epoch", "said"), [(2, "at the mark"), (1, "after epoch 1")])
def test_the_model_that_was_kept_is_the_one_that_is_named(epoch, said):
    facts = {**FACTS, "best": HISTORY[epoch - 1]}
    assert f"Kept is the model {said}." in words(internals.loss(content(facts=facts))[1])


def test_no_epoch_is_named_where_the_run_names_none():
    assert "Kept" not in words(internals.loss(content(facts={**FACTS, "best": 3}))[1])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"facts": {**FACTS, "best": HISTORY[1]}}, "chose its epoch,"),
        ({"facts": {**FACTS, "best": HISTORY[0]}}, None),  # the last of few, not the best
        ({"facts": {"best": {}}, "config": ModelConfig(kind="ngram")}, "chose its order,"),
        ({"facts": {"best": {}}, "config": ModelConfig(kind="ngram", order=3)}, None),
        ({"facts": {"best": {}}, "config": ModelConfig(kind="uniform")}, None),
        ({"facts": {"history": 3, "best": [1]}}, None),
    ],
)
def test_what_chose_the_model_is_said_to_flatter_it(changes, said):
    if changes.get("config", ModelConfig()).kind != "network":
        changes = {**changes, "weights": {}}
    found = content(**changes)
    told = words(quality.measures(found)[2])
    assert (said or "") in told and ("flatters" in told) == (said is not None)
    found.given = True
    assert "flatters" not in words(quality.measures(found)[2])


@pytest.mark.parametrize(("correlation", "panels"), [(-0.31, 1), (0.29, 0), (float("nan"), 0)])
def test_a_unit_that_follows_nothing_is_not_said_to(correlation, panels):
    found = content()
    unit = {"unit": 3, "feature": "left", "correlation": correlation, "activities": [[0.5]]}
    found.figures["units"] = {"names": [["a"]], "units": [unit]}
    section = internals.units(found)
    assert (section is not None) == bool(panels)
    assert section is None or "Unit 3: how much is left" in words(section[2])


def test_a_point_is_no_interval():
    assert spread({"low": 0.5, "high": 0.5}, "%") is None
    assert Outline(spread({"low": 0.5, "high": 0.75}, "%")).words == "50 to 75 %"
