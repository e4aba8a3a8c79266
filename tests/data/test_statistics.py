"""Statistics of a corpus, and how characters are shown."""

from __future__ import annotations

import dataclasses
import itertools
import json
import string
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charloom import CharloomError, NameCorpus, Vocabulary
from charloom.data.names import read_with_repeats
from charloom.data.statistics import binned, describe
from charloom.data.unicode import visible
from charloom.errors import CorpusError

NAMES = st.lists(st.text(string.ascii_letters + "éß日 -", min_size=1).filter(str.strip), min_size=1)


def test_the_tutorials_list_is_counted_as_the_tutorial_counts(dinos):
    d = describe(NameCorpus.read(dinos, repeats=True))
    assert d.text_length == 19_913 == len(dinos.read_text("ascii"))
    assert (d.names, d.distinct_names, d.duplicates) == (1543, 1530, 13)
    assert d.text_length == 18_371 + d.names - 1
    assert d.distinct == 53
    assert (d.longest, d.longest_row) == (23, 24)
    assert d.longest_name == "Micropachycephalosaurus"
    assert d.mean == pytest.approx(18_371 / 1543)
    assert d.first_lines[:2] == ("Aachenosaurus", "Aardonyx")
    assert d.repeated["Skeleton"] == 3
    assert list(d.frequencies)[:3] == ["a", "s", "u"]
    assert d.to_dict()["ids"] | {"\n": 0, "A": 1, "z": 52} == d.to_dict()["ids"]


def test_a_small_list_is_counted_by_hand():
    d = describe(["Bo", "Ann", "Bo", "Bo"])
    assert d.text_length == len("Bo\nAnn\nBo\nBo")
    assert (d.names, d.distinct_names, d.duplicates) == (4, 2, 2)
    assert (d.shortest, d.longest, d.longest_name, d.mean) == (2, 3, "Ann", 2.25)
    assert d.repeated == {"Bo": 3}
    assert list(d.lengths.items()) == [(2, 3), (3, 1)]
    assert list(d.frequencies.items()) == [("\n", 3), ("B", 3), ("o", 3), ("n", 2), ("A", 1)]
    assert d.characters == ("\n", "A", "B", "n", "o")


def test_repeats_that_reading_dropped_count_among_the_duplicates_only():
    d = describe(NameCorpus.of(["Bo", "Ann", "Bo", " ", "Bo"]))
    assert (d.names, d.duplicates, d.blank, d.text_length) == (2, 2, 1, 6)


def test_one_name_has_no_newline_in_its_text_but_among_its_characters():
    d = describe(["Ann"])
    assert d.frequencies["\n"] == 0
    assert (d.text_length, d.distinct) == (3, 3)


def test_graphemes_are_counted_whole():
    family = "👨\u200d👩\u200d👧"
    d = describe(NameCorpus.of([f"a{family}", "a"], "grapheme", repeats=True))
    assert d.lengths == {1: 1, 2: 1}
    assert d.frequencies == {"a": 2, "\n": 1, family: 1}
    assert d.text_length == 4


@given(NAMES)
def test_counts_agree_with_each_other_and_with_the_text(names):
    corpus = NameCorpus.of(names, repeats=True)
    d = describe(corpus)
    assert d.text_length == len("\n".join(corpus.names)) == sum(d.frequencies.values())
    assert sum(d.lengths.values()) == d.names == d.distinct_names + d.duplicates
    assert set(d.frequencies) == set(d.characters)
    assert list(d.frequencies.values()) == sorted(d.frequencies.values(), reverse=True)


@given(NAMES)
def test_ids_are_those_of_the_vocabulary(names):
    ids = describe(names).to_dict()["ids"]
    corpus = NameCorpus.of(names)
    vocabulary = Vocabulary.of(corpus.names)
    assert ids.pop("\n") == 0
    assert len(ids) == vocabulary.size - 1
    for name in corpus.names:
        assert [ids[c] for c in name] == vocabulary.encode(name).tolist()


def test_a_description_is_frozen_and_survives_json():
    d = describe(["Bo", "Zoë"])
    assert json.loads(json.dumps(d.to_dict())) == d.to_dict()
    with pytest.raises(dataclasses.FrozenInstanceError):
        d.names = 3


@pytest.mark.parametrize("names", [[], ["", " "], ["a\nb"], [3], "Ann"])
def test_what_is_no_list_of_names_is_refused(names):
    with pytest.raises(CharloomError):
        describe(names)


@given(st.dictionaries(st.integers(1, 500), st.integers(1, 9), min_size=1), st.integers(1, 40))
def test_bins_hold_every_name_once_and_touch(lengths, most):
    bins = binned(lengths, most)
    assert len(bins) <= most
    assert sum(count for _, _, count in bins) == sum(lengths.values())
    assert len({last - first for first, last, _ in bins}) == 1
    assert all(a[1] + 1 == b[0] for a, b in itertools.pairwise(bins))
    for first, last, count in bins:
        assert count == sum(n for length, n in lengths.items() if first <= length <= last)


@pytest.mark.parametrize(
    ("character", "shown"),
    [("a", "a"), ("\n", "\\n"), (" ", "' '"), ("\xa0", "\\xa0"), ("\u202e", "\\u202e"),
     ("\u0301", "\u25cc\u0301"), ("日", "日"), ("👨\u200d👩", "👨\u200d👩")],
)  # fmt: skip
def test_every_character_can_be_seen(character, shown):
    assert visible(character) == shown


LINES = ["Ann", "Zoë", " Ann ", "", "e\u0301", "Bob", "é", "Zoë", "  ", "Annabelle", "x"] * 40 + [
    "Ann"
]


@pytest.mark.parametrize("crowded", [1, 1 << 15])
@pytest.mark.parametrize("ending", [".txt", ".txt.gz"])
def test_a_large_list_in_arrays_is_described_as_a_small_one(write, crowded, ending, monkeypatch):
    monkeypatch.setattr("charloom.data.encoded.name_reader.CROWDED", crowded)
    path = write("\n".join(LINES), f"names{ending}")
    small = read_with_repeats(path, chunk_bytes=64)
    large = read_with_repeats(path, chunk_bytes=64, large_bytes=1)
    assert large.is_large and not small.is_large
    assert describe(large).to_dict() == describe(small).to_dict()
    assert large.names.counts.sum() == describe(small).names


def test_different_names_with_equal_hashes_are_counted_apart():
    from charloom.data.encoded.ragged import Ragged, distinct

    values = np.array([1, 2, 1, 2, 2, 3], np.uint8)
    names = Ragged(values, np.arange(6), np.ones(6, np.int64))
    counts = np.ones(6, np.uint32)
    kept, _, _ = distinct(names, np.zeros(6, np.uint64), counts)
    assert kept.tolist() == [True, True, False, False, False, True]
    assert counts[kept].tolist() == [2, 3, 1]


@pytest.mark.parametrize("threads", [2, 3, 100])
def test_threads_find_the_distinct_names_that_one_finds(threads, monkeypatch):
    from charloom.data.encoded import ragged

    monkeypatch.setattr(ragged, "LEAST_SHARED", 1)
    rng = np.random.default_rng(0)
    values = rng.integers(0, 6, 500).astype(np.uint8)  # rows of one value, many of them equal
    names = ragged.Ragged(values, np.arange(500), np.ones(500, np.int64))
    spread = rng.integers(0, 1 << 63, 4, np.uint64) << np.uint64(1)
    hashes = spread[values % 4]  # two pairs of values have equal hashes
    found = []
    for count in (1, threads):
        counts = np.ones(500, np.uint32)
        found.append((*ragged.distinct(names, hashes, counts, count), counts))
    assert found[0][0].sum() == 6
    for one, other in zip(*found, strict=True):
        assert one.dtype == other.dtype
        assert one.tolist() == other.tolist()


def test_a_packed_list_counts_as_large_by_its_unpacked_size(write):
    path = write("ab\ncd\n" * 5_000, "tiny.txt.gz")
    assert path.stat().st_size < 500
    assert NameCorpus.read(path, large_bytes=20_000).is_large
    assert not NameCorpus.read(path, large_bytes=40_000).is_large


def test_a_packed_list_that_lies_about_its_size_is_not_believed(write):
    path = write("ab\n" * 5_000, "lie.txt.gz")
    data = path.read_bytes()
    path.write_bytes(data[:-4] + (7).to_bytes(4, "little"))
    with pytest.raises(CorpusError, match="not a valid gzip file"):
        NameCorpus.read(path, large_bytes=100)


@pytest.mark.heavy
def test_six_million_lines_of_two_letters_take_little_memory(tmp_path):
    path = tmp_path / "two.txt"
    path.write_bytes(b"ab\ncd\nef\n" * 2_200_000)
    code = (
        "import re, sys; from pathlib import Path; from charloom.cli.main import run; "
        "assert run(['explore', sys.argv[1]], started=0.0) == 0; "
        "status = Path('/proc/self/status').read_text(); "  # ru_maxrss may be the parent's
        "print(re.search(r'VmHWM:\\s+(\\d+)', status)[1], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, timeout=120
    )
    assert "6,600,000, 3 distinct" in done.stdout
    assert int(done.stderr.split()[-1]) < 200_000  # KiB; with a string for each name over 600,000
