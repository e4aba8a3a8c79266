"""Figures of a trained model: what they show of plain data."""

from __future__ import annotations

import logging
import warnings

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from charloom.reporting import plots
from charloom.reporting.plots import canvas

pytest.importorskip("matplotlib", reason="needs the plotting extra, charloom[plot]")

DRAWS = [
    {"temperature": 1.0, "nats_per_char": 1.5, "copied": 0.0, "repeated": 0.1, "new": 0.9},
    {"temperature": 0.5, "nats_per_char": 1.0, "copied": 0.2, "repeated": 0.5, "new": 0.4},
]
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
WIDE = ("日", "\u0915", FAMILY, "$", "\n", " ")


def texts(axes):
    return [text.get_text() for text in axes.texts]


def ticks(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


@pytest.fixture
def silent(tmp_path, caplog):
    """Save a figure; any warning, such as of a missing glyph, is an error."""

    def save(figure):
        with warnings.catch_warnings(), caplog.at_level(logging.WARNING):
            warnings.simplefilter("error")
            plots.save(figure, tmp_path / "figure.png")
        assert not caplog.records
        assert (tmp_path / "figure.png").stat().st_size

    return save


def test_a_sweep_is_drawn_by_temperature_with_real_names_for_comparison():
    left, right = plots.sweep_figure(DRAWS, real_nats_per_char=1.25).axes
    drawn, real = left.lines
    assert drawn.get_xydata().tolist() == [[0.5, 1.0], [1.0, 1.5]]
    assert set(real.get_ydata()) == {1.25}
    lines = {line.get_label(): line for line in right.lines}
    assert lines["new and distinct"].get_xydata().tolist() == [[0.5, 0.4], [1.0, 0.9]]
    assert lines["repeated"].get_ydata().tolist() == [0.5, 0.1]
    assert lines["copied from the list"].get_ydata().tolist() == [0.2, 0.0]
    looks = {(line.get_linestyle(), line.get_marker()) for line in right.lines}
    assert len(looks) == 3  # distinguished in grey
    assert len(plots.sweep_figure(DRAWS).axes[0].lines) == 1


def test_next_characters_are_a_heat_map_with_the_true_one_framed():
    shares = np.array([[0.0, 0.7, 0.28, 0.02], [0.9, 0.0, 0.06, 0.04]])
    axes = plots.next_figure(("c", "\n"), ("\n", "b", "c", "d"), shares).axes[0]
    assert ticks(axes.yaxis) == ["\\n", "b", "c", "others"]  # d is never likely
    assert ticks(axes.xaxis) == ["c", "\\n"]
    table = axes.images[0].get_array()
    np.testing.assert_allclose(table, [[0, 0.9], [0.7, 0], [0.28, 0.06], [0.02, 0.04]])
    assert [(box.get_x() + 0.5, box.get_y() + 0.5) for box in axes.patches] == [(0, 2), (1, 0)]
    assert texts(axes) == ["28", "90"]


def test_a_character_that_occurred_has_a_row_however_unlikely():
    axes = plots.next_figure(("b",), ("\n", "a", "b"), np.array([[0.0, 1.0, 0.0]])).axes[0]
    assert ticks(axes.yaxis) == ["a", "b", "others"]
    assert texts(axes) == ["0"]


def test_a_long_name_and_a_large_alphabet_are_cut_with_a_note():
    characters = [chr(0x4E00 + i) for i in range(300)]
    shares = np.eye(300)
    axes = plots.next_figure(characters, characters, shares).axes[0]
    assert axes.images[0].get_array().shape == (41, 60)
    assert "the first 60 places" in axes.get_title()
    assert len(axes.patches) == 40  # one for each that has a row


def test_an_embedding_shows_each_character_at_its_place_and_its_kind_by_shape():
    points = np.array([[0, 0], [1, 2], [3, 1]])
    figure = plots.embedding_figure("abB", points, ("vowel", "other", "other"), (0.5, 0.25))
    (axes,) = figure.axes
    assert texts(axes) == ["a", "b", "B"]
    assert [text.get_position() for text in axes.texts] == [(0, 0), (1, 2), (3, 1)]
    assert axes.get_xlabel() == "component 1 (50%)"
    vowels, others = axes.collections
    assert vowels.get_offsets().tolist() == [[0, 0]]
    assert others.get_offsets().tolist() == [[1, 2], [3, 1]]
    assert vowels.get_paths()[0].vertices.shape != others.get_paths()[0].vertices.shape
    with pytest.raises(ValueError, match="at most 5"):
        plots.embedding_figure("abcdef", np.zeros((6, 2)), "uvwxyz", (0.5, 0.25))


def test_units_write_names_in_cells_coloured_by_activity():
    activities = [np.array([[0.0, 1.0], [0.5, -1.0]]), np.array([[-0.3, 0.2]])]
    *panels, bar = plots.units_figure(["ab", "c"], activities, {1: "second", 0: "first"}).axes
    assert [axes.get_title() for axes in panels] == ["second", "first"]
    assert [texts(axes) for axes in panels] == [["a", "b", "c"]] * 2
    second, first = (axes.images[0].get_array() for axes in panels)
    np.testing.assert_array_equal(second.filled(np.nan), [[1, -1], [0.2, np.nan]])
    np.testing.assert_array_equal(first.filled(np.nan), [[0, 0.5], [-0.3, np.nan]])
    (dots,) = panels[0].collections
    assert dots.get_offsets()[:, 0].tolist() == [1]  # the one below zero has a dot
    assert panels[0].images[0].get_clim() == (-1, 1)
    assert "below -0.25" in bar.get_ylabel()


def test_signs_differ_in_brightness_where_colours_are_strongest():
    axes = plots.units_figure(["ab"], [np.array([[1.0], [-1.0]])], {0: "unit"}).axes[0]
    luminance = np.array([0.2126, 0.7152, 0.0722])
    high, low = (float(luminance @ to_rgb(axes.images[0].cmap(x))) for x in (1.0, 0.0))
    assert high - low > 0.3
    assert [text.get_color() for text in axes.texts] == ["black", "white"]


@pytest.mark.parametrize("emptied", [False, True], ids=["installed fonts", "one font"])
def test_any_script_can_be_drawn(silent, monkeypatch, emptied):
    if emptied:
        fonts = [
            ("DejaVu Sans", set(map(ord, "abcdefghijklmnopqrstuvwxyzU+0123456789ABCDEF$\\' ")))
        ]
        monkeypatch.setattr(canvas, "fonts", lambda: fonts)
    size = len(WIDE)
    silent(plots.next_figure(WIDE, WIDE, np.full((size, size), 1 / size)))
    silent(plots.embedding_figure(WIDE, np.random.default_rng(0).normal(size=(size, 2)),
                                  ["other"] * size, (0.5, 0.25)))  # fmt: skip
    silent(plots.units_figure([WIDE], [np.linspace(-1, 1, size)[:, None]], {0: "unit"}))


def test_many_names_and_long_ones_are_cut():
    activity = np.zeros((100, 1))
    axes = plots.units_figure(["a" * 100] * 50, [activity] * 50, {0: "unit"}).axes[0]
    assert axes.images[0].get_array().shape == (30, 60)
