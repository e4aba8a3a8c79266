"""One BLAS thread a worker, whichever BLAS came when."""

from __future__ import annotations

import os
import subprocess
import sys

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
