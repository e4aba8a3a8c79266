"""``--token-unit``: tokens of one's own on the command line, and the commands of docs/tokens.md."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from charloom import NameCorpus, load
from charloom.cli import play
from charloom.cli.main import run
from charloom.run import Run

ROOT = Path(__file__).parents[2]
SMILES = r"regex:Cl|Br|\[[^]]+\]|."
COMMANDS = re.findall(r"^charloom (.*)$", (ROOT / "docs" / "tokens.md").read_text("utf-8"), re.M)
FAST = ["--model", "ngram", "--smoothing", "kneser-ney", "--order", "3"]


@pytest.fixture
def call(capfd, tmp_path, monkeypatch):
    """Run a command beside the molecules; return its exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    molecules = (ROOT / "examples" / "molecules.txt").read_text("utf-8")
    Path("molecules.txt").write_text(molecules, "utf-8")
    Path("tokens.txt").write_text("Cl\nBr\n[nH]\n[C@@H]\n", "utf-8")

    def call(*arguments: str):
        code = run([*map(str, arguments)], started=0.0)
        return code, *capfd.readouterr()

    return call


def test_the_example_of_the_docs_does_what_it_says(call) -> None:
    assert len(COMMANDS) == 6
    printed = {}
    for command in COMMANDS:
        code, out, err = call(*shlex.split(command))
        assert code == 0, (command, err)
        assert "otherwise" not in err
        printed[command] = out
    with_bromine = printed[next(c for c in COMMANDS if "--contains Br" in c)].splitlines()
    corpus = NameCorpus.read("molecules.txt", unit=SMILES)
    assert len(with_bromine) == 5
    for molecule in with_bromine:
        assert "Br" in molecule and 4 <= len(corpus.unit.split(molecule)) <= 12
        assert set(corpus.unit.split(molecule)) <= set(corpus.vocabulary.characters)
    assert load("runs/molecules").vocabulary == corpus.vocabulary
    assert set(load("runs/listed").vocabulary.token_unit.tokens) == {"Cl", "Br", "[nH]", "[C@@H]"}


def test_the_molecules_are_distinct_and_their_brackets_match() -> None:
    molecules = (ROOT / "examples" / "molecules.txt").read_text("utf-8").splitlines()
    assert len(molecules) == len(set(molecules)) > 80
    for molecule in molecules:
        assert all(molecule.count(a) == molecule.count(b) for a, b in ("()", "[]"))
        rings = re.sub(r"\[[^]]+\]", "", molecule)
        assert all(rings.count(digit) % 2 == 0 for digit in "123456789")


def test_the_earlier_name_of_the_option_works_and_is_not_shown(call) -> None:
    assert call("explore", "molecules.txt", "--unit", SMILES)[0] == 0
    _, help_text, _ = call("train", "--help")
    assert "--token-unit" in help_text and not re.search(r"--unit\b", help_text)


@pytest.mark.parametrize(
    ("unit", "message"),
    [
        ("words", "'--token-unit': the unit of text must be character, grapheme, regex:"),
        ("regex:(", "'--token-unit': regex: needs a regular expression: missing )"),
        ("file:nowhere.txt", "nowhere.txt does not exist"),
    ],
)
def test_another_unit_is_refused_in_one_line(call, unit, message) -> None:
    code, out, err = call("train", "molecules.txt", "--token-unit", unit)
    assert code != 0 and out == ""
    assert err.count("\n") == 1 and message in err


def test_what_a_run_says_about_its_tokens(call) -> None:
    call("train", "molecules.txt", "--token-unit", SMILES, *FAST, "--out", "run")
    _, out, _ = call("info", "run")
    assert re.search(r"vocabulary +\d+ tokens: .* \[C@@H\] ", out)
    _, out, _ = call("info", "run", "--json")
    told = json.loads(out)["vocabulary"]
    assert told["unit"] == "token" and "[nH]" in told["tokens"]
    assert call("card", "run", "--out", "card.md")[0] == 0
    card = Path("card.md").read_text("utf-8")
    assert "tokens; all others are refused" in card and "--token-unit file:TOKENS" in card
    code, out, err = call("score", "run", "molecules.txt")
    assert code == 0 and len(out.splitlines()) == 94, err


def test_what_is_typed_in_play_are_whole_tokens(call) -> None:
    call("train", "molecules.txt", "--token-unit", SMILES, *FAST, "--out", "run")
    played = CliRunner().invoke(play.command, ["run"], input="C\nC[n\n")
    assert played.exit_code == 0
    carbon = played.stdout.split('"C"')[1]
    offers = re.findall(r"^ +\d +(\S+)", carbon, re.M)
    assert len(offers) == 3 and not any(one.startswith("Cl") for one in offers)
    assert "'[' (U+005B" in played.stderr


@pytest.mark.heavy
def test_a_training_with_tokens_resumes_and_is_fine_tuned(call) -> None:
    small = ["--model", "network", "--units", "4", "--embedding", "4", "--batch-size", "64"]
    ask = ["train", "molecules.txt", "--token-unit", SMILES, *small, "--out", "run"]
    assert call(*ask, "--epochs", "1")[0] == 0
    code, _, err = call(*ask, "--epochs", "2", "--resume")
    assert code == 0, err
    Path("new.txt").write_text("CC[Si]C\nClC[Si]\nCCl\n", "utf-8")
    tuned = ["train", "new.txt", "--from", "run", *small, "--epochs", "1", "--force"]
    call(*tuned, "--out", "same")
    call(*tuned, "--token-unit", SMILES, "--out", "more")
    before, same, more = (Run.open(folder).vocabulary for folder in ("run", "same", "more"))
    assert same.token_unit == before.token_unit
    assert set(more.token_unit.tokens) == {*before.token_unit.tokens, "[Si]"}
    assert set(more.characters) == {*before.characters, "[Si]"}


def test_the_built_in_list_is_read_in_tokens_too(call) -> None:
    code, out, _ = call("explore", "--token-unit", "regex:saurus|.", "--json")
    assert code == 0 and json.loads(out)["unit"] == "token"
