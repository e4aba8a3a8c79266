"""Models whose symbols are tokens: constraints are about the characters of a string, and strings
come in their own tokens only."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from charloom import NameCorpus, NameModel, TextCorpus, Tokens, load, train
from charloom.errors import VocabularyError
from charloom.generation.constraints import (
    Block,
    Chars,
    Contains,
    End,
    Length,
    Regex,
    Rule,
    RuleError,
    Start,
)
from charloom.generation.explain import explain
from charloom.run import Run, save_model
from helpers.memoryless import memoryless
from helpers.run_folders import forge, refusal, toy

ODDS = {"": 4, "a": 3, "b": 2, "ab": 2, "abb": 1, "[c]": 1}
UNIT = Tokens.of(["ab", "abb", "[c]"])
LONGEST = 4

SMILES = r"regex:Cl|Br|\[[^]]+\]|."
MOLECULES = ["CCCl", "c1cc[nH]c1", "BrCCBr", "C[C@@H](N)C(=O)O", "ClCCl", "CCO", "CC(N)C", "OCCBr"]


@pytest.fixture(scope="module")
def model() -> NameModel:
    return memoryless(ODDS, unit=UNIT)


def own_strings() -> dict[str, float]:
    """Each string of up to ``LONGEST`` tokens that are its own, and its nats."""
    found, total = {}, sum(ODDS.values())
    for size in range(1, LONGEST + 1):
        for parts in product([*ODDS][1:], repeat=size):
            if UNIT.split("".join(parts)) == list(parts):
                odds = [ODDS[part] for part in (*parts, "")]
                found["".join(parts)] = -float(np.log(np.array(odds) / total).sum())
    return found


def test_a_string_comes_once_in_its_own_tokens_with_its_own_likelihood(model) -> None:
    best = model.best(10_000, max_length=LONGEST)
    expected = own_strings()
    assert {sample.text: pytest.approx(sample.nats) for sample in best} == expected
    assert len(best) == len(expected)
    assert "in other tokens than their own" in (best.reason or "")
    few = model.generate(50, seed=1, max_length=LONGEST)
    assert len({sample.text for sample in few}) == 50
    assert [s.nats for s in few] == pytest.approx(model.nll([s.text for s in few]).tolist())


def test_strings_are_distributed_as_in_the_model_given_their_own_tokens(model) -> None:
    expected = {text: np.exp(-nats) for text, nats in own_strings().items()}
    total = sum(expected.values())
    drawn = model.names(4000, seed=2, max_length=LONGEST, allow_repeats=True)
    for text in ("a", "b", "ab", "abb", "ba"):
        share = expected[text] / total
        assert drawn.count(text) / 4000 == pytest.approx(share, abs=4 * (share / 4000) ** 0.5)


@pytest.mark.parametrize(
    ("rule", "holds"),
    [
        (Start("a"), lambda text: text.startswith("a")),
        (Start("bab"), lambda text: text.startswith("bab")),
        (Start("[c"), lambda text: text.startswith("[c")),
        (Start("b["), lambda text: text.startswith("b[")),
        (End("b"), lambda text: text.endswith("b")),
        (End("c]"), lambda text: text.endswith("c]")),
        (Contains("bb"), lambda text: "bb" in text),
        (Contains("][c"), lambda text: "][c" in text),
        (Chars("ab"), lambda text: "c" not in text),
        (Regex(".*b.c.*"), lambda text: any(f"b{x}c" in text for x in "ab[")),
        (Block(("BB",)), lambda text: "bb" not in text),
        (Length(3, 3), lambda text: len(UNIT.split(text)) == 3),
        (Start("a") & End("b") & Length(2, 3) & Contains("c"), None),
    ],
)
def test_constraints_are_about_characters_and_lengths_about_tokens(model, rule, holds) -> None:
    expected = own_strings()
    if holds is None:
        kept = {t for t in expected if t[0] == "a" and t[-1] == "b" and "c" in t}
        kept = {t for t in kept if len(UNIT.split(t)) in (2, 3)}
    else:
        kept = {text for text in expected if holds(text)}
        assert {text for text in expected if rule.allows(text, UNIT)} == kept
    assert kept
    found = [sample.text for sample in model.best(10_000, max_length=LONGEST, rules=rule)]
    assert sorted(found) == sorted(kept)
    assert set(model.names(5, rules=rule, max_length=LONGEST, seed=3)) <= kept


@pytest.mark.parametrize(
    ("rule", "error", "message"),
    [
        (Contains("x"), VocabularyError, "'x' contains 'x'"),
        (Start("ax"), VocabularyError, "'ax' contains 'x'"),
        (Contains("[a"), RuleError, "no string of this model's 5 characters"),
        (End("["), RuleError, "no string of this model's 5 characters"),
    ],
)
def test_what_no_token_spells_is_refused(model, rule: Rule, error, message) -> None:
    with pytest.raises(error, match=message):
        model.names(1, rules=rule)


def test_a_model_without_begin_starts_with_whole_tokens() -> None:
    model = memoryless(ODDS, unit=UNIT, begin=False)
    for text in model.names(20, start="a", seed=1):
        assert UNIT.split(text)[0] == "a"


def test_edits_and_explanations_are_counted_in_tokens() -> None:
    model = memoryless(ODDS, unit=UNIT, known=frozenset({"[c]a", "bbb"}))
    (one,) = explain(model, ["[c]bb"])
    assert [step.character for step in one.steps] == ["[c]", "b", "b", "<end>"]
    assert one.nearest == ("bbb", 1)
    assert all(
        sample.text not in ("a", "[c]aa", "[c]") for sample in model.generate(50, min_edits=2)
    )


def test_a_loaded_run_needs_neither_the_file_nor_the_expression(tmp_path) -> None:
    corpus = NameCorpus.of(MOLECULES, unit=SMILES)
    trained = train(corpus, kind="ngram", seed=1, out=tmp_path / "run")
    loaded = load(tmp_path / "run")
    assert isinstance(loaded, NameModel)
    assert loaded.vocabulary == trained.vocabulary == corpus.vocabulary
    assert loaded.names(20, seed=1) == trained.names(20, seed=1)
    assert loaded.nll(["ClC[nH]"]).tolist() == trained.nll(["ClC[nH]"]).tolist()
    texts = loaded.names(20, seed=2, rules=Contains("["))
    assert all("[nH]" in text or "[C@@H]" in text for text in texts)
    saved = (tmp_path / "run" / "model.json").read_text("utf-8")
    assert '"unit":"token"' in saved.replace(" ", "") and "regex" not in saved


def test_text_is_sampled_in_tokens(tmp_path) -> None:
    text = "\n".join(MOLECULES * 8)
    train(TextCorpus.of(text, unit=SMILES), kind="ngram", seed=1, out=tmp_path / "run")
    model = load(tmp_path / "run")
    pieces = list(model.stream_text(50, start="Cl", seed=1))
    assert pieces[0] == "Cl" and len(pieces) == 51
    assert set(pieces[1:]) <= set(model.vocabulary.characters)
    assert Tokens.of(["Cl", "Br", "[nH]", "[C@@H]"]) == model.vocabulary.token_unit
    assert np.isfinite(model.nll(["C[nH]Cl"])).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda v: v.update(tokens=["Cl", "Cl\x1b[2J"]), "printable names"),
        (lambda v: v.update(tokens=["a\nb"]), "in one line"),
        (lambda v: v.update(tokens=["x" * 201]), "2 to 200"),
        (lambda v: v.update(tokens=[["Cl"]]), "2 to 200"),
        (lambda v: v.update(tokens="Cl"), "list of tokens"),
        (lambda v: v.pop("tokens"), "list of tokens"),
        (lambda v: v.update(tokens=["Br"]), "tokens one by one"),
        (lambda v: v.update(unit="regex:(a+)+$"), "unit must be one of"),
    ],
)
def test_a_run_with_other_tokens_is_refused(tmp_path, change, message) -> None:
    vocabulary = NameCorpus.of(["CCl", "C"], unit=SMILES).vocabulary
    saved = toy(vocabulary=vocabulary, train_names=("CCl",), held_out_names=())
    save_model(tmp_path, saved)
    assert Run.open(tmp_path).vocabulary == vocabulary
    forge(tmp_path / "model.json", lambda data: change(data["vocabulary"]))
    assert message in refusal(lambda: Run.open(tmp_path))
