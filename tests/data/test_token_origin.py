"""Tokens of one's own where text has documents, and where a source is read again."""

from __future__ import annotations

import json

import pytest

from charloom import NameCorpus, TextCorpus, Tokens
from charloom.data.sources.origin import Origin

SMILES = "regex:Cl|Br|."


@pytest.fixture
def files(tmp_path):
    (tmp_path / "tokens.txt").write_text("Cl\nBr\nxyz\n")
    (tmp_path / "strings.txt").write_text("CCl\nCBrC\n\nClC\n")
    return tmp_path


@pytest.mark.parametrize("unit", [SMILES, "file:{}/tokens.txt", Tokens.of(["Br", "Cl", "xyz"])])
@pytest.mark.parametrize("text", [False, True])
def test_an_origin_reads_the_same_again_when_the_file_of_tokens_is_gone(files, unit, text):
    unit = unit.format(files) if isinstance(unit, str) else unit
    read = TextCorpus.read if text else NameCorpus.read
    corpus = read(files / "strings.txt", unit=unit)
    (files / "tokens.txt").unlink()
    origin = Origin.from_dict(json.loads(json.dumps(corpus.origin.digested().to_dict())))
    again = read(*origin.paths, **origin.options)
    assert again.vocabulary == corpus.vocabulary
    assert again.digest == corpus.digest
    assert "Cl" in corpus.vocabulary.characters


@pytest.mark.parametrize("unit", [["b", "a"], ["Cl", 3], {"file": "x"}, 5, None, {}])
def test_an_origin_with_an_odd_unit_is_none(unit):
    data = {"files": [], "text": False, "options": {"unit": unit}}
    assert Origin.from_dict(data) is None


@pytest.mark.parametrize("unit", ["regex:(?s)..", SMILES])
@pytest.mark.parametrize("documents", ["blank-line", "line", "file", "Br"])
def test_documents_end_at_the_same_places_whatever_the_tokens(files, unit, documents):
    corpus = TextCorpus.read(files / "strings.txt", unit=unit, documents=documents)
    plain = TextCorpus.read(files / "strings.txt", documents=documents)
    assert corpus.report.documents == plain.report.documents
    found, expected = (one.vocabulary.decode(one.ids(0, len(one))) for one in (corpus, plain))
    assert found == expected
    assert not any("\x1e" in token for token in corpus.vocabulary.characters)


def test_records_are_documents_in_tokens(files):
    (files / "table.csv").write_text("smiles,other\nCCl,Zq\nClBr,Zq\n")
    corpus = TextCorpus.read(
        files / "table.csv", unit=r"regex:Zq|Cl|Br", documents="record", column="smiles"
    )
    assert corpus.vocabulary.characters == ("Br", "C", "Cl")
    assert corpus.vocabulary.token_unit == Tokens.of(["Br", "Cl"])
    assert corpus.report.documents == 2


def test_strings_are_documents_in_tokens():
    corpus = TextCorpus.of(["CCl", "ClBr"], unit=SMILES, documents=True)
    assert corpus.vocabulary.characters == ("Br", "C", "Cl")
    assert corpus.report.documents == 2 and corpus.report.longest == 2
