"""Folders are read as their files, sorted; what is no text in them is left out and named."""

from __future__ import annotations

import os

import pytest

from charloom import NameCorpus, TextCorpus
from charloom.data.lists import read_lists
from charloom.data.names import read_with_repeats
from charloom.data.sources.folders import files_of
from charloom.errors import CorpusError


def fill(folder, files):
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return folder


@pytest.fixture
def poems(tmp_path):
    return fill(
        tmp_path / "poems",
        {"b.txt": "Bo\nBea\n", "a.txt": "Ada\n", "sub/c.txt": "Cy\n", "sub/d.csv": "name\nDee\n",
         ".hidden": "no\n", ".git/x": "no\n"},
    )  # fmt: skip


def test_the_files_of_a_folder_are_one_list_sorted_by_path(poems):
    corpus = NameCorpus.read(poems)
    assert corpus.names == ("Ada", "Bo", "Bea", "Cy", "Dee")
    assert corpus.report.sources == (f"{poems}/",)
    assert read_with_repeats(poems).names == corpus.names
    assert read_lists([poems, poems / "a.txt"]) == [list(corpus.names), ["Ada"]]
    with_large = NameCorpus.read(poems, pattern="*.txt", large_bytes=0)
    assert with_large.is_large and sorted(with_large.names) == ["Ada", "Bea", "Bo", "Cy"]
    assert with_large.report.sources == (f"{poems}/",)


def test_a_pattern_is_for_names_of_files_or_for_paths(poems):
    assert NameCorpus.read(poems, pattern="*.csv").names == ("Dee",)
    assert NameCorpus.read(poems, pattern="sub/*").names == ("Cy", "Dee")
    with pytest.raises(CorpusError, match=r"without text files like '\*.json'"):
        NameCorpus.read(poems, pattern="*.json")
    with pytest.raises(CorpusError, match="--pattern is for folders"):
        NameCorpus.read(poems / "a.txt", pattern="*.txt")


def test_each_file_of_a_folder_is_a_document_of_text(poems):
    corpus = TextCorpus.read(poems, pattern="*.txt")
    files = [poems / name for name in ("a.txt", "b.txt", "sub/c.txt")]
    assert corpus.report.documents == 3 and corpus.report.sources == (f"{poems}/",)
    assert corpus.digest == TextCorpus.read(*files).digest


def test_what_is_no_text_is_left_out_in_a_line_and_refused_where_nothing_may_be_missed(poems):
    fill(poems, {"a.png": b"\x89PNG\0\0", "wide.txt": "Eve\n".encode("utf-16")})
    (poems / "sub/out.txt").symlink_to("/etc/hostname")
    (poems / "sub/in.txt").symlink_to("../a.txt")
    (poems / "linked").symlink_to("/etc")
    os.mkfifo(poems / "pipe")
    corpus = NameCorpus.read(poems)
    assert corpus.names == ("Ada", "Bo", "Bea", "Cy", "Dee", "Eve")
    line = (
        f"{poems}: left out 3 files: a.png is binary, pipe is no regular file, "
        "sub/out.txt is a link out of the folder."
    )
    assert corpus.report.notes[0] == line
    assert TextCorpus.read(poems).report.warnings[0] == line
    with pytest.raises(CorpusError, match="3 files that cannot be read"):
        read_lists([poems])


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_without_rights_is_named(poems):
    (poems / "b.txt").chmod(0)
    corpus = NameCorpus.read(poems)
    assert corpus.report.notes[0] == (
        f"{poems}: left out 1 file: b.txt cannot be read (Permission denied)."
    )


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(CorpusError, match="is a folder without text files"):
        files_of([tmp_path])


def test_commands_take_folders_wherever_they_read_lists(call, folder, poems):
    code, out, _ = call("explore", poems, "--json")
    assert code == 0 and '"names": 5' in out
    draw = ["generate", folder, "-n", 20, "--allow-known", "--best"]
    names = call(*draw)[1].splitlines()
    fill(poems, {"more.txt": f"{names[0]}\n"})
    assert names[0] not in call(*draw, "--forbid", poems)[1].splitlines()
    fill(poems, {"more.bin": b"\0"})
    code, out, err = call(*draw, "--forbid", poems)
    assert (code, out) == (1, "") and "more.bin is binary" in err and err.count("\n") == 1
    assert call(*draw, "--forbid", poems, "--pattern", "*.txt")[0] in (0, 1)
