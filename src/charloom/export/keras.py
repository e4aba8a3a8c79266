"""The network as a ``.keras`` file of Keras' own layers, which loads without charloom."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..config import ModelConfig
from ..errors import ConfigError
from .place import write

if TYPE_CHECKING:
    from ..run import Run

MIXTURE = (
    "Only the network of this mixture is exported, without its n-gram: its probabilities differ. "
    "huggingface holds the whole model."
)


def notes_on(run: Run) -> tuple[str, ...]:
    """Return what is to be said about a run whose network is exported.

    Raises:
        ConfigError: it has none.
    """
    if not run.config.has_network:
        raise ConfigError(
            "an n-gram has no layers and cannot be exported to keras. Export it to onnx or "
            "huggingface."
        )
    return (MIXTURE,) if run.config.has_ngram else ()


def write_keras(run: Run, out: Path) -> tuple[str, ...]:
    """Write the network of a run as a ``.keras`` file; see ``charloom.export.export``."""
    notes = notes_on(run)
    try:
        model = stock_model(run)
    except ImportError as error:
        raise ConfigError(
            f"keras needs {error.name}, which is not installed. Run: pip install {error.name}, or "
            "choose Keras' backend with KERAS_BACKEND."
        ) from error
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.keras")
        model.save(path)
        write(out, path.read_bytes())
    return notes


def stock_model(run: Run) -> Any:
    """Return the network as a ``keras.Model`` of Keras' own layers.

    It maps ids (B, T) to logits (B, T, V), or with labels the pair of ids and labels (B,), each
    k + 1 or 0 for none; see ``models.rnn.keras``, whose layers are faster on JAX.
    """
    os.environ.setdefault("KERAS_BACKEND", "jax")
    import keras

    config: ModelConfig = run.config
    size, embedding = run.vocabulary.size, config.embedding
    cell = {"gru": keras.layers.GRU, "lstm": keras.layers.LSTM, "rnn": keras.layers.SimpleRNN}
    ids = keras.Input((None,), dtype="int32", name="ids")
    inputs: Any = ids
    x = keras.layers.Embedding(size, embedding, name="embedding")(ids)
    if config.labels:
        labels = keras.Input((), dtype="int32", name="labels")
        rows = keras.layers.Embedding(config.labels + 1, embedding, name="labels_embedding")(labels)
        rows = keras.layers.Reshape((1, embedding), name="labels_at_each_step")(rows)
        inputs, x = [ids, labels], keras.layers.Add(name="add_labels")([x, rows])
    for layer in range(config.layers):
        name = f"{config.cell}_{layer}"
        x = cell[config.cell](config.units, return_sequences=True, name=name)(x)
        if config.dropout:
            name = f"dropout_{layer}"
            x = keras.layers.Dropout(config.dropout, (None, 1, None), name=name)(x)
    logits = keras.layers.Dense(size, name="logits")(x)
    model = keras.Model(inputs, logits, name="charloom")
    weights = run.weights
    model.get_layer("embedding").set_weights([weights["embedding"]])
    if config.labels:  # a row of zeros stands for no label
        none = np.zeros((1, embedding), np.float32)
        rows = np.concatenate([none, weights["labels"]])
        model.get_layer("labels_embedding").set_weights([rows])
    parts = ("kernel", "recurrent_kernel", "bias")
    for layer in range(config.layers):
        own = [weights[f"rnn.{layer}.{part}"] for part in parts]
        model.get_layer(f"{config.cell}_{layer}").set_weights(own)
    model.get_layer("logits").set_weights([weights["logits.kernel"], weights["logits.bias"]])
    return model
