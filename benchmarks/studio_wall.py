"""Claim: when a slider moves, the first new names are on the studio's wall within 150 ms.

A model is trained on the built-in list, a studio is started, and a real browser moves the
temperature 20 times. Measured is the time from the slider's event to the first change of the first
names in the page, by its own clock. Two moves are far enough apart that nothing of the last one is
left. Beside it: when the request was sent, and how long a request takes without the page.

    python benchmarks/studio_wall.py [--quick] [--moves 20] [--browser PATH]
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

TARGET_MS = 150

WATCH = """
() => new Promise((found) => {
  const slider = document.querySelector('.settings input[type="range"]');
  const wall = document.querySelector(".wall");
  const names = () => [...wall.querySelectorAll("button.name bdi")].slice(0, 8);
  const texts = () => names().map((one) => one.textContent).join();
  const before = texts();
  const from = performance.now();
  const watcher = new MutationObserver(() => {
    if (wall.classList.contains("old") || texts() === before) return;
    watcher.disconnect();
    found([from, performance.now() - from]);
  });
  watcher.observe(wall, { subtree: true, childList: true, characterData: true, attributes: true });
  slider.value = String(Number(slider.value) >= 1.15 ? 0.45 : Number(slider.value) + 0.05);
  slider.dispatchEvent(new Event("input", { bubbles: true }));
})
"""

SENT = """
async (from) => {
  const sent = () => performance.getEntriesByType("resource")
    .find((one) => one.startTime >= from && one.name.endsWith("/v1/names"));
  while (!sent()) await new Promise((done) => setTimeout(done, 50));  // until it has ended
  return sent().startTime - from;
}
"""

ALONE = """
async () => {
  const from = performance.now();
  const seed = Math.floor(Math.random() * 1e6);
  const answer = await fetch("/v1/names", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ run: "dinosaurs", n: 60, stream: true, seed }),
  });
  const reader = answer.body.getReader();
  await reader.read();
  const first = performance.now() - from;
  while (!(await reader.read()).done);
  return first;
}
"""


def studio(folder: Path) -> tuple[subprocess.Popen[str], str]:
    """Start a studio; return the process and the address that lets a browser in."""
    command = [sys.executable, "-m", "charloom", "studio", str(folder), "--no-open", "--port", "0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    found = re.search(r"http://\S+", process.stderr.readline())
    assert found is not None, "the studio did not start"
    return process, found[0]


def measured(entrance: str, browser: str, moves: int) -> dict[str, list[float]]:
    """Return milliseconds of each kind, one for each move."""
    from playwright.sync_api import sync_playwright

    rows: dict[str, list[float]] = {"slider to first new name": [], "of it, until the request": []}
    rows["a request without the page"] = []
    with sync_playwright() as playwright:
        window: Any = playwright.chromium.launch(
            executable_path=browser, args=["--no-sandbox", "--disable-gpu"]
        )
        page = window.new_page(viewport={"width": 1280, "height": 900})
        page.goto(entrance)
        page.goto(entrance.split("/enter")[0] + "/generate?run=dinosaurs&seed=1")
        page.wait_for_selector(".wall button.name")
        for move in range(moves + 2):
            page.wait_for_timeout(400)
            began, total = page.evaluate(WATCH)
            page.wait_for_timeout(400)
            sent = page.evaluate(SENT, began)
            alone = page.evaluate(ALONE)
            if move >= 2:  # the first ones warm up
                for row, value in zip(rows.values(), (total, sent, alone), strict=True):
                    row.append(value)
        window.close()
    return rows


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moves", type=int, default=20)
    parser.add_argument("--quick", action="store_true", help="an n-gram, and 5 moves")
    parser.add_argument(
        "--browser", default=shutil.which("chromium") or shutil.which("google-chrome")
    )
    options = parser.parse_args()
    moves = 5 if options.quick else options.moves
    if options.browser is None:
        raise SystemExit("needs Chromium; name it with --browser")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        kind = ["--model", "ngram"] if options.quick else []
        command = [
            sys.executable,
            "-m",
            "charloom",
            "train",
            "--out",
            str(folder / "dinosaurs"),
            *kind,
        ]
        subprocess.run(command, check=True, capture_output=True)
        process, entrance = studio(folder)
        try:
            began = time.perf_counter()
            rows = measured(entrance, options.browser, moves)
            seconds = time.perf_counter() - began
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()
    load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    print(f"{moves} moves in {seconds:.0f} s; {load}\n")
    print("| ms | median | p95 | worst |\n| --- | --- | --- | --- |")
    for what, values in rows.items():
        p95 = statistics.quantiles(values, n=20, method="inclusive")[-1]
        print(f"| {what} | {statistics.median(values):.0f} | {p95:.0f} | {max(values):.0f} |")
    print(f"\nTarget: {TARGET_MS} ms from the slider to the first new name.")


if __name__ == "__main__":
    main()
