"""A page's markup: what the user wrote is escaped, numbers are for people, figures fit in."""

from __future__ import annotations

import re

import pytest

from charloom.data.vocabulary import Vocabulary
from charloom.reporting.report import Content, page
from charloom.reporting.report.html import Html, interval, number, percent, tag
from charloom.reporting.report.svg import inline
from helpers.report_pages import EVIL, FACTS, HISTORY, Outline, measured
from helpers.run_folders import toy

pytest.importorskip("matplotlib", reason="needs the plotting extra, charloom[plot]")


def test_what_comes_from_the_user_is_never_markup():
    saved = toy(
        vocabulary=Vocabulary(tuple(sorted(set(EVIL)))),
        train_names=(EVIL,),
        facts={**FACTS, "corpus": {"sources": [EVIL]}, "versions": {EVIL: EVIL}, "backend": EVIL},
    )
    content = Content(
        run=EVIL,
        saved=saved,
        parameters=1,
        samples=1,
        seed=0,
        figures={
            "letters": {"characters": ["<", "&"], "generated": [0.5, 0.5], "real": [0.4, 0.6]},
            "pairs": {"characters": ["<", '"'], "generated": [[1, 0], [0, 1]],
                      "real": [[1, 0], [1, 0]]},
            "units": {"names": [["<", '"', "&"]], "units": [
                {"unit": 0, "feature": EVIL, "correlation": 0.5,
                 "activities": [[0.1, -0.9, 1.0]]}]},
            "embedding": {"characters": ["<", "&"], "kinds": ["other", "other"],
                          "points": [[0, 0], [1, 1]], "explained": [0.5, 0.5]},
        },
        measurement=measured([(EVIL, EVIL, 1), (EVIL, EVIL, 0)]),
        memorisation={"verdict": EVIL, "level": EVIL,
                      "longest_copy": {"characters": 3, "text": EVIL}},
        new_names=[EVIL],
        by_temperature=[(1.0, [(EVIL, True)])],
        next=[{"text": EVIL, "targets": ["<"], "characters": ["<", "&"],
               "probabilities": [[0.5, 0.5]]}],
        left_out={EVIL: EVIL},
    )  # fmt: skip
    text = page(content)
    found = Outline(text)
    assert len(found.of("script")) == len(found.of("style")) == 1
    assert "alert('" not in text.replace("alert(&#x27;", "").replace("alert('&amp;", "")
    assert EVIL in found.words
    assert {a["data-tip"] for a in found.of("button", **{"class": "copied"})} == {
        f"{EVIL}: in the training list"
    }


def test_markup_is_what_was_built_as_such():
    assert tag("p", "<b>", Html("<i>"), None, 1234, class_='"') == (
        '<p class="&quot;">&lt;b&gt;<i>1,234</p>'
    )
    assert tag("li", ["a", ["<"]], hidden=True, id=None, data_x="&") == (
        '<li hidden data-x="&amp;">a&lt;</li>'
    )


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (1.60149, "nats", "1.60"), (0.0, "", "0"), (12345.6, "", "12,346"), (0.0123, "", "0.0123"),
        (0.58, "%", "58 %"), (0.0712, "%", "7.1 %"), (0.0001, "%", "< 0.1 %"), (1.0, "%", "100 %"),
        (0.99999, "%", "> 99.9 %"), (0.9951, "%", "99.5 %"), (float("inf"), "", "not finite"),
    ],
)  # fmt: skip
def test_numbers_are_written_for_people(value, unit, shown):
    assert number(value, unit) == shown


def test_an_interval_names_its_unit_once():
    assert interval(0.54, 0.62, "%") == "54 to 62 %"
    assert interval(0.9701, 0.9748, "%") == "97.0 to 97.5 %"
    assert interval(1.5, 1.75) == "1.50 to 1.75"
    assert percent(0) == "0 %"


def test_figures_take_the_pages_colours_and_have_ids_of_their_own():
    from charloom.reporting.plots import lengths_figure, losses_figure

    drawn = inline(losses_figure(HISTORY), "loss", "Losses <&>")
    assert 'aria-label="Losses &lt;&amp;&gt;"' in drawn
    assert "style=" not in drawn and "#0072b2" not in drawn.lower()
    assert "s-blue" in drawn and "s-orange" in drawn
    ids = re.findall(r' id="([^"]+)"', drawn)
    assert ids and all(name.startswith("loss-") for name in ids)
    references = set(re.findall(r'href="#([^"]+)"', drawn)) | set(
        re.findall(r"url\(#([^)]+)", drawn)
    )
    assert references <= set(ids)
    assert "<text" in drawn and ">epoch</text>" in drawn
    other = inline(lengths_figure({3: 4, 5: 1}), "lengths", "Lengths")
    assert not set(re.findall(r' id="([^"]+)"', other)) & set(ids)
