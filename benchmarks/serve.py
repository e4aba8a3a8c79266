"""Claim: requests that come together are answered three times as fast as one in each thread.

A server of the built-in list's default model, as a process of its own, with searches that walk
together and, for comparison, without; both answer requests for ten names each. Shown are

* requests a second of 64 clients, in turns, and the ratio;
* the time of one client's request, and the 99th percentile at half of the rate of 64 clients;
* a thousand clients at once: what each is answered, and memory; and the rate of 64 afterwards;
* the time from starting the command to the first answer.

    python benchmarks/serve.py [--run RUN] [--seconds 5] [--repeats 3]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import charloom
from _common import HERE, describe_machine, environment

CLIENTS, CROWD = 64, 1000
PROGRAM = """
import sys, uvicorn
from charloom.serve.app import create_app
from charloom.serve.settings import ServeSettings
settings = ServeSettings(together=sys.argv[2] == "together")
uvicorn.run(create_app([sys.argv[1]], settings), port=int(sys.argv[3]), log_config=None)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--run", type=Path, help="a run of names; by default one is trained")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="smoke test: figures mean nothing")
    options = parser.parse_args()
    seconds, repeats = (0.3, 1) if options.quick else (options.seconds, options.repeats)
    print(describe_machine({"charloom": charloom.__version__}))
    with tempfile.TemporaryDirectory() as folder:
        run = options.run or Path(folder) / "run"
        if options.run is None:
            trained = ["train", "--out", str(run), "--seed", "0"]
            trained += ["--model", "ngram"] if options.quick else []
            subprocess.run(
                [sys.executable, "-m", "charloom", *trained],
                env=environment(), check=True, capture_output=True,
            )  # fmt: skip
        starts = [started(run) for _ in range(repeats)]
        with server(run, "together") as together, server(run, "alone") as alone:
            rates = [
                tuple(asyncio.run(rate(one, CLIENTS, seconds)) for one in (together, alone))
                for _ in range(repeats)
            ]
            ours, theirs = (median(values) for values in zip(*rates, strict=True))
            ratio = median(a / b for a, b in rates)
            single = asyncio.run(times(together, 1 / 0.2, max(seconds, 1.0)))
            half = asyncio.run(times(together, ours / 2, max(seconds, 1.0)))
            idle = memory(together)
            crowd = asyncio.run(crowded(together, CROWD))
            peak = memory(together)
            after = asyncio.run(rate(together, CLIENTS, seconds))
    p50, p99 = percentile(single, 0.5), percentile(half, 0.99)
    print(f"{'requests a second, 64 clients':44}{ours:9.1f}  without: {theirs:.1f}")
    print(f"{'ratio':44}{ratio:9.2f}  target ≥ 3  {reached(ratio >= 3)}")
    print(f"{'one client, median':44}{1000 * p50:9.1f} ms")
    print(
        f"{'half of that rate, 99th percentile':44}{1000 * p99:9.1f} ms  {p99 / p50:.1f} times; "
        f"target ≤ 6  {reached(p99 / p50 <= 6)}"
    )
    answers = ", ".join(f"{count} × {status}" for status, count in sorted(crowd.items()))
    print(f"{'a thousand clients at once':44}  {answers}")
    print(
        f"{'memory before, and at most after':44}{idle / 1e6:9.0f}, {peak / 1e6:.0f} MB  "
        f"{peak / idle:.2f} times; target ≤ 1.3  {reached(peak <= 1.3 * idle)}"
    )
    print(f"{'requests a second, 64 clients, afterwards':44}{after:9.1f}  {after / ours:.2f} times")
    first = median(starts)
    print(f"{'start to first answer':44}{first:9.2f} s  target ≤ 1.0  {reached(first <= 1.0)}")


def reached(yes: bool) -> str:
    return "reached" if yes else "missed"


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


@contextmanager
def server(run: Path, way: str) -> Iterator[tuple[int, int]]:
    """Run a server; yield its port and its process' number."""
    port = random.randint(20_000, 60_000)
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(run), way, str(port)],
        env=environment(), cwd=HERE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_for(port)
        asyncio.run(rate((port, process.pid), 8, 0.5))  # warm
        yield port, process.pid
    finally:
        process.terminate()
        process.wait()


def wait_for(port: int) -> None:
    for _ in range(3000):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5).read()
            return
        except OSError:
            time.sleep(0.01)
    raise SystemExit("the server did not start")


def started(run: Path) -> float:
    """Return the seconds from starting the command to the first answer."""
    began, port = time.perf_counter(), random.randint(20_000, 60_000)
    process = subprocess.Popen(
        [sys.executable, "-m", "charloom", "serve", str(run), "--port", str(port), "--quiet"],
        env=environment(), stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_for(port)
        return time.perf_counter() - began
    finally:
        process.kill()
        process.wait()


def memory(server: tuple[int, int]) -> int:
    """Return the most memory that the server has taken so far, in bytes."""
    for line in Path(f"/proc/{server[1]}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024
    raise SystemExit("no such process")


async def ask(port: int, seed: int, connection: list[object] | None = None) -> int:
    """Request ten names; return the status. ``connection`` is kept open for the next request."""
    if connection:
        reader, writer = connection
    else:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        if connection is not None:
            connection += [reader, writer]
    assert isinstance(reader, asyncio.StreamReader) and isinstance(writer, asyncio.StreamWriter)
    body = json.dumps({"n": 10, "seed": seed}).encode()
    head = f"POST /v1/names HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Length: {len(body)}\r\n"
    writer.write(f"{head}Content-Type: application/json\r\n\r\n".encode() + body)
    status = int((await reader.readline()).split()[1])
    length = 0
    while (line := await reader.readline()) not in (b"\r\n", b""):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    await reader.readexactly(length)
    if connection is None:
        writer.close()
    return status


async def rate(server: tuple[int, int], clients: int, seconds: float) -> float:
    """Return the requests a second of clients that ask again as soon as they are answered."""
    until, answered = time.perf_counter() + seconds, 0

    async def client(number: int) -> None:
        nonlocal answered
        connection: list[object] = []
        rng = random.Random(number)
        while time.perf_counter() < until:
            assert await ask(server[0], rng.randrange(10**9), connection) == 200
            answered += 1

    began = time.perf_counter()
    await asyncio.gather(*(client(number) for number in range(clients)))
    return answered / (time.perf_counter() - began)


async def times(server: tuple[int, int], wanted: float, seconds: float) -> list[float]:
    """Return the seconds of each request, where about ``wanted`` a second come at random."""
    rng, found, tasks = random.Random(0), [], []

    async def one(seed: int) -> None:
        began = time.perf_counter()
        await ask(server[0], seed)
        found.append(time.perf_counter() - began)

    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        tasks.append(asyncio.create_task(one(rng.randrange(10**9))))
        await asyncio.sleep(rng.expovariate(wanted))
    await asyncio.gather(*tasks)
    return found


async def crowded(server: tuple[int, int], clients: int) -> Counter[int]:
    """Return how often each status is the answer to as many clients at once."""
    tasks = [ask(server[0], seed) for seed in range(clients)]
    return Counter(await asyncio.wait_for(asyncio.gather(*tasks), 120))


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
