"""What a report shows beside the measurements: figures and further samples, as plain data."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from ...data.unicode import split_units
from ...training.data import ENOUGH_HELD_OUT
from ..figures import figure_data, has_figure
from ..gathered import Data, Gathered, Progress
from ..subject import AnySubject, NameSubject, TextSubject

NEXT = 4
"""Real names, and as many generated ones, for which next characters are shown."""

TEMPERATURES = (0.2, 0.5, 0.8, 1.0, 1.2, 1.5)
"""Temperatures at which samples are shown."""

TRAINING_NAMES = 24
"""Training names that are shown."""

NAMES_IN_A_ROW = 8
MOST_LABELS = 24
"""Labels for which names are shown, at most."""

WRITTEN, READ = 160, 36
"""Characters of text shown at each temperature, and with their next-character probabilities."""

MOST_ON_MAP = 120
"""Characters on a map of them, at most."""

FIGURES = (
    "loss", "lengths", "letters", "pairs", "drawn-lengths", "distances", "sweep", "embedding",
    "units",
)  # fmt: skip
"""Figures of a report, in the order they are gathered."""

OF_SAMPLES = ("letters", "pairs", "drawn-lengths", "distances", "sweep")
"""Figures of samples, which take a seed and a start."""


@dataclass
class Content:
    """What a report shows.

    Attributes:
        found: measurements, memorisation, new names or a passage.
        figures: the figures' data by name.
        by_temperature: samples at each temperature: names, and whether they are copies; or text.
        by_label: new names for each label.
        next: next-character probabilities along several strings.
        examples: some of the training names.
    """

    found: Gathered
    figures: dict[str, Data] = field(default_factory=dict)
    by_temperature: list[tuple[float, list[tuple[str, bool]] | str]] = field(default_factory=list)
    by_label: list[tuple[str, list[str]]] = field(default_factory=list)
    next: list[Data] = field(default_factory=list)
    examples: list[str] = field(default_factory=list)

    @property
    def is_text(self) -> bool:
        """Whether the run is of text."""
        return self.found.run.is_text


def illustrate(
    found: Gathered,
    subject: AnySubject,
    progress: Progress = lambda _what, _share: None,
) -> Content:
    """Add figures and more samples to what was gathered."""
    names = subject.run.train_names
    step = max(1, len(names) // TRAINING_NAMES)
    content = Content(found, examples=list(names[::step][:TRAINING_NAMES]))
    _take_figures(content)
    sampling: Data = {"seed": found.seed, "start": found.start}
    options = dict.fromkeys(OF_SAMPLES, sampling) | {"pairs": {**sampling, "most": 30}}
    if not subject.passages(1):
        options["units"] = {"text": tuple(found.new_names)}
    for i, what in enumerate(FIGURES):
        if not has_figure(subject, what) or what in content.figures:
            continue
        progress(what, 0.8 * i / len(FIGURES))
        with found.attempt(what):
            content.figures[what] = figure_data(subject, what, **options.get(what, {}))
    if "embedding" in content.figures:
        content.figures["embedding"] = _most_frequent(content.figures["embedding"], subject)
    for what, work in (
        ("next", _next),
        ("labels", _by_label),
        ("temperatures", _by_temperature),
    ):
        progress(what, 0.9)
        with found.attempt(what):
            work(content, subject)
    return content


def _take_figures(content: Content) -> None:
    """Take the data of the figures that were measured already."""
    measured = content.found.measurement
    bins, shares = (measured.get(key) or {} for key in ("calibration", "distances"))
    if bins.get("bins"):
        content.figures["calibration"] = {"bins": bins["bins"]}
    if shares.get("generated"):
        generated, real = shares["generated"], shares.get("real")
        content.figures["distances"] = {"generated": generated, "real": real}
    entries = content.found.memorisation.get("by_temperature") or ()
    if any(entry["copied"]["high"] or entry["ideal"]["high"] for entry in entries):
        data = {"by_temperature": entries}
        if content.is_text:
            data["expected"] = "in real text"
        content.figures["memorisation"] = data


def _most_frequent(data: Data, subject: AnySubject) -> Data:
    """Limit a map of characters to the most frequent."""
    characters = data["characters"]
    if len(characters) <= MOST_ON_MAP:
        return data
    unit, run = subject.run.vocabulary.token_unit, subject.run
    real = run.train_names or run.held_out_names or (run.held_out_text,)
    counts = Counter(
        c for text in real[:: 1 + len(real) // 20_000] for c in split_units(text, unit)
    )
    order = sorted(range(len(characters)), key=lambda i: -counts[characters[i]])
    kept = sorted(order[:MOST_ON_MAP])
    parts = ("characters", "kinds", "points")
    return {**data, **{part: [data[part][i] for i in kept] for part in parts}}


def _next(content: Content, subject: AnySubject) -> None:
    vocabulary, found = subject.model.vocabulary, content.found
    count = 10 * NEXT if isinstance(subject, NameSubject) else 2
    texts = [t for t in subject.passages(count) if t and not vocabulary.unknown(t)][:NEXT]
    texts += found.new_names[:NEXT]
    if found.passage:
        texts = [text.strip()[:READ] for text in (*texts, found.passage)]
    content.next = [figure_data(subject, "next", text=(text,)) for text in texts]


def _by_label(content: Content, subject: AnySubject) -> None:
    if isinstance(subject, TextSubject):
        return
    found = content.found
    options: Any = {"seed": found.seed, **({"start": found.start} if found.start else {})}
    for label in subject.model.labels[:MOST_LABELS]:
        names = subject.model.condition({label: 1.0}).generate(NAMES_IN_A_ROW, **options)
        if names:
            content.by_label.append((label, [sample.text for sample in names]))


def _by_temperature(content: Content, subject: AnySubject) -> None:
    seed, start = content.found.seed, content.found.start
    for heat in TEMPERATURES:
        if isinstance(subject, TextSubject):
            text = subject.sampled(WRITTEN, temperature=heat, seed=seed, start=start)
            content.by_temperature.append((heat, text.strip()))
            continue
        known = subject.model.training_set or frozenset()
        names = subject.sampled(NAMES_IN_A_ROW, seed=seed, start=start, temperature=heat)
        content.by_temperature.append((heat, [(name, name in known) for name in names]))


def chosen(found: Gathered) -> str | None:
    """Return what was chosen on the data that the model was measured on, if anything."""
    run, config = found.run, found.run.config
    if found.given or not found.measured_on or not run.facts.best:
        return None
    if config.has_network:
        losses = [entry.get("held_out_nats_per_char") for entry in run.history]
        known = [loss for loss in losses if isinstance(loss, float)]
        if len(known) < 2 or run.facts.best.get("held_out_nats_per_char") != min(known):
            return None
        return "epoch and mixture weight" if config.kind == "mixture" else "epoch"
    counts = config.kind == "ngram" and not config.order
    return "order" if counts and found.measured_on >= ENOUGH_HELD_OUT else None
