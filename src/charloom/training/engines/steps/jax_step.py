"""The training step on JAX: a pure function of all that it changes, differentiated and compiled."""

from __future__ import annotations

from typing import Any

import jax

from . import StepFunction


def make_step(model: Any, optimizer: Any, loss: Any) -> StepFunction:
    """Return the step; see ``loops``."""
    groups = (model.trainable_variables, model.non_trainable_variables, optimizer.variables)

    def loss_of(trainable: Any, others: Any, ids: Any, targets: Any, weights: Any) -> Any:
        # Nothing is changed in place: a layer's new carry comes back beside the logits.
        logits, others = model.stateless_call(trainable, others, ids, training=True)
        return loss(targets, logits, sample_weight=weights), others

    @jax.jit
    def update(trainable: Any, others: Any, moments: Any, *batch: Any) -> Any:
        differentiate = jax.value_and_grad(loss_of, has_aux=True)
        (value, others), gradients = differentiate(trainable, others, *batch)
        trainable, moments = optimizer.stateless_apply(moments, gradients, trainable)
        return value, (trainable, others, moments)

    def step(ids: Any, targets: Any, weights: Any) -> Any:
        before = [[variable.value for variable in group] for group in groups]
        value, after = update(*before, ids, targets, weights)
        for group, values in zip(groups, after, strict=True):
            for variable, new in zip(group, values, strict=True):
                variable.assign(new)
        return value

    return step
