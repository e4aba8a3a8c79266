"""``charloom explore``: what it prints, draws and refuses."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys

import pytest

from charloom import NameCorpus
from charloom.cli.main import run
from charloom.data.statistics import describe
from helpers.processes import in_terminal

needs_matplotlib = pytest.mark.skipif(
    importlib.util.find_spec("matplotlib") is None,
    reason="needs the plotting extra, charloom[plot]",
)


@pytest.fixture
def call(capsys):
    """Run explore; return its exit code, stdout and stderr."""

    def call(*arguments):
        code = run(["explore", *map(str, arguments)], started=0.0)
        return code, *capsys.readouterr()

    return call


@pytest.fixture
def names_file(tmp_path):
    path = tmp_path / "names.txt"
    path.write_text("Bo\nAnn\n\nBo\nZoë Bo\n", "utf-8")
    return path


def row(label: str, text: str) -> list[str]:
    """The words of the first row that begins with ``label``."""
    (words, *_) = [line.split() for line in text.splitlines() if line.split()[:1] == [label]]
    return words


def part(title: str, text: str) -> list[str]:
    """The rows below a title."""
    return re.search(rf"^{title}.*\n((?:  .*\n)+)", text, re.MULTILINE)[1].splitlines()


def test_the_tutorials_figures_are_said(call, dinos):
    code, out, err = call(dinos)
    assert (code, err) == (0, "")
    assert "19,913 characters, 53 distinct" in out
    assert "1,543, 1,530 distinct; 13 duplicate" in out
    assert "23 characters, 24 with its end: Micropachycephalosaurus" in out
    assert row("mean", out) == ["mean", "length", "11.91"]
    assert row("a", out)[1:3] == ["2,320", "11.7%"]
    assert "Skeleton (3)" in out


def test_without_a_source_the_built_in_list_is_described(call):
    code, out, _ = call()
    assert code == 0
    assert out.startswith("Names from the built-in dinosaurs\n")
    assert "1,524, 1,524 distinct" in out


def test_a_small_list_is_shown_in_full(call, names_file):
    code, out, err = call(names_file)
    assert code == 0
    assert "few" in err
    assert "16 characters, 8 distinct" in out
    assert "1 duplicate, 1 blank" in out
    assert part("First lines", out) == ["  Bo", "  Ann", "  Bo", "  Zoë Bo"]
    lengths = [line.split()[:2] for line in part("Names by length", out)]
    assert lengths == [["2", "2"], ["3", "1"], ["4", "0"], ["5", "0"], ["6", "1"]]
    ids = " ".join(part("Ids", out)).split("  ")
    assert [i for i in map(str.strip, ids) if i][:3] == ["\\n 0", "' ' 1", "A 2"]


def test_a_bar_is_as_long_as_its_count(call, names_file):
    out = call(names_file)[1]
    bars = [line.count("\u2588") for line in part("Names by length", out)]
    assert bars[0] == max(bars) > 20
    assert bars == [bars[0], -(-bars[0] // 2), 0, 0, -(-bars[0] // 2)]


def test_json_holds_the_whole_description(call, names_file):
    code, out, _ = call(names_file, "--json")
    assert code == 0
    assert json.loads(out) == describe(NameCorpus.read(names_file, repeats=True)).to_dict()


def test_it_reads_as_training_does(call, tmp_path):
    path = tmp_path / "towns.csv"
    path.write_bytes("id,name\n1,Zoë\n2,Ann\n".encode("cp1252"))
    code, out, _ = call(path, "--column", "name", "--encoding", "cp1252", "--json")
    assert code == 0
    assert json.loads(out)["first_lines"] == ["Zoë", "Ann"]


def test_graphemes_are_counted_if_asked_for(call, tmp_path):
    path = tmp_path / "flags.txt"
    path.write_text("🇩🇪🇫🇷\n", "utf-8")
    assert json.loads(call(path, "--json")[1])["longest"] == 4
    assert json.loads(call(path, "--json", "--unit", "grapheme")[1])["longest"] == 2
    assert json.loads(call("--json", "--unit", "grapheme")[1])["unit"] == "grapheme"


def test_a_large_script_and_long_names_are_cut_and_said_so(call, tmp_path):
    path = tmp_path / "large.txt"
    path.write_text("\n".join(chr(0x4E00 + i) * (i + 1) for i in range(400)), "utf-8")
    out = call(path)[1]
    assert "and 101 more (--json has all)" in out
    assert len(part("Names by length", out)) <= 24
    assert "..." in row("longest", out)[-1]


def test_markup_in_names_is_text(call, tmp_path):
    path = tmp_path / "names.txt"
    path.write_text("[bold]x[/bold]\n:smile:\n")
    assert part("First lines", call(path)[1]) == ["  [bold]x[/bold]", "  :smile:"]


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_a_pipe_gets_plain_text_in_utf_8(encoding):
    done = subprocess.run(
        [sys.executable, "-m", "charloom", "explore"],
        capture_output=True, timeout=60, check=True,
        env={**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"},
    )  # fmt: skip
    out = done.stdout.decode("utf-8")
    assert "\x1b" not in out
    assert "\u2588" in out
    assert not re.search(r" \r?\n", out)
    assert done.stderr == b""


def test_a_terminal_without_blocks_gets_bars_of_ascii(tmp_path):
    path = tmp_path / "names.txt"
    path.write_text("Ann\nAnna\n")
    code, out = in_terminal("explore", path, encoding="ascii")
    assert code == 0
    assert "##" in out and "?" not in out


@needs_matplotlib
def test_a_figure_is_drawn_beside_the_text(call, names_file, tmp_path):
    code, out, err = call(names_file, "--plot", tmp_path / "figure.svg")
    assert code == 0
    assert "figure.svg" in err
    assert "Bo" in out
    assert b"<svg" in (tmp_path / "figure.svg").read_bytes()


@needs_matplotlib
def test_a_figure_that_cannot_be_written_is_one_line_and_code_1(call, tmp_path):
    code, out, err = call("--plot", tmp_path / "none" / "figure.png")
    assert (code, out, len(err.splitlines())) == (1, "", 1)


def test_an_unknown_ending_is_wrong_usage_found_before_reading(call, tmp_path):
    code, out, err = call(tmp_path / "missing.txt", "--plot", "figure.gif")
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert ".png, .svg or .pdf" in err


def test_without_matplotlib_one_line_says_how_to_get_it(call, monkeypatch):
    for module in [m for m in sys.modules if m.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    code, out, err = call("--plot", "figure.png")
    assert (code, out, len(err.splitlines())) == (1, "", 1)
    assert "charloom[plot]" in err


@pytest.mark.parametrize("content", [None, b"", b"\n \n", b"Ann\nZo\xe9\n", b"a\x1b[31m\n"])
def test_bad_data_is_one_line_and_code_1(call, content, tmp_path):
    if content is not None:
        (tmp_path / "bad.txt").write_bytes(content)
    code, out, err = call(tmp_path / "bad.txt")
    assert (code, out, len(err.splitlines())) == (1, "", 1)


def test_exploring_needs_no_framework_and_no_matplotlib():
    code = (
        "import sys; from charloom.cli.main import run\n"
        "assert run(['explore', '--json'], started=0.0) == 0\n"
        "assert not {'jax', 'keras', 'matplotlib', 'rich'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60, stdout=subprocess.DEVNULL)
