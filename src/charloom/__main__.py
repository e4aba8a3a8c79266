"""``python -m charloom`` and the command ``charloom``."""

import os
import sys
import time

STARTED = time.monotonic()
"""When the command began: ``--seconds`` counts from here."""

ONE_BLAS_THREAD = {"generate", "play"}
"""Commands that multiply matrices with one BLAS thread only (``models.threads``)."""


def main() -> None:
    """Run the command line and exit with its code."""
    if ONE_BLAS_THREAD.intersection(sys.argv[1:2]):
        # OpenBLAS reads it when NumPy is imported. Its other threads would spin for 30 ms first.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        from .cli.streams import occupy_closed_streams

        occupy_closed_streams()
        from .cli.main import run
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    raise SystemExit(run(started=STARTED))


if __name__ == "__main__":
    main()
