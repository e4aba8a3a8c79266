"""Claim: the studio shows its first page within a second, and installs in a few megabytes.

Start to first page: from starting the process until the page and its first script have
arrived, on a warm disk. Beside it, where ``--gradio`` names the Python of an environment that has
Gradio, the smallest Gradio application. The installed size is that of the packages that the extra
``serve`` needs and a plain install does not, with and without compiled byte code.

    python benchmarks/studio_start.py [--repeats 7] [--gradio PYTHON]
"""

from __future__ import annotations

import argparse
import http.cookiejar
import importlib.metadata
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from packaging.requirements import Requirement

GRADIO = """
import gradio
print("begun", flush=True)
gradio.Interface(lambda text: text, "text", "text").launch(server_port=7871, quiet=True)
"""


def studio(folder: Path) -> float:
    """Return the seconds until the studio's first page has arrived."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "charloom", "studio", str(folder), "--no-open", "--port", "0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        found = re.search(r"(http://[^/]+)/enter\S+", process.stderr.readline())
        assert found is not None, "the studio did not start"
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        browser = urllib.request.build_opener(cookies)
        assert b"charloom studio" in browser.open(found[0]).read()
        browser.open(f"{found[1]}/page/main.js").read()
        return time.perf_counter() - began
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def gradio(python: str) -> float:
    """Return the seconds until Gradio's first page has arrived."""
    began = time.perf_counter()
    process = subprocess.Popen([python, "-c", GRADIO], stdout=subprocess.DEVNULL)
    try:
        while time.perf_counter() - began < 120:
            try:
                urllib.request.urlopen("http://127.0.0.1:7871/", timeout=30).read()
                return time.perf_counter() - began
            except OSError:
                time.sleep(0.02)
        raise SystemExit("Gradio did not start")
    finally:
        process.kill()
        process.wait()


def needed(name: str, extra: str = "", seen: set[str] | None = None) -> set[str]:
    """Return the names of the packages that ``name`` needs with an extra, itself included."""
    seen = set() if seen is None else seen
    key = name.lower().replace("_", "-")
    if key in seen and not extra:
        return seen
    seen.add(key)
    for text in importlib.metadata.requires(name) or ():
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
            needed(requirement.name, next(iter(requirement.extras), ""), seen)
    return seen


def sizes(names: set[str]) -> tuple[int, int]:
    """Return the bytes of packages, and those of their compiled byte code."""
    whole = compiled = 0
    for name in names:
        for file in importlib.metadata.files(name) or ():
            path = Path(str(file.locate()))
            if path.is_file():
                whole += path.stat().st_size
                compiled += path.stat().st_size if path.suffix == ".pyc" else 0
    return whole, compiled


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--gradio", metavar="PYTHON", help="Python that has Gradio")
    parser.add_argument("--quick", action="store_true", help="smoke test: once")
    options = parser.parse_args()
    ours: list[float] = []
    theirs: list[float] = []
    with tempfile.TemporaryDirectory() as place:
        for _ in range(1 if options.quick else 1 + options.repeats):  # the first warms the disk
            ours.append(studio(Path(place)))
            if options.gradio:
                theirs.append(gradio(options.gradio))
    print(f"{'start to first page':24}{'median':>9}{'least':>9}{'most':>9}   seconds")
    for name, found in (("charloom studio", ours), ("Gradio", theirs)):
        kept = found[1:] or found
        if kept:
            middle = statistics.median(kept)
            print(f"{name:24}{middle:9.2f}{min(kept):9.2f}{max(kept):9.2f}   target 1.0")
    whole, compiled = sizes(needed("charloom", "serve") - needed("charloom"))
    print(f"the extra serve installs {(whole - compiled) / 1e6:.1f} MB, target 15")
    print(f"and {compiled / 1e6:.1f} MB of compiled byte code")


if __name__ == "__main__":
    main()
