"""The layout of figures: crowded maps, long names, tiny shares."""

from __future__ import annotations

import numpy as np
import pytest

from charloom.reporting import plots
from charloom.reporting.plots.apart import apart

pytest.importorskip("matplotlib", reason="needs the plotting extra, charloom[plot]")

BOX = 3.0, 4.0


def gaps(points, box=BOX):
    """Return how far each point is from the nearest other, in inches."""
    scaled = points * np.array(box)  # the tests' points lie in the unit square
    between = np.hypot(*np.moveaxis(scaled[:, None] - scaled[None], -1, 0))
    np.fill_diagonal(between, np.inf)
    return between.min(axis=1)


def test_crowded_points_are_moved_apart_and_isolated_ones_stay():
    rng = np.random.default_rng(0)
    crowd = rng.normal(0.5, 0.02, size=(40, 2))
    points = np.vstack([[[0, 0], [1, 1]], crowd])
    moved = apart(points, BOX, 0.2)
    assert gaps(points).min() < 0.02
    assert gaps(moved).min() > 0.18
    assert moved[:2].tolist() == points[:2].tolist()
    assert moved[2:].mean(axis=0) == pytest.approx(crowd.mean(axis=0), abs=0.02)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_points_at_one_place_are_moved_apart(count):
    moved = apart(np.full((count, 2), 0.5), BOX, 0.2)
    assert np.isfinite(moved).all() and moved.shape == (count, 2)
    assert len(np.unique(moved.round(3), axis=0)) == count


def test_a_line_leads_from_a_moved_mark_to_its_place():
    points = np.array([[0, 0], [0.001, 0], [1, 1]])
    (axes,) = plots.embedding_figure("abc", points, "uuu", (0.6, 0.4)).axes
    shown = np.array([text.get_position() for text in axes.texts])
    assert [line.get_xydata().tolist() for line in axes.lines] == [
        [points[i].tolist(), shown[i].tolist()] for i in (0, 1)
    ]
    assert shown[2].tolist() == [1, 1]


@pytest.mark.parametrize(
    ("top", "decimals"), [(1.0, 0), (0.07, 0), (0.05, 0), (0.03, 1), (0.004, 1), (0.00039, 2)]
)
def test_ticks_of_shares_differ_and_have_no_needless_decimals(top, decimals):
    copied = {"value": top / 2, "low": 0.0, "high": top}
    entries = [{"temperature": heat, "copied": copied, "ideal": copied} for heat in (0.5, 1.0)]
    figure = plots.memorisation_figure(entries)
    figure.draw_without_rendering()
    marks = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert len(set(marks)) == len(marks) > 2
    assert {len(mark.rstrip("%").partition(".")[2]) for mark in marks} == {decimals}


def test_long_names_share_a_bar():
    lengths = list(range(1, 201))
    real = [0.5, 0.25, *[0.0] * 197, 0.25]
    figure = plots.drawn_lengths_figure("character", lengths, real, real)
    (axes,) = figure.axes
    assert axes.get_xlabel() == "length (characters, 4 a bar)"
    heights = [bar.get_height() for bar in axes.patches]
    assert (heights[0], heights[-1], len(heights)) == (0.75, 0.25, 50)
    assert axes.patches[0].get_x() + axes.patches[0].get_width() / 2 == pytest.approx(2.5)
    assert axes.lines[0].get_xydata().tolist() == [[2.5, 0.75], [198.5, 0.25]]  # none for nothing


def test_large_distances_share_a_bar():
    far = [0.5, *[0.0] * 19, 0.25, 0.125, 0.125]
    (axes,) = plots.distances_figure(far, [1.0]).axes
    assert axes.lines[0].get_xydata().tolist() == [[0, 0.5], [20, 0.5]]
    assert axes.get_xlabel().endswith("(0: a copy; 20: or more)")
    (axes,) = plots.distances_figure(far[:21], None).axes
    assert "or more" not in axes.get_xlabel()


@pytest.mark.parametrize(("length", "columns"), [(30, 2), (31, 1)])
def test_panels_of_long_texts_are_stacked(length, columns):
    activity = np.zeros((length, 3))
    figure = plots.units_figure(["a" * length], [activity], {i: str(i) for i in range(3)})
    figure.draw_without_rendering()
    lefts = {round(axes.get_position().x0, 2) for axes in figure.axes if axes.get_title()}
    assert len(lefts) == columns
    assert figure.get_figwidth() < 22


def test_a_legend_hides_the_lines_behind_it():
    draws = [
        {"temperature": t, "nats_per_char": 1.0, "copied": 0.5, "repeated": 0.5, "new": 0.5}
        for t in (0.5, 1.0)
    ]
    for axes in plots.sweep_figure(draws).axes:
        ground = axes.get_legend().get_frame()
        assert ground.get_visible() and ground.get_alpha() > 0.8
        assert axes.get_legend().get_zorder() > max(line.get_zorder() for line in axes.lines)
