"""``python -m charloom`` and the command ``charloom``."""

import time

STARTED = time.monotonic()
"""When the command began: ``--seconds`` counts from here."""


def main() -> None:
    """Run the command line and exit with its code."""
    try:
        from .cli.streams import occupy_closed_streams

        occupy_closed_streams()
        from .cli.main import run
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    raise SystemExit(run(started=STARTED))


if __name__ == "__main__":
    main()
