"""The network as a TensorFlow SavedModel, with signatures for a step and for sequences."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..config import ModelConfig
from ..errors import ConfigError
from ..models.rnn.shapes import STATES, weight_shapes
from .keras import notes_on
from .place import check_folder

if TYPE_CHECKING:
    from ..run import Run


def check_library() -> None:
    """Raise ConfigError unless TensorFlow is installed."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # its notices are not for the users
    try:
        import tensorflow  # noqa: F401
    except ImportError as error:
        raise ConfigError(
            "a SavedModel needs TensorFlow. Run: pip install 'charloom[tensorflow]', or pass a "
            "file that ends in .keras."
        ) from error


def write_saved_model(run: Run, out: Path, *, force: bool) -> tuple[str, ...]:
    """Write the network of a run to the folder ``out``; see ``charloom.export.export``.

    Its signatures are ``sequences``, also the default, from ``ids`` (B, T) to ``logits`` (B, T, V),
    and ``step``, from ``ids`` (B,) and ``hidden`` (B, L*S*H), zeros at first, to ``logits`` (B, V)
    and ``hidden_after``. With labels, both take ``labels`` (B,), each k + 1, or 0 for none.
    """
    notes = notes_on(run)
    check_library()
    check_folder(out, force=force)
    import tensorflow as tf

    config, size = run.config, run.vocabulary.size
    module = tf.Module(name="charloom")
    module.weights = {name: tf.Variable(run.weights[name]) for name in weight_shapes(config, size)}
    width = config.layers * STATES[config.cell] * config.units

    def step(ids: Any, hidden: Any, labels: Any = None) -> tuple[Any, Any]:
        x = tf.gather(module.weights["embedding"], ids)
        if labels is not None:
            rows = tf.pad(module.weights["labels"], [[1, 0], [0, 0]])
            x += tf.gather(rows, labels)
        after: list[Any] = []
        states = tf.split(hidden, config.layers * STATES[config.cell], axis=1)
        for layer in range(config.layers):
            own = states[layer * STATES[config.cell] :][: STATES[config.cell]]
            after += _cell(tf, config, module.weights, layer, x, own)
            x = after[-STATES[config.cell]]
        logits = x @ module.weights["logits.kernel"] + module.weights["logits.bias"]
        return logits, tf.concat(after, axis=1)

    def one_step(ids: Any, hidden: Any, labels: Any = None) -> dict[str, Any]:
        logits, after = step(ids, hidden, labels)
        return {"logits": logits, "hidden_after": after}

    def sequences(ids: Any, labels: Any = None) -> dict[str, Any]:
        rows = tf.shape(ids)[0]
        start = tf.zeros((rows, size)), tf.zeros((rows, width))
        logits, _ = tf.scan(lambda last, now: step(now, last[1], labels), tf.transpose(ids), start)
        return {"logits": tf.transpose(logits, (1, 0, 2))}

    def spec(name: str, *shape: int | None, kind: Any = tf.int32) -> Any:
        return tf.TensorSpec((None, *shape), kind, name)

    labels = [spec("labels")] if config.labels else []
    of_step = [spec("ids"), spec("hidden", width, kind=tf.float32), *labels]
    module.step = tf.function(one_step, input_signature=of_step)
    module.sequences = tf.function(sequences, input_signature=[spec("ids", None), *labels])
    signatures = {
        "step": module.step.get_concrete_function(),
        "sequences": module.sequences.get_concrete_function(),
        "serving_default": module.sequences.get_concrete_function(),
    }
    tf.saved_model.save(module, str(out), signatures)
    return notes


def _cell(
    tf: Any,
    config: ModelConfig,
    weights: Mapping[str, Any],
    layer: int,
    x: Any,
    states: list[Any],
) -> list[Any]:
    """Return a layer's states, each (B, H), after reading ``x``; h is the first."""
    kernel, recurrent, bias = (
        weights[f"rnn.{layer}.{part}"] for part in ("kernel", "recurrent_kernel", "bias")
    )
    old = states[0]
    inputs, carried = x @ kernel, old @ recurrent
    if config.cell == "gru":
        xz, xr, xh = tf.split(inputs + bias[0], 3, axis=1)
        hz, hr, hh = tf.split(carried + bias[1], 3, axis=1)
        update, candidate = tf.sigmoid(xz + hz), tf.tanh(xh + tf.sigmoid(xr + hr) * hh)
        return [update * old + (1 - update) * candidate]
    sums = inputs + carried + bias
    if config.cell == "rnn":
        return [tf.tanh(sums)]
    enter, forget, candidate, leave = tf.split(sums, 4, axis=1)
    cell = tf.sigmoid(forget) * states[1] + tf.sigmoid(enter) * tf.tanh(candidate)
    return [tf.sigmoid(leave) * tf.tanh(cell), cell]
