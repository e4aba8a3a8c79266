"""What the first lines show: structured files are read right, lists of names as they are."""

from __future__ import annotations

import html
import io
import json

import pytest

from charloom.data.lists import read_texts
from charloom.data.names import NameCorpus
from charloom.errors import ConfigError
from helpers.sources import Write, message, names, read

TOWNS = ("Ulm", "Bonn", "Zoë & Söhne", "3 Doors Down", "Ådal", "Šumperk", "#hashtag", "Jena")

PLAIN = {
    "names that begin with numbers": [
        "3 Doors Down",
        "4 Non Blondes",
        "10cc",
        "1. FC Köln",
        "2Pac",
    ],
    "ordinals among others": ["1. FC Köln", "1. FC Union", "FC Bayern", "2. Liga", "BVB"],
    "hashtags": ["#love", "#hashtags", "#one", "#two"],
    "a hash without a space": ["#1 Crush", "Anna", "Bert", "Carla"],
    "last name, first name": ["Smith, John", "Doe, Jane", "Roe, Richard", "Ray, Ann"],
    "towns with their state": ["Austin, TX", "Dallas, TX", "Waco, TX", "Tyler, TX"] * 3,
    "ampersands": ["AT&T", "H&M", "Q&A; more", "R&B"],
    "accents that few fonts have": ["Ângela", "Ã", "São", "MÜLLER", "Čáp", "ñandú"],
    "capitals with tildes": ["JOÃO", "SÃO PAULO", "CONCEIÇÃO", "MARÂNIA"],
    "dashes": ["-", "Anne-Marie", "- x", "Jean-Luc"],
    "quotes in some": ['"Weird Al"', "Anna", "Bert", '"Dr." Who'],
    "a word list": ["name", "word", "title", "house", "tree"],
    "years": ["1984", "2001", "1917", "300"],
    "numbers that do not follow": ["5 Seconds", "7 Seconds", "9 Below", "21 Pilots"],
    "semicolons in some": ["a;b", "c", "d;e;f"],
    "one name": ["Anna"],
    "brackets": ["[deleted]", "[spam]", "Anna"],
    "tabs after names": ["Anna\t", "Bert\t", "Carla\t"],
    "formulas": ["C1=CC=CC=C1", "[nH]1cccc1", "CC(=O)O", "{x}"],
}


@pytest.mark.parametrize("lines", PLAIN.values(), ids=PLAIN)
def test_lists_of_names_are_read_as_they_are(write: Write, lines: list[str]) -> None:
    wanted = NameCorpus.of(lines).names
    assert names(write("\n".join(lines))) == wanted
    assert tuple(names(write("\n".join(lines)), large_bytes=0)) == wanted
    assert not read(write("\n".join(lines)), format="lines").report.notes


def made(form: str) -> str:
    return "".join(form.format(k=k, name=name) for k, name in enumerate(TOWNS, 1))


LISTS = {
    "numbers": made("{k}. {name}\n"),
    "numbers in brackets": made("({k}) {name}\n"),
    "numbers and dashes": made("{k} - {name}\n"),
    "numbers alone": made("{k} {name}\n"),
    "numbers from 7": "".join(f"{k}) {name}\n" for k, name in enumerate(TOWNS, 7)),
    "bullets": made("- {name}\n"),
    "round bullets": made("  \u2022 {name}\n"),
    "boxes": made("* [x] {name}\n"),
    "comments": "# my list\n#\n" + made("{name}\n"),
    "comments and numbers": "// by me\n" + made("{k}. {name}\n"),
    "a title and bullets": "Towns:\n" + made("* {name}\n"),
    "a header": "Name\n" + made("{name}\n"),
    "quotes": made('"{name}"\n'),
    "quotes and commas": made('"{name}",\n'),
    "single quotes": made("'{name}',\n"),
    "entities": html.escape(made("{name}\n")).encode("ascii", "xmlcharrefreplace").decode(),
    "mojibake": made("{name}\n").encode().decode("cp1252", "replace"),
    "tabs": made("{k}\t{name}\n"),
    "counts": made('"{name}",F,{k}\n'),
    "a table with a header": "id;Name;n\n" + made("{k};{name};3,5\n"),
    "a table with a comment": "# by me\n" + made("{k}\t{name}\n"),
    "an array": json.dumps(TOWNS),
    "an array over lines": json.dumps(TOWNS, indent=2, ensure_ascii=False),
    "an object with an array": json.dumps({"of": "towns", "names": TOWNS}, indent=1),
}


@pytest.mark.parametrize("text", LISTS.values(), ids=LISTS)
@pytest.mark.parametrize("ending", [".txt", "", ".dat", ".txt.gz"])
def test_structured_lists_are_read_right_and_it_is_said(
    write: Write, text: str, ending: str
) -> None:
    corpus = read(write(text, f"a{ending}"))
    assert corpus.names == TOWNS
    assert corpus.report.notes
    for note in corpus.report.notes:
        assert "--format lines reads every line as it is." in note
    assert read("-", stdin=io.BytesIO(text.encode())).names == TOWNS
    large = read(write(text, f"a{ending}"), large_bytes=0)
    assert (tuple(large.names), large.report) == (TOWNS, corpus.report)


UNCLEAR = {
    "last names first": ("Smith, John\nDoe, Jane\nRoe, Ann\n", "Smith, John", "--format csv"),
    "one line of a table": ("Mara,F,7065\n", "Mara,F,7065", "--format csv"),
    "some tabs": ("a\tb\nc\td\te\nf\n", "a\\tb", "--format csv"),
    "numbers in some lines": ("1. Anna\nBert\n2. Carla\n", "1. Anna", "--format list"),
    "two bullets": ("* Anna\n* Bert\n", "* Bert", "--format list"),
    "a comment within": ("Anna\n# girls\nBert\nCarla\n", "# girls", "--format list"),
    "one entity": ("Anna\nJos&eacute;\nBert\n", "Jos&eacute;", "--format list"),
    "mojibake in part": ("JosÃ©\nZoë\nAnna\n", "JosÃ©", "--format list"),
    "markup": ("<li>Anna</li>\n<li>Bert</li>\n", "<li>Anna</li>", "--format json"),
    "one line of names": ("Anna, Bert, Carla, Dora\n", "Anna, Bert", "one name a line"),
}


@pytest.mark.parametrize(("text", "line", "remedy"), UNCLEAR.values(), ids=UNCLEAR)
def test_what_is_not_clear_is_kept_with_a_warning(
    write: Write, text: str, line: str, remedy: str
) -> None:
    corpus = read(write(text))
    assert corpus.names == NameCorpus.of(text.splitlines()).names
    (note,) = corpus.report.notes
    assert line in note
    assert remedy in note
    assert read(write(text), large_bytes=0).report.notes == (note,)
    assert read(write(text), format="lines").report.notes == ()


def test_a_format_that_is_asked_for_settles_it(write: Write) -> None:
    mixed = write("# x\n1. Anna\n\n* Bert\nJos&eacute;\nZoÃ«\nJoão\n3 Doors Down\n")
    wanted = ("Anna", "Bert", "José", "Zoë", "João", "3 Doors Down")
    assert names(mixed, format="list") == wanted
    table = write("Smith, John\nDoe, Jane\nRoe, Ann\n")
    assert names(table, format="csv", column=2, header=False) == ("John", "Jane", "Ann")
    assert names(table, column=2, header=False) == ("John", "Jane", "Ann")
    assert read_texts(write('["a", "b"]', "a.csv"), format="json") == ["a", "b"]
    with pytest.raises(ConfigError, match="format must be one of"):
        read(table, format="xml")
    with pytest.raises(ConfigError, match="delimiter must be one character"):
        read(table, delimiter="::")


# tables


def test_a_table_whose_column_is_not_clear_asks_for_it(write: Write) -> None:
    path = write("Anna\tBerlin\nBert\tParis\nCarla\tRom\n")
    assert "Choose one with --column: 1 to 2, here 'Anna', 'Berlin'" in message(path)
    assert names(path, column=2) == ("Berlin", "Paris", "Rom")
    assert "without a header, so it has no column 'name'" in message(path, column="name")


def test_a_first_row_that_looks_like_data_gets_a_warning(write: Write) -> None:
    path = write("Mara,F,7065\nAnila,F,2604\nEmra,F,2003\n", "a.csv")
    corpus = read(path, column=1)
    assert corpus.names == ("Anila", "Emra")
    assert "it looks like data. If it is, add --no-header." in corpus.report.notes[0]
    corpus = read(path, column=1, header=False)
    assert (corpus.names, corpus.report.notes) == (("Mara", "Anila", "Emra"), ())
    assert not read(write("id,name\n1,Zuul\n2,Anzu\n", "a.csv"), column=2).report.notes


def test_delimiters_are_chosen_or_found(write: Write) -> None:
    assert names(write("sep=|\nname|n\nUlm|1\n", "a.csv"), column="name") == ("Ulm",)
    assert names(write("n~name\n1~Ulm\n"), delimiter="~", column="name") == ("Ulm",)
    assert names(write("x,y\tname\n1\tUlm\n", "a.csv"), delimiter="tab", column=2) == ("Ulm",)


def test_unicode_text_of_spreadsheets_is_read(write: Write) -> None:
    text = "Name\tn\r\nZoë\t1\r\nJosé\t2\r\nUlm\t3\r\n"
    assert names(write(text.encode("utf-16"))) == ("Zoë", "José", "Ulm")
    assert names(write(text.encode("utf-16"), "a.csv"), column="Name") == ("Zoë", "José", "Ulm")


def test_bad_rows_are_named_and_skipped_on_request(write: Write) -> None:
    path = write('n,name\n1,Ulm\n2,a,b\n3,"B"n\n4,Je\x1bna\n5,Bonn\n', "a.csv")
    assert "line 3 has 3 fields where the header has 2" in message(path, column="name")
    assert "--skip-bad-rows" in message(path, column="name")
    corpus = read(path, column="name", skip_bad_rows=True)
    assert corpus.names == ("Ulm", "Bonn")
    assert "skipped 3 bad rows: " in corpus.report.notes[-1]
    assert "line 3 has 3 fields" in corpus.report.notes[-1]
    path = write('"Ulm"\nBonn\n3\n"Jena"\n', "a.jsonl")
    assert names(path, skip_bad_rows=True) == ("Ulm", "Jena")


def test_of_a_quote_left_open_only_its_line_is_skipped(write: Write) -> None:
    path = write('name\nKiel\n"Ulm\nBonn\n"Je""na"\nHof, "\n"Gera\n', "b.csv")
    assert "line 3 begins a broken record" in message(path)
    assert "--skip-bad-rows" in message(path)
    corpus = read(path, skip_bad_rows=True)
    assert corpus.names == ("Kiel", "Bonn", 'Je"na')
    assert "skipped 3 bad rows: line 3 begins a broken" in corpus.report.notes[-1]
    assert "line 7" in corpus.report.notes[-1]


@pytest.mark.parametrize("size", [50, 5_000])
def test_so_is_that_of_a_record_that_is_too_long(write: Write, size: int) -> None:
    towns = [f"Town {k}" for k in range(size)]
    path = write("\n".join(["name", "Kiel", '"Ulm', *towns]), "b.csv")
    assert names(path, skip_bad_rows=True, max_line_bytes=100) == ("Kiel", *towns)


def test_many_quotes_left_open_do_not_take_for_ever(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of these lines opens a quote, and none closes one that is open."""
    path = write("name,b\n" + 'a","b\n' * 100, "b.csv")
    assert "holds no names" in message(path, column="name", skip_bad_rows=True)
    monkeypatch.setattr("charloom.data.sources.tables.MOST_AGAIN", 1_000)
    found = message(path, column="name", skip_bad_rows=True)
    assert "line 12 begins a broken record" in found


# JSON


@pytest.mark.parametrize("size", [1, 7, 1 << 18])
def test_chunks_do_not_change_an_array(write: Write, size: int) -> None:
    towns = [f"Town {k} ]," for k in range(3_000)]
    path = write(json.dumps(towns), "a.json")
    assert names(path, chunk_bytes=size) == tuple(towns)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('["Ulm",\n"Bonn"', "line 2 is not valid JSON: expected a comma or ] and found ''"),
        ('["Ulm",\n]', "line 2 is not valid JSON"),
        ('["Ulm"]\nBonn', "line 2 is not valid JSON: there is text after the array's end"),
        ('["Ulm",\n3]', "line 2 must give the name as a JSON string. Received: int"),
        ('[{"a": "x", "b": 1}]', "choose a field (--field). It has: 'a', 'b'"),
        ('{"a": ["x"], "b": []}', "several arrays. Choose one with --field: 'a', 'b'"),
        ("Ulm", "is no JSON array: it begins with 'U'"),
        ("[]", "holds no names"),
        ('["' + "x" * 70_000, "is not valid JSON"),
    ],
)
def test_a_broken_array_is_refused_with_its_line(write: Write, text: str, wanted: str) -> None:
    assert wanted in message(write(text, "a.json"))


def test_a_field_of_objects_and_a_label(write: Write) -> None:
    rows = [{"n": "Ulm", "in": "DE"}, {"n": "Metz", "in": "FR"}]
    corpus = read(write(json.dumps(rows), "a.json"), field="n", label_field="in")
    assert (corpus.names, corpus.labels) == (("Ulm", "Metz"), ("DE", "FR"))
