"""What the tests of searches share: a training that is simulated."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.searches import World


@pytest.fixture
def world(monkeypatch):
    """Return a function that replaces training by a World, and returns that."""

    def put(**how):
        made = World(**how)
        monkeypatch.setattr("charloom.tuning.trial.fit", made.fit)
        monkeypatch.setattr(
            "charloom.tuning.check.item_losses",
            lambda split, finished: np.array([[finished.held_out_nats_per_char], [1.0]]),
        )
        return made

    return put
