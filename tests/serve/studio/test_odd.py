"""Lines that look wrong: found among many that are right, each with its reason."""

from __future__ import annotations

import pytest

from charloom.data.names import NameCorpus
from charloom.serve.studio.odd import LOOKED_AT, MOST, OF_EACH, odd_lines, odd_text

USUAL = [f"{a}{b}" for a in ("Ul", "Bon", "Tri", "Main", "Ham", "Es") for b in ("a", "en", "ow")]


def reasons(*odd: str, among: list[str] = USUAL) -> list[str]:
    total, found = odd_lines(enumerate([*among * 20, *odd], 1))
    assert total >= len(found)
    return [one.why for one in found]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("K3ln", "has a digit, unlike nearly all other lines"),
        ("Ulm!", "has \u201c!\u201d, unlike nearly all other lines"),
        (
            "\u041a\u0451\u043b\u044c\u043d",
            "has letters of Cyrillic, unlike nearly all other lines",
        ),
        ("ulm", "begins small, unlike nearly all other lines"),
        ("BONN", "is all capitals, unlike nearly all other lines"),
        ("1. Ulm", "begins with a number, \u201c1.\u201d, as an item of a list does"),
        ("* Ulm", "begins with a bullet, \u201c*\u201d, as an item of a list does"),
        ("This list was compiled by hand", "is far longer than the others: 30 characters"),
        ("X", "is a single character"),
        ("K\ufffdln", "has U+FFFD, which an earlier wrong decoding left"),
        ("Bo\u200bnn", "has an invisible or unusual character: ZERO WIDTH SPACE"),
        ("Bad\u00a0Ems", "has an invisible or unusual character: NO-BREAK SPACE"),
        ("K\u00c3\u00b6ln", "was decoded wrongly: K\u00f6ln"),
        ("Ulm &amp; Bonn", "has an HTML entity: Ulm & Bonn"),
        ("\U0001f996", "has \u201c\U0001f996\u201d, unlike nearly all other lines"),
    ],
)
def test_an_odd_line_has_its_reason(line: str, why: str) -> None:
    assert reasons(line) == [why]


def test_what_names_of_all_kinds_have_is_not_odd() -> None:
    fine = (
        "Saint-Lo",
        "O'Hara",
        "St. Ives",
        "Bad Ems",
        "D\u00fcren",
        "Kaka\u02bbako",
        "Bonn\u0153vre",
    )
    assert reasons(*fine) == []


def test_what_many_lines_have_is_not_odd() -> None:
    assert reasons(among=[f"{name} {i}" for i, name in enumerate(USUAL)]) == []
    assert reasons(among=[name.lower() for name in USUAL]) == []
    assert reasons(among=[name.upper() for name in USUAL]) == []
    assert reasons(among=["\u0906\u0930\u0935", "\u0935\u093f\u0935\u093e\u0928"] * 9) == []
    assert reasons("Ulm", among=[name.lower() for name in USUAL]) == [
        "begins with a capital, unlike nearly all other lines"
    ]


def test_a_short_list_says_nothing_about_what_is_usual() -> None:
    assert odd_lines(enumerate(["Ulm", "B0nn", "x"], 1)) == (0, [])


def test_the_builtin_list_has_no_odd_line() -> None:
    assert odd_lines(enumerate(NameCorpus.builtin().names, 1)) == (0, [])


def test_what_is_listed_is_bounded_and_counted() -> None:
    many = [(i, f"{name} &amp; {i}") for i, name in enumerate(USUAL * 100, 1)]
    total, found = odd_lines(many)
    assert (total, len(found)) == (len(many), OF_EACH)
    assert MOST >= OF_EACH
    assert LOOKED_AT > 100_000


def test_a_long_or_dangerous_line_is_shown_short_and_escaped() -> None:
    _, found = odd_lines(enumerate([*USUAL * 2, "\u202e" + "y" * 500], 1))
    assert found[0].text.startswith("\\u202e")
    assert len(found[0].text) < 130
    assert found[0].line == 37


def test_a_text_shows_what_mistakes_left() -> None:
    total, found = odd_text(["All is well.", "Ulm &amp; Bonn", "K\u00c3\u00b6ln."])
    assert total == 2
    assert [one.line for one in found] == [2, 3]
