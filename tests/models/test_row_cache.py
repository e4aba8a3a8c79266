"""The cache of rows: what is added is found, by whichever thread, until the memory is full."""

from __future__ import annotations

import copy
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from charloom.models.ngram.row_cache import RowCache

COLUMNS = 5


def rows_of(keys):
    return (keys[:, None] * 7 + np.arange(COLUMNS)).astype(np.float32)


def found(cache, keys):
    places, known = cache.find(keys)
    out = np.empty((len(keys), COLUMNS), np.float32)
    cache.rows(places, out)
    np.testing.assert_array_equal(out[known], rows_of(keys)[known])
    return known


def test_rows_that_were_added_are_found():
    cache = RowCache(COLUMNS, 1 << 20)
    keys = np.random.default_rng(0).permutation(10**6)[:30_000] + 1
    assert not found(cache, keys).any()
    for part in np.array_split(keys, 60):
        twice = np.concatenate([part, part[:9]])
        cache.add(twice, rows_of(twice))
    assert found(cache, keys).mean() > 0.95  # two keys may want the same slots
    assert not found(cache, keys + 10**6).any()


def test_nothing_is_replaced_when_the_memory_is_full():
    cache = RowCache(COLUMNS, 4 * COLUMNS * 100)
    first, later = np.arange(1, 81), np.arange(1001, 2001)
    cache.add(first, rows_of(first))
    cache.add(later, rows_of(later))
    assert found(cache, first).all()
    assert 15 <= found(cache, later).sum() <= 20


def test_keys_in_a_lattice_do_not_share_slots():
    cache = RowCache(COLUMNS, 1 << 22)
    a, b, c = np.ogrid[:20, :30, :40]
    keys = (1 + a + b * 53 + c * 53**3).ravel()
    cache.add(keys, rows_of(keys))
    assert found(cache, keys).mean() > 0.95


def test_threads_find_complete_rows():
    cache = RowCache(COLUMNS, 1 << 20)

    def work(seed):
        rng = np.random.default_rng(seed)
        for _ in range(200):
            keys = rng.integers(1, 20_000, 300)
            missing = keys[~found(cache, keys)]
            cache.add(missing, rows_of(missing))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))


def test_a_cache_that_is_sent_to_another_process_is_empty_and_as_large():
    cache = RowCache(COLUMNS, 4 * COLUMNS * 100)
    keys = np.arange(1, 81)
    cache.add(keys, rows_of(keys))
    again = copy.copy(cache)  # as pickle copies
    assert not found(again, keys).any()
    again.add(keys, rows_of(keys))
    assert found(again, keys).all()
