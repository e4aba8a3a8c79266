"""``python -m charloom`` and the command ``charloom``."""

import gc
import os
import sys
import time

STARTED = time.monotonic()
"""When the command began: ``--seconds`` counts from here."""

QUICK = {"generate", "play"}
"""Commands that take little longer than their imports, and multiply matrices with one BLAS thread
(``models.threads``)."""

OBJECTS = 200_000
"""New objects after which they look for cycles: imports leave hardly any behind."""


def main() -> None:
    """Run the command line and exit with its code."""
    if QUICK.intersection(sys.argv[1:2]):
        # OpenBLAS reads it when NumPy is imported. Its other threads would spin for a while first.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        gc.set_threshold(OBJECTS, *gc.get_threshold()[1:])
    try:
        from .cli.streams import occupy_closed_streams

        occupy_closed_streams()
        from .cli.main import run
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    raise SystemExit(run(started=STARTED))


if __name__ == "__main__":
    main()
