"""Streams of random numbers: each is named once, and its numbers never change."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import numpy as np
import pytest

from charloom.data.random import Stream, generator, shuffler

SOURCE = Path(__file__).parents[2] / "src" / "charloom"


def test_all_streams_are_different() -> None:
    assert len(Stream.__members__) == len(list(Stream)), "an Enum makes equal values one member"
    assert len({stream.value for stream in Stream}) == len(Stream) > 10


def test_the_registry_starts_every_generator_of_the_package() -> None:
    start = re.compile(r"\b(default_rng|RandomState|SeedSequence|random\.(Random|seed))$")
    found = []
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):  # examples in docstrings may
            if isinstance(node, ast.Call) and start.search(ast.unparse(node.func)):
                found.append(path.name)
    assert found == ["random.py", "random.py"]


@pytest.mark.parametrize("stream", list(Stream), ids=lambda stream: stream.name)
def test_a_stream_is_its_seed_its_number_and_its_place(stream: Stream) -> None:
    number = stream.value[1]
    wanted = np.random.default_rng([7, number, 3, 4]).random(5)
    assert np.array_equal(generator(stream, 7, 3, 4).random(5), wanted)


def test_lists_are_shuffled_by_the_seed_alone() -> None:
    assert [shuffler(Stream.FOLDS, 0).random() for _ in range(2)] == [0.8444218515250481] * 2


def test_the_first_stream_of_an_owner_is_its_seed() -> None:
    wanted = np.random.default_rng(7).random(5)
    assert np.array_equal(generator(Stream.RESAMPLING, 7).random(5), wanted)
