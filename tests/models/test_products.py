"""Products in tiles are the same as whole ones, whichever way they are divided."""

from __future__ import annotations

import numpy as np
import pytest

from charloom.models.rnn import products


@pytest.mark.parametrize("unpacked", [True, False])
@pytest.mark.parametrize(
    ("rows", "units"),
    [(0, 8), (1, 256), (15, 256), (16, 256), (61, 256), (125, 256), (203, 192), (5, 512), (40, 512),
     (7, 513), (3, 1024)],
)  # fmt: skip
def test_tiles_make_up_the_whole_product(
    rows: int, units: int, unpacked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(products, "_unpacked", lambda: unpacked)
    rng = np.random.default_rng(0)
    left = rng.normal(size=(rows, units)).astype(np.float32)
    blocks = rng.normal(size=(3, units, units)).astype(np.float32)
    # Part of a larger array, as in a step: what is outside must stay as it is.
    memory = np.full((3, rows + 2, units), np.nan, np.float32)
    products.multiply(left, blocks, memory[:, 1 : rows + 1])
    exact = left.astype(np.float64) @ blocks.astype(np.float64)
    np.testing.assert_allclose(memory[:, 1 : rows + 1], exact, atol=1e-3)
    assert np.isnan(memory[:, [0, -1]]).all()


def test_tiles_are_divided_as_far_as_they_are_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[tuple[int, int]] = []
    monkeypatch.setattr(products, "_unpacked", lambda: True)
    monkeypatch.setattr(products, "_tiles", lambda *_, **__: sizes.append(_[3:]))
    for rows in (15, 16, 61, 125):
        left, blocks = np.zeros((rows, 256), np.float32), np.zeros((4, 256, 256), np.float32)
        products.multiply(left, blocks, np.empty((4, rows, 256), np.float32))
    # 15 rows are one tile anyway; 125 are two of 42 rows, and one of what is left
    assert sizes == [(16, 128), (61, 64), (42, 64), (41, 64)]


@pytest.mark.parametrize(
    ("found", "unpacked"),
    [({"SkylakeX"}, True), ({"Haswell"}, False), ({"SkylakeX", "None"}, False), (set(), False)],
)
def test_only_libraries_that_are_known_to_need_no_packing_get_tiles(
    found: set[str], unpacked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(products, "blas_architectures", lambda: frozenset(found))
    assert products._unpacked.__wrapped__() is unpacked
