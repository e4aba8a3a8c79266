"""Worker processes return results in order, whatever their size, and failures in their place."""

from __future__ import annotations

import os
import sys

import numpy as np
import pytest

from charloom.data.encoded import workers
from charloom.data.encoded.workers import WorkError, Workers


def test_results_come_in_order_and_a_failure_in_its_place() -> None:
    with Workers(2) as found:
        assert list(found.map(pow, [(2, n) for n in range(20)])) == [2**n for n in range(20)]
        with pytest.raises(WorkError):
            list(found.map(int, [("7",), ("seven",)]))
        with pytest.raises(WorkError):
            list(found.map(os._exit, [(1,)]))
    assert all(one.process.poll() is not None for one in found._workers)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere everything goes through pipes")
def test_arrays_larger_than_the_shared_memory_arrive() -> None:
    size = workers.SHARED_BYTES // 8
    with Workers(1) as found:
        for length in (size, size + 1):
            (result,) = found.map(np.zeros, [(length,)])
            assert len(result) == length and result.flags.writeable


def test_without_shared_memory_everything_goes_through_pipes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(os, "memfd_create", raising=False)
    with Workers(1) as found:
        (result,) = found.map(np.arange, [(100_000,)])
        assert result.sum() == 4_999_950_000
        with pytest.raises(WorkError):
            list(found.map(int, [("seven",)]))
