"""Sections on what a model draws: names or text, and what it looks like beside what is real."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .cells import frequencies, heat_map, plain
from .content import Content
from .html import Html, joined, name_of, percent, tag
from .layout import Section, figure, output


def passage(content: Content) -> Section | None:
    """Return what a model of text writes."""
    if not content.is_text or not content.passage:
        return None
    lead = f"{len(content.passage):,} characters as the model draws them, from nothing."
    return (
        "What it writes",
        lead,
        [tag("blockquote", content.passage, class_="passage", dir="auto")],
    )


def wall(content: Content) -> Section | None:
    """Return hundreds of names as they come, and how near each is to the training list."""
    names = content.measurement.get("names")
    if content.is_text or not isinstance(names, list) or not names:
        return None
    kinds = [_kind(name) for name in names]
    items = []
    for name, kind in zip(names, kinds, strict=True):
        near, edits = name.get("nearest"), name.get("distance")
        tip = f"{name['text']}: "
        if kind == "copied":
            tip += "in the training list"
        elif near is not None and isinstance(edits, int):
            tip += f"nearest in the list {near}, {edits} edit{'s' if edits != 1 else ''} away"
        else:
            tip += "there is no list to compare with"
        beside = "" if near is None or kind == "copied" else f"{near} {edits}"
        items.append(
            tag("li", tag("button", name_of(name["text"]), type="button", data_tip=tip,
                          data_near=beside or None, class_=kind), class_=kind)
        )  # fmt: skip
    legend = [
        tag(
            "button",
            tag("span", word, class_=f"sample {kind}"),
            f" {kinds.count(kind):,}",
            type="button",
            aria_pressed="true",
            data_only=kind,
        )
        for kind, word in (("new", "new"), ("near", "one edit away"), ("copied", "copied"))
        if kind in kinds
    ]
    lead = joined(
        (
            f"{len(names):,} names as the model draws them, copies and all: what is struck "
            "out is in the training list, what is dotted is one edit away from a name there.",
            tag("span", " Behind each is the nearest name there, and how many edits away.",
                class_="paper"),
        )
    )  # fmt: skip
    body = [
        tag("div", legend, class_="choose", role="group", aria_label="Which names to show"),
        tag("ul", items, class_="wall"),
        output("Touch a name to see what it is nearest to."),
    ]
    return "A wall of names", lead, [tag("div", body, data_tips=True)]


def _kind(name: Mapping[str, Any]) -> str:
    distance = name.get("distance")
    return "copied" if distance == 0 else "near" if distance == 1 else "new"


def heat(content: Content) -> Section | None:
    """Return what temperature does."""
    if not content.by_temperature:
        return None
    rows = [
        tag("tr", tag("th", f"{heat:g}", scope="row"), tag("td", _drawn(drawn)))
        for heat, drawn in content.by_temperature
    ]
    heads = "Temperature", "It writes" if content.is_text else "It draws"
    table = tag(
        "table",
        tag("thead", tag("tr", [tag("th", head, scope="col") for head in heads])),
        tag("tbody", rows),
        class_="heats",
    )
    what = "text" if content.is_text else "names"
    lead = (
        f"A low temperature gives the likeliest {what}, often copied or repeated; a high one gives "
        f"new {what}, and in the end noise. At 1 the model draws as it believes."
    )
    swept = None
    if "sweep" in content.figures:
        label = "How surprising draws are to the model, and how much of them is new: "
        label += "; ".join(
            f"at {draw['temperature']:g}, {draw['nats_per_char']:.2f} nats a character and "
            f"{percent(draw['new'])}"
            for draw in content.figures["sweep"]["draws"]
        )
        swept = figure(content, "sweep", f"{label}.", stacked=True)
    return "Temperature", lead, [swept, table]


def kinds(content: Content) -> Section | None:
    """Return names of each kind that the model distinguishes."""
    if not content.by_label:
        return None
    lead = "New names of each kind: the model has learned what distinguishes them."
    if len(content.saved.labels) > len(content.by_label):
        lead += f" {len(content.by_label)} of {len(content.saved.labels):,} are shown."
    rows = [
        tag(
            "tr",
            tag("th", name_of(label), scope="row"),
            tag("td", _drawn([(name, False) for name in names])),
        )
        for label, names in content.by_label
    ]
    head = tag("thead", tag("tr", [tag("th", h, scope="col") for h in ("Kind", "It draws")]))
    return "Kinds of names", lead, [tag("table", head, tag("tbody", rows), class_="heats")]


def _drawn(drawn: str | list[tuple[str, bool]]) -> Html:
    if isinstance(drawn, str):
        return tag("span", drawn, class_="written", dir="auto")
    return tag(
        "span",
        [[tag("bdi", text, class_="copied" if known else None), " "] for text, known in drawn],
    )


def lengths(content: Content) -> Section | None:
    """Return lengths and distances to the training list, drawn and real."""
    body = []
    if data := content.figures.get("drawn-lengths"):
        means = (_mean(data[key], data["lengths"][0]) for key in ("real", "generated"))
        label = "Share of names by length: on average {:.1f} {unit}s real, {:.1f} drawn."
        body.append(figure(content, "drawn-lengths", label.format(*means, unit=data["unit"])))
    if data := content.figures.get("distances"):
        label = "Share of names by edits to the nearest training name: on average "
        label += f"{_mean(data['generated']):.1f} for drawn ones"
        label += f", {_mean(data['real']):.1f} for held-out ones." if data["real"] else "."
        body.append(figure(content, "distances", label))
    if not body:
        return None
    lead = (
        "Drawn names should be as long as real ones, and as far from the training list as names "
        "are that were held out: nearer is copying, farther is noise."
    )
    return "Lengths and distances", lead, body


def _mean(shares: Sequence[float], first: int = 0) -> float:
    return sum(share * i for i, share in enumerate(shares, first)) / (sum(shares) or 1.0)


def letters(content: Content) -> Section | None:
    """Return how often each character comes."""
    data = content.figures.get("letters")
    if not data:
        return None
    lead = "How often each character comes, among real names and drawn ones."
    if content.is_text:
        lead = "How often each character comes, in real text and in what is drawn."
    if content.saved.vocabulary.size - 1 > len(data["characters"]):
        lead += f" The {len(data['characters'])} most frequent are shown."
    key = tag("p", tag("span", "real"), tag("span", "drawn", class_="drawn"), class_="key")
    shares = data["characters"], data["real"], data["generated"]
    bars = frequencies(*shares, text=content.is_text)
    return (
        "Letters",
        lead,
        [tag("div", key, bars, output("Touch a letter for its shares."), data_tips=True)],
    )


def pairs(content: Content) -> Section | None:
    """Return how often each character follows each."""
    data = content.figures.get("pairs")
    if not data:
        return None
    panels = []
    for key, title, names in (
        ("real", "Real", ("real", "drawn")),
        ("generated", "Drawn", ("drawn", "real")),
    ):
        other = data["generated" if key == "real" else "real"]
        label = f"{title}: how often each character follows each. {_often(content, data[key])}."
        drawn = heat_map(
            data["characters"], data[key], other, names=names, label=label, text=content.is_text
        )
        panels.append(tag("figure", tag("figcaption", title), drawn))
    lead = "The darker, the more often the column's letter follows the row's."
    if not content.is_text:
        lead += " The dot stands for a name's beginning, and for its end."
    body = [tag("div", panels, class_="two"), output("Touch a cell for its shares.")]
    return "Letter pairs", lead, [tag("div", body, data_tips=True)]


def _often(content: Content, table: Sequence[Sequence[float]]) -> str:
    """Return the pairs of which the second is most certain."""
    labels = [plain(c, text=content.is_text) for c in content.figures["pairs"]["characters"]]
    shares = [(share, x, y) for y, row in enumerate(table) for x, share in enumerate(row)]
    most = sorted(shares, key=lambda one: (-one[0], one[1:]))[:5]
    return ", ".join(f"{labels[x]} after {labels[y]}: {percent(share)}" for share, x, y in most)
