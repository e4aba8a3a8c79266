"""The training step unpacked, once for each backend, as a place to change it.

``fit`` takes ``loop="custom"`` for these, or a function like them: called with a Keras model, its
optimizer and the loss, it returns the step, which takes ids (B, T), targets (B, T) and weights
(B, T), updates the model, and returns the loss.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

StepFunction = Callable[[Any, Any, Any], Any]
MakeStep = Callable[[Any, Any, Any], StepFunction]


def step_for(backend: str) -> MakeStep:
    """Return the unpacked step of a backend."""
    module = import_module(f".{backend}_step", __name__)
    return module.make_step  # type: ignore[no-any-return]
