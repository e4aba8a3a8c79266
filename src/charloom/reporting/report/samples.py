"""Sections on what a model generates: names or text, and what it looks like beside real ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..format import percent
from .cells import bars, heat_map, plain
from .content import Content
from .svg import figure

View = dict[str, Any]


def passage(content: Content) -> View | None:
    """Show generated text."""
    return {} if content.found.passage else None


def wall(content: Content) -> View | None:
    """Show hundreds of generated names, and how near each is to the training list."""
    names = content.found.measurement.get("names")
    if content.is_text or not isinstance(names, list) or not names:
        return None
    items = [_item(name) for name in names]
    kinds = [item["kind"] for item in items]
    words = (("new", "new"), ("near", "one edit away"), ("copied", "copied"))
    legend = [(kind, word, kinds.count(kind)) for kind, word in words if kind in kinds]
    return {"items": items, "legend": legend}


def _item(name: Mapping[str, Any]) -> View:
    near, edits, beside = name.get("nearest"), name.get("distance"), None
    kind = {0: "copied", 1: "near"}.get(edits, "new") if isinstance(edits, int) else "new"
    if kind == "copied":
        tip = "in the training list"
    elif near is not None and isinstance(edits, int):
        beside = f"{near} {edits}"
        tip = f"nearest in the list {near}, {edits} edit{'s' if edits != 1 else ''} away"
    else:
        tip = "there is no list to compare with"
    return {"text": name["text"], "kind": kind, "tip": f"{name['text']}: {tip}", "beside": beside}


def heat(content: Content) -> View | None:
    """Show what temperature does."""
    if not content.by_temperature:
        return None
    sweep = content.figures.get("sweep")
    if not sweep:
        return {"figure": None}
    points = "; ".join(
        f"at {draw['temperature']:g}, {draw['nats_per_char']:.2f} nats per character and "
        f"{percent(draw['new'])}"
        for draw in sweep["draws"]
    )
    label = f"Loss of the samples, and the share of them that is new: {points}."
    return {"figure": figure(sweep, "sweep", label, stacked=True)}


def kinds(content: Content) -> View | None:
    """Show names of each label."""
    return {} if content.by_label else None


def lengths(content: Content) -> View | None:
    """Show lengths, and distances to the training list, of generated and real names."""
    shown = []
    if data := content.figures.get("drawn-lengths"):
        real, generated = (_mean(data[key], data["lengths"][0]) for key in ("real", "generated"))
        label = f"Share of names by length: on average {real:.1f} {data['unit']}s real, "
        shown.append(figure(data, "drawn-lengths", f"{label}{generated:.1f} generated."))
    if data := content.figures.get("distances"):
        label = "Share of names by edits to the nearest training name: on average "
        label += f"{_mean(data['generated']):.1f} for generated ones"
        label += f", {_mean(data['real']):.1f} for held-out ones." if data["real"] else "."
        shown.append(figure(data, "distances", label))
    return {"figures": shown} if shown else None


def _mean(shares: Sequence[float], first: int = 0) -> float:
    return sum(share * i for i, share in enumerate(shares, first)) / (sum(shares) or 1.0)


def letters(content: Content) -> View | None:
    """Show how frequent each character is."""
    data = content.figures.get("letters")
    if not data:
        return None
    shown = len(data["characters"])
    most = shown if content.found.run.vocabulary.size - 1 > shown else None
    return {"bars": list(bars(data, text=content.is_text)), "most": most}


def pairs(content: Content) -> View | None:
    """Show how often each character follows each."""
    data = content.figures.get("pairs")
    if not data:
        return None
    panels = []
    for title, key, other in (("Real", "real", "generated"), ("Generated", "generated", "real")):
        label = f"{title}: how often each character follows each. {_often(content, data[key])}."
        tables = data["characters"], data[key], data[other]
        drawn = heat_map(*tables, (key, other), text=content.is_text)
        panels.append({"title": title, "label": label, **drawn})
    return {"panels": panels}


def _often(content: Content, table: Sequence[Sequence[float]]) -> str:
    """Return the pairs of which the second is most certain."""
    labels = [plain(c, text=content.is_text) for c in content.figures["pairs"]["characters"]]
    shares = [(share, x, y) for y, row in enumerate(table) for x, share in enumerate(row)]
    most = sorted(shares, key=lambda one: (-one[0], one[1:]))[:5]
    return ", ".join(f"{labels[x]} after {labels[y]}: {percent(share)}" for share, x, y in most)
