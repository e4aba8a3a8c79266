"""Corpora in a notebook: short, escaped, and as the examples in the docstrings show."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

from charloom.data import names, text, vocabulary
from charloom.data.names import NameCorpus
from charloom.data.text import TextCorpus
from helpers.sources import Write, two_kinds


@pytest.mark.parametrize("module", [names, text, vocabulary], ids=lambda m: m.__name__)
def test_the_examples_give_what_they_show(
    module: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    failed, tried = doctest.testmod(module)  # type: ignore[arg-type]
    assert tried > 0
    assert failed == 0


def test_a_repr_is_one_short_line_however_large_the_corpus(write: Write) -> None:
    long = write("\n".join(f"name {i}" for i in range(5000)), f"{'x' * 90}.txt")
    corpora = (
        NameCorpus.read(long),
        NameCorpus.read(long, write("a", "b.txt")),
        TextCorpus.read(long),
        two_kinds(),
    )
    for corpus in corpora:
        assert len(repr(corpus)) <= 120
        assert "\n" not in repr(corpus)
    assert repr(two_kinds()) == "NameCorpus(122 names with 2 labels from the list)"
    assert "and 1 more" in repr(corpora[1])


def test_a_table_escapes_names_and_sources(write: Write) -> None:
    bad = "<script>alert(1)</script>"
    for corpus in (NameCorpus.of([bad]), TextCorpus.of(bad)):
        shown = corpus._repr_html_()
        assert "<script>" not in shown
        assert "&lt;script&gt;" in shown
    assert "<b>" not in NameCorpus.read(write("Ulm", "<b>.txt"))._repr_html_()


def test_a_table_shows_counts_lengths_and_the_beginning() -> None:
    shown = NameCorpus.of(["Ulm", "Bonn"])._repr_html_()
    for part in ("2", "7, 6 distinct", "3 to 4, mean 3.5", "Ulm, Bonn", "NameCorpus from the list"):
        assert part in shown
    shown = TextCorpus.of("To be\nor not")._repr_html_()
    assert "12 characters, 1 document, 12 bytes" in shown
    assert "To be⏎or not" in shown
