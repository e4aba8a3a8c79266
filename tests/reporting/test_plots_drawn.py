"""Figures that compare samples with real strings, and figures of measures."""

from __future__ import annotations

import logging
import warnings

import numpy as np
import pytest

from charloom.reporting import plots

pytest.importorskip("matplotlib", reason="needs the plotting extra, charloom[plot]")


def heights(axes):
    return [bar.get_height() for bar in axes.patches]


def dots(axes):
    return axes.lines[0].get_ydata().tolist()


def test_real_letters_are_bars_and_generated_ones_dots():
    (axes,) = plots.letters_figure(["a", " ", "$"], [0.5, 0.3, 0.2], [0.4, 0.4, 0.2]).axes
    assert heights(axes) == [0.4, 0.4, 0.2]
    assert dots(axes) == [0.5, 0.3, 0.2]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["a", "' '", "$"]


def test_lengths_and_distances_are_drawn_at_their_values():
    (axes,) = plots.drawn_lengths_figure("character", [3, 4], [0.25, 0.75], [0.5, 0.5]).axes
    assert axes.lines[0].get_xdata().tolist() == [3, 4]
    assert heights(axes) == [0.5, 0.5]
    (axes,) = plots.distances_figure([0.5, 0.5], [0.0, 0.5, 0.5]).axes
    assert dots(axes) == [0.5, 0.5, 0.0]  # as far as real ones go
    assert heights(axes) == [0.0, 0.5, 0.5]
    (axes,) = plots.distances_figure([1.0], None).axes
    assert not axes.patches and dots(axes) == [1.0]


def test_pairs_are_two_heat_maps_of_roots_real_ones_first():
    real, drawn = [[0.25, 0.75], [1.0, 0.0]], [[0.5, 0.5], [0.0, 1.0]]
    left, right, _ = plots.pairs_figure(["a", "b"], generated=drawn, real=real).axes
    np.testing.assert_allclose(left.images[0].get_array(), np.sqrt(real))
    np.testing.assert_allclose(right.images[0].get_array(), np.sqrt(drawn))
    assert [axes.get_title() for axes in (left, right)] == ["Real", "Generated"]


def test_calibration_leaves_out_empty_bins():
    bins = [
        {"predicted": 0.1, "observed": 0.2, "count": 5},
        {"predicted": 0.5, "observed": 0.0, "count": 0},
        {"predicted": 0.9, "observed": 0.8, "count": 5},
    ]
    perfect, found = plots.calibration_figure(bins).axes[0].lines
    assert perfect.get_xydata().tolist() == [[0, 0], [1, 1]]
    assert found.get_xydata().tolist() == [[0.1, 0.2], [0.9, 0.8]]


def test_copies_are_drawn_by_temperature_beside_the_expected_share():
    entries = [
        {"temperature": heat, "copied": {"value": v, "low": v - 0.01, "high": v + 0.01},
         "ideal": {"value": 0.02, "low": 0.01, "high": 0.03}}
        for heat, v in ((1.0, 0.05), (0.5, 0.2))
    ]  # fmt: skip
    (axes,) = plots.memorisation_figure(entries).axes
    copied, ideal = axes.lines
    assert copied.get_xydata().tolist() == [[0.5, 0.2], [1.0, 0.05]]
    assert ideal.get_ydata().tolist() == [0.02, 0.02]
    assert len(axes.collections) == 2  # the intervals


def test_stacked_figures_show_the_same():
    draws = [
        {"temperature": t, "nats_per_char": 1.0, "copied": 0, "repeated": 0, "new": 1}
        for t in (0.5, 1.0)
    ]
    for stacked in (False, True):
        figure = plots.sweep_figure(draws, 1.5, stacked=stacked)
        assert [len(axes.lines) for axes in figure.axes] == [2, 3]
        assert (figure.get_figwidth() < figure.get_figheight()) == stacked
        points = np.array([[0, 0], [1, 1]])
        (axes,) = plots.embedding_figure("ab", points, "uv", (0.6, 0.4), stacked=stacked).axes
        assert [text.get_text() for text in axes.texts] == ["a", "b"]


def test_any_script_can_be_drawn(tmp_path, caplog):
    characters = ["日", "क", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "$", "\n", " "]
    shares = [1 / 6] * 6
    figures = [
        plots.letters_figure(characters, shares, shares),
        plots.pairs_figure(characters, [shares] * 6, [shares] * 6),
    ]
    with warnings.catch_warnings(), caplog.at_level(logging.WARNING):
        warnings.simplefilter("error")
        for i, figure in enumerate(figures):
            plots.save(figure, tmp_path / f"{i}.svg")
    assert not caplog.records
