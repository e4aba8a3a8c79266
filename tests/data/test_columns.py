"""What tables and JSON have to choose from, and the column that is taken for the names."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from charloom.data.names import NameCorpus
from charloom.data.sources.columns import Layout, layout
from charloom.data.sources.options import ReadOptions
from charloom.errors import CorpusError


def laid_out(path: Path, text: str, **options: object) -> Layout:
    path.write_text(text, encoding="utf-8")
    return layout(path, ReadOptions(**options))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("rank,name\n1,Ulm\n2,Bonn\n", "name"),
        ("Given Name;Sex\nAnn;F\nBo;M\n", "Given Name"),
        ("no,place,kind\n1,Ulm,town\n2,Bonn,town\n", "place"),
        ("x,x\n1,Ulm\n2,Bonn\n", "2"),  # a header that is there twice is called by its number
        ("one\nUlm\n", "one"),
    ],
)
def test_the_column_of_the_names_is_found(tmp_path: Path, text: str, column: str) -> None:
    path = tmp_path / "t.csv"
    found = laid_out(path, text)
    assert found.column == column
    assert NameCorpus.read(path, column=found.column).names[-1] in text


def test_every_column_can_be_read_under_its_name(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    found = laid_out(path, 'a,"b, c",\n1,Ulm,x\n2,Bonn,y\n')
    assert [column.name for column in found.columns] == ["a", "b, c", "3"]
    for column in found.columns:
        assert NameCorpus.read(path, column=column.name).names == column.values


def test_rows_that_cannot_be_read_are_left_out(tmp_path: Path) -> None:
    found = laid_out(tmp_path / "t.csv", 'a,b\n1,Ulm\n2\n3,"Bonn\n')
    assert found.columns[1].values == ("Ulm",)


def test_fields_of_objects_are_columns(tmp_path: Path) -> None:
    rows = [{"n": 1, "town": "Ulm"}, {"town": "Bonn", "land": None}, {"town": ""}]
    for name, text in (
        ("t.json", json.dumps(rows)),
        ("u.json", json.dumps({"towns": rows})),
        ("t.jsonl", "\n\n".join(map(json.dumps, rows))),
    ):
        found = laid_out(tmp_path / name, text)
        assert [column.name for column in found.columns] == ["n", "town", "land"]
        assert (found.column, found.header) == ("town", None)
        assert found.columns[1].values == ("Ulm", "Bonn")


def test_lines_and_strings_have_no_columns(tmp_path: Path) -> None:
    for name, text in (("t.txt", "Ulm\nBonn\n"), ("t.json", '["Ulm"]'), ("e.csv", "")):
        found = laid_out(tmp_path / name, text)
        assert (found.columns, found.column) == ((), None)


def test_what_is_broken_has_no_columns(tmp_path: Path) -> None:
    assert laid_out(tmp_path / "t.json", '[{"a": ').columns == ()
    assert laid_out(tmp_path / "t.jsonl", '{"a": 1}\n{\n').columns == ()
    (tmp_path / "t.csv").write_bytes(b"a,b\nK\xf6ln,1\n")
    with pytest.raises(CorpusError, match="cp1252"):
        layout(tmp_path / "t.csv", ReadOptions())


def test_packed_tables_are_looked_into(tmp_path: Path) -> None:
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(b"id,town\n1,Ulm\n"))
    assert layout(path, ReadOptions()).column == "town"
