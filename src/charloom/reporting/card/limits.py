"""The limits of a model, as far as they follow from what is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FEW_HELD_OUT = 100
FEW_NAMES = 1000
FEW_CHARACTERS = 100_000
SHOWN = 20

CHOSEN = {
    "network": "its best epoch",
    "mixture": "its best epoch and the n-gram's share",
    "ngram": "its order",
}
"""What is chosen on what is held out, by the kind of model."""


def limits(data: Mapping[str, Any]) -> list[str]:
    """Return one plain sentence for each limit that ``data``, a card's, shows."""
    return [*_of_corpus(data), *_of_measures(data), *_of_model(data)]


def _of_corpus(data: Mapping[str, Any]) -> list[str]:
    found, names = [], data["of"] == "names"
    trained_on, vocabulary = data["trained_on"], data["vocabulary"]
    if isinstance(trained_on, int) and trained_on < (FEW_NAMES if names else FEW_CHARACTERS):
        what = "names" if names else "characters"
        found.append(
            f"It trained on {trained_on:,} {what}, which is little: its idea of the style is rough."
        )
    if rare := data["rare"]:
        shown = ", ".join(rare[:SHOWN]) + (f" and {len(rare) - SHOWN} more" if rare[SHOWN:] else "")
        found.append(
            f"These characters are in fewer than ten training names, so what it knows of them is "
            f"chance: {shown}."
        )
    other = (
        "any other is read as one unknown symbol, and never written"
        if vocabulary["unknown"]
        else "any other is refused"
    )
    found.append(f"It knows {vocabulary['size']:,} {vocabulary['unit']}s; {other}.")
    longest = data["corpus"].get("longest")
    if names and isinstance(longest, int):
        found.append(
            f"The longest name it read has {longest:,} {vocabulary['unit']}s. Of longer ones it "
            "has no idea."
        )
    return found


def _of_measures(data: Mapping[str, Any]) -> list[str]:
    found, names = [], data["of"] == "names"
    held_out = data["held_out"]
    if not held_out:
        found.append("Nothing was held out, so how well it does on unseen names is not known.")
        return found
    if names and held_out < FEW_HELD_OUT:
        found.append(f"It was measured on {held_out:,} held-out names only: see how wide the "
                     "intervals are.")  # fmt: skip
    if chosen := CHOSEN.get(data["model"]["kind"]):
        found.append(
            f"What it was measured on, {held_out:,} held-out {'names' if names else 'characters'}, "
            f"also chose {chosen}, which flatters the figures a little."
        )
    if data["labels"]:
        found.append("The figures are those of draws without a label.")
    return found


def _of_model(data: Mapping[str, Any]) -> list[str]:
    found, names = [], data["of"] == "names"
    if not data["model"]["begin"]:
        found.append("It cannot choose a first character: every draw needs a start.")
    if data["canaries"]:
        found.append(
            f"{data['canaries']} random strings were added to the training names, to measure "
            "memorisation. It is a model to examine, not one to publish."
        )
    if names:
        found.append(
            "New means not in its list, and no more: a drawn name may be a real one elsewhere, a "
            "trade mark, or a word that offends in some language. Look before you use it."
        )
    else:
        found.append("It knows characters, not facts: what its text says is made up.")
    what = "list" if names else "text"
    found.append(f"What the {what} has of errors and one-sidedness, the model has too.")
    return found
