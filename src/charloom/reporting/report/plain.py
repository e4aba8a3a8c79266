"""What a report shows, as plain data that JSON can hold."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ..._version import __version__
from .. import describe
from ..format import capitalised, count, duration
from . import cells, words
from .content import Content
from .reproducibility import again, command, settings

Data = dict[str, Any]


def plain(content: Content) -> Data:
    """Return the numbers of the page, and the words that go with them.

    Characters stand beside the labels that they are shown as. The same content gives the same data.
    """
    found, text = content.found, content.is_text
    what, style, more = words.heading(content)
    return {
        "form": found.run.data_kind,
        "heading": {"what": what, "style": style, "more": more},
        "lede": words.lede(content),
        "leads": words.leads(content),
        "tiles": words.tiles(content),
        "verdict": found.memorisation.get("verdict"),
        "level": found.memorisation.get("level"),
        "new_names": found.new_names,
        "passage": found.passage,
        "measures": found.measurement.get("measures", []),
        "notes": words.notes(content, remedy=False),
        "figures": {name: _figure(name, data, text) for name, data in content.figures.items()},
        "best_epoch": words.best_epoch(content),
        "saved_epoch": describe.best_epoch(found.run.config, found.run.facts),
        "wall": found.measurement.get("names", []),
        "next": [
            {
                "text": one["text"],
                "places": [_labelled(place) for place in cells.ladder(one, text=text)],
            }
            for one in content.next
        ],
        "units": _units(content),
        "by_temperature": _samples(content.by_temperature),
        "by_label": [{"label": label, "names": names} for label, names in content.by_label],
        "memorisation": found.memorisation or None,
        "examples": content.examples,
        "facts": [{"term": term, "value": value} for term, value in _facts(content)],
        "commands": f"{command(found)}\n{again(found)}",
        "left_out": found.left_out,
        "seed": found.seed,
        "samples": found.samples,
    }


def _labelled(place: Data) -> Data:
    """Return a place of a ladder, or a choice there, with its labels as plain data."""
    choices = [_labelled(choice) for choice in place.get("choices", ())]
    return {**place, "label": asdict(place["label"])} | ({"choices": choices} if choices else {})


def _figure(name: str, data: Data, text: bool) -> Data:
    """Add what its characters are shown as; hidden units have a part of their own."""
    if name == "units":
        return {}
    if "characters" in data:
        return {**data, "labels": [cells.plain(c, text=text) for c in data["characters"]]}
    return data


def _units(content: Content) -> list[Data]:
    """Return the hidden units that are shown, and each string's characters with their activity."""
    names = content.figures.get("units", {}).get("names", ())
    return [
        {
            "title": unit["title"],
            "correlation": unit["correlation"],
            "strings": [
                {"labels": [cells.plain(c, text=content.is_text) for c in name], "activity": values}
                for name, values in zip(names, unit["activities"], strict=True)
            ],
        }
        for unit in words.shown_units(content)
    ]


def _samples(rows: list[tuple[float, list[tuple[str, bool]] | str]]) -> list[Data]:
    return [
        {"temperature": heat, "text": made}
        if isinstance(made, str)
        else {
            "temperature": heat,
            "names": [{"text": name, "copied": copied} for name, copied in made],
        }
        for heat, made in rows
    ]


def _facts(content: Content) -> list[tuple[str, str]]:
    """Return what is known of the run and its training, in the page's terms."""
    found, run = content.found, content.found.run
    facts, corpus = run.facts, run.facts.corpus
    what = "characters" if content.is_text else "names"
    best = describe.best_epoch(run.config, facts)
    rows: list[tuple[str, str | None]] = [
        ("Sources", describe.listed(describe.sources(corpus), 20)),
        (what.capitalize(), count(corpus[what]) if isinstance(corpus.get(what), int) else None),
        ("Trained on", None if facts.train_size is None else count(facts.train_size)),
        ("Held out", None if facts.held_out_size is None else count(facts.held_out_size)),
        ("Labels", describe.listed(run.labels, 20)),
        ("Model", capitalised(describe.kind(run.config, facts.ngram))),
        ("Parameters", count(run.parameters)),
        ("Settings", settings(facts.training, run.config)),
        ("Best epoch", None if best is None else str(best)),
        ("Training time", duration(facts.seconds) if facts.seconds else None),
        ("Versions", ", ".join(f"{name} {one}" for name, one in facts.versions.items())),
        ("Backend", facts.backend or None),
        (
            "Measured with",
            f"seed {found.seed}"
            + ("" if content.is_text else f", {count(found.samples)} samples")
            + f", charloom {__version__}",
        ),
    ]
    return [(term, value) for term, value in rows if value]
