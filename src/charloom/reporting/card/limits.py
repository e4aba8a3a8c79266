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
    "mixture": "its best epoch and mixture weight",
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
            f"It was trained on only {trained_on:,} {what}: expect a rough idea of the style."
        )
    if rare := data["rare"]:
        shown = ", ".join(rare[:SHOWN]) + (f" and {len(rare) - SHOWN} more" if rare[SHOWN:] else "")
        found.append(
            f"These characters occur in fewer than ten training names, too few to learn from: "
            f"{shown}."
        )
    other = (
        "all others are read as one unknown symbol and never generated"
        if vocabulary["unknown"]
        else "all others are refused"
    )
    found.append(f"It knows {vocabulary['size']:,} {vocabulary['unit']}s; {other}.")
    longest = data["corpus"].get("longest")
    if names and isinstance(longest, int):
        found.append(
            f"The longest training name has {longest:,} {vocabulary['unit']}s. Behaviour on longer "
            "names is unknown."
        )
    return found


def _of_measures(data: Mapping[str, Any]) -> list[str]:
    found, names = [], data["of"] == "names"
    held_out = data["held_out"]
    if not held_out:
        found.append("Nothing was held out, so its quality on unseen data is unknown.")
        return found
    if names and held_out < FEW_HELD_OUT:
        found.append(f"It was measured on {held_out:,} held-out names only: see how wide the "
                     "intervals are.")  # fmt: skip
    if chosen := CHOSEN.get(data["model"]["kind"]):
        found.append(
            f"The {held_out:,} held-out {'names' if names else 'characters'} it was measured on "
            f"also chose {chosen}, which flatters the results a little."
        )
    if data["labels"]:
        found.append("The metrics are those of samples without a label.")
    return found


def _of_model(data: Mapping[str, Any]) -> list[str]:
    found, names = [], data["of"] == "names"
    if not data["model"]["begin"]:
        found.append("It cannot choose a first character: every sample needs a start.")
    if data["canaries"]:
        found.append(
            f"{data['canaries']} random strings were added to the training names, to measure "
            "memorisation. It is a model to examine, not one to publish."
        )
    if names:
        found.append(
            "New means not in its training list, and no more: a generated name may be a real one "
            "elsewhere, a trade mark, or offensive in some language. Check before you use it."
        )
    else:
        found.append("It models characters, not facts: what its text says is made up.")
    what = "list" if names else "text"
    found.append(f"The model repeats the errors and biases of the training {what}.")
    return found
