"""The limits of a model that follow from its facts and measurements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
"""What is chosen on the held-out data, for each kind of model."""


def limits(data: Mapping[str, Any]) -> Iterator[str]:
    """Yield one sentence for each limit that follows from ``data``, a card's."""
    names = data["of"] == "names"
    what, part = ("names", "list") if names else ("characters", "text")
    trained_on, held_out, rare = data["trained_on"], data["held_out"], data["rare"]
    size, unit = data["vocabulary"]["size"], data["vocabulary"]["unit"]
    if isinstance(trained_on, int) and trained_on < (FEW_NAMES if names else FEW_CHARACTERS):
        yield f"It was trained on only {trained_on:,} {what}: expect a rough idea of the style."
    if rare:
        more = f" and {len(rare) - SHOWN} more" if rare[SHOWN:] else ""
        yield (
            "These characters occur in fewer than ten training names, too few to learn from: "
            f"{', '.join(rare[:SHOWN])}{more}."
        )
    others = "all others are refused"
    if data["vocabulary"]["unknown"]:
        others = "all others are read as one unknown symbol and never generated"
    yield f"It knows {size:,} {unit}s; {others}."
    longest = data["corpus"].get("longest")
    if names and isinstance(longest, int):
        yield (
            f"The longest training name has {longest:,} {unit}s. Behaviour on longer names is "
            "unknown."
        )
    nats = data.get("cross_validation", {}).get("nats_per_char")
    if not held_out and isinstance(nats, float):
        yield (
            f"Nothing was held out: {nats:.3f} nats per character is the loss of models of parts "
            "of the list on the other parts, which also chose its epoch and exponents."
        )
    elif not held_out:
        yield "Nothing was held out, so its quality on unseen data is unknown."
    elif names and held_out < FEW_HELD_OUT:
        yield (
            f"It was measured on {held_out:,} held-out names only: see how wide the intervals are."
        )
    if held_out and (chosen := CHOSEN.get(data["model"]["kind"])):
        yield (
            f"The {held_out:,} held-out {what} it was measured on also chose {chosen}, which "
            "flatters the results a little."
        )
    if held_out and data["labels"]:
        yield "The metrics are those of samples without a label."
    if not data["model"]["begin"]:
        yield "It cannot choose a first character: every sample needs a start."
    if data["canaries"]:
        yield (
            f"{data['canaries']} random strings were added to the training names, to measure "
            "memorisation. It is a model to examine, not one to publish."
        )
    yield (
        "New means not in its training list, and no more: a generated name may be a real one "
        "elsewhere, a trade mark, or offensive in some language. Check before you use it."
        if names
        else "It models characters, not facts: what its text says is made up."
    )
    yield f"The model repeats the errors and biases of the training {part}."
