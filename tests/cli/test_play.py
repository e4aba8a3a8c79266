"""What ``charloom play`` shows for a model of names, from scripts of what is typed."""

from __future__ import annotations

import dataclasses
import math
import re
from unittest.mock import Mock

import pytest
from click.testing import CliRunner

from charloom import load
from charloom.cli import play
from charloom.cli.play import command
from charloom.cli.play_names import NameSession
from charloom.cli.play_session import Session
from charloom.generation import NameModel
from helpers.memoryless import save_memoryless

NO_TEXT = UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")

ODDS = {"": 3, "a": 5, "b": 2}

BEGIN = """\
Type a beginning. /help lists the commands, /quit ends.

""
  next  a 50 %, <end> 30 %, b 20 %
  1     a   15 %
  2     aa  7.5 %
  3     b   6 %
"""

AAB = """
"aab"
  next  a 50 %, <end> 30 %, b 20 %
  1     aab    30 %  known
  2     aaba   15 %
  3     aabaa  7.5 %
"""


pytestmark = pytest.mark.usefixtures("no_colours")


@pytest.fixture
def script(tmp_path):
    """Play with a memoryless model; return the pages on stdout, and stderr after the seed."""
    folders = {}

    def script(*lines: str, begin: bool = True, odds=ODDS):
        if begin not in folders:
            folders[begin] = save_memoryless(tmp_path / f"run{begin}", odds, begin=begin)
        typed = "".join(f"{line}\n" for line in lines)
        result = CliRunner().invoke(command, [str(folders[begin])], input=typed)
        assert result.exception is None or isinstance(result.exception, SystemExit), result
        assert result.exit_code == 0
        return re.split("(?m)(?:^|(?<=> ))> ", result.stdout), result.stderr.splitlines()[1:]

    return script


def test_a_session_begins_with_the_most_likely_names(script) -> None:
    pages, errors = script("/quit")
    assert (pages, errors) == ([BEGIN, ""], [])


def test_probabilities_are_given_the_beginning(script) -> None:
    assert script("aab", "/quit")[0][1] == AAB


def test_text_is_added_and_a_number_takes_a_name(script) -> None:
    pages, errors = script("aa", "b", "2", "/quit")
    assert [page.splitlines()[1] for page in pages[1:4]] == ['"aa"', '"aab"', '"aaba"']
    assert pages[2] == AAB
    assert errors == []


@pytest.mark.parametrize("word", ["/undo", "/back"])
def test_undo_takes_changes_back_one_by_one(script, word) -> None:
    pages, errors = script("aa", "b", "/clear", word, word, word, word, "/quit")
    headers = [page.splitlines()[1] for page in pages[1:7]]
    assert headers == ['"aa"', '"aab"', '""', '"aab"', '"aa"', '""']
    assert errors == ["there is nothing to undo."]


def test_the_end_of_the_input_ends_the_session(script) -> None:
    pages, errors = script("aab")
    assert pages[1:] == [AAB, "\n"]
    assert errors == []


@pytest.mark.parametrize("where", ["_read", "thinking"])
def test_an_interrupt_ends_the_session(script, monkeypatch, where) -> None:
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    def then(self, line):
        monkeypatch.setattr(NameModel, "best", interrupt)
        return obey(self, line)

    obey = Session.obey
    if where == "_read":
        monkeypatch.setattr(play, "_read", interrupt)
    else:
        monkeypatch.setattr(Session, "obey", then)
    pages, errors = script("a", "b")
    assert pages[-1].endswith("\n")
    assert errors == []


def test_the_temperature_changes_the_probabilities(script) -> None:
    pages, errors = script("/t 0.5", "/t 0", "/t", "/t hot", "/t -1", "/t nan", "/t 1", "/quit")
    assert pages[1].startswith('\n""  at temperature 0.5\n  next  a 66 %, <end> 24 %, b 11 %\n')
    assert pages[2].startswith('\n""  at temperature 0\n  next  a 100.0 %\n')
    assert pages[-2].startswith('\n""\n  next  a 50 %')
    assert len(errors) == 4
    assert errors[0] == "/t needs a number, as in /t 0.7. The temperature is 0 now."
    assert all("temperature" in error for error in errors[2:])


def test_names_are_drawn_from_here_and_can_be_taken(script) -> None:
    pages, errors = script("b", "/new", "5", "/quit")
    names = [line.split()[1] for line in pages[2].splitlines()]
    assert len(names) == len(set(names)) == 5
    assert all(name.startswith("b") for name in names)
    for line in pages[2].splitlines():
        name, share = line.split()[1:3]
        p = 0.3 * math.prod({"a": 0.5, "b": 0.2}[c] for c in name[1:])
        assert float(share) == pytest.approx(100 * p, rel=0.05)
    assert pages[3].splitlines()[1] == f'"{names[4]}"'
    assert errors == []


def test_mistakes_are_one_line_each_and_change_nothing(script) -> None:
    pages, errors = script("aab", "x", "a" * 20, "7", "/fly", "0", "99999999999999", "", "/quit")
    assert pages[1] == pages[-2] == AAB
    assert [error.split(",")[0].split(".")[0] for error in errors] == [
        "'aabx' contains 'x' (U+0078 LATIN SMALL LETTER X)",
        "a beginning may have up to 16 characters with this model",
        "there is no name 7",
        "there is no command '/fly'",
        "there is no name 0",
        "there is no name 999999999",
    ]
    assert errors[2] == "there is no name 7. Choose from 1 to 3. To add a number, type /add."


def test_add_takes_what_is_typed_as_it_is(script) -> None:
    odds = {"": 1, " ": 1, "/": 1, "1": 1, "a": 4}
    pages, errors = script("/add 1", "/add /a", " a ", "/add  a", "/quit", odds=odds)
    headers = [page.splitlines()[1] for page in pages[1:5]]
    assert headers == ['"1"', '"1/a"', '"1/a a "', '"1/a a  a"']
    assert errors == []


def test_a_model_without_a_begin_symbol_asks_for_a_first_character(script) -> None:
    pages, errors = script("/new", "1", "a", "/quit", begin=False)
    ask = '\n""\n  Type a first character: this model cannot choose one.\n'
    assert pages[0].endswith(ask)
    assert pages[3].startswith('\n"a"\n  next  a 50 %, <end> 30 %, b 20 %\n  1     a    30 %')
    assert errors == [
        "type a first character: this model cannot choose one.",
        "there is no name 1. To add a number, type /add.",
    ]


def test_help_lists_every_command(script) -> None:
    page = script("/help", "/quit")[0][1]
    for word in ("/add", "/new", "/t", "/undo", "/back", "/clear", "/help", "/quit"):
        assert word in page


def test_a_line_that_is_not_text_is_asked_for_again(script, monkeypatch) -> None:
    monkeypatch.setattr("builtins.input", Mock(side_effect=[NO_TEXT, "aab", "/quit"]))
    pages, errors = script()
    assert pages == [BEGIN + AAB]
    assert errors == ["this is not text in the terminal's encoding. Type it again."]


def test_names_of_a_model_of_long_lines_are_sought_nearby(tmp_path) -> None:
    model = dataclasses.replace(load(save_memoryless(tmp_path / "run", ODDS)), longest=10**5)
    session = NameSession(model, 0)
    assert session.obey("a" * 300)
    assert session.text == "a" * 300


def test_it_is_a_command_of_the_command_line(call, tmp_path, monkeypatch) -> None:
    folder = save_memoryless(tmp_path / "run", ODDS)
    code, _, err = call("play", tmp_path / "none")
    assert (code, len(err.splitlines())) == (1, 1)
    lines = iter(["aab", "/quit"])
    monkeypatch.setattr("builtins.input", lambda _: next(lines))
    assert call("play", folder, "--seed", "3") == (0, BEGIN + AAB, "Seed: 3\n")


def test_a_seed_repeats_what_is_sampled(call, tmp_path, monkeypatch) -> None:
    folder = save_memoryless(tmp_path / "run", ODDS)

    def play_with(*seed: str) -> tuple[str, str]:
        lines = iter(["/new", "/new", "/quit"])
        monkeypatch.setattr("builtins.input", lambda _: next(lines))
        _, out, err = call("play", folder, *seed)
        return out, err

    out, err = play_with()
    told = err.removeprefix("Seed: ").strip()
    assert play_with("--seed", told) == (out, err)
