"""Claim: saving checkpoints makes training at most 2 % slower.

Two trainings are measured: the built-in list with its recipe, as ``charloom train`` does; and
text with the recipe's GRU of 512 units. The latter saves every 6 seconds, ten times as often as
by default, so that a short training saves a few times. Each is run with all saves, with saves
only at the end of epochs, and with none, alternately; compilation is not counted. The fraction
of the time spent in saves measures the same with less noise; for text, the default interval
needs about a tenth of the printed fraction.

    python benchmarks/checkpointing.py [--repeats 5]
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from _common import HERE, Claim, describe_machine, print_table

TEXT = HERE.parent.parent / "shared" / "data" / "tinyshakespeare.txt"
CHARACTERS = 150_000
OFTEN = 6.0

WAYS = ("all saves", "epochs' ends only", "no saves")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--data", type=Path, default=TEXT, help="a text file; only its beginning is used"
    )
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="smoke test: figures mean nothing")
    options = parser.parse_args()
    if not options.data.is_file():
        raise SystemExit(f"no such file: {options.data}. Pass --data with a text.")
    print(describe_machine({"python": sys.version.split()[0]}))
    for what, one in (("names", names()), ("text", text(options.data))):
        repeats = 1 if options.quick else options.repeats
        print_table(compared(what, one, repeats, options.quick))


def names() -> tuple[Any, Any, Any]:
    """Return the built-in list, with its model and training settings."""
    from charloom.data.names import NameCorpus
    from charloom.training.recipes import settings_for

    corpus = NameCorpus.builtin()
    return corpus, *settings_for(corpus)


def text(data: Path) -> tuple[Any, Any, Any]:
    """Return the beginning of a text, with its model and training settings."""
    from charloom.data.text import TextCorpus
    from charloom.training.recipes import settings_for

    part = TextCorpus.of(data.read_text("utf-8")[:CHARACTERS])
    return part, *settings_for(part, units=512, epochs=2, patience=0, save_seconds=OFTEN)


def compared(what: str, settings: tuple[Any, Any, Any], repeats: int, quick: bool) -> list[Claim]:
    """Train in each way alternately; return the rows of the table."""
    corpus, model, training = settings
    if quick:
        model, training = model.replace(units=32), training.replace(epochs=2)
    once = training.replace(epochs=1)
    timed(corpus, model, once, None)  # compiles
    taken, shares = defaultdict(list), []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(repeats):
            for way in WAYS:
                every = training if way == WAYS[0] else training.replace(save_seconds=0.0)
                out = None if way == WAYS[2] else Path(folder) / "run"
                seconds, saving, count = timed(corpus, model, every, out)
                taken[way].append(seconds)
                if way == WAYS[0]:
                    shares.append(saving / seconds)
                    print(f"{what}: {count} saves, {saving / count:.4f} s each", flush=True)
                if out is not None:
                    shutil.rmtree(out)
    never = taken[WAYS[2]]
    share = f"{what}, fraction of the time in saves"
    return [
        *(Claim(what=f"{what}, {way}", ours=taken[way], baseline=never, at_most=1.02)
          for way in WAYS[:2]),
        Claim(what=share, ours=shares, at_most=0.02, absolute=True, unit=""),
    ]  # fmt: skip


def timed(corpus: Any, model: Any, training: Any, out: Path | None) -> tuple[float, float, int]:
    """Train; return the seconds since the first step, the seconds in saves, and their number."""
    from charloom.training.events import Saved, Step
    from charloom.training.trainer import fit

    clock = time.perf_counter
    begun, before, saving, count = None, clock(), 0.0, 0
    for event in fit(corpus, model=model, training=training, out=out):
        now = clock()
        if begun is None and isinstance(event, Step):
            begun = now
        if isinstance(event, Saved):
            saving, count = saving + now - before, count + 1
        before = clock()
    assert begun is not None
    return clock() - begun, saving, count


if __name__ == "__main__":
    main()
