"""What reports and cards say about a run, gathered once, as plain data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..config import NAMES_TEMPERATURE
from ..config.arguments import AnyPath
from ..errors import CharloomError, CorpusError, GenerationError
from ..errors.formatting import escaped
from ..run import Run
from . import describe
from .subject import CHARACTERS, AnySubject, NameSubject, TextSubject

if TYPE_CHECKING:
    from ..data.text import TextCorpus

Progress = Callable[[str, float], None]
Data = dict[str, Any]

SAMPLES = {"names": 10_000, "text": CHARACTERS}
"""Names, or characters of text, sampled for the measurements by default."""

EXAMPLES = 10
"""New names that are shown."""

PASSAGE = 900
"""Characters of generated text that are shown."""


@dataclass
class Gathered:
    """A run, its measurements and some samples.

    Attributes:
        run: the run, as it is saved.
        samples, seed, start: options of the measurements.
        given: whether it was measured on other data than the held-out part.
        measurement, memorisation: ``to_dict`` of the results; empty if not measured.
        measured_on: number of held-out names, or characters of text.
        new_names: generated names that are not in the training list.
        passage: generated text.
        left_out: what could not be gathered, and why.
    """

    run: Run
    samples: int
    seed: int = 0
    start: str = ""
    given: bool = False
    measurement: Data = field(default_factory=dict)
    memorisation: Data = field(default_factory=dict)
    measured_on: int = 0
    new_names: list[str] = field(default_factory=list)
    passage: str = ""
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name of the run's folder, without its path."""
        return escaped(self.run.path.resolve().name)

    @contextmanager
    def attempt(self, what: str) -> Iterator[None]:
        """Record an error as the reason why ``what`` is left out, without this machine's paths."""
        try:
            yield
        except CharloomError as error:
            message, named = str(error), self.run.facts.corpus.get("sources")
            for path in (str(self.run.path), *map(str, named if isinstance(named, list) else ())):
                message = message.replace(path, Path(path).resolve().name)
            self.left_out[what] = message


def gather(
    subject: AnySubject,
    *,
    held_out: Sequence[str] | str | TextCorpus | None = None,
    sources: Sequence[AnyPath] = (),
    encoding: str | None = None,
    samples: int | None = None,
    seed: int = 0,
    start: str = "",
    progress: Progress = lambda _what, _share: None,
    unread: str = "",
) -> Gathered:
    """Measure a run and sample from it; what cannot be done is left out, with the reason.

    The same arguments give the same data.

    Args:
        subject: the run, and its model: to measure on held-out names, that of ``Run.measured``.
        held_out: names or text to measure on, instead of what the run held out.
        sources: the training files of a run of text, if they have moved since.
        encoding: of these files.
        samples: names, or characters, sampled for the measures; ``SAMPLES`` by default.
        seed: random seed of samples and intervals.
        start: start of the samples.
        progress: called with the current task and the progress, from 0 to 1.
        unread: why the training files of a run of text are not to be read, if so.

    Raises:
        RunError: the run was not trained on ``sources``.
    """
    kind = subject.run.data_kind
    samples = SAMPLES[kind] if samples is None else samples
    given = held_out is not None
    found = Gathered(run=subject.run, samples=samples, seed=seed, start=start, given=given)
    if isinstance(subject, NameSubject):
        _gather_names(found, subject, held_out, progress)
    else:
        _gather_text(found, subject, held_out, sources, encoding, progress, unread)
    return found


def _gather_names(found: Gathered, subject: NameSubject, held_out: Any, progress: Progress) -> None:
    from ..evaluation import measure
    from ..evaluation.memorisation.names import names_memorisation

    run, model, seed = subject.run, subject.model, found.seed
    train, canaries = run.training_set, run.facts.canaries
    real = run.held_out_names if held_out is None else held_out
    weights = None if found.given or run.held_out_weights is None else run.held_out_weights.tolist()
    progress("measures", 0.0)
    with found.attempt("measures"):
        found.measured_on = len(real)
        found.measurement = measure(
            model,
            real,
            train=train,
            weights=weights,
            canaries=canaries,
            samples=found.samples,
            seed=seed,
            start=found.start,
            drawn=subject.samples(seed),
            progress=lambda what, share: progress(what, 0.8 * share),
        ).to_dict()
        if not found.given and (note := describe.refitted(run)):
            found.measurement["notes"] = [*found.measurement["notes"], note]
    progress("memorisation", 0.8)
    with found.attempt("memorisation"):
        if not real or not train:
            raise CorpusError(
                "the run holds no training names, or no held-out ones to compare with."
            )
        found.memorisation = names_memorisation(
            model, train, real, canaries=canaries, seed=seed
        ).to_dict()
    progress("new names", 0.95)
    with found.attempt("new names"):
        if run.config.begin or found.start:
            generated = model.generate(
                EXAMPLES,
                seed=seed,
                start=found.start,
                temperature=NAMES_TEMPERATURE,
                allow_known=model.training_set is None,
            )
            if not generated:
                raise GenerationError(f"the model {generated.reason}")
            found.new_names = [sample.text for sample in generated]
        else:
            sampled = dict.fromkeys(subject.sampled(20 * EXAMPLES, seed=seed))
            known = model.training_set or frozenset()
            found.new_names = [name for name in sampled if name not in known][:EXAMPLES]


def _gather_text(
    found: Gathered,
    subject: TextSubject,
    held_out: Any,
    sources: Sequence[AnyPath],
    encoding: str | None,
    progress: Progress,
    unread: str,
) -> None:
    from ..evaluation import measure_text
    from ..evaluation.memorisation.text import text_memorisation, training_text

    run, model, seed = subject.run, subject.model, found.seed
    text = training_text(run, sources, encoding=encoding) if sources else None  # checked
    drawn = subject.samples(seed)

    progress("measures", 0.0)
    with found.attempt("measures"):
        real = run.held_out_text if held_out is None else held_out
        if not real:
            raise CorpusError("the run held out no text to measure on.")
        found.measured_on = len(real)
        found.measurement = measure_text(
            model,
            real,
            samples=found.samples,
            seed=seed,
            drawn=drawn,
            progress=lambda what, share: progress(what, 0.8 * share),
        ).to_dict()
    progress("memorisation", 0.8)
    with found.attempt("memorisation"):
        if not run.held_out_text:
            raise CorpusError("the run held out no text to compare copies with.")
        if unread:
            raise CorpusError(unread)
        train = training_text(run, encoding=encoding) if text is None else text
        found.memorisation = text_memorisation(
            model, train, run.held_out_text, seed=seed, drawn=drawn
        ).to_dict()
    progress("a passage", 0.95)
    with found.attempt("a passage"):
        found.passage = drawn.take(PASSAGE, start=found.start)
