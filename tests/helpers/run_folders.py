"""What the tests of run folders share: a small model, and ways to forge one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from charloom.config import ModelConfig
from charloom.data.vocabulary import Vocabulary
from charloom.errors import RunError
from charloom.models.rnn.shapes import weight_shapes
from charloom.run import SavedModel, save_model
from charloom.storage import sets

MODEL_FILES = {"model.json", "model.safetensors", "train_names.txt", "held_out_names.txt"}


def toy(seed: int = 0, **changes: Any) -> SavedModel:
    config = changes.pop("config", ModelConfig(units=2, embedding=2))
    vocabulary = changes.pop("vocabulary", Vocabulary(("a", "ß")))
    rng = np.random.default_rng(seed)
    weights = {
        name: rng.standard_normal(shape).astype(np.float32)
        for name, shape in weight_shapes(config, vocabulary.size).items()
    }
    fields: dict[str, Any] = {
        "config": config,
        "vocabulary": vocabulary,
        "weights": weights,
        "facts": {"seed": seed, "loss": 0.1 + seed},
        "train_names": ("aß", f"a{seed}"),
        "held_out_names": ("ß",),
    }
    return SavedModel(**(fields | changes))


def save_toy(folder: Path, **changes: Any) -> Path:
    """Save a small model with names of three lengths, changed as asked for; return its folder."""
    names = {"train_names": ("aßa", "ßa", "aa"), "held_out_names": ("ßaß", "a")}
    save_model(folder, toy(**(names | changes)))
    return folder


def plain(model: SavedModel) -> tuple[Any, ...]:
    weights = {n: (a.dtype.str, a.shape, a.tobytes()) for n, a in model.weights.items()}
    facts = json.dumps(model.facts)
    names = model.train_names, model.held_out_names
    return model.config, model.vocabulary, weights, facts, names, model.held_out_text


def refusal(call: Callable[[], Any]) -> str:
    """Return the one line with which ``call`` is refused."""
    with pytest.raises(RunError) as caught:
        call()
    text = str(caught.value)
    assert text.isprintable() and len(text) < 700
    return text


def forge(path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change an index and seal it again, as somebody with bad intent could."""
    fields = json.loads(path.read_bytes())
    change(fields)
    path.write_bytes(sets._seal(fields))


def replace_payload(folder: Path, name: str, data: bytes, index: str = "model.json") -> None:
    (folder / name).write_bytes(data)
    record = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    forge(folder / index, lambda fields: fields["files"].update({name: record}))
