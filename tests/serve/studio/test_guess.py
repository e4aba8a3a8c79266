"""Names or text: what the first lines show."""

from __future__ import annotations

import pytest

from charloom.serve.studio.guess import guess

NAMES = {
    "towns": "Ulm\nBad Ems\nSt. Ives\nFrankfurt am Main\n",
    "people": "Dr. Ada Lovelace\nGrace Hopper, Jr.\nAlan M. Turing\nKurt G\u00f6del\n",
    "bands": "Guns N' Roses\nWham!\nPanic! at the Disco\nThe The\nGodspeed You! Black Emperor\n",
    "titles": "The Old Man and the Sea\nEmma\nWar and Peace\nThings Fall Apart\n",
    "slogans": "Just do it.\nThink different.\nI'm lovin' it!\n",
    "molecules": "CC(=O)Oc1ccccc1C(=O)O\nCN1C=NC2=C1C(=O)N(C(=O)N2C)C\n",
    "chinese": "\u738b\u4f1f\n\u674e\u5a1c\n\u5f20\u654f\n",
    "proteins": "MKTAYIAKQR" * 30 + "\n" + "GHHEAELKPL" * 30 + "\n",
    "one": "Ann",
}
TEXT = {
    "prose": "It was the best of times, it was the worst of times, it was long ago.\n" * 9,
    "paragraphs": ("It was the best of times. " * 40 + "\n\n") * 4,
    "verse": "Shall I compare thee\nto a summer's day?\n\nThou art more lovely\nand more mild:\n",
    "play": "First Citizen:\nBefore we proceed any further.\n\nAll:\nSpeak, speak, we hear.\n" * 5,
    "chinese": "\u5929\u5730\u7384\u9ec4\uff0c\u5b87\u5b99\u6d2a\u8352\u3002" * 20 + "\n",
    "code": "def f(x):\n    y = x\n    if y:\n        return y\n    return x\n\n" * 4,
}


@pytest.mark.parametrize("what", NAMES)
def test_names_are_recognised(what: str) -> None:
    assert guess(NAMES[what].split("\n"))[0] == "names"


@pytest.mark.parametrize("what", TEXT)
def test_text_is_recognised(what: str) -> None:
    assert guess(TEXT[what].split("\n"))[0] == "text"


def test_no_lines_are_names() -> None:
    assert guess(["", " "]) == ("names", "there are no lines yet")


def test_a_line_without_an_end_is_text() -> None:
    assert guess(["x" * 60_000], whole=False)[0] == "text"
