"""What is said of memorisation: the figures, their level, and the sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ..statistics import Estimate, html_table

if TYPE_CHECKING:
    from .exposure import Exposure

Level = Literal["none", "some", "strong"]

LEVEL = 0.025
"""Chance below which copies are more than exchangeable lists would show."""

CLEAR_RATIO = 1.5
"""Copies to those of the style alone, up to which memorisation is little, whatever its interval."""

NOTABLE_SHARE = 1e-4
"""Share of the draws up to which copies through memory are too rare to be met."""

NOTABLE_GAP = 0.5
"""Nats a character from which a model knows what it read far better than what it did not."""

STRONG_RATIO, STRONG_SHARE = 10.0, 0.01
LARGE_SHARE = 0.1
"""Share of the draws from which copies through memory are strong memorisation in any case."""

WORDS: dict[Level, str] = {"none": "little", "some": "some", "strong": "strong"}


@dataclass(frozen=True, kw_only=True)
class Copies:
    """What is copied at a temperature.

    Attributes:
        temperature: of the draws.
        copied: share of plain draws that are training names; of text, share of the characters
            within long verbatim pieces.
        ideal: the same of a model that had learned the style and no name; of text, of real text.
    """

    temperature: float
    copied: Estimate
    ideal: Estimate

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain data that JSON can hold."""
        return {
            "temperature": self.temperature,
            "copied": self.copied.to_dict(),
            "ideal": self.ideal.to_dict(),
        }


@dataclass(frozen=True, kw_only=True)
class LongestCopy:
    """The longest piece of a text that is verbatim in the training text.

    Attributes:
        characters, text: its length, and itself.
        drawn: characters of generated text that it was looked for in.
        real_characters, real_text: the same of as much real text that the model has not seen.
        piece: from how many characters a piece counts as long.
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
class Memorisation:
    """How much a model has memorised, and a verdict.

    Attributes:
        train_nats_per_char, held_out_nats_per_char, gap: -log p a character of what the model
            trained on, of what it did not, and their difference.
        by_temperature: the copies; see ``Copies``.
        longest_copy: of text whose training text is at hand.
        canaries: how the random strings that were added to the training names rank among others.
        level: ``none`` is little or none that can be told.
        verdict: one plain sentence.
    """

    train_nats_per_char: Estimate
    held_out_nats_per_char: Estimate
    gap: Estimate
    by_temperature: tuple[Copies, ...]
    longest_copy: LongestCopy | None
    canaries: Exposure | None
    level: Level
    verdict: str

    def __repr__(self) -> str:
        return f"Memorisation({self.level!r}, {self.verdict!r})"

    def _repr_html_(self) -> str:
        """Show the copies in a notebook."""
        rows = ((f"{one.temperature:g}", one.copied, one.ideal) for one in self.by_temperature)
        return html_table(("temperature", "copied", "by style alone"), rows)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain data that JSON can hold."""
        return {
            "train_nats_per_char": self.train_nats_per_char.to_dict(),
            "held_out_nats_per_char": self.held_out_nats_per_char.to_dict(),
            "gap": self.gap.to_dict(),
            "by_temperature": [copies.to_dict() for copies in self.by_temperature],
            "longest_copy": None if self.longest_copy is None else self.longest_copy.to_dict(),
            "canaries": None if self.canaries is None else self.canaries.to_dict(),
            "level": self.level,
            "verdict": self.verdict,
        }


def level_of(
    copies: Copies, chance: float, low_ratio: float, gap: Estimate, canaries: Exposure | None
) -> Level:
    """Return the level of a model of names; ``memorisation`` says when it is which.

    Args:
        copies: at the temperature of the verdict.
        chance: how likely so many copies are where the two lists are exchangeable.
        low_ratio: the low end of the interval of copies to those of the style alone.
        gap: in nats a character.
        canaries: if there are any.
    """
    copied, ideal = copies.copied.value, copies.ideal.value
    more = copied - ideal
    beyond = chance < LEVEL and copied >= CLEAR_RATIO * ideal
    kept = canaries is not None and 2 * canaries.given_away >= len(canaries.nats)
    many = more >= LARGE_SHARE or (low_ratio >= STRONG_RATIO and more >= STRONG_SHARE)
    if kept or (beyond and many):
        return "strong"
    seen = canaries is not None and canaries.seen
    if seen or gap.low >= NOTABLE_GAP or (beyond and more >= NOTABLE_SHARE):
        return "some"
    return "none"


def verdict_on(copies: Copies, canaries: Exposure | None, level: Level) -> str:
    """Return the sentence on a model of names."""
    copied, ideal = copies.copied, copies.ideal
    heat = f"{copies.temperature:g}"
    least = max(min(copied.value, ideal.value), copied.value / 10)
    of = 100
    while least * of < 1 and of < 1_000_000:
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
            f"would come out among a million (exposure {canaries.mean:.1f} bits, where 1.4 is that "
            "of strings never read)"
        )
    return f"{given}: {WORDS[level]} memorisation."
