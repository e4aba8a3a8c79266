"""One BLAS thread a worker, whichever BLAS came when."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from charloom.models.threads import beside

SCRIPT = """
import numpy, threadpoolctl
from charloom.models.threads import one_blas_thread
with one_blas_thread():
    pass
import scipy.special
with one_blas_thread():
    found = [i for i in threadpoolctl.threadpool_info() if i["user_api"] == "blas"]
    assert all(i["num_threads"] == 1 for i in found), found
"""


def test_a_blas_that_is_loaded_later_is_kept_to_one_thread_too():
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env=os.environ | {"OPENBLAS_NUM_THREADS": "2"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr


def test_work_beside_gives_its_result():
    wait = threading.Event()

    def work():
        assert wait.wait(10)
        return 7

    result = beside(work)
    wait.set()
    assert result() == 7
    assert result() == 7


def test_work_beside_raises_its_error_where_it_is_waited_for():
    def work():
        raise ValueError("too few names")

    result = beside(work)
    with pytest.raises(ValueError, match="too few names"):
        result()
