"""Running text to ids: the same however it is cut, and complete in the cache or not there."""

from __future__ import annotations

import gzip
import io
import itertools
import os
import subprocess
import sys
import time
import unicodedata
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from charloom.data.encoded import store
from charloom.data.encoded import text as encoding
from charloom.data.encoded.encoder import MOST_JOINED
from charloom.data.encoded.text import Encoded, encode_sources, encode_strings
from charloom.data.tokens import Unit
from charloom.data.unicode import split_units
from charloom.errors import CorpusError

UNITS: tuple[Unit, ...] = ("character", "grapheme")
PIECES = (
    *("a", "b", " ", "\n", "\r\n", "\r", "\t", "e\u0301", "\u0301", "\u0323", "é", "語", "𝄞"),
    *("\ufeff", "\u200d", "👨‍👩‍👧", "🇳🇴", "🇳", "क्षि", "가", "\u1100", "\u1161", "\u11a8"),
    *("\u09c7", "\u09be", "\u0f71\u0f72", "\u0344", "\u0958", "\u212b", "\u0600", "\u1b05\u1b35"),
)
PIECE = st.sampled_from(PIECES) | st.text(st.characters(codec="utf-8", exclude_characters="\0"))
TEXT = st.lists(PIECE, max_size=12).map("".join)
LIMITS: dict[str, int] = {}
"""Arguments of each encoding, as a fixture sets them."""

LONG = "To be, or not to be,\r\nthat is the questïon.\n" * 50


@pytest.fixture
def cached(monkeypatch, tmp_path) -> Path:
    """Cache all but the smallest text in a temporary folder; return it."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("CHARLOOM_CACHE", str(folder))
    monkeypatch.setitem(LIMITS, "in_memory_bytes", 10)
    return folder


def encode(
    *sources, unit: Unit = "character", encoding=None, stdin=None, progress=None, **limits
) -> Encoded:
    return encode_sources(sources, unit, encoding, stdin, progress, **{**LIMITS, **limits})


def message(*sources, **options) -> str:
    with pytest.raises(CorpusError) as caught:
        encode(*sources, **options)
    assert str(caught.value).isprintable()
    return str(caught.value)


def reference(texts, unit: Unit = "character"):
    """What the ids are, character by character."""
    places: dict[str, int] = {}
    ids, empty = [], []
    for number, text in enumerate(texts):
        text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
        units = split_units(unicodedata.normalize("NFC", text), unit)
        if units:
            ids += [0, *(places.setdefault(u, len(places) + 1) for u in units)]
        else:
            empty.append(number)
    return ids, tuple(places), tuple(empty)


def same(found: Encoded, texts, unit: Unit = "character") -> bool:
    ids, characters, empty = reference(texts, unit)
    counts = Counter(ids)
    assert found.ids.tolist() == ids
    assert found.characters == characters
    assert found.empty == empty
    assert found.documents == len(texts) - len(empty)
    assert found.counts.tolist() == [counts[k] for k in range(1, len(characters) + 1)]
    return True


def settle(*paths: Path) -> None:
    """Make files old enough to be remembered."""
    for path in paths:
        os.utime(path, (time.time() - 100,) * 2)


@pytest.mark.parametrize("unit", UNITS)
@settings(
    deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    texts=st.lists(TEXT, min_size=1, max_size=3), size=st.integers(1, 9), most=st.integers(0, 40)
)
def test_ids_do_not_depend_on_how_the_text_is_cut(tmp_path, monkeypatch, unit, texts, size, most):
    monkeypatch.setenv("CHARLOOM_CACHE", str(tmp_path / "cache"))
    paths = [tmp_path / f"{i}.txt" for i in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_bytes(text.encode())
    found = encode(*paths, unit=unit, chunk_bytes=size, in_memory_bytes=most)
    assert same(found, texts, unit)
    assert found.bytes == sum(len(text.encode()) for text in texts)
    strings = encode_strings(texts, unit, chunk_bytes=size)
    assert same(strings, texts, unit)
    assert strings.content == found.content


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.sampled_from("ab\r\n\u0301é"), min_size=1), size=st.integers(1, 4))
def test_line_ends_and_accents_may_be_cut_anywhere(text, size):
    assert same(encode("-", stdin=io.BytesIO(text.encode()), chunk_bytes=size), [text])


def test_a_long_text_of_many_kinds_of_characters(write, cached):
    plain, words = "".join(map(chr, range(1, 128))) * 50, "To be, or not to be\r\n" * 500
    wide = "".join(map(chr, range(0x4E00, 0x4E00 + 300)))
    text = words + "é" + words + plain + "e\u0301" * 999 + words + wide + words + "\r" + plain
    assert same(encode(write(text), chunk_bytes=1001), [text])
    found = encode(write(text), unit="grapheme", chunk_bytes=1001)
    assert same(found, [text], "grapheme")


@pytest.mark.parametrize("codec", ["utf-16", "utf-32-be", "cp1252", "utf-8-sig", "ascii", "utf-7"])
def test_other_encodings_are_decoded(codec, write):
    text = "one\r\ntwo\rthree\n" if codec == "ascii" else "Où?\r\nHé!\rçà\n"
    assert same(encode(write(text.encode(codec)), encoding=codec, chunk_bytes=7), [text])


@pytest.mark.parametrize("most", [10, 10**9])
@pytest.mark.parametrize("number", [255, 256, 65535, 65536])
def test_ids_are_as_wide_as_they_must_be(number, most, write, cached):
    points = [*range(0x4E00, 0xA000), *range(0xAC00, 0xD7A4), *range(0x20000, 0x2F800)][:number]
    text = "".join(map(chr, points)) * 2
    found = encode(write(text), in_memory_bytes=most, chunk_bytes=40_000)
    assert found.ids.tolist() == [0, *range(1, number + 1), *range(1, number + 1)]
    assert found.ids.itemsize == (1 if number < 256 else 2 if number < 65536 else 4)
    assert found.counts.tolist() == [2] * number
    assert "".join(found.characters) * 2 == text
    if most == 10:
        (entry,) = (cached / "entries").iterdir()
        assert len(list(entry.iterdir())) == 2, "nothing narrower stays"


def test_graphemes_widen_too(cached):
    text = "".join(chr(0x4E00 + i) + "\u0301" for i in range(300))
    found = encode("-", unit="grapheme", stdin=io.BytesIO(text.encode()))
    assert same(found, [text], "grapheme")
    assert found.ids.itemsize == 2


def test_broken_gzip_is_refused(write):
    path = write(LONG, "a.gz")
    path.write_bytes(path.read_bytes()[:-9])
    assert "cut short" in message(path)
    path.write_bytes(b"no gzip")
    assert "not a valid gzip file" in message(path)


@pytest.mark.parametrize("ending", ["txt", "txt.gz"])
@pytest.mark.parametrize("size", [1, 5, 1000])
def test_bytes_that_are_no_utf8_are_named_with_line_and_offset(size, ending, write, monkeypatch):
    monkeypatch.setattr(encoding, "CHUNK_BYTES", size)
    good = write("one\n")
    path = write("a\r\nb\rc\né ".encode() + b"\xe4h", f"bad.{ending}")
    assert "line 4 is not utf-8: byte 0xE4 at offset 10" in message(good, path)
    assert "line 2 is not utf-8: byte 0xE2 at offset 2" in message(write(b"a\n\xe2\x82"))


def test_binary_files_are_refused(write):
    assert "looks binary: it holds NUL bytes" in message(write(b"ab\0c"))
    late = b"a" * 300_000 + b"\0"
    assert "looks binary: it holds NUL bytes" in message(write(late))
    assert "looks binary: it holds NUL bytes" in message(write("é".encode() + late))


def test_lone_surrogates_are_refused(write):
    for unit in UNITS:
        with pytest.raises(CorpusError, match=r"lone surrogate, .*U\+D800"):
            encode_strings(["a\ud800"], unit)
    assert "lone surrogate" in message(write(b"+2AA-"), encoding="utf-7")


def test_a_character_of_endless_code_points_is_refused(write):
    limits = {"most_joined": 100, "chunk_bytes": 50}
    assert same(encode(write("e" + "\u0301" * 90), **limits), ["e" + "\u0301" * 90])
    assert "hang together" in message(write("e" + "\u0301" * 200), **limits)
    assert "hang together" in message(write("e" + "\u200d" * 200), unit="grapheme", **limits)
    assert MOST_JOINED >= 1000


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    assert "does not exist" in message(tmp_path / "none")
    assert "is a folder" in message(tmp_path)
    assert "cannot be a path" in message("a\0b")
    assert "must be a text encoding" in message(tmp_path, encoding="zlib")


def test_few_ids_stay_in_memory(write, cached):
    found = encode(write("123456789"))
    assert not isinstance(found.ids, np.memmap)
    assert not cached.exists()


def test_many_ids_are_mapped(write, cached):
    found = encode(write(LONG))
    assert isinstance(found.ids, np.memmap)
    assert same(found, [LONG])
    assert list((cached / "unfinished").iterdir()) == []


def test_an_unchanged_file_is_not_read_again(write, cached, monkeypatch):
    path = write(LONG)
    settle(path)
    first = encode(path)
    monkeypatch.setattr(encoding, "pieces", lambda *_, **__: pytest.fail("it was read"))
    again = encode(path)
    assert same(again, [LONG])
    assert (again.content, again.bytes) == (first.content, first.bytes)


def test_a_changed_file_is_read_again(write, cached):
    path = write(LONG)
    settle(path)
    first = encode(path)
    other = LONG.replace("T", "t")
    path.write_text(other, newline="")
    settle(path)
    again = encode(path)
    assert same(again, [other])
    assert again.content != first.content
    assert len(list((cached / "entries").iterdir())) == 2


def test_a_file_that_changes_while_it_is_read_is_not_remembered(write, cached):
    path = write(LONG)
    settle(path)

    def change(*_):
        path.write_text("else" * 100)
        settle(path)

    assert same(encode(path, progress=change), [LONG])
    assert same(encode(path), ["else" * 100])


def test_one_content_has_one_entry_whatever_its_name(write, cached):
    one, two = write(LONG), write(LONG, "other.txt")
    assert encode(one).content == encode(two).content
    assert encode("-", stdin=io.BytesIO(LONG.encode())).content == encode(one).content
    assert len(list((cached / "entries").iterdir())) == 1


def test_the_content_hash_depends_on_unit_encoding_and_documents(write):
    path = write("abc")
    found = {
        encode(path).content,
        encode(path, unit="grapheme").content,
        encode(path, encoding="latin-1").content,
        encode(path, path).content,
        encode(write("abcabc")).content,
        encode(write("abc", "abc.gz")).content,
    }
    assert len(found) == 6
    assert encode(path, encoding="UTF8").content == encode(path).content


def test_a_damaged_entry_is_encoded_again(write, cached):
    path = write(LONG)
    settle(path)
    encode(path)
    (ids,) = cached.glob("entries/*/ids.*")
    ids.write_bytes(b"short")
    assert same(encode(path), [LONG])


def test_an_error_at_any_write_leaves_nothing(write, cached, monkeypatch):
    text = LONG + "".join(map(chr, range(0x4E00, 0x4E00 + 300))) + LONG
    path = write(text)
    kept, failed = store.write, 0
    for place in range(1000):
        calls = iter(range(10_000))

        def failing(file, ids, place=place, calls=calls):
            if next(calls) == place:
                raise OSError(28, "No space left on device")
            kept(file, ids)

        monkeypatch.setattr(store, "write", failing)
        try:
            found = encode(path, chunk_bytes=100)
        except CorpusError as error:
            assert "No space left on device. Set CHARLOOM_CACHE" in str(error)
            failed += 1
            assert not (cached / "entries").exists()
            assert list((cached / "unfinished").iterdir()) == []
        else:
            assert next(calls) == place, "all writes have failed once"
            assert same(found, [text])
            break
    assert failed == place > 50


@pytest.mark.skipif(os.name != "posix", reason="needs a limit on the size of files")
def test_a_full_disk_is_one_clear_line(write, cached):
    path = write(LONG)
    code = (
        "import resource, sys\n"
        "from charloom.data.encoded import text\n"
        "from charloom.errors import CorpusError\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try: text.encode_sources([sys.argv[1]], 'character', *[None] * 3, in_memory_bytes=10)\n"
        "except CorpusError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True)
    assert done.stderr == ""
    assert "cannot be written: File too large. Set CHARLOOM_CACHE to a folder" in done.stdout
    assert not (cached / "entries").exists()
    assert list((cached / "unfinished").iterdir()) == []


def test_an_error_of_the_source_is_not_reported_as_the_caches(write, cached):
    path = write(LONG.encode() + b"\xff")
    assert "is not utf-8" in message(path, chunk_bytes=100)
    assert list((cached / "unfinished").iterdir()) == []


def test_progress_is_in_bytes_and_not_too_often(write, monkeypatch):
    one, two = write(LONG), write(LONG, "b.gz")
    calls: list[tuple[int, int]] = []
    clock = itertools.count(0.0, 0.01)  # seconds, one hundredth for each look at it
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    encode(one, two, progress=lambda *call: calls.append(call), chunk_bytes=10)
    most = 20 * next(clock) + 2
    size = one.stat().st_size + two.stat().st_size
    assert calls[-1] == (size, size)
    assert {total for _, total in calls} == {size}
    assert [done for done, _ in calls] == sorted(done for done, _ in calls)
    assert len(calls) <= most
    encode("-", stdin=io.BytesIO(b"abc"), progress=lambda *call: calls.append(call))
    assert calls[-1] == (3, 0)


def test_standard_input_is_the_processes_own_if_no_other(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"abc")))
    assert same(encode("-"), ["abc"])


def test_several_members_of_one_gzip_file_are_one_text(tmp_path):
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(b"one\r") + gzip.compress(b"\ntwo"))
    assert same(encode(path), ["one\r\ntwo"])


def test_ids_in_a_file_are_widened_piece_by_piece(cached):
    ids = np.arange(2500, dtype="u1")
    with store.Store(in_memory_bytes=10, widened=1000) as kept:
        kept.append(ids)
        kept.widen("<u2")
        kept.append(np.array([2500], "<u2"))
        found = kept.ids()
        assert found.dtype == np.uint16
        assert found.tolist() == [*ids.tolist(), 2500]
