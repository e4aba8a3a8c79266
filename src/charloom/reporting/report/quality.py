"""Sections on how good a model is: its measures, its calibration, what it memorised."""

from __future__ import annotations

from typing import Any

from ...training.data import ENOUGH_HELD_OUT
from ..format import percent
from .content import Content
from .svg import figure

View = dict[str, Any]

BETTER = {"lower": "low", "higher": "high", "as real": "near real"}


def measures(content: Content) -> View | None:
    """Show the table of the measures."""
    measured = content.found.measurement
    if not measured.get("measures"):
        return None
    skipped = measured.get("skipped_names")
    return {
        "measures": measured["measures"],
        "has_real": any(one.get("real") for one in measured["measures"]),
        "better": BETTER,
        "notes": measured.get("notes") or (),
        "chosen": chosen(content),
        "skipped": skipped if isinstance(skipped, int) else 0,
    }


def chosen(content: Content) -> str | None:
    """Return what was chosen on the data that the model was measured on, if anything was."""
    found, config = content.found, content.found.run.config
    if (
        found.given
        or not found.measured_on
        or not isinstance(found.run.saved.facts.get("best"), dict)
    ):
        return None
    if config.has_network:
        losses = [entry.get("held_out_nats_per_char") for entry in found.run.history]
        known = [loss for loss in losses if isinstance(loss, float)]
        if len(known) < 2 or found.run.facts.best.get("held_out_nats_per_char") != min(known):
            return None
        return "epoch and mixture weight" if config.kind == "mixture" else "epoch"
    if config.kind != "ngram" or config.order or found.measured_on < ENOUGH_HELD_OUT:
        return None
    return "order"


def calibration(content: Content) -> View | None:
    """Show how often characters occurred, by the probability that the model gave them."""
    data = content.figures.get("calibration")
    if not data or not any(b["count"] for b in data["bins"]):
        return None
    pairs = ((b["predicted"], b["observed"]) for b in data["bins"] if b["count"])
    points = "; ".join(f"{percent(p)} predicted, {percent(o)} observed" for p, o in pairs)
    label = f"Observed frequency by the probability that the model gave: {points}."
    return {"figure": figure(data, "calibration", label)}


def memorisation(content: Content) -> View | None:
    """Show what the model copies."""
    found, data = content.found.memorisation, content.figures.get("memorisation")
    if not found:
        return None
    drawn = None
    if data:
        points = "; ".join(
            f"at {entry['temperature']:g}, {percent(entry['copied']['value'])} and "
            f"{percent(entry['ideal']['value'])}"
            for entry in data["by_temperature"]
        )
        label = f"Share of copies by temperature, and the share to be expected: {points}."
        drawn = figure(data, "memorisation", label)
    losses = [
        (title, found[key])
        for key, title in (
            ("train_nats_per_char", "Training loss"),
            ("held_out_nats_per_char", "Held-out loss"),
            ("gap", "Gap"),
        )
        if isinstance(found.get(key), dict)
    ]
    return {
        "figure": drawn,
        "verdict": str(found.get("verdict", "")),
        "losses": losses,
        "longest": found.get("longest_copy"),
        "canaries": found.get("canaries"),
    }
