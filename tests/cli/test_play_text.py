"""What ``charloom play`` shows for a model of text, from scripts of what is typed."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner

from charloom.cli import play_session, play_text
from charloom.cli.play import command
from charloom.generation import TextModel, continuations
from helpers.text_runs import save_text_run

pytestmark = pytest.mark.usefixtures("no_colours")


@pytest.fixture
def script(tmp_path):
    """Play; return the pages on stdout, and stderr after the seed."""
    folder = save_text_run(tmp_path / "run")

    def script(*lines):
        typed = "".join(f"{line}\n" for line in lines)
        result = CliRunner().invoke(command, [str(folder), "--seed", "0"], input=typed)
        assert result.exit_code == 0, result.output
        return re.split("(?m)(?:^|(?<=> ))> ", result.stdout), result.stderr.splitlines()[1:]

    return script


def test_it_shows_what_may_come_next_and_never_an_end(script):
    pages, errors = script("ab", "/quit")
    assert errors == []
    head, following = pages[1].splitlines()[1:3]
    assert head == '"ab"'
    assert following == "  next  a 50 %, b 25 %, \\n 12 %, c 12 %"


def test_continuations_are_offered_and_a_number_takes_one(script):
    pages, _ = script("/t 0", "1", "/quit")
    assert pages[1].splitlines()[3:] == [f"  1     {'a' * 60}"]
    assert pages[2].splitlines()[1] == f'"{"a" * 60}"  at temperature 0'


def test_a_continuation_ends_with_its_line(script):
    offers = [line.split(maxsplit=1)[1] for line in script("/quit")[0][0].splitlines()[4:]]
    assert 1 < len(offers) <= 5
    assert all(offer.endswith("\\n") or len(offer) == 60 for offer in offers)
    assert all("\\n" not in offer.removesuffix("\\n") for offer in offers)


def test_more_text_is_written_and_can_be_undone(script):
    pages, errors = script("/t 0", "/more 5", "c", "/undo", "/undo", "/more", "/quit")
    assert errors == []
    assert pages[2].splitlines()[0] == "aaaaa"
    assert pages[3].splitlines()[1] == '"aaaaac"  at temperature 0'
    assert pages[5].splitlines()[1] == '""  at temperature 0'
    assert pages[6].splitlines()[0] == "a" * play_text.MORE


def test_a_line_break_can_be_typed(script):
    pages, _ = script("a", "/line", "b", "/quit")
    assert pages[3].splitlines()[1:3] == ['"a', 'b"']


def test_mistakes_are_a_line_each_and_change_nothing(script):
    pages, errors = script(
        "z", "/more much", "/more 0", "/more -1", "9", "/t x", "/t -1", "/fly", "b", "/quit"
    )
    assert len(errors) == 8
    assert "'z'" in errors[0]
    assert "/more 400" in errors[1]
    assert "no continuation 9" in errors[4]
    assert pages[-2].splitlines()[1] == '"b"'


def test_the_help_is_that_of_text(script):
    assert "/more 400" in script("/help", "/quit")[0][1]


def test_only_the_end_of_a_long_text_is_read_and_shown(script, monkeypatch):
    read = []
    real = TextModel.stream_text

    def stream_text(self, characters, **options):
        read.append(len(options["start"]))
        return real(self, characters, **options)

    monkeypatch.setattr(TextModel, "stream_text", stream_text)
    pages, _ = script("ab" * 3000, "/quit")
    assert pages[1].splitlines()[1] == f'"…{"ab" * (play_session.SHOWN // 2)}"'
    assert max(read) == continuations.READ
