"""Reading: formats, encodings, limits, and one clear line for whatever is wrong."""

from __future__ import annotations

import codecs
import encodings.aliases
import gzip
import io
import json
import random
import sys
import tempfile
import tracemalloc
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from charloom import reading
from charloom.corpus import Corpus
from charloom.errors import CharloomError, ConfigError, CorpusError

Write = Callable[..., Path]
FORMATS = ("names.txt", "names.csv", "names.tsv", "names.jsonl")
ENDINGS = FORMATS + tuple(f"{name}.gz" for name in FORMATS)
CODECS = {name for name in encodings.aliases.aliases.values() if name not in ("mbcs", "oem")}
TEXT_CODECS = sorted(name for name in CODECS if codecs.lookup(name)._is_text_encoding)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def _write(data: bytes | str, name: str = "names.txt") -> Path:
        raw = data.encode() if isinstance(data, str) else data
        path = tmp_path / name
        path.write_bytes(gzip.compress(raw, 1) if name.endswith(".gz") else raw)
        return path

    return _write


def names(*sources: str | Path, **options: Any) -> tuple[str, ...]:
    return Corpus.read(*sources, **options).names


def message(*sources: str | Path, **options: Any) -> str:
    with pytest.raises(CorpusError) as caught:
        Corpus.read(*sources, **options)
    text = str(caught.value)
    assert text.isprintable(), "one line, and nothing that steers a terminal"
    return text


# formats


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_the_same_names_come_out_of_every_format(write: Write, ending: str) -> None:
    wanted = ("Zuul", "Ája", 'He"llo', "a, b")
    assert names(write("\n".join(wanted), "a.txt" + ending)) == wanted
    csv = 'id,name\n1,Zuul\n2,Ája\n3,"He""llo"\n4,"a, b"\n'
    assert names(write(csv, "a.csv" + ending), column="name") == wanted
    tsv = 'id\tname\n1\tZuul\n2\tÁja\n3\t"He""llo"\n4\ta, b\n'
    assert names(write(tsv, "a.tsv" + ending), column="name") == wanted
    jsonl = "\n".join(json.dumps({"id": 1, "name": name}) for name in wanted)
    assert names(write(jsonl, "a.jsonl" + ending), field="name") == wanted


def test_endings_count_in_any_case_and_unknown_ones_mean_lines(write: Write) -> None:
    assert names(write("name\nZuul\n", "A.CSV")) == ("Zuul",)
    assert names(write("name\nZuul\n", "a.Csv.gz")) == ("Zuul",)
    packed = write("Zuul\n", "a.txt.gz")
    assert names(packed.rename(packed.with_name("b.TXT.GZ"))) == ("Zuul",)
    assert names(write("a,b\n", "a.list")) == names(write("a,b\n", "plain")) == ("a,b",)


def test_only_newline_and_carriage_return_end_a_line(write: Write) -> None:
    path = write("one\r\ntwo\rthree\n\nfour\u2028five\r\r\nsix")
    assert list(reading.read_source(path, reading.ReadOptions(), warn=pytest.fail)) == [
        *((1, "one"), (2, "two"), (3, "three"), (4, ""), (5, "four\u2028five"), (6, "")),
        (7, "six"),
    ]


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_chunks_do_not_change_what_is_read(
    write: Write, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    text = "\ufeffone\r\nzwö\rd\u20ac\ufeffrei\n\n👪 vier\r\n"
    monkeypatch.setattr(reading, "_CHUNK_BYTES", size)
    assert names(write(text)) == ("one", "zwö", "d€\ufeffrei", "👪 vier")
    assert names(write(text.encode("utf-16")), encoding="utf-16") == names(write(text))
    assert "line 3 is not utf-8: byte 0xE2 at offset 10" in message(
        write("one\r\nzwö\r".encode() + "€".encode()[:2])
    )
    assert "line 3 is not utf-8: byte 0xE9 at offset 6" in message(write(b"a\r\nbc\r\xe9d"))
    assert "line 3 is longer than 4 bytes" in message(
        write("abcd\näö\näöü\nabcd"), max_line_bytes=4
    )


def test_several_sources_make_one_corpus(write: Write) -> None:
    corpus = Corpus.read(
        write("Zuul\n\nMinmi\n"),
        write("name\nMinmi\nAnzu\n", "b.csv"),
        "-",
        write("", "c.txt"),
        stdin=io.BytesIO(b"Yi\n\nAnzu"),
        column="name",
    )
    assert corpus.names == ("Zuul", "Minmi", "Anzu", "Yi")
    assert (corpus.report.records, corpus.report.blank) == (8, 2)
    assert corpus.report.duplicates == 2
    assert any("c.txt holds no names" in warning for warning in corpus.report.warnings)


def test_a_dash_reads_the_process_s_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"Zuul\n")))
    assert names("-") == ("Zuul",)
    assert not sys.stdin.buffer.closed, "who opened it closes it"
    monkeypatch.setattr(sys, "stdin", None)
    assert "standard input is closed" in message("-")
    closed = io.BytesIO()
    closed.close()
    assert "standard input is closed" in message("-", stdin=closed)
    assert "only once" in message("-", "-")


# CSV and TSV


def test_a_column_is_chosen_by_header_or_by_number(write: Write) -> None:
    path = write("id, name ,2\n1,Zuul,x\n2,Minmi,y\n", "a.csv")
    assert names(path, column="name") == ("Zuul", "Minmi")
    assert names(path, column=1) == names(path, column="1") == ("1", "2")
    assert names(path, column="2") == ("x", "y"), "a header that is a number comes first"
    for missing in ("Name", 0, 4, "-1", "٣", "9" * 5000):
        assert "It has: 'id', 'name', '2'" in message(path, column=missing)
    assert "Choose one with --column: 'id', 'name', '2'" in message(path)
    twice = write("name,name\na,b\n", "b.csv")
    assert "several columns 'name'. Give its number" in message(twice, column="name")
    assert names(twice, column=2) == ("b",)


def test_a_single_column_is_the_default_and_its_header_is_reported(write: Write) -> None:
    corpus = Corpus.read(write("\nZuul\nMinmi\n\n \nAnzu\n", "a.csv"))
    assert corpus.names == ("Minmi", "Anzu")
    assert "took its first row, 'Zuul', as the header" in corpus.report.warnings[0]
    assert corpus.report.blank == 2


def test_a_spreadsheets_semicolons_separate_columns(write: Write) -> None:
    assert names(write("name;size\nZuul;3,5\n", "a.csv"), column="name") == ("Zuul",)


def test_a_comma_in_a_tsv_header_separates_nothing(write: Write) -> None:
    path = write("name, first\tname, last\nZuul\tMinmi\n", "a.tsv")
    assert names(path, column="name, last") == ("Minmi",)


def test_a_line_break_harms_only_in_the_column_that_is_read(write: Write) -> None:
    path = write('name,note\nZuul,"one\ntwo"\n"Min\nmi",\n', "a.csv")
    assert "line 4 holds a line break: 'Min\\nmi'" in message(path, column="name")
    path = write('name,note\nZuul,"one\ntwo"\nMinmi,\n , \n \n\nAnzu,"3"\n', "a.csv")
    assert names(path, column="name") == ("Zuul", "Minmi", "Anzu")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('name\nZuul\n"Minmi\nAnzu\n', "line 3 begins a broken record"),
        ('name\nZuul\n"Min"mi\n', "line 3 begins a broken record"),
        ("name\nZuul\nMin,\tmi\n", "line 3 has 2 fields where the header has 1"),
        ("name\nZuul\nMin\0mi\n", "looks binary"),
        ("name\nZuul\nMin\x1b[31mmi\n", "line 3 holds a control character, '\\x1b' (U+001B)"),
        ('name\n"' + "x" * 70_000 + '"', "line 2 is longer than 65,536 bytes"),
        ('name\nZuul\n"' + "abc\n" * 70_000, "line 3 begins a record of more than 65,536 bytes"),
    ],
)
@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.csv.gz"])
def test_a_broken_table_is_refused_with_its_line(
    write: Write, text: str, wanted: str, name: str
) -> None:
    assert wanted in message(write(text, name))


def test_empty_lines_count_towards_a_record(write: Write) -> None:
    wanted = "line 2 begins a record of more than 9 bytes"
    assert wanted in message(write('name\n"' + "\n" * 10, "a.csv"), max_line_bytes=9)
    assert names(write("name\nMicropach\n", "a.csv"), max_line_bytes=9) == ("Micropach",)


def test_a_table_may_be_longer_than_a_record(write: Write) -> None:
    table = "name,n\n" + "".join(f"{i},x\n" for i in range(20_000))
    assert len(names(write(table, "a.csv"), column="name")) == 20_000


def test_the_csv_readers_own_limit_is_one_line_too(write: Write) -> None:
    path = write("name\n" + "x" * 200_000, "a.csv")
    assert "line 2 begins a broken record: field larger" in message(path, max_line_bytes=1 << 20)


# JSON Lines


def test_a_json_string_needs_no_field(write: Write) -> None:
    path = write('"Zuul"\n\n  {"name": "Minmi"} \n"Caf\\u00e9"\n', "a.jsonl")
    assert names(path, field="name") == ("Zuul", "Minmi", "Café")


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ('{"a": "x", "b": 1}', "has no 'name' (--field). It has: 'a', 'b'"),
        ('{"name": 3}', "must give the name as a JSON string. Received: int"),
        ('{"name": null}', "Received: NoneType"),
        ('["name"]', "Received: list"),
        ('{"name": "x"', "is not valid JSON"),
        ("Zuul", "is not valid JSON"),
        ("[" * 60_000, "is not valid JSON"),
        ("9" * 60_000, "is not valid JSON"),
        ('"a\\nb"', "holds a line break"),
        ('"a\\u0000b"', "holds a control character"),
        ('"a\\ud800b"', "holds a lone surrogate, '\\ud800' (U+D800)"),
        ('{"\\ud800\\n": ""}', "has no 'name' (--field). It has: '\\ud800\\n'"),
    ],
)
def test_a_broken_json_line_is_refused_with_its_number(
    write: Write, line: str, wanted: str
) -> None:
    text = message(write('"Zuul"\n' + line, "a.jsonl"), field="name")
    assert "a.jsonl line 2 " in text
    assert wanted in text


def test_an_object_without_a_choice_of_field_lists_the_fields(write: Write) -> None:
    fields = {f"f{i}": "" for i in range(30)}
    text = message(write(json.dumps(fields), "a.jsonl"))
    assert "choose a field (--field). It has: 'f0', 'f1'" in text
    assert text.endswith("'f19' and 10 more.")


# encodings


def test_a_wrong_encoding_names_line_byte_offset_and_a_guess(write: Write) -> None:
    text = message(write("Anna\nJosé\n".encode("cp1252")))
    assert "names.txt line 2 is not utf-8: byte 0xE9 at offset 8. Try --encoding cp1252" in text
    assert names(write("Anna\nJosé\n".encode("cp1252")), encoding="cp1252") == ("Anna", "José")


def test_a_broken_end_is_guessed_by_what_came_before(write: Write) -> None:
    assert "Try --encoding cp1252" in message(write("Anna\nJosé".encode("cp1252")))


def test_an_encoding_with_states_still_names_the_line(write: Write) -> None:
    broken = b"a\nb\n" + "日本".encode("iso2022_jp")[:-3] + b"\xff"
    assert "line 3 is not iso2022_jp: byte 0xFF at offset 11" in message(
        write(broken), encoding="iso2022_jp"
    )


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1251", "Анна\nБорис\nВладимир\nЕкатерина\nНаталья\nСергей\n"),
        ("cp932", "さくら\nひろし\n太郎\n花子\n健一\n"),
        ("cp1253", "Γιώργος\nΜαρία\nΕλένη\nΔημήτρης\n"),
    ],
)
def test_the_guess_reads_the_text(write: Write, encoding: str, text: str) -> None:
    path = write((text * 5).encode(encoding))
    guess = message(path).split("--encoding ")[1].split(",")[0]
    assert names(path, encoding=guess) == tuple(text.split())


def test_the_guess_is_utf8_where_an_old_encoding_was_asked_for(write: Write) -> None:
    assert "Try --encoding utf-8," in message(write("Zoë\nJosé\n"), encoding="ascii")


def test_byte_order_marks_are_dropped(write: Write) -> None:
    for encoding in ("utf-8-sig", "utf-16", "utf-32"):
        assert names(write("Zoë\n".encode(encoding)), encoding=encoding) == ("Zoë",)
    assert names(write("\ufeffZoë\n")) == ("Zoë",)
    assert names(write("\ufeffZoë\n".encode("utf-16-le")), encoding="utf-16-le") == ("Zoë",)
    assert names(write("\ufeffname\nZoë\n", "a.csv"), column="name") == ("Zoë",)


def test_utf16_read_as_utf8_is_told_so(write: Write) -> None:
    assert "Pass --encoding utf-16." in message(write("Zuul".encode("utf-16")))
    assert "Pass --encoding utf-32." in message(write("Zuul".encode("utf-32")))
    assert "not utf-16: byte 0x7A at offset 4" in message(
        write("Z".encode("utf-16") + b"z"), encoding="utf-16"
    )


def test_bytes_of_a_program_look_binary(write: Write) -> None:
    assert "looks binary" in message(write(b"\x7fELF\x02\x01\x01\0\0\0"))
    assert "looks binary" in message(write(b"Zuul\n" * 9000 + b"\0"))
    late = write(b"Zuul\n" * 60_000 + b"a\0b\n")
    assert "line 60001 holds a control character, '\\x00' (U+0000)" in message(late)


@pytest.mark.parametrize("name", ["", "klingon", "zlib", "rot13", "a\0b", "\ud800", "x\ny" * 99])
def test_an_unknown_encoding_is_refused_by_name(write: Write, name: str) -> None:
    assert "encoding must be a text encoding" in message(write("Zuul"), encoding=name)


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
            Corpus.read(write("a"), max_line_bytes=bad)


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


def test_a_decompression_bomb_is_refused(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_UNPACKED_BYTES", 1_000_000)
    assert "unpacks to over 1,000,000 bytes" in message(write(b"\n" * 1_000_001, "a.txt.gz"))
    assert names(write(b"Zuul\n" * 200_000, "a.txt.gz")) == ("Zuul",)
    zeros, letters = write(bytes(30_000_000), "0.txt.gz"), write(b"x" * 30_000_000, "x.txt.gz")
    tracemalloc.start()
    assert "looks binary" in message(zeros)
    assert "is longer than" in message(letters)
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


def test_damaged_gzip_is_one_clear_line(write: Write) -> None:
    path = write("Zuul\nMinmi\n" * 100, "a.txt.gz")
    whole = path.read_bytes()
    path.write_bytes(whole[:-9])
    assert "is cut short" in message(path)
    path.write_bytes(whole[:20] + b"\xff\xff" + whole[22:])
    assert "is no sound gzip file" in message(path)
    path.write_bytes(b"Zuul\n")
    assert "is no sound gzip file" in message(path)
    path.write_bytes(b"")
    assert "holds no names" in message(path)


# sources that are none


def test_what_cannot_be_opened_is_one_clear_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "missing.txt does not exist" in message(tmp_path / "missing.txt")
    assert "is a folder" in message(tmp_path)
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
    assert "--field is for .jsonl" in message(write("a\nb", "a.csv"), field="name")


# whatever the bytes


def outcome(data: bytes, name: str, packed: bool, **options: Any) -> Corpus | CharloomError:
    """Read ``data``; anything but a corpus or a one-line CharloomError fails the test."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the unicode_escape codec's
        path = Path(folder) / name
        path.write_bytes(gzip.compress(data, 1) if packed else data)
        try:
            corpus = Corpus.read(path, **options)
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
    assert isinstance(outcome(good, name, name.endswith(".gz"), **options_for(name)), Corpus)
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
    wanted = Corpus.of(["Zuul", *texts]).names
    path = write(end.join(wanted), "a.txt.gz" if packed else "a.txt")
    assert names(path) == wanted
