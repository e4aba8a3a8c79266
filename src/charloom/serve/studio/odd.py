"""Lines that look wrong in a list of names: unlike nearly all others, each with its reason."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

from pydantic import BaseModel

from ...data.invisible import Tally, has_suspects
from ...data.sources.repair import BULLET, NUMBER, decoded_again, unescaped
from ...errors.formatting import escaped

MOST = 60
"""Lines that are listed."""

OF_EACH = 12
"""Lines of one kind that are listed."""

LOOKED_AT = 200_000
"""Lines that are looked at."""

FEWEST = 12
"""Names that it takes to say what is usual."""

RARE = 1 / 200
"""Share of the names that has to be unusual at most."""

SHOWN = 120
"""Characters of a line that are shown."""

EXPECTED = frozenset(" -'\u2019.\u00b7")
"""Marks that are found in names of all kinds."""


class Odd(BaseModel):
    """A line that looks wrong: its number, ``None`` if it has none, its text, and why."""

    line: int | None
    text: str
    why: str


def odd_lines(records: Iterable[tuple[int, str]]) -> tuple[int, list[Odd]]:
    """Return how many lines look wrong, and the first of them, in order.

    Args:
        records: numbers of lines, and names as they were written.

    Example:
        >>> towns = "Ulm Bonn Trier Mainz Hamm Essen Halle Celle Fulda Hagen Jena Kiel".split()
        >>> odd_lines(enumerate([*towns, "K3ln"], 1))[1]
        [Odd(line=13, text='K3ln', why='has a digit, unlike nearly all other lines')]
    """
    names = [(number, text.strip()) for number, text in records if text.strip()]
    unusual = _Usual([text for _, text in names])
    found: list[Odd] = []
    shown: Counter[str] = Counter()
    total = 0
    for number, text in names:
        why = _broken(text) or unusual.reason(text)
        if why is None:
            continue
        total += 1
        kind = why.split(",")[0].split(":")[0]
        shown[kind] += 1
        if shown[kind] <= OF_EACH and len(found) < MOST:
            text = text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}\u2026"
            found.append(Odd(line=number, text=escaped(text), why=why))
    return total, found


def _broken(text: str) -> str | None:
    """Return what is wrong with a line whatever the others are like."""
    if "\ufffd" in text:
        return "has U+FFFD, which an earlier wrong decoding left"
    if has_suspects(text):
        tally = Tally()
        tally.clean(text)
        if tally.characters:
            character = min(tally.characters)
            name = unicodedata.name(character, "")
            return f"has an invisible or unusual character: {name or f'U+{ord(character):04X}'}"
    if not text.isprintable() and any(unicodedata.category(c) == "Cc" for c in text):
        return "has a control character"
    if decoded_again(text) != text:
        return f"was decoded wrongly: {decoded_again(text)}"
    if unescaped(text) != text:
        return f"has an HTML entity: {unescaped(text)}"
    return None


class _Usual:
    """What is usual in a list, and how a name differs from it."""

    def __init__(self, names: Sequence[str]) -> None:
        self._known: dict[str, str] = {}
        few = max(1, int(len(names) * RARE)) if len(names) >= FEWEST else 0
        kinds: Counter[str] = Counter()
        cases: Counter[str] = Counter()
        marked = 0
        for name in names:
            kinds.update(self._kinds(name))
            cases[_case(name)] += 1
            marked += _mark(name) is not None
        self._rare = {kind for kind, count in kinds.items() if count <= few}
        self._rare_cases = {
            case
            for case in ("small", "capitals", "initial")
            if cases[case] <= few and len(names) - cases["none"] > len(names) / 2
        }
        self._marks = 2 * marked < len(names)
        lengths = sorted(map(len, names))
        self._most = max(20, int(2.5 * lengths[int(0.95 * len(lengths))])) if few else 1 << 30
        self._single = few > 0 and sum(length == 1 for length in lengths) <= few

    def reason(self, name: str) -> str | None:
        """Return how a name differs from nearly all others, ``None`` if it does not."""
        if len(name) > self._most:
            return f"is far longer than the others: {len(name):,} characters"
        if self._marks and (mark := _mark(name)):
            return f"begins with {mark}, as an item of a list does"
        if self._rare and (rare := self._kinds(name) & self._rare):
            return f"{min(rare)}, unlike nearly all other lines"
        case = _case(name)
        if case in self._rare_cases and len(name) > 1:
            how = {"small": "begins small", "capitals": "is all capitals"}
            return f"{how.get(case, 'begins with a capital')}, unlike nearly all other lines"
        if self._single and len(name) == 1:
            return "is a single character"
        return None

    def _kinds(self, name: str) -> set[str]:
        known = self._known
        for character in set(name).difference(known):
            known[character] = _kind(character)
        found = {known[character] for character in name}
        found.discard("")
        return found


def _kind(character: str) -> str:
    """Say what a name with a character has, "" for what is found in names of all kinds."""
    category, words = unicodedata.category(character), unicodedata.name(character, "").split()
    if category == "Nd":
        return "has a digit"
    if category[0] == "M" or category in ("Zs", "Cf", "Lm") or character in EXPECTED:
        return ""
    if category[0] == "L" and {"LETTER", "SYLLABLE", "IDEOGRAPH", "LIGATURE"} & {
        w.split("-")[0] for w in words
    }:
        script = words[0].split("-")[0]
        return f"has letters of {script if script == 'CJK' else script.capitalize()}"
    return f"has \u201c{character}\u201d"


def _case(name: str) -> str:
    """Return how a name is written: small, in capitals, with a capital initial, or otherwise."""
    first = name[0]
    if not first.isalpha() or first.isupper() == first.islower():
        return "none"
    if name.isupper():
        return "capitals" if len(name) > 3 else "initial"
    return "initial" if first.isupper() else "small"


def _mark(name: str) -> str | None:
    if found := BULLET.match(name):
        return f"a bullet, \u201c{found[1]}\u201d"
    if (found := NUMBER.match(name)) and found[2].strip():
        return f"a number, \u201c{found[0].strip()}\u201d"
    return None


def odd_text(lines: Iterable[str]) -> tuple[int, list[Odd]]:
    """Return how many lines of a text have what a mistake left, and the first of them, in order."""
    broken = [(n, line, why) for n, line in enumerate(lines, 1) if (why := _broken(line.strip()))]
    return len(broken), [
        Odd(line=number, text=escaped(line.strip()[:SHOWN]), why=why)
        for number, line, why in broken[:OF_EACH]
    ]
