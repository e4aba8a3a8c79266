"""Formats and encodings, and one clear line about what is wrong."""

from __future__ import annotations

import io
import json
import sys

import pytest

from charloom.data.names import NameCorpus
from charloom.data.sources import records as reading
from helpers.sources import Write, message, names

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
    form, records = reading.read_source(path, reading.ReadOptions(), warn=pytest.fail)
    assert form == "lines"
    assert list(records) == [
        (number, line, "", "")
        for number, line in enumerate(("one", "two", "three", "", "four\u2028five", "", "six"), 1)
    ]


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_chunks_do_not_change_what_is_read(write: Write, size: int) -> None:
    text = "\ufeffone\r\nzwö\rd\u20ac\ufeffrei\n\n👪 vier\r\n"
    assert names(write(text), chunk_bytes=size) == ("one", "zwö", "d€rei", "👪 vier")
    wide = names(write(text.encode("utf-16")), encoding="utf-16", chunk_bytes=size)
    assert wide == names(write(text))
    assert "line 3 is not utf-8: byte 0xE2 at offset 10" in message(
        write("one\r\nzwö\r".encode() + "€".encode()[:2]), chunk_bytes=size
    )
    assert "line 3 is not utf-8: byte 0xE9 at offset 6" in message(
        write(b"a\r\nbc\r\xe9d"), chunk_bytes=size
    )
    assert "line 3 is longer than 4 bytes" in message(
        write("abcd\näö\näöü\nabcd"), max_line_bytes=4, chunk_bytes=size
    )


def test_several_sources_make_one_corpus(write: Write) -> None:
    corpus = NameCorpus.read(
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
    corpus = NameCorpus.read(write("\nZuul\nMinmi\n\n \nAnzu\n", "a.csv"))
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
        ("{}", "has no 'name' (--field). It has none."),
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
        ("cp1250", "Łukasz\nBożena\nŻaneta\nRadosław\nMichał\n"),
        ("mac-roman", "José\nZoë\nFrançois\nMünchen\nÉmile\n"),
    ],
)
def test_the_guess_reads_the_text(write: Write, encoding: str, text: str) -> None:
    path = write((text * 5).encode(encoding))
    guess = message(path).split("--encoding ")[1].split(",")[0]
    assert names(path, encoding=guess) == tuple(text.split())


VILLAGES = (
    "Aberaeron Aberfan Abergele Abersoch Amlwch Bala Bangor Beddgelert Bethesda Betws Blaenau Brec "
    "Bryncir Caernarfon Capel Cardigan Chirk Conwy Corwen Criccieth Denbigh Dinas Dolgellau Flint"
)


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        *(("cp1252", name) for name in ("Cwmbrân", "Gïan", "João", "Álvaro", "Éire", "D’Arcy")),
        ("cp1250", "Łukasz"),
        ("mac-roman", "José"),
    ],
)
def test_few_accents_are_guessed_by_what_fits_their_words(
    write: Write, encoding: str, name: str
) -> None:
    text = "\n".join([*VILLAGES.split(), name])
    assert f"Try --encoding {encoding}," in message(write(text.encode(encoding)))


def test_the_guess_is_utf8_where_an_old_encoding_was_asked_for(write: Write) -> None:
    assert "Try --encoding utf-8," in message(write("Zoë\nJosé\n"), encoding="ascii")


def test_byte_order_marks_are_dropped(write: Write) -> None:
    for encoding in ("utf-8-sig", "utf-16", "utf-32"):
        assert names(write("Zoë\n".encode(encoding)), encoding=encoding) == ("Zoë",)
    assert names(write("\ufeffZoë\n")) == ("Zoë",)
    assert names(write("\ufeffZoë\n".encode("utf-16-le")), encoding="utf-16-le") == ("Zoë",)
    assert names(write("\ufeffname\nZoë\n", "a.csv"), column="name") == ("Zoë",)


def test_utf16_read_as_utf8_is_recognised(write: Write) -> None:
    for wide in ("utf-16", "utf-32"):
        assert names(write("Zuul".encode(wide))) == ("Zuul",)
        remedy = f"Pass --encoding {wide}."
        assert remedy in message(write("Zuul".encode(wide)), encoding="utf-8")
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
