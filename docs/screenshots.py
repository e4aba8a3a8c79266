"""Takes the pictures of the studio and of a widget in docs/studio/, after a training.

    python docs/screenshots.py

Needs Chromium and the packages of constraints/ci.txt.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from playwright.sync_api import Page, sync_playwright  # noqa: E402

from charloom import load  # noqa: E402
from charloom.notebook import Wall  # noqa: E402
from helpers.studio_process import BROWSER, QUIET, Process  # noqa: E402
from helpers.widget_pages import Shown  # noqa: E402

PICTURES = Path(__file__).with_name("studio")


def shot(page: Page, name: str) -> None:
    """Take a picture of what is in view."""
    page.wait_for_timeout(400)
    page.screenshot(path=PICTURES / f"{name}.png")


def main() -> None:
    """Take all of them."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as running:
        studio = Process(Path(folder) / "runs")
        browser = running.chromium.launch(executable_path=BROWSER, args=QUIET)
        desktop = browser.new_context(viewport={"width": 1180, "height": 720})
        page = desktop.new_page()
        page.goto(studio.entrance)
        page.goto(f"{studio.address}/list?list=builtin")
        page.get_by_role("button", name="Train", exact=True).click()
        page.get_by_text(re.compile(r"Epoch (9|1\d) of")).first.wait_for(timeout=120_000)
        shot(page, "train")
        page.get_by_text(re.compile("^Finished|^Stopped early")).first.wait_for(timeout=120_000)
        page.goto(f"{studio.address}/generate?run=dinosaurs&end=us&max=11&seed=7")
        page.locator(".wall:not(.old) .name").nth(30).wait_for()
        page.locator(".wall .name").nth(1).click()
        page.get_by_text("More like this").wait_for()
        page.wait_for_load_state("networkidle")
        shot(page, "generate")
        phone = browser.new_context(
            viewport={"width": 390, "height": 720}, color_scheme="dark",
            storage_state=desktop.storage_state(),
        ).new_page()  # fmt: skip
        phone.goto(f"{studio.address}/write?run=dinosaurs&text=Tyran")
        phone.wait_for_load_state("networkidle")
        shot(phone, "write")
        cell = browser.new_page(viewport={"width": 1100, "height": 660})
        favourites = ("Anomalosaurus", "Tyrannops")
        Shown(cell, Wall(load(studio.folder / "dinosaurs"), seed=3, favourites=favourites))
        cell.locator(".wall .name").nth(4).click()
        cell.get_by_text("Nearest in the list").wait_for()
        shot(cell, "notebook")
        browser.close()
        studio.kill()


if __name__ == "__main__":
    main()
