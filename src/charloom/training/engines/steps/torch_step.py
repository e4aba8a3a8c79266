"""The training step on PyTorch: the gradients gather in the weights themselves."""

from __future__ import annotations

from typing import Any

import torch

from . import StepFunction


def make_step(model: Any, optimizer: Any, loss: Any) -> StepFunction:
    """Return the step; see ``loops``."""

    def step(ids: Any, targets: Any, weights: Any) -> Any:
        model.zero_grad()
        logits = model(ids, training=True)
        value = loss(targets, logits, sample_weight=weights)
        value.backward()
        variables = model.trainable_weights
        gradients = [variable.value.grad for variable in variables]
        with torch.no_grad():
            optimizer.apply(gradients, variables)
        return value.detach()

    return step
