"""Names read into arrays are those read as strings: the same kept, dropped, refused, reported."""

from __future__ import annotations

import csv
import io
import json
import os
import random
import re
import time
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from charloom.data.encoded import cache, name_reader
from charloom.data.encoded.hashes import hashes
from charloom.data.encoded.sequences import EncodedNames
from charloom.data.names import NameCorpus
from charloom.data.sources.records import ReadOptions
from charloom.errors import CorpusError
from helpers.sources import Write, read

ODDITIES = (
    " \t\n\r\v\f\x1c\x1f\x85\xa0\u2000\u3000\ufeff\0\x1b\x7f\x9b\ufffd"
    "abcdefeeee\xe9\u0301\u0327\u212b\u1100\u1161\u11a8\uac00\u05d0\u0416\U0001f468\u200d"
)
FILES = st.lists(st.text(ODDITIES) | st.text("ab \n"), min_size=1, max_size=3)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHARLOOM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(cache, "sync", lambda _: None)  # these tests outlive no power cut


def read_large(*sources: Path | str, **options: Any) -> NameCorpus:
    return read(*sources, large_bytes=0, **options)


def outcome(*sources: Path | str, **options: Any) -> tuple[Any, ...]:
    """What reading gives, or why it is refused."""
    try:
        corpus = read(*sources, **options)
    except CorpusError as error:
        return (str(error),)
    return tuple(corpus.names), corpus.report.to_dict(), corpus.vocabulary


def both_ways(*sources: Path | str, least: int = 0, **options: Any) -> tuple[Any, ...]:
    """What reading gives as strings and encoded: it must be the same."""
    wanted = outcome(*sources, large_bytes=1 << 60, **options)
    found = outcome(*sources, large_bytes=least, **options)
    if "chunk_bytes" in options and "NUL" in f"{wanted}{found}":
        # Read in pieces, another control character may be met before the NUL.
        assert all(re.search("NUL|control character", str(one)) for one in (wanted, found))
    else:
        assert found == wanted
    return wanted


def encoded(write: Write, data: str | bytes, name: str = "names.txt") -> EncodedNames:
    found = read(write(data, name), large_bytes=0).names
    assert isinstance(found, EncodedNames)
    return found


# reading


@pytest.mark.slow
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(FILES, st.sampled_from([1, 2, 7, 1 << 18]), st.sampled_from([".txt", ".txt.gz", ""]))
@example(["a\x1c\n\x1cb\n c" + " " * 99 + "\n" + " " * 99 + "\r\r\n"], 1 << 18, ".txt")
@example(["Cafe\u0301\nCaf\xe9\n\n\ufeff\n\u1100\u1161", "a\nCaf\xe9", ""], 3, ".txt.gz")
@example(["a\nb\nc\x1bd\n\x9be", "a"], 7, "")
@example(["\n \n", ""], 7, "")
def test_files_are_read_alike_into_arrays_and_strings(
    write: Write, texts: list[str], chunk: int, ending: str
) -> None:
    paths = [write(text, f"n{i}{ending}") for i, text in enumerate(texts)]
    both_ways(*paths, chunk_bytes=chunk)


@pytest.mark.heavy
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=60)
    | st.lists(st.sampled_from([b"a", b"\n", b"\xc3", b"\xa9"])).map(b"".join)
)
def test_any_bytes_are_read_or_refused_alike(write: Write, data: bytes) -> None:
    both_ways(write(data))
    both_ways(write(data), encoding="utf-16-le")


def test_each_refusal_names_the_same_line(write: Write) -> None:
    many = "".join(f"name {i}\n" for i in range(40_000))
    for bad in ("a\x1bb\n", "x" * 70_000 + "\n", "a\0\n", "\x85 a \x9b\n"):
        assert "line 40001 " in both_ways(write(many + bad + many))[0]
        assert "line 1 " in both_ways(write(bad.strip("\n")))[0] or "\0" in bad
    assert "line 40001 is not utf-8" in both_ways(write(many.encode() + b"\xe9\n"))[0]
    assert "does not exist" in both_ways(write("a"), "missing.txt")[0]
    path = write(many, "cut.txt.gz")
    path.write_bytes(path.read_bytes()[:-9])
    assert "is cut short" in both_ways(path)[0]


def test_longest_lines_are_measured_in_bytes(write: Write) -> None:
    assert both_ways(write("é" * 10 + "\nb"), max_line_bytes=20)[0] == ("é" * 10, "b")
    assert "line 2 is longer" in both_ways(write("a\n" + "é" * 11), max_line_bytes=20)[0]


def test_other_encodings_are_read_alike(write: Write) -> None:
    text = "Zoë\nAnna\nZoe\u0308\nЖанна\n\u212bsa\n"
    for encoding in ("utf-16", "utf-32", "utf-8-sig"):
        assert len(both_ways(write(text.encode(encoding)), encoding=encoding)[0]) == 4


def test_more_characters_than_a_byte_holds_widen_what_was_written(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = [*range(0x4E00, 0x9FFF), *range(0xAC00, 0xD7A4), *range(0x20000, 0x2A6D0)]
    lines = [f"name {i}" for i in range(2000)] + [
        chr(p) + chr(q) for p, q in zip(points[::2], points[1::2], strict=False)
    ]
    path = write("\n".join(lines))
    assert both_ways(path, chunk_bytes=4096)[1]["distinct"] > 1 << 16
    names_ = encoded(write, "\n".join(lines))
    assert names_.ids.values.dtype == np.uint32
    assert tuple(names_) == tuple(lines)
    assert encoded(write, "\n".join(lines[:3000])).ids.values.dtype == np.uint16


def test_different_names_with_one_hash_are_both_kept(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(name_reader, "hashes", lambda f, n: hashes(f, n) & np.uint64(1))
    rng = random.Random(0)
    lines = ["".join(rng.choices("ab", k=rng.randint(1, 6))) for _ in range(500)]
    assert tuple(encoded(write, "\n".join(lines))) == tuple(dict.fromkeys(lines))
    monkeypatch.setattr(name_reader, "hashes", lambda f, n: hashes(f, n) * np.uint64(0))
    assert tuple(encoded(write, "aa\nab\naa\n")) == ("aa", "ab")


def test_a_list_with_many_repeats_keeps_the_first_of_each(write: Write) -> None:
    rng = random.Random(1)
    lines = [str(rng.randint(0, 3000)) for _ in range(20_000)]
    found = both_ways(write("\n".join(lines)))
    assert found[0] == tuple(dict.fromkeys(lines))
    assert found[1]["duplicates"] == 20_000 - len(found[0])


def test_standard_input_is_read_ahead_only_as_far_as_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = "".join(f"name {i}\n" for i in range(60_000)).encode()
    for least, kind in ((len(data), EncodedNames), (len(data) + 1, tuple)):
        corpus = read("-", stdin=io.BytesIO(data), large_bytes=least)
        assert isinstance(corpus.names, kind)
        assert tuple(corpus.names) == tuple(data.decode().split("\n")[:-1])
        assert corpus.report.sources == ("standard input",)


TABLES = {
    "a.csv": 'name,kind\nZuul,a\n" Cafe\u0301\n",b\n\n\u212bsa,c\nZuul,d\n,e\n',
    "a.tsv": "kind\tname\n1\tZuul\n2\t\u200bMinmi\n",
    "a.jsonl": '{"name": "Zuul"}\n\n{"name": "  Minmi\\n"}\n{"name": "Zuul"}\n',
    "a.json": '[{"name": "Zo&euml;"}, {"name": "Min&euml;"},\n{"name": "Zuul"}]',
}


@pytest.mark.parametrize("name", TABLES)
def test_the_names_of_tables_and_json_are_read_into_arrays_too(write: Write, name: str) -> None:
    path = write(TABLES[name], name)
    asked = {"field" if "json" in name else "column": "name"}
    assert len(both_ways(path, **asked)[0]) > 1
    both_ways(path, write("Zuul\nMara\n", "b.txt"), **asked)
    assert isinstance(read_large(path, **asked).names, EncodedNames)
    assert outcome(path, large_bytes=0, **asked) == outcome(path, **asked)  # from the cache, too
    assert "column" in both_ways(write("Zuul\n", "b.txt"), column="kind")[0]


@given(st.lists(st.text(ODDITIES) | st.text('ab ",'), min_size=1), st.sampled_from([7, 1 << 20]))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_cells_are_read_alike(
    write: Write, monkeypatch: pytest.MonkeyPatch, cells: list[str], piece: int
) -> None:
    monkeypatch.setattr(name_reader, "PIECE", piece)
    table = io.StringIO()
    csv.writer(table).writerows([("name", "n"), *((cell, "1") for cell in cells)])
    both_ways(path := write(table.getvalue(), "a.csv"), column="name")
    both_ways(path, column="name", skip_bad_rows=True)
    both_ways(write("\n".join(map(json.dumps, cells)), "a.jsonl"))


@pytest.mark.heavy
def test_each_refusal_of_a_table_names_the_same_line(write: Write) -> None:
    many = "".join(f"name {i},1\n" for i in range(200_000))
    for bad in ("a\x1bb,1\n", "a,1,2\n", '"a\nb",1\n'):
        path = write(many + bad + many, "a.csv")
        assert "line 200001 " in both_ways(path, column=1, header=False)[0]
        assert both_ways(path, column=1, header=False, skip_bad_rows=True)[1]["notes"]


def test_labels_weights_graphemes_and_repeats_stay_strings(write: Write) -> None:
    table = write("name,kind\nZuul,a\nMinmi,b\n", "a.csv")
    assert isinstance(read_large(table, label_column="kind").names, tuple)
    weighted = write("name,n\nZuul,2\nMinmi,1\n", "b.csv")
    assert isinstance(read_large(weighted, weight_column="n").names, tuple)
    assert isinstance(read_large(write("Zuul\n"), unit="grapheme").names, tuple)
    assert isinstance(read_large(write("Zuul\nZuul\n"), repeats=True).names, tuple)


def test_a_large_list_of_wide_characters_gets_a_hint_about_graphemes(write: Write) -> None:
    flags = write("".join(f"{chr(65 + i)}\U0001f1e9\U0001f1ea\n" for i in range(26)))
    notes = NameCorpus.read(flags, large_bytes=0).report.notes
    assert any(
        "26 of the first 26 names" in note and "--token-unit grapheme" in note for note in notes
    )
    assert not read_large(flags, unit="character").report.notes
    assert not NameCorpus.read(write("Zo\u00eb\nAnn\n"), large_bytes=0).report.notes


def test_a_list_below_the_threshold_stays_a_tuple(write: Write) -> None:
    assert isinstance(NameCorpus.read(write("Zuul\n")).names, tuple)
    assert ReadOptions().large_bytes == 16 << 20


# the cache


def test_a_file_that_did_not_change_is_not_read_again(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write("Zuul\nMinmi\n")
    past = time.time() - 100
    os.utime(path, (past, past))
    first = read_large(path)
    reads: list[object] = []
    real = name_reader.read_pieces
    monkeypatch.setattr(
        name_reader, "read_pieces", lambda *a, **k: reads.append(a) or real(*a, **k)
    )
    again = read_large(path)
    assert not reads
    assert tuple(again.names) == tuple(first.names)
    assert again.report == first.report
    assert read_large(path, max_line_bytes=99).report == first.report
    assert len(reads) == 1, "options are part of what is remembered"
    path.write_text("Zuul\nAnzu\n")
    os.utime(path, (past, past))
    assert tuple(read_large(path).names) == ("Zuul", "Anzu")


def test_a_report_names_the_source_that_was_read_not_its_copy(write: Write) -> None:
    first, twin = write("Zuul\n", "a.txt"), write("Zuul\n", "b.txt")
    assert read_large(first).report.sources == (str(first),)
    assert read_large(twin).report.sources == (str(twin),)


def test_moving_text_between_two_files_makes_another_corpus(write: Write) -> None:
    one = read_large(write("ab\n", "a.txt"), write("c", "b.txt")).report
    other = read_large(write("a", "a.txt"), write("b\nc", "b.txt")).report
    assert (one.names, other.names) == (2, 3)


def test_nothing_is_left_in_the_cache_by_a_list_that_is_refused(write: Write) -> None:
    for text in ("Zuul\na\x1bb\n", "\n\n"):
        assert len(outcome(write(text), large_bytes=0)) == 1
    left = [path for path in cache.cache_folder().rglob("*") if path.is_file()]
    assert all(path.suffix == ".lock" for path in left)


@pytest.mark.slow
def test_encoding_makes_no_python_object_per_name(write: Write) -> None:
    path = write("".join(f"name {i}\n" for i in range(300_000)))
    tracemalloc.start()
    corpus = read_large(path)
    corpus.split()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(corpus.names) == 300_000
    assert peak < 24_000_000, "of which 6 MB are the tables of characters"
