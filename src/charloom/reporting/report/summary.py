"""The page's first screen: what it is about, three numbers, ten new names, the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from .content import Content
from .html import Html, name_of, number, spread, tag

FIRST = ("nats_per_char", "new", "two_sample_accuracy", "unique_1k", "diversity")
FIRST_OF_TEXT = ("bits_per_char", "two_sample_accuracy", "calibration_error", "nats_per_char")
"""Measures for the first screen, which shows the first three of these that there are."""

LEVELS = ("none", "some", "strong")
"""How much a model has memorised."""


def header(content: Content) -> Html:
    """Return the first screen."""
    shown: Html | None = None
    if content.new_names:
        items = [tag("li", name_of(name)) for name in content.new_names]
        title = f"{_in_words(len(items))} of its new names" if len(items) > 1 else "A new name"
        shown = tag("section", tag("h2", title), tag("ol", items), class_="ten")
    elif content.passage:
        opening = content.passage[:320].rsplit(None, 1)[0] + " \u2026"
        shown = tag(
            "section",
            tag("h2", "It writes"),
            tag("blockquote", opening, class_="passage", dir="auto"),
            class_="ten",
        )
    return tag(
        "header",
        tag("p", "charloom report on ", name_of(content.run), class_="kicker"),
        tag("h1", *_title(content)),
        tag("p", _lede(content), class_="lede"),
        _tiles(content),
        shown,
        _verdict(content),
        id="top",
    )


def sources(content: Content) -> list[str]:
    """Return what the run was trained on, without where it lies."""
    corpus = content.saved.facts.get("corpus")
    found = corpus.get("sources") if isinstance(corpus, dict) else None
    return [PurePath(str(s)).name or str(s) for s in found] if isinstance(found, list) else []


def count(value: Any) -> str:
    """Return a count for people, or a question mark where a run holds none."""
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else "?"


def model_kind(content: Content) -> str:
    """Return what kind of model it is, in a few words."""
    config = content.saved.config
    layers = "" if config.layers == 1 else f"{config.layers} layers of "
    network = f"{layers}{config.units:,} {config.cell.upper()} units"
    counted = content.saved.facts.get("ngram")
    order = config.order or (counted.get("order") if isinstance(counted, dict) else None)
    ngram = f"{'an' if order in (None, 8) else 'a'} {order or 'n'}-gram"
    return {
        "network": f"a recurrent network, {network}",
        "mixture": f"a recurrent network, {network}, mixed with {ngram}",
        "ngram": f"{ngram}, which counts what follows what",
        "unigram": "a unigram model, which only knows how often each character comes",
        "uniform": "a uniform model, to which every character is as likely as any",
    }[config.kind]


def _title(content: Content) -> tuple[str | Html, ...]:
    found = sources(content)
    what = "Text" if content.is_text else "Names"
    if not found or found[0] in ("strings", "-"):
        return (what, " in a style of their own" if not content.is_text else " in a learned style")
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    return what, " in the style of ", tag("em", name_of(found[0])), more


def _lede(content: Content) -> str:
    facts = content.saved.facts
    what = "characters" if content.is_text else "names"
    train = facts.get(f"train_{what}")
    kind = model_kind(content)
    parts = [kind[0].upper() + kind[1:]]
    if isinstance(train, int):
        parts.append(f" trained on {count(train)} {what}")
        seconds = facts.get("seconds")
        if isinstance(seconds, int | float) and seconds > 0:
            parts.append(f" in {duration(seconds)}")
    text = "".join([parts[0], "," if len(parts) > 1 and "," in kind else "", *parts[1:]]) + "."
    if content.measured_on:
        text += f" It was measured on {count(content.measured_on)} that it had not seen"
        drawn = content.measurement.get("samples")
        text += f", and on {count(drawn)} that it drew." if drawn else "."
    return text


def duration(seconds: float) -> str:
    """Return a time for people."""
    if seconds < 100:
        return f"{seconds:.0f} seconds" if seconds >= 2 else "a second"
    return f"{seconds / 60:.0f} minutes" if seconds < 6000 else f"{seconds / 3600:.1f} hours"


def _tiles(content: Content) -> Html | None:
    by_name = {m["name"]: m for m in content.measurement.get("measures", ())}
    wanted = FIRST_OF_TEXT if content.is_text else FIRST
    chosen = [by_name[name] for name in wanted if name in by_name][:3]
    if not chosen:
        return None
    return tag("dl", [_tile(m, text=content.is_text) for m in chosen], class_="tiles")


def _tile(measure: Mapping[str, Any], *, text: bool) -> Html:
    unit = measure["unit"]
    real = measure.get("real")
    return tag(
        "div",
        tag("dt", measure["title"]),
        tag(
            "dd",
            tag("strong", number(measure["value"], unit)),
            tag("span", f" {unit} ", class_="unit") if unit not in ("%", "") else " ",
            spread(measure, unit),
        ),
        tag("dd", measure["explanation"], class_="note"),
        tag(
            "dd",
            "Real text: " if text else "Real names: ",
            number(real["value"], unit),
            class_="note",
        )
        if real
        else None,
        class_="tile",
    )


def _verdict(content: Content) -> Html | None:
    found = content.memorisation
    if not found.get("verdict"):
        return None
    level = str(found.get("level"))
    level = level if level in LEVELS else "some"
    return tag(
        "p",
        tag("span", class_="mark", aria_hidden="true"),
        tag("span", tag("strong", "Does it copy?"), " ", found["verdict"]),
        class_=f"verdict is-{level}",
    )


def _in_words(n: int) -> str:
    words = ("None", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten")
    return words[n] if n < len(words) else str(n)
