"""``python -m charloom.cli.worker``: a process of ``train --distributed``, started by the command.

It is the same command, but ends at once: as Python ends, JAX would wait for the other processes.
"""

import os
import sys
import time

STARTED = time.monotonic()


def main() -> None:
    """Run the command line, and end with its code."""
    from .streams import occupy_closed_streams

    occupy_closed_streams()
    from .main import run

    code = run(started=STARTED)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
