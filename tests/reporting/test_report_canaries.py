"""Canaries are training strings but not real names: figures and pages leave them out."""

from __future__ import annotations

import importlib.util

import pytest

from charloom.reporting.figures import figure_data
from charloom.reporting.report import page
from charloom.run import save_model
from helpers.report_pages import FACTS, Outline, reported, subject
from helpers.run_folders import toy

CANARIES = ["ßßßßßßß", "ßßßaßßßß"]
NAMES = ("aßa", "ßa", "aa")


@pytest.fixture
def saved(tmp_path):
    """Save a small model with or without canaries, and return its folder."""

    def save(canaries):
        run = tmp_path / f"run{len(canaries)}"
        facts = {**FACTS, "canaries": canaries} if canaries else FACTS
        save_model(run, toy(train_names=(*NAMES, *canaries), held_out_names=("a",), facts=facts))
        return run

    return save


@pytest.mark.parametrize("what", ["lengths", "letters", "pairs", "drawn-lengths", "distances"])
def test_figures_are_the_same_as_without_canaries(saved, what):
    given = {} if what == "lengths" else {"n": 50}
    assert figure_data(subject(saved(CANARIES)), what, **given) == figure_data(
        subject(saved([])), what, **given
    )


def test_canaries_of_any_shape_make_a_figure(saved, tmp_path):
    run = tmp_path / "odd"
    save_model(run, toy(train_names=NAMES, facts={"canaries": {"a": 1}}))
    plain = figure_data(subject(saved([])), "lengths")
    assert figure_data(subject(run), "lengths") == plain


@pytest.mark.slow
@pytest.mark.skipif(
    importlib.util.find_spec("matplotlib") is None,
    reason="needs the plotting extra, charloom[plot]",
)
def test_a_page_counts_canaries_apart_from_its_examples(saved):
    content = reported(saved(CANARIES), samples=20)
    assert content.examples == list(NAMES)
    assert "2 random strings" in Outline(page(content)).words
