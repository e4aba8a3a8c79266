"""What a report shows beside measures: figures, and samples of several kinds, as plain data."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from ...data.unicode import split_units
from ..figures import figure_data, has_figure
from ..gathered import Data, Gathered, Progress
from ..subject import AnySubject, NameSubject, TextSubject

NEXT = 4
"""Real names, and as many generated ones, along which next characters are shown."""

TEMPERATURES = (0.2, 0.5, 0.8, 1.0, 1.2, 1.5)
"""Temperatures at which some samples are shown."""

TRAINING_NAMES = 24
"""Training names that are shown."""

NAMES_IN_A_ROW = 8
MOST_LABELS = 24
"""Labels of which some names are shown, at most."""

WRITTEN, READ = 160, 36
"""Characters of text that are generated at each temperature, and that next ones are shown along."""

MOST_ON_MAP = 120
"""Characters on a map of them, at most."""

FIGURES = (
    "loss", "lengths", "letters", "pairs", "drawn-lengths", "distances", "sweep", "embedding",
    "units",
)  # fmt: skip
"""Figures of a report, in the order in which they are gathered."""

OF_SAMPLES = ("letters", "pairs", "drawn-lengths", "distances", "sweep")
"""Those of samples, which have a seed and a start."""


@dataclass
class Content:
    """What a report shows.

    Attributes:
        found: measures, memorisation, new names or a passage.
        figures: the figures' data by name.
        by_temperature: what is generated at each: names, and whether they are copies; or text.
        by_label: new names of each label.
        next: next characters along several strings.
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
    options: Data = {"seed": found.seed, "start": found.start}
    for i, what in enumerate(FIGURES):
        if not has_figure(subject, what) or what in content.figures:
            continue
        progress(what, 0.8 * i / len(FIGURES))
        given = options if what in OF_SAMPLES else {}
        if what == "pairs":
            given = {**given, "most": 30}
        if what == "units" and not subject.passages(1):
            given = {"text": tuple(found.new_names)}

        def figure(what: str = what, given: Data = given) -> None:
            content.figures[what] = figure_data(subject, what, **given)

        found.attempt(what, figure)
    if "embedding" in content.figures:
        content.figures["embedding"] = _most_frequent(content.figures["embedding"], subject)
    for what, work in (
        ("next", lambda: _next(content, subject)),
        ("labels", lambda: _by_label(content, subject)),
        ("temperatures", lambda: _by_temperature(content, subject)),
    ):
        progress(what, 0.9)
        found.attempt(what, work)
    return content


def _take_figures(content: Content) -> None:
    """Take the figures' data that measuring gave already."""
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
    """Return the map of the most frequent characters, where there are too many for one."""
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
            text = subject.samples(seed).take(WRITTEN, temperature=heat, start=start)
            content.by_temperature.append((heat, text.strip()))
            continue
        known = subject.model.training_set or frozenset()
        names = subject.sampled(NAMES_IN_A_ROW, seed=seed, start=start, temperature=heat)
        content.by_temperature.append((heat, [(name, name in known) for name in names]))
