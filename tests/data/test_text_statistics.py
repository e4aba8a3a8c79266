"""What ``explore --as text`` counts in a text."""

from __future__ import annotations

import pytest

from charloom import TextCorpus
from charloom.data import text_statistics
from charloom.data.text_statistics import describe_text


@pytest.mark.parametrize("chunk", [1, 2, 3, 1000])
def test_lines_and_characters_are_counted_in_parts_of_any_size(chunk, monkeypatch):
    monkeypatch.setattr(text_statistics, "CHUNK", chunk)
    documents = ["one\n\nthree\n", "a last line"]
    found = describe_text(TextCorpus.of(documents))
    lines = [line for document in documents for line in document.splitlines()]
    assert (found.lines, found.empty_lines) == (len(lines), lines.count(""))
    assert found.longest == max(map(len, lines))
    assert found.mean == pytest.approx(sum(map(len, lines)) / 3)
    text = "".join(documents)
    assert found.text_length == len(text)
    assert dict(found.frequencies) == {c: text.count(c) for c in set(text)}
    assert found.to_dict()["ids"]["\n"] == 1


def test_explore_shows_a_text(call, tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("To be, or not\nto be\n", "utf-8")
    code, out, err = call("explore", path, "--as", "text")
    assert code == 0
    assert "20 characters, 10 distinct" in out.splitlines()[1]
    assert "2, 0 of them empty" in out
    assert "few" in err
    assert '"lines": 2' in call("explore", path, "--as", "text", "--json")[1]


@pytest.mark.parametrize(
    "options, said",
    [(["--plot", "x.png"], "--plot"), (["--column", "1"], "--column"), ([], "SOURCE")],
)
def test_options_for_names_are_refused(options, said, call, tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("To be\n", "utf-8")
    code, out, err = call("explore", *([path] if options else []), "--as", "text", *options)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert said in err
