"""A page's markup: user data are escaped, figures have the page's colours."""

from __future__ import annotations

import re

import pytest
from jinja2 import UndefinedError

from charloom.data.vocabulary import Vocabulary
from charloom.reporting.card.markdown import Markdown, escaped
from charloom.reporting.report import page
from charloom.reporting.report.page import environment
from charloom.reporting.report.svg import inline
from helpers.report_pages import EVIL, FACTS, HISTORY, Outline, content_of, measured
from helpers.run_folders import toy

pytest.importorskip("matplotlib", reason="needs the plotting extra, charloom[plot]")


def test_user_data_are_never_markup():
    saved = toy(
        vocabulary=Vocabulary(tuple(sorted(set(EVIL)))),
        train_names=(EVIL,),
        facts={**FACTS, "corpus": {"sources": [EVIL]}, "versions": {EVIL: EVIL}, "backend": EVIL},
    )
    content = content_of(
        saved,
        name=f"folder {EVIL}".replace("/", ""),
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
        by_temperature=[(1.0, [(EVIL, True)])],
        next=[{"text": EVIL, "targets": ["<"], "characters": ["<", "&"],
               "probabilities": [[0.5, 0.5]]}],
        by_label=[(EVIL, [EVIL])],
        examples=[EVIL],
    )  # fmt: skip
    content.found.measurement = measured([(EVIL, EVIL, 1), (EVIL, EVIL, 0)])
    longest = {"characters": 3, "text": EVIL}
    content.found.memorisation = {"verdict": EVIL, "level": EVIL, "longest_copy": longest}
    content.found.new_names, content.found.left_out = [EVIL], {EVIL: EVIL}
    text = page(content)
    found = Outline(text)
    assert len(found.of("script")) == len(found.of("style")) == 1
    assert "alert('" not in text.replace("alert(&#x27;", "").replace("alert('&amp;", "")
    assert EVIL in found.words
    assert {a["data-tip"] for a in found.of("button", **{"class": "copied"})} == {
        f"{EVIL}: in the training list"
    }


def test_templates_escape_whatever_they_show_and_refuse_what_is_missing():
    shown = environment().from_string('<p title="{{ a }}">{{ a }}</p>').render(a='<b> "&')
    assert shown == '<p title="&lt;b&gt; &#34;&amp;">&lt;b&gt; &#34;&amp;</p>'
    with pytest.raises(UndefinedError):
        environment().from_string("{{ missing }}").render()


def test_cards_escape_whatever_is_not_markdown():
    assert escaped("*a* <b>") == r"\*a\* &lt;b&gt;"
    assert escaped(Markdown("*a*")) == "*a*"


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
