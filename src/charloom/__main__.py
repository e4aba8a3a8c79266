"""``python -m charloom`` and the command ``charloom``."""

import time

STARTED = time.monotonic()
"""When the command began: ``--seconds`` counts from here."""


def main() -> None:
    """Run the command line and exit with its code."""
    from .cli.main import run

    raise SystemExit(run(started=STARTED))


if __name__ == "__main__":
    main()
