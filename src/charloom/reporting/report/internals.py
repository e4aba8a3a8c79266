"""Sections on what a model was trained on, how, and what can be seen inside it."""

from __future__ import annotations

from typing import Any

from ...data.unicode import visible
from .. import describe
from .cells import activity_cells, direction, ladder
from .content import Content
from .svg import figure

MOST_CHARACTERS = 200
MOST_SOURCES = 20

CORRELATED = 0.3
"""Correlation from which on a hidden unit is said to follow something."""

FEATURES = {
    "vowel": "vowels",
    "position": "position in the name",
    "left": "characters left",
}
"""What a hidden unit may follow, in words."""

View = dict[str, Any]


def corpus(content: Content) -> View:
    """Describe the training data."""
    run = content.found.run
    facts, characters = run.facts, run.vocabulary.characters
    what = "characters" if content.is_text else "names"
    more = len(characters) - MOST_CHARACTERS
    shown = " ".join(map(visible, characters[:MOST_CHARACTERS]))
    lengths = "lengths" in content.figures and "drawn-lengths" not in content.figures
    return {
        "sources": describe.sources(facts.corpus)[:MOST_SOURCES],
        "what": what,
        "size": facts.corpus.get(what),
        "alphabet": shown + (f" and {more:,} more" if more > 0 else ""),
        "figure": figure(content.figures["lengths"], "lengths", "Training names by length.")
        if lengths
        else None,
    }


def loss(content: Content) -> View | None:
    """Show the losses by epoch."""
    data, run = content.figures.get("loss"), content.found.run
    if not data or not run.config.has_network:
        return None
    key = "held_out_nats_per_char"
    held = [entry for entry in data["history"] if entry.get(key) is not None]
    best = min(held, key=lambda entry: entry[key]) if held else None
    label = f"Loss by epoch over {len(data['history'])} epochs."
    if best:
        label += f" Held-out loss is lowest after epoch {best['epoch']}: "
        label += f"{best[key]:.3f} nats per character."
    saved = describe.best_epoch(run.config, run.facts)
    return {
        "held_out": bool(held),
        "saved": saved,
        "marked": best is not None and saved == best["epoch"],
        "figure": figure(data, "loss", label),
    }


def next_letter(content: Content) -> View | None:
    """Show the probabilities of the next characters along several strings."""
    if not content.next:
        return None
    panels = [
        {
            "title": data["text"][:24],
            "direction": direction(data["text"]),
            "places": list(ladder(data, text=content.is_text)),
        }
        for data in content.next
    ]
    return {"panels": panels}


def embedding(content: Content) -> View | None:
    """Show the map of the characters."""
    data = content.figures.get("embedding")
    if not data:
        return None
    vowels = "vowel" in data["kinds"]
    label = "A map of the characters" + (
        "; vowels, consonants and capitals have their own shapes." if vowels else "."
    )
    shown = len(data["characters"])
    return {
        "explained": sum(data["explained"]),
        "vowels": vowels,
        "most": shown if content.found.run.vocabulary.size > shown else None,
        "figure": figure(data, "embedding", label, stacked=True),
    }


def units(content: Content) -> View | None:
    """Show hidden units along strings."""
    data, run = content.figures.get("units") or {"units": ()}, content.found.run
    panels = [
        {
            "title": f"Unit {unit['unit']}: {FEATURES.get(unit['feature'], unit['feature'])}",
            "correlation": unit["correlation"],
            "rows": [
                {
                    "text": "".join(name),
                    "direction": direction("".join(name)),
                    "cells": activity_cells(name, values, text=content.is_text),
                }
                for name, values in zip(data["names"], unit["activities"], strict=True)
            ],
        }
        for unit in data["units"]
        if abs(unit["correlation"]) >= CORRELATED
    ]
    if not panels:
        return None
    return {"panels": panels, "held_out": bool(run.held_out_names or run.held_out_text)}
