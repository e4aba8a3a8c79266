"""The training step on TensorFlow: the tape records the way forward, and is run backwards."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from . import StepFunction


def make_step(model: Any, optimizer: Any, loss: Any) -> StepFunction:
    """Return the step; see ``loops``."""

    @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator, unused-ignore]
    def step(ids: Any, targets: Any, weights: Any) -> Any:
        with tf.GradientTape() as tape:
            logits = model(ids, training=True)
            value = loss(targets, logits, sample_weight=weights)
        variables = model.trainable_weights
        gradients = tape.gradient(value, variables)
        optimizer.apply_gradients(zip(gradients, variables, strict=True))
        return value

    return lambda *batch: step(*map(tf.convert_to_tensor, batch))
