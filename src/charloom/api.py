"""The library's front door: a corpus becomes a model, a run folder becomes a model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from .config import ModelConfig
from .data.vocabulary import Vocabulary
from .errors import RunError
from .generation import LanguageModel
from .generation.known import known_names
from .models.factory import recurrence
from .run import load_model

if TYPE_CHECKING:
    from .data.names import NameCorpus
    from .data.text import TextCorpus
    from .run import SavedModel
    from .training.engines.base import Loop
    from .training.events import Event


def fit(
    corpus: NameCorpus | TextCorpus,
    *,
    initial: str | Path | SavedModel | None = None,
    out: str | Path | None = None,
    force: bool = False,
    resume: bool = False,
    loop: Loop = "fit",
    callbacks: Sequence[Any] = (),
    **settings: Any,
) -> Iterator[Event]:
    """Train on ``corpus`` and report what happens as events; see ``training.fit``.

    ``settings`` are fields of ``ModelConfig`` and ``TrainConfig``; the recipe for the corpus's
    size, or the one that ``recipe="tutorial"`` names, sets the others.
    """
    from .training.defaults import settings_for
    from .training.trainer import fit as events  # imported late: it needs a framework

    saved = load_model(Path(initial)) if isinstance(initial, str | Path) else initial
    recipe = settings.pop("recipe", None)
    model, training = settings_for(corpus, recipe, saved, **settings)
    return events(
        corpus,
        model=model,
        training=training,
        initial=saved,
        out=out,
        force=force,
        resume=resume,
        loop=loop,
        callbacks=callbacks,
    )


def train(
    corpus: NameCorpus | TextCorpus, *, out: str | Path | None = None, **settings: Any
) -> LanguageModel:
    """Train a model on ``corpus`` and return it.

    Args:
        corpus: the names, or the text.
        out: a run folder to save it to, as it goes.
        settings: what ``fit`` takes: ``force``, ``resume``, ``loop``, ``recipe``, ``initial`` (the
            run whose weights it begins with), ``callbacks`` (Keras' own), and fields of
            ``ModelConfig`` and ``TrainConfig``: ``train(corpus, epochs=5, units=128, seed=1)``.

    Raises:
        ConfigError, TrainingError, RunError: as ``training.fit``.
    """
    from .training.events import Finished, Started

    began = finished = None
    for event in fit(corpus, out=out, **settings):
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
) -> LanguageModel:
    """Return the model with ``weights`` that is being trained on ``corpus``.

    Every name of the corpus counts as known, also those that were held out. ``vocabulary`` and
    ``labels`` are those of the corpus, unless the model knew others before.
    """
    from .data.names import NameCorpus  # late, as all that only training needs

    rnn = recurrence(model, weights)
    if not isinstance(corpus, NameCorpus):
        return LanguageModel(rnn, vocabulary or corpus.vocabulary, known=None, longest=1)
    return LanguageModel(
        rnn=rnn,
        vocabulary=vocabulary or corpus.vocabulary,
        known=known_names(corpus.names),
        longest=corpus.report.longest,
        labels=corpus.label_names if labels is None else labels,
    )


def load(run: str | Path) -> LanguageModel:
    """Load the model of a run folder; NumPy is enough.

    Raises:
        RunError: a file is missing, damaged, foreign or too new.
    """
    saved = load_model(Path(run))
    parts = [part for part in (saved.train_names, saved.held_out_names) if part is not None]
    longest = saved.facts.get("longest")
    return LanguageModel(
        rnn=recurrence(saved.config, saved.weights),
        vocabulary=saved.vocabulary,
        known=known_names(*parts) if parts else None,
        longest=longest if isinstance(longest, int) and 0 < longest < 10**6 else 50,
        labels=saved.labels,
    )


def held_out_names(run: str | Path) -> Sequence[str]:
    """Return the names that the run was not trained on.

    Raises:
        RunError: as ``load``, or it has none.
    """
    names = load_model(Path(run)).held_out_names
    if not names:
        raise RunError(f"{run} has no held-out names. Pass --data FILE with names to measure on.")
    return names


def held_out_text(run: str | Path) -> str:
    """Return the text that the run was not trained on.

    Raises:
        RunError: as ``load``, or it has none.
    """
    text = load_model(Path(run)).held_out_text
    if not text:
        raise RunError(f"{run} has no held-out text. Pass --data FILE with text to measure on.")
    return text
