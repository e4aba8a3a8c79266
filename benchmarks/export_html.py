"""Claim: an exported page is small, opens at once, and generates what the command does.

For each run, exported with weights of float32, float16 and int8: the size of the page; the loss on
held-out strings; seconds from opening the page in Chromium to the first name or character; names
(or characters) a second in Chromium, in Node.js, and of Node's processor time; and how many of the
first 1,000 names for a seed are not at the place where `charloom generate` has them, and how many
it does not have at all.

    pip install playwright
    python benchmarks/export_html.py RUN [RUN ...] [--precision float32 ...] [--names 400]

All but the last speed are by the clock: leave the machine alone. Node.js and Chromium must be on
the PATH.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import charloom
from charloom.export.html.measure import losses
from charloom.export.html.packing import Precision
from charloom.export.html.page import ENGINE, bundle, packed, page
from charloom.run import Run

PRECISIONS: tuple[Precision, ...] = ("float32", "float16", "int8")
SEED, COMPARED = 1, 1_000

NODE = """
import { readFileSync } from "node:fs";
import { inflateSync } from "node:zlib";
const [arrays, known] = ["arrays", "names"].map((name) => inflateSync(readFileSync(name)));
const made = new Generator(JSON.parse(readFileSync("header.json", "utf8")), arrays, known);
const [count, asked] = JSON.parse(process.argv[2]);
const found = [];
const began = performance.now();
const used = process.cpuUsage();
if (made.header.text) for (const one of made.text({ ...asked, length: count })) found.push(one);
else for (const one of made.names(asked)) if (one && found.push(one.text) === count) break;
const { user, system } = process.cpuUsage(used);
const seconds = (performance.now() - began) / 1000;
console.log(JSON.stringify({ found, seconds, cpu: (user + system) / 1e6 }));
"""

WATCH = """
window.began = performance.now();
new MutationObserver(() => {
  const there = document.querySelector("#results li, .written:not(:empty)");
  window.first ??= there ? performance.now() : undefined;
}).observe(document, { childList: true, subtree: true });
"""


def in_node(run: Run, precision: Precision, count: int, **asked: Any) -> dict[str, Any]:
    """Generate with the page's engine in Node.js."""
    header, arrays, names = packed(run, names=True, weights=precision)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "header.json").write_text(json.dumps(header), "utf-8")
        (folder / "arrays").write_bytes(arrays)
        (folder / "names").write_bytes(names)
        (folder / "engine.mjs").write_text(bundle(ENGINE) + NODE, "utf-8")
        command = ["node", "engine.mjs", json.dumps([count, asked])]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def in_chromium(run: Run, precision: Precision, count: int) -> dict[str, float]:
    """Open the page three times: seconds to the first result, the median; then generate."""
    from playwright.sync_api import sync_playwright

    found = page(run, names=True, weights=precision)
    # The page keeps its generator to itself; a copy that tells has the same code.
    text = "length: 5000" if run.is_text else ""
    told = bundle(ENGINE) + "\nObject.assign(window, { Generator, inflated, fromBase64 });\n"
    measure = f"""async () => {{
      const data = (id) => document.getElementById(id).textContent;
      const unpacked = (id) => inflated(fromBase64(data(id)));
      const bytes = await Promise.all(["arrays", "names"].map(unpacked));
      const made = new Generator(JSON.parse(data("header")), ...bytes);
      const asked = {{ seed: {SEED}, temperature: made.header.temperature, {text} }};
      const began = performance.now();
      let count = 0;
      for (const one of made.header.text ? made.text(asked) : made.names(asked)) {{
        if (one !== null && ++count === {count}) break;
      }}
      return count / ((performance.now() - began) / 1000);
    }}"""
    browser_path = shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as name, sync_playwright() as started:
        path = Path(name, "page.html")
        path.write_text(found, "utf-8")
        browser = started.chromium.launch(
            executable_path=browser_path, args=["--no-sandbox", "--disable-gpu"]
        )
        firsts = []
        for _ in range(3):
            opened = browser.new_page()
            opened.add_init_script(WATCH)
            opened.goto(path.as_uri())
            opened.wait_for_selector("#results li, .written:not(:empty)", timeout=120_000)
            firsts.append(opened.evaluate("window.first - window.began") / 1000)
            opened.close()
        opened = browser.new_page(bypass_csp=True)
        opened.goto(path.as_uri())
        opened.wait_for_timeout(3000)
        opened.add_script_tag(content=told, type="module")
        speed = opened.evaluate(measure)
        browser.close()
    return {"first": sorted(firsts)[1], "speed": speed}


def main() -> None:
    """Print a table for each run."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("runs", nargs="+", type=Path, metavar="RUN")
    options.add_argument("--precision", nargs="+", choices=PRECISIONS, default=PRECISIONS)
    options.add_argument("--names", type=int, default=400, help="to take the time of")
    given = options.parse_args()
    for path in given.runs:
        run = Run.open(path)
        what = "characters" if run.is_text else "names"
        config = run.config
        print(f"\n{path.name}: {config.kind}, {run.parameters:,} parameters")
        columns = ["weights", "page", "nats per character", "first, s", f"{what}/s, Chromium"]
        columns += ["Node.js", "of CPU time", "moved", "missing"]
        print(f"| {' | '.join(columns)} |\n|{' --- |' * len(columns)}")
        measured = losses(run, tuple(given.precision)) or [float("nan")] * len(given.precision)
        heat = 1.0 if run.is_text else charloom.config.NAMES_TEMPERATURE
        for precision, loss in zip(given.precision, measured, strict=True):
            size = len(page(run, names=True, weights=precision).encode())
            count = 5000 if run.is_text else given.names
            node = in_node(run, precision, count, seed=SEED, temperature=heat)
            browser = in_chromium(run, precision, count)
            moved = missing = "-"
            if not run.is_text:
                model = charloom.load(run)
                theirs = model.names(COMPARED, seed=SEED, temperature=heat)  # type: ignore[union-attr]
                ours = in_node(run, precision, COMPARED, seed=SEED, temperature=heat)["found"]
                moved = str(sum(a != b for a, b in zip(ours, theirs, strict=True)))
                missing = str(len(set(theirs) - set(ours)))
            print(
                f"| {precision} | {size / 1e6:.2f} MB | {loss:.4f} | {browser['first']:.2f} | "
                f"{browser['speed']:,.0f} | {count / node['seconds']:,.0f} | "
                f"{count / node['cpu']:,.0f} | "
                f"{moved} | {missing} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
