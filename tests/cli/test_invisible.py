"""``--keep-invisible``, and what the commands do without it."""

from __future__ import annotations

import json
from itertools import product

import pytest

from helpers.options import FAST

NAMES = ["".join(parts) for parts in product("BDG", "aei", "lnr", "ao", ["", "s", " Mari"])]
NOISY = [name[:2] + "\u200b" + name[2:] for name in NAMES]
NGRAM = ["--model", "ngram", "--held-out", "0.2"]


@pytest.fixture
def source(write):
    return write("\n".join([*NAMES, *NOISY]))


@pytest.fixture
def cleaned(call, source, tmp_path):
    code, _, err = call("train", source, *NGRAM, "--out", tmp_path / "cleaned")
    assert code == 0, err
    (line,) = [line for line in err.splitlines() if "had invisible" in line]
    assert f"{len(NOISY)} names" in line
    assert "U+200B ZERO WIDTH SPACE" in line
    return tmp_path / "cleaned"


@pytest.fixture
def kept(call, source, tmp_path):
    run = tmp_path / "kept"
    code, _, err = call("train", source, *NGRAM, "--keep-invisible", "--out", run)
    assert code == 0, err
    assert "ZERO WIDTH" not in err
    return run


def test_copies_with_invisible_characters_are_duplicates(call, source, cleaned, kept):
    facts = json.loads(call("info", cleaned, "--json")[1])
    assert facts["corpus"]["names"] == len(NAMES)
    assert facts["corpus"]["keep_invisible"] is False
    facts = json.loads(call("info", kept, "--json")[1])
    assert facts["corpus"]["names"] == 2 * len(NAMES)
    assert "invisible characters kept" in call("info", kept)[1]
    described = json.loads(call("explore", source, "--json")[1])
    assert described["distinct_names"] == len(NAMES)


def test_lists_are_read_as_the_runs_were(call, write, cleaned, kept):
    draw = ["-n", "400", "--best", "--allow-known", "--max-length", "9"]
    for run, gone in ((cleaned, {"Bala", "Bala Mari"}), (kept, {"Ba\u200bla", "Bala\u00a0Mari"})):
        listed = write("Ba\u200bla\nBala\u00a0Mari\n", "forbid.txt")
        out = call("generate", run, *draw, "--forbid", listed)[1].splitlines()
        assert not set(out) & gone
        assert ("Bala" in out) == (run == kept)
    blocked = write("B\u200ba\n", "block.txt")
    out = call("generate", cleaned, "-n", "60", "--block", blocked)[1].splitlines()
    assert out
    assert not [text for text in out if "ba" in text.lower()]


def test_unseen_names_are_read_as_the_run_was(call, write, cleaned, kept):
    data = write("Bi\u200bla\nBila\nDo\u200bla\n", "data.txt")
    counted = []
    for run in (cleaned, kept):
        code, out, err = call("evaluate", run, "--data", data, "--samples", "0", "--json")
        assert code == 0, err
        counted.append(json.loads(out)["names"])
        assert ("U+200B" in err) == (run == cleaned)
    assert counted == [2, 3]


@pytest.mark.heavy
def test_resuming_reads_the_list_as_before(call, write, tmp_path):
    names = write("\n".join([*NAMES[:60], *NOISY[:60]]))
    for option in ([], ["--keep-invisible"]):
        run = tmp_path / f"run{len(option)}"
        first = ["train", names, "--out", run, *FAST, "--model", "network", "--base", "none"]
        assert call(*first, *option)[0] == 0
        again = ["train", names, "--out", run, "--resume", "--epochs", "9", "--base", "none"]
        code, _, err = call(*again)
        assert code == 0, err
        assert ("names had invisible" in err) == (not option)


def test_a_start_from_the_clipboard_is_what_it_looks_like(call, cleaned):
    draw = ["generate", cleaned, "--seed", "1", "--allow-known"]
    assert call(*draw, "--start", "B\u200ba")[1] == call(*draw, "--start", "Ba")[1]
    assert call(*draw, "--end", "\u00a0Mari\u200e")[1] == call(*draw, "--end", " Mari")[1]


def test_for_text_the_option_is_refused(call, write):
    code, _, err = call("train", write("some text\n" * 50), "--as", "text", "--keep-invisible")
    assert code == 2
    assert "--keep-invisible is for names" in err


def test_families_are_learned_whole_unless_asked_otherwise(call, write):
    names = write(
        "\n".join(["👨\u200d👩\u200d👧🇩🇪", "👩\u200d👧🇮🇹", "👨\u200d👦🇵🇱", "👩\u200d👩\u200d👦🇫🇷"])
    )
    for option, unit in ([], "grapheme"), (["--token-unit", "character"], "character"):
        code, out, err = call("explore", names, "--json", *option)
        assert code == 0
        assert json.loads(out)["unit"] == unit
        assert ("--token-unit character" in err) == (not option)
