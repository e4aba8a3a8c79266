"""Helpers of the report's tests: the outline of a page, and data to put into it."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

from charloom import Run, load
from charloom.reporting.gathered import Gathered, gather
from charloom.reporting.report import Content, illustrate
from charloom.reporting.subject import subject_of

EVIL = "</style><script>alert('&\")</script>"
HISTORY = [
    {"epoch": 1, "step": 2, "train_nats_per_char": 2.5, "held_out_nats_per_char": 2.0},
    {"epoch": 2, "step": 4, "train_nats_per_char": 2.25, "held_out_nats_per_char": 1.75},
]
FACTS = {
    "corpus": {"sources": ["/home/me/lists/dinos.txt"], "names": 3, "mean": 2.3, "duplicates": 1},
    "train_names": 3,
    "held_out_names": 2,
    "training": {"epochs": 2, "seed": 7, "learning_rate": 0.01, "batch_size": 2, "held_out": 0.4},
    "versions": {"charloom": "0.1.0", "jax": "0.9"},
    "history": HISTORY,
    "longest": 3,
    "seconds": 2.5,
}
VOID = {"meta", "input", "br", "line"}


class Outline(HTMLParser):
    """Reads a page, and fails where an element is left open or closed twice."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.open, self.text = [], [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, name, attributes):
        self.elements.append((name, dict(attributes)))
        if name not in VOID:
            self.open.append(name)

    def handle_startendtag(self, name, attributes):
        self.elements.append((name, dict(attributes)))

    def handle_endtag(self, name):
        assert self.open.pop() == name

    def handle_data(self, data):
        if "style" not in self.open and "script" not in self.open:
            self.text.append(data)

    def of(self, name, **attributes):
        return [a for n, a in self.elements if n == name and attributes.items() <= a.items()]

    @property
    def ids(self):
        return [a["id"] for _, a in self.elements if "id" in a]

    @property
    def words(self):
        return " ".join(" ".join(self.text).split())


def estimate(value):
    return {"value": value, "low": value * 0.9, "high": value * 1.1}


def measured(names=()):
    """Return what ``evaluation.measure`` would."""
    common = {"better": "lower", "real": None, "explanation": "Said in a sentence."}
    return {
        "names": [
            {"text": text, "nats": 3.0, "nearest": near, "distance": distance}
            for text, near, distance in names
        ],
        "measures": [
            {"name": "nats_per_char", "title": "Surprise", "unit": "nats",
             **estimate(1.6), **common},
            {"name": "new", "title": "New", "unit": "%", **estimate(0.5),
             **common, "real": estimate(0.9), "better": "as real"},
        ],
        "calibration": {"bins": [{"predicted": 0.5, "observed": 0.4, "count": 10}]},
        "skipped_names": 0,
    }  # fmt: skip


def subject(path):
    """Return the run in a folder and its model, as reports take them."""
    run = Run.open(path)
    return subject_of(run, load(run))


def reported(path, **options):
    """Return what a report of the run in a folder shows."""
    of = subject(path)
    return illustrate(gather(of, **options), of)


def content_of(saved, *, name="run", **parts):
    """Return what a report shows of a model that was not saved."""
    found = Gathered(run=Run(Path(name), saved), samples=20)
    return Content(found, **parts)
