"""The scalars of a training's events, as trackers name them."""

from __future__ import annotations

import math

from .events import Evaluated, Event, Step


def scalars_of(event: Event, counted: str) -> dict[str, float]:
    """Return what a step or an epoch says, by name; empty for other events, and without NaN.

    By step: ``loss/train`` (a batch's nats per character), ``learning_rate``, and
    ``speed/names_per_second`` or ``speed/characters_per_second``, by what is ``counted``. At an
    epoch's end: ``loss/held_out`` and, for text, ``loss/held_out_windows``.
    """
    found: dict[str, float | None] = {}
    if isinstance(event, Step):
        speed = f"{counted}_per_second"
        found = {
            "loss/train": event.batch_nats_per_char,
            "learning_rate": event.learning_rate,
            f"speed/{speed}": getattr(event, speed),
        }
    elif isinstance(event, Evaluated):
        found = {
            "loss/held_out": event.held_out_nats_per_char,
            "loss/held_out_windows": event.held_out_window_nats_per_char,
        }
    return {k: value for k, value in found.items() if value is not None and math.isfinite(value)}
