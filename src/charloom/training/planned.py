"""What a training is to be: settings for a corpus, those of the training it resumes included."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..config import ModelConfig, TrainConfig
from ..config.arguments import AnyPath
from ..data.names import NameCorpus
from ..data.text import TextCorpus
from ..run import SavedModel
from ..run.begun import find_begun
from .base_model import digest_of
from .engines.base import Loop
from .recipes import settings_before, settings_for
from .resume import fine_tuned_before


@dataclass(frozen=True, kw_only=True)
class Planned:
    """Arguments of ``trainer.fit``.

    Attributes:
        model, training: the settings.
        initial: the model whose weights training starts from.
        loop: the step.
    """

    model: ModelConfig
    training: TrainConfig
    initial: SavedModel | None
    loop: Loop


def planned(
    corpus: NameCorpus | TextCorpus,
    *,
    resumed: Path | None = None,
    recipe: AnyPath | None = None,
    initial: SavedModel | None = None,
    base: str | SavedModel | None = None,
    loop: Loop | None = None,
    **given: Any,
) -> Planned:
    """Return what a training on ``corpus`` is to be.

    Args:
        corpus: the names, or the text.
        resumed: the run whose training is resumed, which keeps its settings unless others are
            given.
        recipe, initial: as for ``recipes.settings_for``.
        base: ``latin``, ``none``, or a model of which only the network's weights are adapted.
        loop: the step; ``None`` for that of the training that is resumed, or ``fit``.
        given: fields of ``ModelConfig`` and ``TrainConfig``; ``None`` changes nothing.

    Raises:
        ConfigError: a setting does not exist, or is out of range.
        RunError: the training that is resumed is damaged.
    """
    if isinstance(base, SavedModel):
        initial, base = base, digest_of(base)
    given = {name: value for name, value in {**given, "base": base}.items() if value is not None}
    if resumed is not None:
        given = settings_before(resumed) | given
        loop = loop or ("custom" if find_begun(resumed).loop == "custom" else "fit")
        initial = initial or fine_tuned_before(resumed)
    model, training = settings_for(corpus, recipe, initial, **given)
    return Planned(model=model, training=training, initial=initial, loop=loop or "fit")
