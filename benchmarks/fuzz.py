"""Claim: no run folder, input, option or environment ends in a traceback, a hang or a full memory.

Each case is a command on something hostile: a run folder with changed contents and right checksums,
a damaged source, options of odd values, an odd environment. It runs in a process forked from this
one, one in a hundred in a process of its own. What must not happen: a traceback, a source path in a
message, an exit code that is not documented, more than 10 s of computing, more than 1 GB, a raw
control character on stdout or stderr, a change outside the run folder.

    python benchmarks/fuzz.py [--cases 100000] [--seed 0] [--only 4711]

Every case follows from the seed and its number; ``--only`` repeats one and shows its output.
"""

from __future__ import annotations

import argparse
import os
import resource
import shlex
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from _fuzz_cases import FROZEN, Case, made

SECONDS, BYTES = 10, 1_000_000_000
WRITTEN = ("run", "new", "runs", "cache")
"""Folders that commands may change."""

KINDS = (
    *("traceback", "source path in a message", "over 10 s", "over 1 GB"),
    *("raw control character", "changed outside the run"),
)
"""What must not happen."""


def snapshot(folder: Path) -> dict[str, bytes]:
    """Return the contents of all files that no command may change."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.relative_to(folder).parts[0] not in WRITTEN
    }


def ran(case: Case) -> tuple[int, str, str, float, int]:
    """Run a case; return its exit code, its outputs, its CPU seconds and its peak of bytes."""
    with (case.folder / "stdin").open("wb") as file:
        file.write(case.stdin)
    child = os.fork()
    if not child:
        behave(case)
    _, status, usage = os.wait4(child, 0)
    code = os.waitstatus_to_exitcode(status)
    out, err = (
        (case.folder / name).read_bytes().decode("utf-8", "surrogateescape")
        for name in ("stdout", "stderr")
    )
    for name in ("stdin", "stdout", "stderr"):
        (case.folder / name).unlink()
    return code, out, err, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def behave(case: Case) -> None:
    """Be the process of a case: never returns."""
    os.chdir(case.folder)
    for number, (name, mode) in enumerate(
        (
            ("stdin", os.O_RDONLY),
            ("stdout", os.O_WRONLY | os.O_CREAT),
            ("stderr", os.O_WRONLY | os.O_CREAT),
        )
    ):
        os.dup2(os.open(name, mode, 0o600), number)
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS + 2, SECONDS + 4))
    signal.alarm(300)  # a hang that takes no time of the processor
    environment = {"XDG_CACHE_HOME": str(case.folder / "cache"), **case.environment}
    os.environ.update(environment)
    if case.own_process:
        os.execv(sys.executable, [sys.executable, "-m", "charloom", *case.arguments])
    from charloom.cli.main import run

    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    code = 99
    try:
        code = run(case.arguments, started=time.monotonic())
        sys.stdout.flush()
    except BaseException:  # noqa: BLE001 (whatever escapes is what is looked for)
        import traceback

        traceback.print_exc()
    sys.stderr.flush()
    os._exit(code)


def problems(case: Case, result: tuple[int, str, str, float, int], changed: bool) -> list[str]:
    """Return what must not have happened, but did."""
    code, out, err, seconds, size = result
    found = []
    if "Traceback" in err or code == 99:
        found.append("traceback")
    elif seconds > SECONDS or code == -signal.SIGALRM:
        found.append("over 10 s")
    elif code not in (0, 1, 2):
        found.append(f"exit code {code}")
    if ".py:" in err and "Warning" in err:
        found.append("source path in a message")
    if size > BYTES:
        found.append("over 1 GB")
    if any(is_control(character) for character in out + err):
        found.append("raw control character")
    if changed:
        found.append("changed outside the run")
    return found


def is_control(character: str) -> bool:
    """Return whether a character is a control character other than a line feed or a tab."""
    point = ord(character)
    return (point < 32 and character not in "\n\t") or 127 <= point < 160


def preload() -> None:
    """Import what the cases need, once."""
    import charloom.cli.main as main

    for name in main.COMMANDS:
        main.cli.get_command(main.click.Context(main.cli), name)
    import numpy.random  # noqa: F401
    import rapidfuzz.process  # noqa: F401
    import scipy.special  # noqa: F401

    import charloom.api
    import charloom.data.statistics
    import charloom.evaluation.names
    import charloom.generation.constraints
    import charloom.generation.explain

    charloom.api.load(FROZEN / "mixture" / "run")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0, help="random seed of the cases")
    parser.add_argument("--first", type=int, default=1, help="number of the first case")
    parser.add_argument("--only", type=int, metavar="NUMBER", help="run one case and show it")
    parser.add_argument("--quick", action="store_true", help="smoke test: 20 cases")
    options = parser.parse_args()
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONUNBUFFERED": ""}
    preload()
    first, last = options.first, options.first + (20 if options.quick else options.cases)
    if options.only is not None:
        first, last = options.only, options.only + 1
    count, seen, begun = Counter[str](), Counter[str](), time.monotonic()
    slowest = largest = 0.0
    with tempfile.TemporaryDirectory() as place:
        for number in range(first, last):
            folder = Path(place).resolve() / f"case{number}"
            case = made(options.seed, number, folder)
            before = snapshot(folder)
            result = ran(case)
            found = problems(case, result, snapshot(folder) != before)
            slowest, largest = max(slowest, result[3]), max(largest, result[4])
            seen[f"exit code {result[0]}"] += 1
            count["own process" if case.own_process else "forked"] += 1
            for one in found:
                count[one] += 1
            if found or options.only is not None:
                line = shlex.join(case.arguments)
                print(f"case {number}: {', '.join(found) or 'clean'}: {line[:300]!a}", flush=True)
                print(f"    {case.environment!a} stderr: {result[2].strip()[-300:]!a}")
                if options.only is not None:
                    print(f"    stdout: {result[1][:2000]!a}\n{result[2][-3000:]}")
            shutil.rmtree(folder, ignore_errors=True)
    total = last - first
    print(f"{total:,} cases in {time.monotonic() - begun:.0f} s; seed {options.seed}")
    print(f"{'slowest':28}{slowest:>8.1f} s of computing")
    print(f"{'largest':28}{largest / 1e6:>8.0f} MB")
    for what, times in sorted(seen.items()):
        print(f"{what:28}{times:>8,}")
    others = [what for what in count if what.startswith("exit code")]
    for what in (*KINDS, *others):
        print(f"{what:28}{count[what]:>8,}   target 0   {'MISSED' if count[what] else 'reached'}")
    if any(count[what] for what in (*KINDS, *others)):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
