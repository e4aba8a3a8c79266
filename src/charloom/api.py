"""The way in: a corpus becomes a model, a run folder becomes a model."""

from __future__ import annotations

import os
import sys
import warnings
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Unpack, cast, overload

from .config.arguments import AnyPath, path
from .errors import ConfigError
from .generation.names import NameModel
from .generation.novelty import name_set
from .generation.text import TextModel
from .models.factory import recurrence
from .run import Facts, Run, SavedModel
from .run.hub import folder_of

if TYPE_CHECKING:
    from .data.given import Names
    from .data.names import NameCorpus
    from .data.text import TextCorpus
    from .training.events import Event
    from .training.settings import FitSettings

LONGEST = 10**6
"""Longest training name, in units of text, that a run may record; a larger value is ignored."""


def fit(
    corpus: Names | TextCorpus | None = None, **settings: Unpack[FitSettings]
) -> Iterator[Event]:
    """Train on ``corpus`` and report what happens as events.

    Args:
        corpus: names or text. Besides a corpus, any iterable of strings is taken as names: a
            list, a column of pandas or Polars, a generator; and the path of a file of names, as a
            string or path-like. Running text is a ``TextCorpus``. ``None`` with ``resume`` reads
            the files again that the run remembers, with a warning that names them.
        settings: see ``FitSettings``: where to save, what to start from, the recipe, and fields
            of ``ModelConfig`` and ``TrainConfig``. What is not given follows the corpus's size.

    Yields:
        ``Started``, then ``Step``, ``Evaluated`` and ``Saved``, then ``Finished``.

    Raises:
        ConfigError, TrainingError: the settings or the backend do not allow it, or the loss
            became NaN before there was a model to keep.
        CorpusError: ``corpus`` cannot be read or holds no names; a string is no path of a file.
        RunError: ``out`` is in use, cannot be written, or holds another training.

    Example:
        >>> from charloom import fit
        >>> events = list(fit(["Ann", "Anna", "Hanna"], kind="ngram"))
        >>> type(events[-1]).__name__
        'Finished'
    """
    from .training.base_model import LATIN, NO_BASE
    from .training.planned import planned
    from .training.recipes import digest_before
    from .training.trainer import fit as events  # imported late: it needs a framework

    given: dict[str, Any] = dict(settings)
    where = {key: given.pop(key) for key in ("out", "force", "resume", "workers") if key in given}
    if where.get("out") is not None:
        where["out"] = path("out", where["out"])
    resumed = where.get("out") if where.get("resume") else None
    corpus = _corpus(corpus, settings)
    if not given.pop("keep_long", False) and not (
        resumed is not None and digest_before(resumed) == corpus.digest
    ):
        corpus = _without_long(corpus)
    initial, base = given.pop("initial", None), given.pop("base", None)
    if initial is not None and base is not None:
        raise ConfigError("initial and base exclude each other. Leave one of them out.")
    if base not in (None, NO_BASE, LATIN):
        base = _saved(base)
    plan = planned(corpus, resumed=resumed, initial=_saved(initial), base=base, **given)
    return events(
        corpus,
        model=plan.model,
        training=plan.training,
        initial=plan.initial,
        loop=plan.loop,
        **where,
    )


@overload
def train(
    corpus: TextCorpus, *, progress: bool | None = None, **settings: Unpack[FitSettings]
) -> TextModel: ...
@overload
def train(
    corpus: Names, *, progress: bool | None = None, **settings: Unpack[FitSettings]
) -> NameModel: ...
@overload
def train(
    corpus: None = None, *, progress: bool | None = None, **settings: Unpack[FitSettings]
) -> NameModel | TextModel: ...
def train(
    corpus: Names | TextCorpus | None = None,
    *,
    progress: bool | None = None,
    **settings: Unpack[FitSettings],
) -> NameModel | TextModel:
    """Train a model on ``corpus`` and return it, with its history and all that ``save`` writes.

    Args:
        corpus: the names, or the text: whatever ``fit`` takes.
        progress: whether to show progress: in a notebook as an output of the cell, else on
            stderr. ``None`` shows it in a notebook and in a terminal.
        settings: as for ``fit``: ``train(corpus, out="runs/towns", epochs=5, units=128, seed=1)``.

    Raises:
        ConfigError, TrainingError, CorpusError, RunError: as ``fit``.

    Example:
        >>> from charloom import train
        >>> model = train(["Ann", "Anna", "Hanna"], kind="ngram", seed=1)
        >>> model.vocabulary.characters
        ('A', 'H', 'a', 'n')
    """
    corpus = _corpus(corpus, settings)
    events = fit(corpus, **settings)
    notebook = False
    if progress is not False and "IPython" in sys.modules:
        from .reporting.in_notebooks import in_notebook, watch  # late: few need it

        notebook = in_notebook()
        events = watch(events, corpus)
    if progress is None:
        progress = sys.stderr is not None and sys.stderr.isatty()
    if progress and not notebook:
        from .reporting.progress import show  # late: it needs Rich

        return model_of(show(events, corpus).saved)
    from .training.events import Finished

    finished = deque(events, maxlen=1).pop()
    assert isinstance(finished, Finished)  # the last event of every training that does not raise
    return model_of(finished.saved)


def load(run: AnyPath | Run) -> NameModel | TextModel:
    """Load the model of a run folder; NumPy is enough.

    Args:
        run: the folder; the name of a model of the Hugging Face Hub, such as ``"name/model"``,
            where huggingface_hub is installed and there is no folder ``name``; or a ``Run`` that
            is open: then nothing is read again.

    Raises:
        RunError: a file is missing, damaged, foreign or too new, or cannot be fetched.

    Example:
        >>> from charloom import load
        >>> load("runs/towns").names(5)  # doctest: +SKIP
        ['Aldham', 'Wicksted', 'Thornby', 'Hartlow', 'Esterby']
    """
    return model_of((run if isinstance(run, Run) else Run.open(folder_of(run))).saved)


def model_of(saved: SavedModel) -> NameModel | TextModel:
    """Return the model that a run folder holds, or that a training ended with."""
    rnn = recurrence(saved.config, saved.weights)
    if saved.config.text:
        return TextModel(rnn, saved.vocabulary, saved=saved)
    known = None  # the held-out names alone would make training names look new
    if saved.train_names is not None:
        known = name_set(saved.train_names, saved.held_out_names or ())
    longest = Facts.of(saved.facts, text=False).longest
    return NameModel(
        rnn,
        saved.vocabulary,
        training_set=known,
        longest=longest if longest and longest < LONGEST else 50,
        labels=saved.labels,
        keep_invisible=saved.keep_invisible,
        saved=saved,
    )


def _corpus(corpus: Names | TextCorpus | None, settings: FitSettings) -> NameCorpus | TextCorpus:
    """Return what is given as a corpus; for ``None``, that of the training to resume."""
    from .data.given import corpus_of
    from .run.begun import corpus_before
    from .training.recipes import keeps_repeats

    out = settings.get("out")
    if corpus is None and out is not None and settings.get("resume"):
        return corpus_before(path("out", out), lambda line: warnings.warn(line, stacklevel=4))
    repeats = keeps_repeats(settings.get("recipe"), settings.get("held_out"))
    return corpus_of(cast("Names | TextCorpus", corpus), repeats=repeats)


def _without_long(corpus: NameCorpus | TextCorpus) -> NameCorpus | TextCorpus:
    """Leave out names that are far longer than the others, with a warning."""
    from .data.names import NameCorpus
    from .data.outliers import without_long

    if isinstance(corpus, NameCorpus):
        corpus, left_out = without_long(corpus)
        if left_out is not None:
            warnings.warn(f"{left_out}. keep_long=True trains on them, too.", stacklevel=3)
    return corpus


def _saved(run: AnyPath | Run | SavedModel | None) -> SavedModel | None:
    """Return what a run folder holds, or is."""
    if isinstance(run, str | os.PathLike):
        run = Run.open(run)
    return run.saved if isinstance(run, Run) else run
