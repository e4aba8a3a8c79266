"""Limits of sources: long lines, decompression bombs, damage, and arbitrary bytes."""

from __future__ import annotations

import gzip
import io
import json
import random
import tempfile
import tracemalloc
import warnings
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from charloom.data.names import NameCorpus
from charloom.errors import CharloomError, ConfigError, CorpusError
from helpers.sources import ENDINGS, TEXT_CODECS, Write, message, names

# limits


def test_a_line_may_be_as_long_as_the_limit_and_no_longer(write: Write) -> None:
    assert names(write("é" * 10 + "\r\nb"), max_line_bytes=20) == ("é" * 10, "b")
    text = message(write("a\n" + "é" * 11 + "\nb"), max_line_bytes=20)
    assert "line 2 is longer than 20 bytes" in text
    assert "--max-line" in text
    surrogates = write("\\ud800" * 7)
    assert "line 1 is longer" in message(surrogates, encoding="unicode_escape", max_line_bytes=20)
    for bad in (0, -1, 1.5, True, "9"):
        with pytest.raises(ConfigError, match="max_line_bytes"):
            NameCorpus.read(write("a"), max_line_bytes=bad)


def test_an_endless_line_costs_little_memory() -> None:
    class Endless(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def read(self, size: int = -1, /) -> bytes:
            assert size > 0, "never read to the end"
            return b"x" * size

    tracemalloc.start()
    assert "standard input line 1 is longer" in message("-", stdin=Endless())
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()


def test_a_decompression_bomb_is_refused(write: Write) -> None:
    most = {"max_unpacked_bytes": 1_000_000}
    over = message(write(b"\n" * 1_000_001, "a.txt.gz"), **most)
    assert "unpacks to over 1,000,000 bytes" in over
    assert names(write(b"Zuul\n" * 200_000, "a.txt.gz"), **most) == ("Zuul",)
    zeros, letters = write(bytes(30_000_000), "0.txt.gz"), write(b"x" * 30_000_000, "x.txt.gz")
    tracemalloc.start()
    assert "looks binary" in message(zeros, **most)
    assert "is longer than" in message(letters, **most)
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()


def test_damaged_gzip_is_one_clear_line(write: Write) -> None:
    path = write("Zuul\nMinmi\n" * 100, "a.txt.gz")
    whole = path.read_bytes()
    path.write_bytes(whole[:-9])
    assert "is cut short" in message(path)
    path.write_bytes(whole[:20] + b"\xff\xff" + whole[22:])
    assert "is not a valid gzip file" in message(path)
    path.write_bytes(b"Zuul\n")
    assert "is not a valid gzip file" in message(path)
    path.write_bytes(b"")
    assert "holds no names" in message(path)


# sources that are none


def test_what_cannot_be_opened_is_one_clear_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "missing.txt does not exist" in message(tmp_path / "missing.txt")
    assert "is a folder without text" in message(tmp_path)
    assert "is a folder" in message("")
    assert "cannot be a path" in message("a\0b")
    assert "cannot be" in message("\ud800.txt")
    assert "'new\\nline' does not exist" in message("new\nline")
    assert "cannot be read: File name too long" in message("x" * 5000)
    assert "needs a source" in message()

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "shut.txt").write_text("Zuul")
    monkeypatch.setattr(Path, "open", refuse)
    assert "shut.txt cannot be read: Permission denied" in message(tmp_path / "shut.txt")


def test_a_failing_disk_is_one_clear_line() -> None:
    class Failing(io.RawIOBase):
        def read(self, size: int = -1, /) -> bytes:
            raise OSError(5, "Input/output error")

    assert "standard input cannot be read: Input/output error" in message("-", stdin=Failing())


def test_an_option_that_no_source_uses_is_refused(write: Write) -> None:
    assert "--column is for .csv and .tsv" in message(write("a"), column="name")
    assert "--field is for .json and .jsonl" in message(write("a\nb", "a.csv"), field="name")


# whatever the bytes


def outcome(data: bytes, name: str, packed: bool, **options: Any) -> NameCorpus | CharloomError:
    """Read ``data``; anything but a corpus or a one-line CharloomError fails the test."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the unicode_escape codec's
        path = Path(folder) / name
        path.write_bytes(gzip.compress(data, 1) if packed else data)
        try:
            corpus = NameCorpus.read(path, **options)
        except CharloomError as error:
            assert str(error).isprintable()
            return error
    assert len(set(corpus.names)) == len(corpus.names) > 0
    for kept in corpus.names:
        kept.encode()
        assert kept == kept.strip()
        assert not set(kept) & set("\n\r\0\x1b\x85")
    return corpus


def options_for(name: str) -> dict[str, Any]:
    if "jsonl" in name:
        return {"field": "name"}
    return {"column": "name"} if "sv" in name else {}


def samples(name: str) -> bytes:
    rows = [("Zuul", "1"), ("Ája", "zwei"), ('He said "x"', "3, 4"), ("👨‍👩‍👧 क्षि", "")]
    if "jsonl" in name:
        return "\n".join(
            json.dumps({"name": a, "n": b}, ensure_ascii=False) for a, b in rows
        ).encode()
    if "sv" in name:
        mark = "\t" if "tsv" in name else ","
        quoted = [f'"{a.replace(chr(34), chr(34) * 2)}"{mark}"{b}"' for a, b in rows]
        return "\r\n".join([f"name{mark}n", *quoted]).encode()
    return "\n".join(a for a, _ in rows).encode()


@pytest.mark.slow
@settings(deadline=None, max_examples=300)
@given(
    data=st.one_of(
        st.binary(max_size=300),
        st.text(max_size=100).map(lambda text: text.encode("utf-8", "surrogatepass")),
        st.text('a",;\t\r\n{}[]:\\u0d8\ufeff\x00\x1b', max_size=60).map(str.encode),
    ),
    name=st.sampled_from(ENDINGS),
    packed=st.booleans(),
    chosen=st.booleans(),
)
def test_no_bytes_at_all_break_the_reader(
    data: bytes, name: str, packed: bool, chosen: bool
) -> None:
    outcome(data, name, packed, **(options_for(name) if chosen else {}))


@pytest.mark.parametrize("name", ENDINGS)
def test_no_damage_to_a_good_file_breaks_the_reader(name: str) -> None:
    rng = random.Random(name)
    good = samples(name)
    assert isinstance(outcome(good, name, name.endswith(".gz"), **options_for(name)), NameCorpus)
    whole = gzip.compress(good, 1) if name.endswith(".gz") else good
    kinds = set()
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(rng.randint(1, 3)):
            at, kind = rng.randrange(len(data)), rng.randrange(4)
            if kind == 0:
                data[at] = rng.randrange(256)
            elif kind == 1:
                del data[at : at + rng.randint(1, 9)]
            elif kind == 2:
                data[at:at] = rng.choice([b"\n", b"\r", b'"', b",", b"\t", b"\0", b"\xef\xbb\xbf"])
            else:
                data[at:at] = data[: rng.randint(1, 40)]
            data = data or bytearray(b"x")
        kinds.add(type(outcome(bytes(data), name, False, **options_for(name))))
    assert CorpusError in kinds, "some damage is found"


@settings(deadline=None, max_examples=200)
@given(
    data=st.one_of(st.binary(max_size=60), st.text(max_size=30).map(lambda t: t.encode("utf-16"))),
    encoding=st.sampled_from(TEXT_CODECS),
)
@example(data=b"\0\0\0\xd8\0\0", encoding="utf_16")
def test_no_encoding_breaks_the_reader(data: bytes, encoding: str) -> None:
    outcome(data, "names.txt", False, encoding=encoding)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(
        st.text(st.characters(codec="utf-8", exclude_categories=["Cc"], include_characters="\t"))
    ),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    packed=st.booleans(),
)
def test_names_written_one_a_line_are_read_again(
    write: Write, texts: list[str], end: str, packed: bool
) -> None:
    wanted = NameCorpus.of(["Zuul", *texts]).names
    path = write(end.join(wanted), "a.txt.gz" if packed else "a.txt")
    assert names(path) == wanted
