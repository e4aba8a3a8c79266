"""The look at a list: how it is read, what it holds, and what is said where it cannot be read."""

from __future__ import annotations

import ast
import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest

TOWNS = [
    *("Ulm", "Bonn", "Trier", "Mainz", "Hamm", "Essen", "Halle", "Celle", "Fulda", "Hagen"),
    *("Jena", "Kiel", "Bonn"),
]
TABLE = "id,town,state\n1,Ulm,BW\n2,Bonn,NRW\n3,Essen,NRW\n4,Ulm,BW\n"


def look(studio: Any, content: str | bytes, name: str = "towns.txt", **how: Any) -> dict[str, Any]:
    data = content.encode() if isinstance(content, str) else content
    brought = studio.client.post("/studio/lists", params={"name": name}, content=data).json()
    answer = studio.client.get(f"/studio/lists/{brought['id']}/look", params=how)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_names_are_described_as_explore_does(studio: Any, tmp_path: Path) -> None:
    from charloom.data.names import read_with_repeats
    from charloom.data.statistics import describe

    found = look(studio, "\n".join(TOWNS))
    path = tmp_path / "towns.txt"
    path.write_text("\n".join(TOWNS))
    expected = json.loads(json.dumps(describe(read_with_repeats(path)).to_dict()))
    assert found["form"] == "names"
    assert found["why"] == "lines are short, typically 5 characters"
    assert found["description"] == {
        name: value for name, value in expected.items() if name not in ("ids", "sources")
    }
    assert found["repeated"] == 1
    assert found["samples"] == TOWNS
    assert found["problem"] is None
    assert found["odd"] == []


def test_the_builtin_list_is_looked_at(studio: Any) -> None:
    found = studio.client.get("/studio/lists/builtin/look").json()
    assert (found["form"], found["description"]["names"]) == ("names", 1524)
    assert found["problem"] is None
    as_text = studio.client.get("/studio/lists/builtin/look", params={"form": "text"}).json()
    assert as_text["problem"].startswith("the built-in list holds names")


def test_text_is_recognised_and_described(studio: Any) -> None:
    text = "It was late, and nobody had come.\n\nThen the bell rang, twice.\n" * 40
    found = look(studio, text)
    assert found["form"] == "text"
    assert found["description"]["lines"] == 120
    assert text.startswith(found["samples"][0])
    assert found["columns"] is None
    as_names = look(studio, text, form="names")
    assert (as_names["form"], as_names["why"]) == ("names", None)
    assert as_names["description"]["distinct_names"] == 2


def test_a_table_shows_its_columns_with_examples(studio: Any) -> None:
    found = look(studio, TABLE, "towns.csv")
    assert found["columns"] == [
        {"name": "id", "examples": ["1", "2", "3"]},
        {"name": "town", "examples": ["Ulm", "Bonn", "Essen"]},
        {"name": "state", "examples": ["BW", "NRW", "NRW"]},
    ]
    assert (found["column"], found["header"]) == ("town", True)
    assert found["samples"] == ["Ulm", "Bonn", "Essen", "Ulm"]


def test_another_column_a_label_and_a_weight_can_be_chosen(studio: Any) -> None:
    assert look(studio, TABLE, "t.csv", column="state")["samples"] == ["BW", "NRW", "NRW", "BW"]
    found = look(studio, TABLE, "t.csv", label_column="state", weight_column="id")
    assert found["labels"] == {"NRW": 2, "BW": 1}
    assert found["description"]["weights"] == {"Ulm": 5, "Essen": 3, "Bonn": 2}


def test_a_wrong_column_leaves_the_others_to_choose_from(studio: Any) -> None:
    found = look(studio, TABLE, "t.csv", column="city")
    assert found["problem"] == "t.csv has no column 'city'. It has: 'id', 'town', 'state'."
    assert [column["name"] for column in found["columns"]] == ["id", "town", "state"]


def test_the_header_can_be_switched_off_and_on(studio: Any) -> None:
    off = look(studio, TABLE, "t.csv", header=False)
    assert [column["name"] for column in off["columns"]] == ["1", "2", "3"]
    assert off["samples"][0] == "town"
    bare = "Ulm\tBW\nBonn\tNRW\nEssen\tNRW\nUlm\tBW\n"  # recognised, without a header
    found = look(studio, bare, "t.txt")
    assert (found["header"], found["samples"][0]) == (False, "Ulm")
    on = look(studio, bare, "t.txt", header=True)
    assert on["header"] is True
    assert [column["name"] for column in on["columns"]] == ["Ulm", "BW"]


def test_fields_of_json_are_columns(studio: Any) -> None:
    rows = [{"rank": 1, "title": "Ulm", "land": "BW"}, {"rank": 2, "title": "Bonn", "land": "N"}]
    for name, text in (
        ("t.json", json.dumps(rows)),
        ("t.jsonl", "\n".join(map(json.dumps, rows))),
    ):
        found = look(studio, text, name, label_column="land")
        assert [column["name"] for column in found["columns"]] == ["rank", "title", "land"]
        assert (found["column"], found["samples"]) == ("title", ["Ulm", "Bonn"])
        assert found["labels"] == {"BW": 1, "N": 1}
    assert look(studio, '["Ulm", "Bonn"]', "t.json")["columns"] is None


def test_another_encoding_is_recommended_and_can_be_chosen(studio: Any) -> None:
    latin = "K\u00f6ln\nD\u00fcren\nM\u00fcnster\n".encode("latin-1")
    found = look(studio, latin)
    assert found["problem"].startswith("towns.txt line 1 is not utf-8")
    assert found["remedy"] == {"encoding": "cp1252"}
    assert look(studio, latin, **found["remedy"])["samples"][0] == "K\u00f6ln"


def test_rows_that_cannot_be_read_can_be_left_out(studio: Any) -> None:
    found = look(studio, TABLE + "5,Jena\n", "t.csv")
    assert found["problem"].startswith("t.csv line 6 has 2 fields where the header has 3.")
    assert found["remedy"] == {"skip_bad_rows": True}
    again = look(studio, TABLE + "5,Jena\n", "t.csv", **found["remedy"])
    assert again["description"]["names"] == 4
    assert "skipped 1 bad row" in again["warnings"][0]


@pytest.mark.parametrize(
    ("content", "name", "problem"),
    [
        (b"\n \n", "t.txt", "t.txt holds no names: it is empty or blank. Bring a list"),
        (b"\x89PNG\0\0" * 50, "t.png", "t.png looks binary: it holds NUL bytes."),
        (b"PK\x03\x04", "t.xlsx", "t.xlsx is a spreadsheet. Save its sheet as CSV"),
        (b"%PDF-1.7", "t.pdf", "t.pdf is a document with formatting."),
        (b"not gzip", "t.txt.gz", "t.txt.gz is not a valid gzip file."),
        (b'[{"a": 1}]', "t.json", "t.json line 1 must give the name as a JSON string."),
        (b"a" * 70_000, "t.txt", "t.txt line 1 is longer than 65,536 bytes"),
    ],
)
def test_what_cannot_be_read_is_one_line(
    studio: Any, content: bytes, name: str, problem: str
) -> None:
    found = look(studio, content, name, form="names")
    assert found["problem"].startswith(problem)
    assert "--" not in found["problem"]
    assert str(studio.folder) not in found["problem"]


def test_one_name_is_read_with_a_warning(studio: Any) -> None:
    found = look(studio, "Ann")
    assert found["problem"] is None
    assert found["warnings"][0].startswith("1 name is few")


@pytest.mark.parametrize("form", ["names", "text"])
def test_a_small_file_that_unpacks_to_a_huge_one_is_refused(
    studio: Any, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    from charloom.data.sources import options

    monkeypatch.setattr(options, "MAX_UNPACKED_BYTES", 1_000)
    monkeypatch.setattr(options.ReadOptions.__init__, "__kwdefaults__", {
        **options.ReadOptions.__init__.__kwdefaults__, "max_unpacked_bytes": 1_000
    })  # fmt: skip
    found = look(studio, gzip.compress(b"Ulm\n" * 10_000), "t.txt.gz", form=form)
    assert found["problem"] == "t.txt.gz unpacks to over 1,000 bytes. Bring a part of it."


def test_lines_that_are_far_too_long_are_named(studio: Any) -> None:
    found = look(studio, "\n".join([*TOWNS, "x" * 300]))
    assert "1 line is left out: over 200 characters" in found["warnings"][-1]
    assert found["odd"][0]["line"] == 14


def test_a_look_is_kept(studio: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from charloom.serve.studio import look as module

    first = look(studio, "\n".join(TOWNS))
    monkeypatch.setattr(module, "look", None)
    assert look(studio, "\n".join(TOWNS)) == first


def test_unknown_options_are_refused(studio: Any) -> None:
    for how in ({"form": "poem"}, {"format": "xml"}, {"columns": "x"}):
        answer = studio.client.get("/studio/lists/builtin/look", params=how)
        assert answer.status_code == 422
    assert look(studio, "Ulm\n", encoding="utf-99")["problem"].startswith("Encoding must be")


def test_what_is_counted_is_bounded(studio: Any) -> None:
    rare = [chr(0x4E00 + i) * 2 for i in range(3_000)]
    found = look(studio, "\n".join(rare * 2))
    assert len(found["description"]["frequencies"]) == 300
    assert len(found["description"]["repeated"]) == 300
    assert (found["repeated"], found["description"]["distinct"]) == (3_000, 3_001)


def test_what_is_read_to_train_on_is_what_was_looked_at(studio: Any, tmp_path: Path) -> None:
    from charloom import NameCorpus, TextCorpus
    from charloom.serve.studio.reading import Reading

    path = tmp_path / "t.csv"
    path.write_text(TABLE)
    corpus, said = Reading(label_column="state").corpus(path)
    assert isinstance(corpus, NameCorpus)
    assert (corpus.names, corpus.labels) == (("Ulm", "Bonn", "Essen"), ("BW", "NRW", "NRW"))
    assert said[-1].startswith("3 names are few: ")
    text, _ = Reading(form="text").corpus(path)
    assert isinstance(text, TextCorpus)
    builtin, _ = Reading(form="names").corpus(None)
    assert len(builtin.names) == 1524  # type: ignore[union-attr]


def written(node: ast.AST) -> str:
    """Return a text of the source, with x for what is put into it."""
    if isinstance(node, ast.JoinedStr):
        return "".join(written(part) for part in node.values)
    return str(node.value) if isinstance(node, ast.Constant) else "x"


def test_no_message_names_an_option_of_the_command_line() -> None:
    """What the corpora say is for the command line; the page says it in its own words."""
    import charloom.data
    from charloom.serve.studio.reading import plain

    unused = {"folders.py", "tutorial.py"}  # no folder is brought, and none is trained so
    parts = {"--x", "--no-header", "raise --max-line", "--format lines reads every line as it is"}
    found = []
    for path in sorted(Path(charloom.data.__file__).parent.rglob("*.py")):
        tree = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        nodes = [node for node in tree if path.name not in unused]
        inner = {id(part) for n in nodes if isinstance(n, ast.JoinedStr) for part in n.values}
        docs = {id(n.value) for n in nodes if isinstance(n, ast.Expr)}
        for node in nodes:
            if isinstance(node, ast.JoinedStr | ast.Constant) and id(node) not in inner | docs:
                message = written(node)
                if re.search("--[a-z]", message) and message not in parts:
                    found.append(plain(message, Path("towns.txt")))
    assert len(found) > 20
    assert [message for message in found if "--" in message] == []
