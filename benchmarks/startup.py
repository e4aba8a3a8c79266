"""Claim: a first model within 12 s, and a name within 0.35 s and 1/15 of the tutorial's time.

Each value is for a whole process. ``charloom train`` without arguments runs in an empty folder,
first with an empty compilation cache, then again with a filled one. ``charloom generate RUN -n
1`` is compared with the tutorial: import TensorFlow, build the model for one name at a time,
load the last checkpoint, and generate a name one character at a time.

    python benchmarks/startup.py --baseline-python PATH
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from _common import (
    TUTORIAL,
    Claim,
    Worker,
    checked,
    describe_machine,
    environment,
    lines_of,
    parser,
    print_table,
    seconds,
)
from charloom import __version__
from tutorial import alphabet

CHECKPOINT_EPOCHS = 6
"""Enough for the tutorial's names to end; their quality does not affect the time."""
PAIRS = 3
"""Pairs of single names, ours and the tutorial's alternately, in each repeat."""


def main() -> None:
    options = checked(parser(__doc__, repeats=5).parse_args())
    lines = lines_of(options.data)
    epochs = 1 if options.quick else CHECKPOINT_EPOCHS
    train = ["train", "--epochs", "1"] if options.quick else ["train"]
    times: dict[str, list[float]] = {"first": [], "second": [], "ours": [], "tutorial": []}
    with tempfile.TemporaryDirectory() as checkpoints:
        with Worker(options.baseline_python) as worker:
            held_out = lines[:64]
            worker.ask(
                "recipe", lines=lines, held_out=held_out, folder=checkpoints, epochs=epochs, seed=0
            )
        characters = alphabet(lines)
        weights = str(Path(checkpoints) / f"epoch_{epochs}.weights.h5")
        request = {"command": "generate", "characters": characters, "weights": weights}
        one_name = json.dumps({**request, "count": 1})

        def run_tutorial() -> None:
            subprocess.run(
                [options.baseline_python, str(TUTORIAL)],
                input=one_name,
                env=environment("tensorflow"),
                capture_output=True,
                encoding="utf-8",
                check=True,
            )

        run_tutorial()  # warms the disk
        for _ in range(options.repeats):
            with tempfile.TemporaryDirectory() as name:
                folder = Path(name)
                times["first"].append(seconds(lambda: run_charloom(train, folder)))  # noqa: B023
                times["second"].append(seconds(lambda: run_charloom(train, folder)))  # noqa: B023
                generate = ["generate", "runs/dinosaurs", "-n", "1"]
                run_charloom(generate, folder)
                for _ in range(PAIRS):
                    times["ours"].append(seconds(lambda: run_charloom(generate, folder)))  # noqa: B023
                    times["tutorial"].append(seconds(run_tutorial))
        with Worker(options.baseline_python) as worker:
            answer = worker.ask(**{**request, "count": 4 if options.quick else 25})

    print(describe_machine({"charloom": __version__}))
    print(
        f"seconds of whole processes; medians of {options.repeats}, for a name {PAIRS} times that"
    )
    ours, baseline = times["ours"], times["tutorial"]
    print_table(
        [
            Claim(what="train, empty cache", ours=times["first"]),
            Claim(what="train, again", ours=times["second"], at_most=12, absolute=True),
            Claim(what="generate a name", ours=ours, at_most=0.35, absolute=True),
            Claim(what="the same", ours=ours, baseline=baseline, at_most=1 / 15),
        ]
    )
    names, taken = answer["names"][1:], answer["seconds"][1:]  # the first one warms up
    print(
        f"the tutorial's loop, warm: {len(names) / sum(taken):.1f} names a second of "
        f"{sum(map(len, names)) / len(names):.1f} characters, such as {', '.join(names[:3])}"
    )


def run_charloom(arguments: Sequence[str], folder: Path) -> None:
    """Run the command line in ``folder``, which also holds its compilation cache."""
    subprocess.run(
        [sys.executable, "-m", "charloom", *arguments],
        cwd=folder,
        env=environment(XDG_CACHE_HOME=str(folder / "cache")),
        capture_output=True,
        check=True,
    )


if __name__ == "__main__":
    main()
