"""Figures: what they show, and how they are written."""

from __future__ import annotations

import logging
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from charloom import NameCorpus
from charloom.data.statistics import describe
from charloom.errors import CharloomError, ConfigError
from charloom.reporting import plots
from charloom.reporting.plots import canvas

pytest.importorskip("matplotlib", reason="needs the plotting extra, charloom[plot]")

STARTS = {".png": b"\x89PNG\r\n", ".svg": b"<?xml", ".pdf": b"%PDF-"}


@pytest.fixture(scope="module")
def description():
    return describe(NameCorpus.builtin())


def bars(axes):
    return [patch.get_height() for patch in axes.patches]


def labels(axes):
    return [label.get_text() for label in axes.get_xticklabels()]


def test_lengths_are_a_bar_each_on_whole_ticks():
    (axes,) = plots.lengths_figure({3: 5, 4: 0, 5: 2}).axes
    assert bars(axes) == [5, 0, 2]
    assert [bar.get_x() + bar.get_width() / 2 for bar in axes.patches] == [3, 4, 5]
    assert all(tick == int(tick) for tick in axes.get_xticks())
    assert axes.get_xlabel() == "length of a name (characters)"
    assert axes.get_ylabel() == "names"
    assert "mean 3.57" in axes.get_title()


def test_many_lengths_share_bars_and_the_axis_says_so():
    (axes,) = plots.lengths_figure(dict.fromkeys(range(1, 1001), 1), "grapheme").axes
    assert len(bars(axes)) <= plots.MOST_BARS
    assert sum(bars(axes)) == 1000
    assert axes.get_xlabel() == "length of a name (graphemes, 17 a bar)"


def test_characters_stand_below_their_bars_by_frequency():
    (axes,) = plots.frequencies_figure({"b": 2, "\n": 7, "$": 2, " ": 3}).axes
    assert bars(axes) == [7, 3, 2, 2]
    assert labels(axes) == ["\\n", "' '", "$", "b"]
    assert "most frequent" not in axes.get_title()


def test_too_many_characters_are_cut_to_the_most_frequent_with_a_note():
    frequencies = {chr(0x400 + i): 100 - i for i in range(90)}
    (axes,) = plots.frequencies_figure(frequencies).axes
    assert labels(axes) == list(frequencies)[: plots.MOST_BARS]
    assert axes.get_title().startswith("90 distinct")
    assert f"the {plots.MOST_BARS} most frequent" in axes.get_title()


def test_what_no_font_has_is_written_as_its_code_point(monkeypatch, tmp_path, caplog):
    monkeypatch.setattr(canvas, "fonts", lambda: [("DejaVu Sans", set(map(ord, "ab\\n\u25cc")))])
    figure = plots.frequencies_figure({"a": 3, "日": 2, "\u0915": 1, "\u0e34": 1, "日本": 1})
    assert labels(figure.axes[0]) == ["a", "U+65E5", "U+0915", "U+0E34", "U+65E5 +1"]
    with warnings.catch_warnings(), caplog.at_level(logging.WARNING):
        warnings.simplefilter("error")
        plots.save(figure, tmp_path / "figure.png")
    assert not caplog.records


def test_other_installed_fonts_are_used_where_the_usual_one_lacks_a_character(monkeypatch):
    fonts = [("DejaVu Sans", {ord("a")}), ("Unneeded", {1}), ("Far", {ord("日")}), ("Late", {2})]
    monkeypatch.setattr(canvas, "fonts", lambda: fonts)
    assert canvas.drawable(["a", "日"]) == (["a", "日"], ["DejaVu Sans", "Far"])


def test_a_stack_of_accents_does_not_fill_the_axis():
    assert canvas.drawable(["a" + "\u0301" * 40])[0] == ["U+0061 +40"]


def test_the_usual_font_comes_first_and_has_latin_letters():
    name, points = next(iter(canvas.fonts()))
    assert name == "DejaVu Sans"
    assert points >= set(range(0x21, 0x7F))


def test_lengths_and_frequencies_stand_side_by_side(description):
    left, right = plots.explore_figure(description).axes
    assert sum(bars(left)) == description.names
    assert bars(right) == list(description.frequencies.values())
    assert len(labels(right)) == 53


def test_losses_are_drawn_by_epoch_with_the_lowest_marked():
    history = [
        {"epoch": i, "step": i, "train_nats_per_char": 3.0 - i, "held_out_nats_per_char": held_out}
        for i, held_out in enumerate((2.5, 1.5, 1.75), start=1)
    ]
    (axes,) = plots.losses_figure(history).axes
    training, held_out, lowest = axes.lines
    assert training.get_xydata().tolist() == [[1, 2], [2, 1], [3, 0]]
    assert held_out.get_xydata().tolist() == [[1, 2.5], [2, 1.5], [3, 1.75]]
    assert lowest.get_xydata().tolist() == [[2, 1.5]]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("epoch", "loss (nats/char)")
    assert "1.500 at epoch 2" in axes.get_legend().get_texts()[2].get_text()


def test_losses_that_are_missing_or_not_finite_are_left_out(tmp_path):
    entry = {"train_nats_per_char": 2.0, "held_out_nats_per_char": None}
    history = [entry | {"epoch": 1}, entry | {"epoch": 2, "train_nats_per_char": float("nan")}]
    figure = plots.losses_figure(history)
    (line,) = figure.axes[0].lines
    assert line.get_xydata().tolist() == [[1, 2]]
    plots.save(plots.losses_figure([]), tmp_path / "empty.svg")
    assert (tmp_path / "empty.svg").stat().st_size


@pytest.mark.parametrize("ending", plots.ENDINGS)
def test_the_ending_decides_the_format_and_a_figure_its_bytes(ending, tmp_path, description):
    for name in ("a", "b"):
        path = tmp_path / f"{name}{ending.upper()}"
        plots.save(plots.explore_figure(description), path)
        assert path.read_bytes().startswith(STARTS[ending])
    a, b = sorted(tmp_path.iterdir())
    assert a.read_bytes() == b.read_bytes()


def test_an_unknown_ending_names_the_known_ones():
    for name in ("figure.gif", "figure"):
        with pytest.raises(ConfigError, match=r"\.png, \.svg or \.pdf"):
            plots.check(Path(name))


def test_a_failed_write_leaves_the_earlier_figure_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "figure.png"
    path.write_bytes(b"before")

    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(plots.PlotError, match="No space left"):
        plots.save(plots.lengths_figure({1: 1}), path)
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("figure.png", b"before")]


def test_a_missing_folder_is_an_error_of_the_library(tmp_path):
    with pytest.raises(CharloomError, match="could not be written"):
        plots.save(plots.lengths_figure({1: 1}), tmp_path / "none" / "figure.png")


def test_without_matplotlib_the_error_says_how_to_get_it(monkeypatch):
    for module in [m for m in sys.modules if m.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(plots.PlotError, match=r"pip install 'charloom\[plot\]'"):
        plots.check(Path("figure.png"))


def test_drawing_leaves_pyplot_alone():
    code = (
        "from charloom.reporting import plots; import sys\n"
        "assert 'matplotlib' not in sys.modules\n"
        "plots.lengths_figure({1: 1})\n"
        "assert 'matplotlib.figure' in sys.modules\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
