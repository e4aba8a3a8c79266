"""The page's first screen: what the run is, three numbers, ten new names, the verdict."""

from __future__ import annotations

from typing import Any

from .. import describe
from .content import Content

TILES = ("nats_per_char", "new", "two_sample_accuracy", "unique_1k", "diversity")
TILES_OF_TEXT = ("bits_per_char", "two_sample_accuracy", "calibration_error", "nats_per_char")
"""Measures for the first screen, which shows the first three of these that there are."""

LEVELS = ("none", "some", "strong")
"""How much a model has memorised."""

NUMERALS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten")


def summary(content: Content) -> dict[str, Any]:
    """Return what the first screen shows."""
    found = content.found
    facts, memorised = found.run.facts, found.memorisation
    sources = describe.sources(facts.corpus)
    by_name = {m["name"]: m for m in found.measurement.get("measures", ())}
    wanted = TILES_OF_TEXT if content.is_text else TILES
    level = str(memorised.get("level"))
    kind = describe.kind(found.run.config, facts.ngram)
    return {
        "sources": [] if sources[:1] in (["strings"], ["-"]) else sources,
        "kind": kind[0].upper() + kind[1:],
        "seconds": facts.seconds if facts.seconds and facts.seconds > 0 else None,
        "tiles": [by_name[name] for name in wanted if name in by_name][:3],
        "numeral": NUMERALS[len(found.new_names)] if len(found.new_names) <= 10 else "Some",
        "opening": found.passage[:320].rsplit(None, 1)[0] if found.passage else "",
        "verdict": str(memorised.get("verdict") or ""),
        "level": level if level in LEVELS else "some",
    }
