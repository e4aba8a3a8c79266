"""The library's front door: a corpus becomes a model, a run folder becomes a model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .checkpoint import load_model
from .config import ModelConfig, TrainConfig
from .errors import RunError
from .generation import LanguageModel
from .models.numpy_rnn import NumpyRNN
from .vocabulary import Vocabulary

if TYPE_CHECKING:
    from .corpus import Corpus
    from .events import Event
    from .training.engine import Loop


def fit(
    corpus: Corpus,
    *,
    out: str | Path | None = None,
    force: bool = False,
    resume: bool = False,
    loop: Loop = "fit",
    **settings: Any,
) -> Iterator[Event]:
    """Train on ``corpus`` and report what happens as events; see ``training.fit``.

    ``settings`` are fields of ``ModelConfig`` and ``TrainConfig``; the recipe for the corpus's
    size, or the one that ``recipe="tutorial"`` names, sets the others.
    """
    from .training.fit import fit as events  # imported late: it needs a framework

    model, training = _recipe(corpus, **settings)
    return events(
        corpus, model=model, training=training, out=out, force=force, resume=resume, loop=loop
    )


def _recipe(corpus: Corpus, **settings: Any) -> tuple[ModelConfig, TrainConfig]:
    """Return the settings for a corpus, its labels among them."""
    from .recipes import recipe  # late, as all that only training needs

    settings = {"labels": len(corpus.label_names), **settings}
    return recipe(corpus.report.names, corpus.report.characters, **settings)


def train(corpus: Corpus, *, out: str | Path | None = None, **settings: Any) -> LanguageModel:
    """Train a model on ``corpus`` and return it.

    Args:
        corpus: the names.
        out: a run folder to save it to, as it goes.
        settings: ``force``, ``resume``, ``loop``, ``recipe``, and fields of ``ModelConfig`` and
            ``TrainConfig``: ``train(corpus, epochs=5, units=128, seed=1)``.

    Raises:
        ConfigError, TrainingError, RunError: as ``training.fit``.
    """
    from .events import Finished

    finished = None
    for event in fit(corpus, out=out, **settings):
        if isinstance(event, Finished):
            finished = event
    assert finished is not None  # the last event of every training that does not raise
    model, _ = _recipe(
        corpus, **{k: v for k, v in settings.items() if k not in ("force", "resume", "loop")}
    )
    return language_model(corpus, model, finished.weights)


def language_model(
    corpus: Corpus, model: ModelConfig, weights: Mapping[str, NDArray[np.float32]]
) -> LanguageModel:
    """Return the model with ``weights`` that is being trained on ``corpus``.

    Every name of the corpus counts as known, also those that were held out.
    """
    return LanguageModel(
        rnn=NumpyRNN(model, weights),
        vocabulary=Vocabulary.of(corpus.names, corpus.unit),
        known=frozenset(corpus.names),
        longest=corpus.report.longest,
        labels=corpus.label_names,
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
        rnn=NumpyRNN(saved.config, saved.weights),
        vocabulary=saved.vocabulary,
        known=frozenset().union(*parts) if parts else None,
        longest=longest if isinstance(longest, int) and 0 < longest < 10**6 else 50,
        labels=saved.labels,
    )


def held_out_names(run: str | Path) -> tuple[str, ...]:
    """Return the names that the run was not trained on.

    Raises:
        RunError: as ``load``, or it has none.
    """
    names = load_model(Path(run)).held_out_names
    if not names:
        raise RunError(f"{run} has no held-out names. Pass --data FILE with names to measure on.")
    return names
