"""A model without what it was trained on, to pass on when the list must stay."""

from __future__ import annotations

from dataclasses import replace

from .facts import known_facts
from .model_file import SavedModel

LIST = ("digest", "canaries")
"""Facts that quote the list, or show whether a guess of it is right."""

CORPUS = ("sources", "warnings", "divided")
"""Facts of the corpus that may quote it or say where it was."""


def without_names(saved: SavedModel) -> SavedModel:
    """Return a model without the names or the text that it was trained on and measured with.

    What is left generates the same strings; it does not know which of them are new. The weights
    stay as they are: a model may still write some of the strings that it was trained on.

    Example:
        >>> from charloom import NameCorpus, train
        >>> model = train(NameCorpus.of(["Ann", "Anna", "Hanna"]), kind="ngram")
        >>> without_names(model.saved).train_names is None
        True
    """
    facts = {name: fact for name, fact in known_facts(saved.facts).items() if name not in LIST}
    if corpus := facts.get("corpus"):
        facts["corpus"] = {name: fact for name, fact in corpus.items() if name not in CORPUS}
    return replace(
        saved,
        facts=facts,
        train_names=None,
        held_out_names=None,
        held_out_weights=None,
        held_out_text=None,
    )
