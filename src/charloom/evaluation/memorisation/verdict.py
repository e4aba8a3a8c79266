"""The result of a memorisation analysis: figures, a level and a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ..statistics import Estimate, Plain, html_table

if TYPE_CHECKING:
    from .exposure import Exposure

Level = Literal["none", "some", "strong"]

LEVEL = 0.025
"""Significance level of the test for more copies among training names."""

CLEAR_RATIO = 1.5
"""Ratio of copies to those expected by style up to which there is little memorisation, however
significant."""

NOTABLE_SHARE = 1e-4
"""Share of samples below which memorised copies are too rare to matter."""

NOTABLE_GAP = 0.5
"""Nats per character from which training names are predicted far better than unseen ones."""

LEAST_NAMES = 2
"""Names that each list needs for a gap between the two to say something. With one held-out name, a
model that memorised nothing would have a notable gap in 7 to 14 % of cases; with two, in 0 to 2 %.
"""

STRONG_RATIO, STRONG_SHARE = 10.0, 0.01
LARGE_SHARE = 0.1
"""Share of samples from which memorised copies are strong memorisation whatever the ratio."""

WORDS: dict[Level, str] = {"none": "little", "some": "some", "strong": "strong"}


@dataclass(frozen=True, kw_only=True)
class Copies(Plain):
    """How much is copied at one temperature.

    Attributes:
        temperature: of the samples.
        copied: share of samples that are training names; for text, share of the characters in
            long verbatim pieces.
        ideal: the same for a model that learned only the style; for text, for real text.
    """

    temperature: float
    copied: Estimate
    ideal: Estimate


@dataclass(frozen=True, kw_only=True)
class LongestCopy(Plain):
    """The longest piece of sampled text that is verbatim in the training text.

    Attributes:
        characters, text: its length, and the piece.
        drawn: characters of sampled text that were searched.
        real_characters, real_text: the same for as much unseen real text.
        piece: characters from which a piece counts as long.
    """

    characters: int
    text: str
    drawn: int
    real_characters: int
    real_text: str
    piece: int

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain data that JSON can hold."""
        return {
            "characters": self.characters,
            "text": self.text,
            "drawn": self.drawn,
            "real": {"characters": self.real_characters, "text": self.real_text},
            "piece": self.piece,
        }


@dataclass(frozen=True, kw_only=True, repr=False)
class Memorisation(Plain):
    """How much a model has memorised, and a verdict.

    Attributes:
        train_nats_per_char, held_out_nats_per_char, gap: -log p per character of training data
            and of unseen data, and their difference.
        by_temperature: the copies at each temperature.
        longest_copy: for text whose training text is available.
        canaries: exposure of the random strings that were added to the training names.
        level: ``none`` means little, or none that can be detected.
        verdict: one plain sentence.
    """

    train_nats_per_char: Estimate
    held_out_nats_per_char: Estimate
    gap: Estimate
    by_temperature: tuple[Copies, ...]
    longest_copy: LongestCopy | None = None
    canaries: Exposure | None = None
    level: Level
    verdict: str

    def __repr__(self) -> str:
        return f"Memorisation({self.level!r}, {self.verdict!r})"

    def _repr_html_(self) -> str:
        """Show the copies in a notebook."""
        rows = ((f"{one.temperature:g}", one.copied, one.ideal) for one in self.by_temperature)
        return html_table(("temperature", "copied", "by style alone"), rows)


def level_of(
    copies: Copies, chance: float, low_ratio: float, gap: Estimate | None, canaries: Exposure | None
) -> Level:
    """Return the level of a model of names, as ``names_memorisation`` documents it.

    ``copies`` are those at the temperature of the verdict, ``chance`` is the p value of the
    permutation test, and ``low_ratio`` the lower end of the interval of copied / ideal. ``gap`` is
    ``None`` where a list has fewer than ``LEAST_NAMES`` names.
    """
    copied, ideal = copies.copied.value, copies.ideal.value
    more = copied - ideal
    beyond = chance < LEVEL and copied >= CLEAR_RATIO * ideal
    kept = canaries is not None and 2 * canaries.given_away >= len(canaries.nats)
    many = more >= LARGE_SHARE or (low_ratio >= STRONG_RATIO and more >= STRONG_SHARE)
    if kept or (beyond and many):
        return "strong"
    seen = canaries is not None and canaries.seen
    apart = gap is not None and gap.low >= NOTABLE_GAP
    if seen or apart or (beyond and more >= NOTABLE_SHARE):
        return "some"
    return "none"


def verdict_on(
    copies: Copies, canaries: Exposure | None, level: Level, least: int = LEAST_NAMES
) -> str:
    """Return the verdict on a model of names; the shorter list has ``least`` names."""
    copied, ideal = copies.copied, copies.ideal
    heat = f"{copies.temperature:g}"
    smaller = max(min(copied.value, ideal.value), copied.value / 10)
    of = 100
    while smaller * of < 1 and of < 1_000_000:
        of *= 10
    if copied.value * of < 0.5:
        given = f"Of a million names drawn at temperature {heat}, none is from the training list"
    else:
        low, high = round(ideal.low * of), round(ideal.high * of)
        style = f"{round(ideal.value * of):,} ({low:,} to {high:,})" if high else "hardly any"
        given = (
            f"Of {of:,} names drawn at temperature {heat}, {round(copied.value * of):,} "
            f"{'is' if round(copied.value * of) == 1 else 'are'} from the training list; a model "
            f"that had learned only the style would give {style}"
        )
    if canaries is not None:
        count = len(canaries.nats)
        given += (
            f", and of {count} random strings added to the training names {canaries.given_away} "
            f"would occur among a million (exposure {canaries.mean:.1f} bits; 1.4 is that of "
            "strings not trained on)"
        )
    if least < LEAST_NAMES and level == "none" and canaries is None:
        return (
            f"{given}: too few names to tell whether it memorised them. Train on 20 or more, of "
            "which two are held out, or name unseen ones (--data)."
        )
    return f"{given}: {WORDS[level]} memorisation."
