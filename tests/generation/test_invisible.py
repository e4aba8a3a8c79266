"""Invisible characters neither come out of a model nor decide what is new, forbidden or allowed."""

from __future__ import annotations

import dataclasses
from itertools import product

import pytest

from charloom import NameCorpus, NameModel, constraints, train
from charloom.api import model_of
from charloom.data.invisible import clean
from charloom.generation.explain import explain

LIST = ["".join(parts) for parts in product("BDG", "aei", "lnr", "ao", ["", "s", " Ma-ri"])]
JOINED = [f"می\u200c{a}{b}" for a, b in product("خوبدرس", "نالیمک")]


@pytest.fixture(scope="module")
def plain() -> NameModel:
    return train(NameCorpus.of([name.replace("n", "n\u200b") for name in LIST]), kind="ngram")


@pytest.fixture(scope="module")
def joined() -> NameModel:
    return train(NameCorpus.of(JOINED), kind="ngram")


def test_what_was_removed_is_in_no_vocabulary_and_in_no_name(plain: NameModel) -> None:
    assert not plain.keep_invisible
    assert "".join(plain.vocabulary.characters).isascii()
    assert not set(plain.names(50)) & set(LIST)


def test_a_joiner_never_comes_where_it_joins_nothing(joined: NameModel) -> None:
    assert "\u200c" in joined.vocabulary.characters
    texts = joined.names(200, temperature=3.0, max_length=6)
    assert any("\u200c" in text for text in texts)
    assert all(clean(text) == text for text in texts)


def test_what_is_forbidden_is_what_it_looks_like(plain: NameModel) -> None:
    first = plain.names(20, seed=1)
    noisy = [text[:2] + "\u2060" + text[2:].replace(" ", "\u00a0") + "\u200b" for text in first]
    assert not set(first) & set(plain.names(60, seed=1, forbid=noisy))


@pytest.mark.parametrize(
    ("noisy", "clear"),
    [
        (constraints.Start("B\u200ba"), constraints.Start("Ba")),
        (constraints.End("Ma\u2011ri"), constraints.End("Ma-ri")),
        (constraints.Contains("o\u00a0M\u00ad"), constraints.Contains("o M")),
        (constraints.Chars("BDGaeilnro\u00a0\ufeff"), constraints.Chars("BDGaeilnro ")),
        (constraints.Regex("B.*\u200bo"), constraints.Regex("B.*o")),
        (constraints.Block(("o\u00a0ma", "\u200b")), constraints.Block(("o ma",))),
    ],
)
def test_constraints_are_what_they_look_like(plain, noisy, clear) -> None:
    options = {"n": 20, "seed": 1, "allow_known": True}
    assert plain.names(rules=noisy, **options) == plain.names(rules=clear, **options)


def test_a_start_may_end_with_a_joiner_that_the_model_knows(joined: NameModel) -> None:
    texts = joined.names(3, start="می\u200c", allow_known=True)
    assert texts
    assert all(text.startswith("می\u200c") for text in texts)


def test_scores_and_explanations_are_of_what_is_seen(plain: NameModel) -> None:
    assert plain.nll(["Ba\u200bla Ma\u2011ri"]) == plain.nll(["Bala Ma-ri"])
    noisy, clear = explain(plain, ["Ba\u200bla", "Bala"])
    assert noisy.steps == clear.steps


def test_a_model_that_keeps_them_generates_them_and_takes_them_at_their_word() -> None:
    names = [name.replace("n", "n\u200b") for name in LIST]
    model = train(NameCorpus.of(names, keep_invisible=True), kind="ngram")
    assert model.keep_invisible
    likely = model.names(40, allow_known=True, seed=1)
    assert any("\u200b" in name for name in likely)
    bare = [name.replace("\u200b", "") for name in likely if "\u200b" in name]
    assert model.names(40, allow_known=True, seed=1, forbid=bare) == likely


def test_a_model_of_an_earlier_version_keeps_what_its_vocabulary_has(plain: NameModel) -> None:
    names = [name.replace("n", "n\u200b") for name in LIST]
    for corpus, keeps in ((NameCorpus.of(names, keep_invisible=True), True), (LIST, False)):
        corpus = corpus if isinstance(corpus, NameCorpus) else NameCorpus.of(corpus)
        saved = train(corpus, kind="ngram").saved
        assert saved is not None
        facts = {**saved.facts, "corpus": dict(saved.facts["corpus"])}
        del facts["corpus"]["keep_invisible"]
        assert model_of(dataclasses.replace(saved, facts=facts)).keep_invisible == keeps
