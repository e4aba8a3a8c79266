"""Claim: under rare constraints, fewer strings are missed than in another checkout, in less time.

Two processes, one for each checkout, search for the same, in turn, with several seeds. Each line
has the processor milliseconds of the first call of a rule set and of one with another seed, and the
latter's on the clock; how many prefixes it stepped; the share of strings that it says may be
missing; and the share that is, with its 95 % interval (Wilson 1927) over the strings of all seeds:
of the strings that a walk finds with the same look-ahead and a slack of 256 (``--slack``), or four
times its own if that is more; nan if that would take too many steps. (What a walk finds depends on
its look-ahead, so the two checkouts find different strings.)

The models are a mixture, its network alone, and an n-gram of every fifth name of the built-in list.

    git worktree add ../before HEAD~1
    python benchmarks/rare_constraints.py ../before --run RUN [--seeds 3] [--number 300] [--only z]
    python benchmarks/rare_constraints.py ../before --run RUN --only "mixture, ...z" \
        --number 2000 --seeds 4 --slack 64
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from math import sqrt
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np

from drawing import ask, worker

HERE = Path(__file__).resolve()
MOST_STEPS = 12_000_000
SURE = 1.96


def rule_sets() -> dict[str, Any]:
    from charloom.generation.constraints import Contains, End, Length, Regex, Start

    return {
        "...z": End("z"),
        "..z..": Contains("z"),
        "...saurus, 8 to 10": End("saurus") & Length(8, 10),
        "Ma...us": Start("Ma") & End("us"),
        "[A-Z][a-z]{2,5}(on|ax)": Regex("[A-Z][a-z]{2,5}(on|ax)"),
        "z and x": Contains("z") & Contains("x"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("other", type=Path, help="the other checkout's root")
    parser.add_argument("--run", type=Path, required=True, help="the run folder of a mixture")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--number", type=int, default=300, help="strings to ask for")
    parser.add_argument("--slack", type=float, default=256, help="of the walk to compare with")
    parser.add_argument("--only", default="", help="only lines whose title contains this")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.run)
        return
    checkouts = [HERE.parents[1], options.other.resolve()]
    processes = [worker(checkout, options.run, HERE) for checkout in checkouts]
    titles = f"{'first':>8}{'next':>8}{'clock':>8}{'steps':>9}{'says':>8}{'missed':>8}"
    print(f"{'':34}{titles}  95 % interval")
    for model in ("mixture", "network", "n-gram"):
        for rules in rule_sets():
            title = f"{model}, {rules}"
            if options.only not in title:
                continue
            for process, checkout in zip(processes, checkouts, strict=True):
                found = [
                    ask(process, f"{model}\n{rules}\n{options.number}\n{options.slack}", seed)
                    for seed in range(1, options.seeds + 1)
                ]
                print(
                    row(title if process is processes[0] else "  " + checkout.name, found),
                    flush=True,
                )
    for process in processes:
        process.stdin.close()  # type: ignore[union-attr]
        process.wait()


def row(title: str, found: list[dict[str, float]]) -> str:
    first, after, clock, steps, says = (
        mean(one[field] for one in found) for field in ("first", "next", "clock", "steps", "says")
    )
    missed, strings = (sum(one[field] for one in found) for field in ("missed", "strings"))
    low, high = interval(missed, strings)
    share = missed / max(strings, 1)
    return (
        f"{title:34}{1000 * first:8.0f}{1000 * after:8.0f}{1000 * clock:8.0f}{steps:9,.0f}"
        f"{says:8.2%}{share:8.2%}  {low:.2%} to {high:.2%} of {strings:,.0f}"
    )


def interval(count: float, of: float) -> tuple[float, float]:
    """Return the 95 % interval of a share of which ``count`` were seen among ``of``."""
    if not of:
        return 0.0, 1.0
    share, spread = count / of, SURE**2 / of
    middle, half = share + spread / 2, sqrt(spread * share * (1 - share) + spread**2 / 4)
    return max((middle - half) / (1 + spread), 0.0), (middle + half) / (1 + spread)


def serve(run: Path) -> None:
    """Answer what the parent asks for, until it closes the pipe."""
    import json
    import sys

    from charloom import NameCorpus, load, train
    from charloom.generation.search import lookahead

    mixture: Any = load(run)
    few = train(NameCorpus.builtin().names[::5], kind="ngram", seed=1, progress=False)
    models = {
        "mixture": mixture,
        "network": replace(mixture, rnn=mixture.rnn.network, saved=None),
        "n-gram": few,
    }
    for request in sys.stdin:
        title, seed = json.loads(request)
        model, rules, number, slack = title.split("\n")
        lookahead._kept.clear()
        first = searched(models[model], rule_sets()[rules], int(number), 1000 + seed)
        after = searched(models[model], rule_sets()[rules], int(number), seed)
        after |= {"first": first["seconds"], "next": after["seconds"]}
        after["missed"], after["strings"] = missed(after.pop("walk"), int(number), float(slack))
        print(json.dumps(after), flush=True)


def searched(model: Any, rules: Any, number: int, seed: int) -> dict[str, Any]:
    """Search; return the seconds, the steps, what it says is missing, and its last walk."""
    from charloom.generation.search import without_replacement as search_module

    walks: list[Any] = []
    usual = search_module.arrivals

    def kept(*given: Any) -> Any:
        walks.append((*given, usual(*given)))
        return walks[-1][-1]

    search_module.arrivals = kept
    start, clock = time.process_time(), time.perf_counter()
    search = model.stream(number, rules=rules, seed=seed, allow_known=True)
    for _ in search:
        pass
    seconds, clock = time.process_time() - start, time.perf_counter() - clock
    search_module.arrivals = usual
    steps = sum(walk[-1].steps for walk in walks)
    spent = {"seconds": seconds, "clock": clock, "steps": steps}
    return {**spent, "says": search.missing, "walk": walks[-1]}


def missed(walk: Any, number: int, far: float) -> tuple[float, int]:
    """Return how many of the first ``number`` strings ``walk`` missed, and how many there are.

    ``far`` is the slack of the walk that finds them.
    """
    from charloom.generation.search import walk as walk_module
    from charloom.generation.search.arrivals import arrivals

    plan, horizon, slack, found = walk
    if not slack:
        return 0.0, number
    times = np.sort(found.log_arrival[found.log_arrival <= horizon])
    end = float(times[min(number, len(times)) - 1]) if len(times) else horizon
    usual, walk_module.MARGIN = walk_module.MARGIN, 1.0
    farther = replace(plan, most_steps=MOST_STEPS, watch=None)
    try:
        everything = arrivals(farther, end, max(float(np.log(far)), slack + float(np.log(4))))
    except walk_module.TooManySteps:
        return float("nan"), number
    finally:
        walk_module.MARGIN = usual
    keys = everything.keys[everything.log_arrival <= end]
    return float(np.count_nonzero(~np.isin(keys, found.keys))), len(keys)


if __name__ == "__main__":
    main()
