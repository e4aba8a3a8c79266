"""Claim: charloom reaches the tutorial's best quality in 1/40 of the time of the tutorial's recipe.

Wall-clock seconds from starting a process, including imports and compilation. The baseline is
the whole recipe, 20 epochs, on the training names of split 0; its quality is that of its best
epoch on the held-out names (nats a character, first letters left out, end counted). charloom
trains in its own process with the default recipe, and stops after the first epoch that is at
least as good, with an empty and with a filled compilation cache.

    python benchmarks/time_to_quality.py --baseline-python PATH
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from _common import Claim, Worker, checked, describe_machine, environment, parser, print_table


def main() -> None:
    if sys.argv[1:2] == ["--learner"]:
        learn(**json.loads(sys.argv[2]))
        return
    from charloom import NameCorpus, __version__

    options = checked(parser(__doc__, repeats=3).parse_args())
    corpus = NameCorpus.read(options.data)
    train, held_out = corpus.split(0.1, 0)
    epochs = 20
    if options.quick:
        train, epochs = train[:192], 1
    recipe: list[float] = []
    to_best: list[float] = []
    ours: dict[str, list[float]] = {"empty cache": [], "full cache": []}
    notes = []
    for _ in range(options.repeats):
        whole, best, nats = run_tutorial(options.baseline_python, train, held_out, epochs)
        recipe.append(whole)
        to_best.append(best)
        with tempfile.TemporaryDirectory() as cache:
            for taken in ours.values():
                seconds, epoch, reached = run_charloom(options.data, min(nats), cache)
                taken.append(seconds)
        notes.append(
            f"charloom: {reached:.3f} nats after epoch {epoch}; "
            f"tutorial: {min(nats):.3f} after epoch {nats.index(min(nats)) + 1}"
        )

    print(describe_machine({"charloom": __version__}))
    print(f"default recipe; medians of {options.repeats}")
    print_table(
        [
            *(
                Claim(what=what, ours=taken, baseline=recipe, at_most=1 / 40)
                for what, taken in ours.items()
            ),
            *(
                Claim(what=f"{what}, against its best epoch", ours=taken, baseline=to_best)
                for what, taken in ours.items()
            ),
        ]
    )
    print("\n".join(notes))


def run_tutorial(
    python: str, train: tuple[str, ...], held_out: tuple[str, ...], epochs: int
) -> tuple[float, float, list[float]]:
    """Return seconds to the recipe's end, seconds to its best epoch, and nats of each epoch."""
    with tempfile.TemporaryDirectory() as folder, Worker(python) as worker:
        answers = worker.answers(
            "recipe", lines=train, held_out=held_out, folder=folder, epochs=epochs, seed=0
        )
        before_end = next(answers)["seconds_before_end"]
        whole = time.perf_counter() - worker.started
        nats = next(answers)["nats"]
        assert next(answers, None) is None
    return whole, whole - before_end[nats.index(min(nats))], nats


def run_charloom(data: Path, target: float, cache: str) -> tuple[float, int, float]:
    """Return seconds until charloom reaches ``target`` nats, the epoch, and the nats."""
    asked = json.dumps({"data": str(data), "target": target})
    start = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, __file__, "--learner", asked],
        env=environment(XDG_CACHE_HOME=cache),
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        taken = time.perf_counter() - start
    if not line:
        raise SystemExit(f"charloom missed {target:.3f}.")
    answer = json.loads(line)
    return taken, answer["epoch"], answer["nats"]


def learn(data: str, target: float) -> None:
    """In the new process: train until the held-out loss reaches ``target``, and print it."""
    from charloom import NameCorpus, NameModel, fit
    from charloom.evaluation.metrics.likelihood import likelihood
    from charloom.models.factory import recurrence
    from charloom.training.events import Evaluated
    from charloom.training.recipes import recipe

    corpus = NameCorpus.read(data)
    held_out = corpus.split(0.1, 0)[1]
    model, _ = recipe(corpus.report.names, corpus.report.characters)
    for event in fit(corpus, seed=0):
        if isinstance(event, Evaluated):
            learned = NameModel(recurrence(model, event.weights), corpus.vocabulary)
            nats = likelihood(learned, held_out).nats_per_char_without_first
            if nats <= target:
                print(json.dumps({"epoch": event.epoch, "nats": nats}), flush=True)
                return


if __name__ == "__main__":
    main()
