"""How a beginning may continue: what play shows, as JSON."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from charloom.cli.play import command
from charloom.reporting.format import probability

FROZEN = Path(__file__).parents[2] / "frozen"


def _next(studio: Any, **asked: Any) -> Any:
    return studio.client.post("/studio/next", json=asked)


@pytest.mark.parametrize("text", ["", "Al", "Mar"])
def test_names_continue_as_in_play(studio: Any, text: str) -> None:
    shutil.copytree(FROZEN / "mixture" / "run", studio.folder / "towns")
    answer = _next(studio, run="towns", text=text).json()
    typed = f"{text}\n/quit\n" if text else "/quit\n"
    shown = CliRunner().invoke(command, [str(studio.folder / "towns")], input=typed).stdout
    page = re.split("(?m)(?:^|(?<=> ))> ", shown)[1 if text else 0]
    choices = [f"{one['text'] or '<end>'} {probability(one['probability'])}"
               for one in answer["characters"]]  # fmt: skip
    assert ", ".join(choices) in page and len(choices) == 8
    names = re.findall(r"^  \d +(\S+) +([\d.e-]+ %)(  known)?$", page, re.MULTILINE)
    assert names == [
        (one["text"], probability(one["probability"]), "  known" if one["known"] else "")
        for one in answer["continuations"]
    ]


def test_text_continues_the_same_for_the_same_text(studio: Any) -> None:
    shutil.copytree(FROZEN / "text" / "run", studio.folder / "prose")
    answer = _next(studio, run="prose", text="the ", temperature=0.8).json()
    assert answer == _next(studio, run="prose", text="the ", temperature=0.8).json()
    assert 0 < sum(one["probability"] for one in answer["characters"]) <= 1.000001
    pieces = [one["text"] for one in answer["continuations"]]
    assert 1 <= len(pieces) <= 5 and all(0 < len(piece) <= 60 for piece in pieces)
    greedy = _next(studio, run="prose", text="the ", temperature=0).json()
    assert len(greedy["continuations"]) == 1
    assert greedy["continuations"][0]["text"][0] == greedy["characters"][0]["text"]


@pytest.mark.parametrize(
    "asked",
    [
        {"text": "Ω"}, {"text": "a" * 5000}, {"temperature": -1}, {"run": ".."},
        {"text": "a\0"}, {"n": 3},
    ],
)  # fmt: skip
def test_what_cannot_be_continued_is_refused(studio: Any, asked: dict[str, Any]) -> None:
    shutil.copytree(FROZEN / "ngram" / "run", studio.folder / "towns")
    answer = _next(studio, **{"run": "towns", **asked})
    assert answer.status_code in (404, 422) and "\n" not in answer.json()["error"]["message"]
