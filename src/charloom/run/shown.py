"""A saved model as the rows of a small table, for notebooks."""

from __future__ import annotations

from ..data.summary import counted, origin
from ..errors.formatting import escaped
from .facts import Facts
from .model_file import SavedModel


def rows_of(saved: SavedModel) -> dict[str, str]:
    """Return what a model is and was trained on, by the titles of the rows; what is unknown is
    left out."""
    config, vocabulary = saved.config, saved.vocabulary
    facts = Facts.of(saved.facts, text=config.text)
    size = f"{config.cell.upper()} {' x '.join([str(config.units)] * config.layers)}"
    rows = {
        "kind": f"{config.kind}, {size}" if config.has_network else config.kind,
        f"{vocabulary.token_unit}s": f"{len(vocabulary.characters):,} distinct",
    }
    if facts.train_size is not None:
        what = "character" if config.text else "name"
        rows["trained on"] = counted(facts.train_size, what)
        if facts.held_out_size:
            rows["trained on"] += f", {facts.held_out_size:,} held out"
    if sources := facts.corpus.get("sources"):
        rows["from"] = escaped(origin(sources))
    if saved.labels:
        rows["labels"] = f"{len(saved.labels):,}"
    if (loss := facts.best.get("held_out_nats_per_char")) is not None:
        rows["held-out loss"] = f"{loss:.3f} nats per {vocabulary.token_unit}"
    return rows
