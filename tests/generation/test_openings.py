"""The first two steps of a model, kept for all searches."""

from __future__ import annotations

import numpy as np
import pytest

from charloom.generation.search import openings
from helpers.languages import named


def test_the_first_two_steps_are_the_same_for_all_searches(monkeypatch: pytest.MonkeyPatch) -> None:
    def drawn() -> list[tuple[str, float]]:
        model = named("abcd", seed=32, longest=6)
        return [(s.text, s.nats) for seed in range(3) for s in model.stream(40, seed=seed)]

    kept = drawn()
    monkeypatch.setattr(openings, "MOST_IDS", 0)
    stepped = drawn()
    assert [text for text, _ in kept] == [text for text, _ in stepped]
    np.testing.assert_allclose([n for _, n in kept], [n for _, n in stepped], rtol=1e-5)
