"""Sections on how good a model is: its measures, its calibration, what it copies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...training.data import ENOUGH_HELD_OUT
from .content import Content
from .html import Html, number, percent, spread, tag
from .layout import Section, facts_list, figure


def measures(content: Content) -> Section | None:
    """Return the table of the measures."""
    measures = content.measurement.get("measures")
    if not measures:
        return None
    heads = ("Measure", "This model", "Real names", "Good is")
    if content.is_text:
        heads = ("Measure", "This model", "Real text", "Good is")
    if not any(m.get("real") for m in measures):
        heads = (heads[0], heads[1], "", heads[3])
    rows = [_measure(measure, heads) for measure in measures]
    table = tag(
        "table",
        tag("thead", tag("tr", [tag("th", head, scope="col") for head in heads if head])),
        tag("tbody", rows),
        class_="measures",
    )
    lead = (
        "Each figure has its 95 % interval: chance alone moves it within these bounds. The same, "
        "measured on real ones, says what a perfect model would reach."
    )
    notes = [*(content.measurement.get("notes") or ()), *_chosen(content)]
    skipped = content.measurement.get("skipped_names")
    if isinstance(skipped, int) and skipped:
        notes.append(
            f"{skipped:,} held-out names have characters that the model never saw, and are left "
            "out."
        )
    said = [tag("p", note, class_="note") for note in notes]
    return "The measures", lead, [table, *said]


def _chosen(content: Content) -> list[str]:
    """Return that what was held out has chosen the model, too, if it has."""
    config, facts = content.saved.config, content.saved.facts
    history, best = facts.get("history"), facts.get("best")
    if content.given or not content.measured_on or not isinstance(best, dict):
        return []
    if config.has_network:
        entries = [e for e in history if isinstance(e, dict)] if isinstance(history, list) else []
        losses = [e.get("held_out_nats_per_char") for e in entries]
        known = [loss for loss in losses if isinstance(loss, float)]
        if len(known) < 2 or best.get("held_out_nats_per_char") != min(known):
            return []
    elif config.kind != "ngram" or config.order or content.measured_on < ENOUGH_HELD_OUT:
        return []
    what = "epoch" if config.has_network else "order"
    what += " and the n-gram's share" if config.kind == "mixture" else ""
    names = "text" if config.text else "names"
    return [
        f"What the model was measured on also chose its {what}, which flatters it a little. For "
        f"the last word, measure on {names} held out: --data FILE."
    ]


def _measure(measure: Mapping[str, Any], heads: Sequence[str]) -> Html:
    unit, real = measure["unit"], measure.get("real")
    good = {"lower": "low", "higher": "high", "as real": "near real"}.get(measure["better"], "")
    cells = [
        tag(
            "th",
            measure["title"],
            tag("small", measure["explanation"]),
            scope="row",
        ),
        _estimate(measure, unit, heads[1]),
    ]
    if heads[2]:
        cells.append(
            _estimate(real, unit, heads[2]) if real else tag("td", "\u2013", class_="none")
        )
    cells.append(tag("td", good, data_label=heads[3]))
    return tag("tr", cells)


def _estimate(estimate: Mapping[str, float], unit: str, label: str) -> Html:
    word = "" if unit in ("%", "") else tag("span", f" {unit}", class_="unit")
    return tag(
        "td",
        tag("b", number(estimate["value"], unit)),
        word,
        spread(estimate, unit),
        data_label=label,
    )


def calibration(content: Content) -> Section | None:
    """Return whether the model knows how sure it may be."""
    data = content.figures.get("calibration")
    if not data or not any(b["count"] for b in data["bins"]):
        return None
    lead = (
        "Of all the times that the model gives a character 30 %, it should come 30 times in 100. "
        "On the dashed line, it knows exactly how sure it may be."
    )
    pairs = ((b["predicted"], b["observed"]) for b in data["bins"] if b["count"])
    label = "Share that came, by the probability that the model gave: "
    label += "; ".join(f"{percent(said)} said, {percent(came)} came" for said, came in pairs) + "."
    return "Does it know what it knows?", lead, [figure(content, "calibration", label)]


def memorisation(content: Content) -> Section | None:
    """Return what it copies."""
    found = content.memorisation
    if not found:
        return None
    rows: list[tuple[str, Html | str]] = []
    for key, title in (
        ("train_nats_per_char", "On the training data"),
        ("held_out_nats_per_char", "On what was held out"),
        ("gap", "Gap"),
    ):
        value = found.get(key)
        if isinstance(value, dict):
            ends = f" ({value['low']:.3f} to {value['high']:.3f})"
            ends = ends if value["low"] < value["high"] else ""
            rows.append((title, f"{value['value']:.3f} nats/char{ends}"))
    if longest := found.get("longest_copy"):
        copied = tag("q", str(longest["text"])[:200])
        text = tag("span", f"{longest['characters']:,} characters: ", copied)
        rows.append(("Longest copy", text))
        if isinstance(real := longest.get("real"), dict):
            rows.append(("In real text", f"{real['characters']:,} characters"))
    if canaries := found.get("canaries"):
        rows.append(
            (
                "Canaries",
                f"{canaries['count']:,} random strings were added to the training names; mean "
                f"exposure {canaries['exposure']:.1f} bits, where 1.4 is chance",
            )
        )
    body: list[Html | None] = []
    entries = found.get("by_temperature") or ()
    if any(entry["copied"]["high"] or entry["ideal"]["high"] for entry in entries):
        data = {"by_temperature": entries}
        if content.is_text:
            data["expected"] = "in real text"
        content.figures["memorisation"] = data
        label = "Share of copies by temperature, beside what is normal: "
        label += "; ".join(
            f"at {entry['temperature']:g}, {percent(entry['copied']['value'])} and "
            f"{percent(entry['ideal']['value'])}"
            for entry in entries
        )
        body.append(figure(content, "memorisation", f"{label}."))
    body.append(facts_list(rows))
    return "Does it copy?", str(found.get("verdict", "")), body
