"""The way in: a corpus becomes a model, a run folder becomes a model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack, overload

from numpy.typing import NDArray

from .config import ModelConfig
from .generation.known import known_names
from .generation.names import NameModel
from .generation.text import TextModel
from .models.factory import recurrence
from .run import Run

if TYPE_CHECKING:
    from .data.names import NameCorpus
    from .data.text import TextCorpus
    from .data.vocabulary import Vocabulary
    from .training.events import Event
    from .training.settings import FitSettings

LONGEST = 10**6
"""Units of the longest training name that a run may claim; more is not believed."""


def fit(corpus: NameCorpus | TextCorpus, **settings: Unpack[FitSettings]) -> Iterator[Event]:
    """Train on ``corpus`` and report what happens as events.

    Args:
        corpus: names or text.
        settings: see ``FitSettings``: where to save, what to start from, the recipe, and fields
            of ``ModelConfig`` and ``TrainConfig``. What is not given follows the corpus's size.

    Yields:
        ``Started``, then ``Step``, ``Evaluated`` and ``Saved``, then ``Finished``.

    Raises:
        ConfigError, TrainingError: the settings or the backend do not allow it, or the loss
            became NaN before there was a model to keep.
        RunError: ``out`` is in use, cannot be written, or holds another training.

    Example:
        >>> from charloom import NameCorpus, fit
        >>> events = list(fit(NameCorpus.of(["Ann", "Anna", "Hanna"]), kind="ngram"))
        >>> type(events[-1]).__name__
        'Finished'
    """
    from .training.recipes import settings_for
    from .training.trainer import fit as events  # imported late: it needs a framework

    given: dict[str, Any] = dict(settings)
    where = {key: given.pop(key) for key in ("out", "force", "resume", "loop") if key in given}
    initial, recipe = given.pop("initial", None), given.pop("recipe", None)
    saved = Run.open(initial).saved if isinstance(initial, str | Path) else initial
    saved = saved.saved if isinstance(saved, Run) else saved
    model, training = settings_for(corpus, recipe, saved, **given)
    return events(corpus, model=model, training=training, initial=saved, **where)


@overload
def train(corpus: NameCorpus, **settings: Unpack[FitSettings]) -> NameModel: ...
@overload
def train(corpus: TextCorpus, **settings: Unpack[FitSettings]) -> TextModel: ...
def train(
    corpus: NameCorpus | TextCorpus, **settings: Unpack[FitSettings]
) -> NameModel | TextModel:
    """Train a model on ``corpus`` and return it.

    Args:
        corpus: the names, or the text.
        settings: as for ``fit``: ``train(corpus, out="runs/towns", epochs=5, units=128, seed=1)``.

    Raises:
        ConfigError, TrainingError, RunError: as ``fit``.

    Example:
        >>> from charloom import NameCorpus, train
        >>> model = train(NameCorpus.of(["Ann", "Anna", "Hanna"]), kind="ngram", seed=1)
        >>> model.vocabulary.characters
        ('A', 'H', 'a', 'n')
    """
    from .training.events import Finished, Started

    began = finished = None
    for event in fit(corpus, **settings):
        if isinstance(event, Started):
            began = event
        if isinstance(event, Finished):
            finished = event
    assert began is not None and finished is not None  # of every training that does not raise
    return language_model(
        corpus, began.model, finished.weights, vocabulary=began.vocabulary, labels=began.labels
    )


def language_model(
    corpus: NameCorpus | TextCorpus,
    model: ModelConfig,
    weights: Mapping[str, NDArray[Any]],
    *,
    vocabulary: Vocabulary | None = None,
    labels: tuple[str, ...] | None = None,
) -> NameModel | TextModel:
    """Return the model with ``weights`` that is being trained on ``corpus``.

    Every name of the corpus is in its training set, also those that were held out.
    ``vocabulary`` and ``labels`` are those of the corpus, unless the model had others before.
    """
    from .data.names import NameCorpus  # late, as all that only training needs

    rnn = recurrence(model, weights)
    if not isinstance(corpus, NameCorpus):
        return TextModel(rnn, vocabulary or corpus.vocabulary)
    return NameModel(
        rnn,
        vocabulary or corpus.vocabulary,
        training_set=known_names(corpus.names),
        longest=corpus.report.longest,
        labels=corpus.label_names if labels is None else labels,
    )


def load(run: str | Path | Run) -> NameModel | TextModel:
    """Load the model of a run folder; NumPy is enough.

    Args:
        run: the folder, or a ``Run`` that is open: then nothing is read again.

    Raises:
        RunError: a file is missing, damaged, foreign or too new.

    Example:
        >>> from charloom import load
        >>> load("runs/towns").names(5)  # doctest: +SKIP
        ['Aldham', 'Wicksted', 'Thornby', 'Hartlow', 'Esterby']
    """
    run = run if isinstance(run, Run) else Run.open(run)
    rnn = recurrence(run.config, run.weights)
    if run.is_text:
        return TextModel(rnn, run.vocabulary, saved=run.saved)
    parts = [p for p in (run.saved.train_names, run.saved.held_out_names) if p is not None]
    longest = run.facts.longest
    return NameModel(
        rnn,
        run.vocabulary,
        training_set=known_names(*parts) if parts else None,
        longest=longest if longest and longest < LONGEST else 50,
        labels=run.labels,
        saved=run.saved,
    )
