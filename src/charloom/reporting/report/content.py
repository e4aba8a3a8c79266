"""What a page tells of a run, gathered as plain data before a word of it is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ...data.unicode import split_units
from ...errors import CharloomError, GenerationError
from ...models.factory import parameters_of
from .compared import names, some
from .figures import Source, figure_data, has_figure

Progress = Callable[[str, float], None]
Data = dict[str, Any]

SAMPLES = 10_000
"""Names that are drawn to measure by, if nothing else is said."""

NEW = 10
"""New names on the first screen."""

NEXT = 4
"""Real names, and as many drawn ones, along which next characters are shown."""

HEAT = (0.2, 0.5, 0.8, 1.0, 1.2, 1.5)
"""Temperatures of which some names are shown."""

EXAMPLES = 24
"""Training names that are shown."""

NAMES_A_HEAT = 8
LABELS = 24
"""Labels of which some names are shown, at most."""

PASSAGE, WRITTEN, READ = 900, 160, 36
"""Characters of drawn running text: of a passage, and at each temperature; and of text along which
next ones are shown."""

MAPPED = 120
"""Characters that a map of them has room for."""

FIGURES = (
    "loss", "lengths", "letters", "pairs", "drawn-lengths", "distances", "sweep", "embedding",
    "units",
)  # fmt: skip
"""Figures of a page, in the order in which they are gathered."""


@dataclass
class Content:
    """What a page tells.

    Attributes:
        run: the folder's name, without where it lies.
        saved: the configuration, vocabulary and facts, as ``info`` shows them.
        figures: their data by name.
        measurement, memorisation: as the evaluation's own ``to_dict``.
        new_names: some that are on no list.
        by_temperature: what is drawn at each: names, and whether they are copies; or text.
        by_label: new names of each kind, of a model that tells kinds apart.
        next: next characters along several strings.
        examples: some of the names that the model was trained on.
        passage: running text that was drawn.
        measured_on: how many real names, or characters of text, it was measured on.
        left_out: what could not be told, and why.
        samples, seed, start: how it was measured.
        given: whether it was measured on other strings than the run held out.
    """

    run: str
    saved: Any
    parameters: int
    samples: int
    seed: int
    start: str = ""
    given: bool = False
    figures: dict[str, Data] = field(default_factory=dict)
    measurement: Data = field(default_factory=dict)
    memorisation: Data = field(default_factory=dict)
    new_names: list[str] = field(default_factory=list)
    by_temperature: list[tuple[float, list[tuple[str, bool]] | str]] = field(default_factory=list)
    by_label: list[tuple[str, list[str]]] = field(default_factory=list)
    next: list[Data] = field(default_factory=list)
    examples: list[str] = field(default_factory=list)
    passage: str = ""
    measured_on: int = 0
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def is_text(self) -> bool:
        """Whether it is about running text, and not names."""
        return bool(self.saved.config.text)


def gather(
    source: Source,
    *,
    held_out: Any = None,
    train_text: Any = None,
    samples: int = SAMPLES,
    seed: int = 0,
    start: str = "",
    progress: Progress = lambda _what, _share: None,
) -> Content:
    """Gather what a page tells of a run; what the run lacks is left out, and said so.

    Args:
        source: the run.
        held_out: names, or for a model of text a string or ``Text``, to measure on in place of what
            the run held out.
        train_text: the ``Text`` that the run was trained on, by which copies are found.
        samples: names that are drawn to measure by.
        seed: decides every draw.
        start: what draws begin with; a model without a begin symbol begins as the training names
            do, if it is not given.
        progress: told what is done, and which share of the whole is.
    """
    saved, learned = source.saved, source.train_names
    found = Content(
        run=source.run.path.resolve().name,
        saved=saved,
        parameters=parameters_of(saved.config, saved.weights),
        samples=samples,
        seed=seed,
        start=start,
        given=held_out is not None,
        examples=list(learned[:: max(1, len(learned) // EXAMPLES)][:EXAMPLES]),
    )
    others: dict[str, Any] = {"seed": seed, "start": start} if start else {"seed": seed}

    def attempt(what: str, share: float, work: Callable[[], None]) -> None:
        progress(what, share)
        try:
            work()
        except CharloomError as error:
            found.left_out[what] = str(error).replace(str(source.run.path), found.run)

    text = found.is_text
    if not text:
        attempt("new names", 0.0, lambda: _new_names(found, source, others))
    else:
        attempt("a passage", 0.0, lambda: _passage(found, source, others))

    def measured(what: str, share: float) -> None:
        progress(what, 0.02 + 0.63 * share)

    attempt("measures", 0.02, lambda: _measure(found, source, held_out, start, measured))
    attempt("memorisation", 0.65, lambda: _memorisation(found, source, held_out, train_text))
    _take_figures(found)
    for i, what in enumerate(FIGURES):
        if not has_figure(source, what) or what in found.figures:
            continue
        given = (
            others if what in ("letters", "pairs", "drawn-lengths", "distances", "sweep") else {}
        )
        if what == "pairs":
            given = {**given, "most": 30}
        if what == "units" and not source.passages(1):
            given = {"text": tuple(found.new_names)}
        attempt(
            what,
            0.8 + 0.1 * i / len(FIGURES),
            lambda what=what, given=given: found.figures.update(  # type: ignore[misc]
                {what: figure_data(source, what, **given)}
            ),
        )
    if "embedding" in found.figures:
        found.figures["embedding"] = _frequent(found.figures["embedding"], source)
    attempt("next", 0.92, lambda: _next(found, source))
    attempt("labels", 0.94, lambda: _by_label(found, source, others))
    attempt("temperatures", 0.95, lambda: _by_temperature(found, source, others))
    return found


def _new_names(found: Content, source: Source, others: Data) -> None:
    if source.saved.config.begin or "start" in others:
        drawn = source.names_model.generate(NEW, **others)
        found.new_names = [sample.text for sample in drawn]
        if not drawn:
            raise GenerationError(f"the model {drawn.reason}")
        return
    known = source.names_model.training_set or frozenset()
    plain = dict.fromkeys(names(source, 20 * NEW, **others))
    found.new_names = [name for name in plain if name not in known][:NEW]


def _passage(found: Content, source: Source, others: Data) -> None:
    found.passage = source.text_model.text(PASSAGE, **others)


def _measure(
    found: Content,
    source: Source,
    held_out: Any,
    start: str,
    progress: Progress,
) -> None:
    saved = source.saved
    if found.is_text:
        from ...evaluation import measure_text

        real = saved.held_out_text if held_out is None else held_out
        if not real:
            raise GenerationError("the run held out no text to measure on. Give some.")
        found.measured_on = len(real)
        found.measurement = measure_text(
            source.text_model,
            real,
            seed=found.seed,
            drawn=source.text_samples(found.seed),
            progress=progress,
        ).to_dict()
        return
    from ...evaluation import measure

    real = source.held_out if held_out is None else held_out
    found.measured_on = len(real)
    found.measurement = measure(
        source.names_model,
        real,
        train=saved.train_names,
        canaries=source.canaries,
        samples=found.samples,
        seed=found.seed,
        start=start,
        drawn=source.name_samples(found.seed),
        progress=progress,
    ).to_dict()


def _take_figures(found: Content) -> None:
    """Take the figures' data that measuring gave already."""
    bins, shares = (found.measurement.get(key) or {} for key in ("calibration", "distances"))
    if bins.get("bins"):
        found.figures["calibration"] = {"bins": bins["bins"]}
    if shares.get("generated"):
        generated, real = shares["generated"], shares.get("real")
        found.figures["distances"] = {"generated": generated, "real": real}


def _memorisation(found: Content, source: Source, held_out: Any, train_text: Any) -> None:
    saved = source.saved
    if found.is_text:
        from ...evaluation.memorisation.text import text_memorisation

        if not saved.held_out_text:
            raise GenerationError("copies need held-out text to compare with.")
        found.memorisation = text_memorisation(
            source.text_model,
            train_text,
            saved.held_out_text,
            seed=found.seed,
            drawn=source.text_samples(found.seed),
        ).to_dict()
        return
    real = source.held_out if held_out is None else held_out
    if not real or not saved.train_names:
        raise GenerationError("copies need both training names and held-out ones to compare.")
    from ...evaluation.memorisation.names import names_memorisation

    found.memorisation = names_memorisation(
        source.names_model,
        saved.train_names,
        real,
        canaries=source.canaries,
        seed=found.seed,
    ).to_dict()


def _frequent(data: Data, source: Source) -> Data:
    """Return the map of the most frequent characters, where there are too many for one."""
    characters = data["characters"]
    if len(characters) <= MAPPED:
        return data
    unit = source.saved.vocabulary.unit
    real = some(source.train_names or source.held_out or (source.saved.held_out_text or "",))
    counts = Counter(character for text in real for character in split_units(text, unit))
    order = sorted(range(len(characters)), key=lambda i: -counts[characters[i]])
    kept = sorted(order[:MAPPED])
    parts = ("characters", "kinds", "points")
    return {**data, **{part: [data[part][i] for i in kept] for part in parts}}


def _by_label(found: Content, source: Source, others: Data) -> None:
    if found.is_text:
        return
    for label in source.names_model.labels[:LABELS]:
        drawn = source.names_model.condition({label: 1.0}).generate(NAMES_A_HEAT, **others)
        if drawn:
            found.by_label.append((label, [sample.text for sample in drawn]))


def _next(found: Content, source: Source) -> None:
    texts = list(source.passages(2 if found.is_text else 10 * NEXT))
    known = [text for text in texts if text and not source.model.vocabulary.unknown(text)]
    texts = known[:NEXT] + found.new_names[:NEXT]
    if found.is_text and found.passage:
        texts.append(found.passage)
        texts = [text.strip()[:READ] for text in texts]
    found.next = [figure_data(source, "next", text=(text,)) for text in texts]


def _by_temperature(found: Content, source: Source, others: Data) -> None:
    known = frozenset[str]() if found.is_text else source.names_model.training_set or frozenset()
    for heat in HEAT:
        if found.is_text:
            samples = source.text_samples(found.seed)
            written = samples.take(WRITTEN, temperature=heat, start=others.get("start", ""))
            found.by_temperature.append((heat, written.strip()))
            continue
        drawn = names(source, NAMES_A_HEAT, temperature=heat, **others)
        found.by_temperature.append((heat, [(name, name in known) for name in drawn]))
