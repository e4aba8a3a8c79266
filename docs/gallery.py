"""Builds the gallery: six lists of different kinds, each trained and exported as a page.

    pip install -r constraints/ci.txt
    pip install -r constraints/base.txt
    python docs/gallery.py

Writes docs/gallery.md, which is kept, and docs/built/gallery/, which Sphinx copies into the site.
Gallery_lists.py has the lists.
"""

from __future__ import annotations

import argparse
import re
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from importlib.metadata import files, version
from pathlib import Path
from typing import Any

from gallery_lists import LISTS, Listed

import charloom
from charloom import Run
from charloom.export import export

PLACE = Path(__file__).parent
PAGES = "built/gallery"
"""Where the pages are: Sphinx copies what is in ``built`` to the root of the site."""

QUICK: dict[str, Any] = {"kind": "ngram", "smoothing": "kneser-ney"}
QUICK_NAMES = 120
SHOWN, DRAWN = 10, 1_000
TEMPERATURE = 0.7
"""That of ``charloom generate`` and of the pages."""

LINK = re.compile(r"\[([^]]+)\]\(([^)]+)\)")

HEAD = """\
# Gallery

Six lists of different kinds, each trained by `charloom train` with its default settings, and
exported by `charloom export --to html` as [a page](export.md#a-page) with the model inside. The
names below are the first ten of seed 1, not chosen by hand. `python docs/gallery.py` builds all of
it.

"Nats per character" is the loss on the names that were held out, a tenth of the list. "In the
list" is the share of {drawn:,} draws of a model, at temperature {temperature}, that are in its
list; the pages leave those out. "Read" says what a reader found in a hundred names of a page.
Short lists start from the [base model](base-model.md) that comes with charloom, so each section
says whether that could have seen the names.

| list | names | nats per character | in the list | page |
| --- | --- | --- | --- | --- |
"""


@dataclass(frozen=True)
class Built:
    """What is said of a list that was trained and exported."""

    listed: Listed
    names: int
    held_out: int
    nats_per_char: float
    known: float
    based: bool
    seconds: float
    page_bytes: int
    samples: Sequence[str]


def build(listed: Listed, out: Path, *, quick: bool = False) -> Built:
    """Train on a list and write its page, ``out``/SLUG.html."""
    names = listed.names
    begun = time.process_time()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / listed.title  # the page's title is the folder's name
        trained = names[:: max(1, len(names) // QUICK_NAMES)] if quick else names
        model = charloom.train(trained, out=folder, progress=False, **(QUICK if quick else {}))
        seconds = time.process_time() - begun
        page = out / f"{listed.slug}.html"
        export(run := Run.open(folder), "html", page, force=True)
    page.write_text(credited(page.read_text("utf-8"), listed), "utf-8")
    drawn = model.names(
        DRAWN, seed=1, temperature=TEMPERATURE, allow_known=True, allow_repeats=True
    )
    facts = run.facts
    return Built(
        listed=listed,
        names=len(trained),
        held_out=facts.held_out_size or 0,
        nats_per_char=facts.best["held_out_nats_per_char"],
        known=len([name for name in drawn if name in set(trained)]) / len(drawn),
        based=facts.training.get("base", "none") != "none",
        seconds=seconds,
        page_bytes=page.stat().st_size,
        samples=model.names(SHOWN, seed=1, temperature=TEMPERATURE),
    )


def credited(page: str, listed: Listed) -> str:
    """Return a page with the list's licence at its foot, and in a comment the licence's text."""
    credit = LINK.sub(r'<a href="\2">\1</a>', escape(listed.credit, quote=False))
    foot = f'<footer class="top note"><p>The list: {credit}.</p></footer>'
    text = licence(listed.package).replace("--", "- -") if listed.package else ""
    comment = f"<!--\n{text}\n-->\n" if text else ""
    return page.replace("</main>", f"</main>\n{foot}", 1) + comment


def licence(package: str) -> str:
    """Return the text of an installed package's licence, without those of what is bundled."""
    found = [file for file in files(package) or () if Path(file).name.startswith("LICENSE")]
    text: str = min(found, key=lambda file: len(file.parts)).read_text("utf-8")
    return text.split("\n----")[0]


def index(built: Sequence[Built]) -> str:
    """Return the gallery's index, in Markdown."""
    rows = (
        f"| [{one.listed.title}](#{one.listed.title.lower().replace(' ', '-')}) | {one.names:,} | "
        f"{one.nats_per_char:.2f} | {one.known:.0%} | {kilobytes(one)} |\n"
        for one in built
    )
    seconds = sum(one.seconds for one in built)
    packages = sorted({one.listed.package for one in built if one.listed.package})
    versions = ", ".join(f"{name} {version(name)}" for name in ("matplotlib", *packages))
    foot = (
        f"\nThe trainings took {seconds:.0f} seconds of processor time in all. The lists come from "
        f"{versions}.\n"
    )
    return (
        HEAD.format(drawn=DRAWN, temperature=TEMPERATURE)
        + "".join(rows)
        + "".join(map(section, built))
        + foot
    )


def section(one: Built) -> str:
    """Return what the index says of one list."""
    listed = one.listed
    language = f' lang="{listed.language}"' if listed.language else ""
    samples = " · ".join(f"<bdi{language}>{escape(name)}</bdi>" for name in one.samples)
    used = "training starts from it" if one.based else "not used"
    read = f"- **Read**: {listed.read}\n" if listed.read else ""
    return f"""
## {listed.title}

{listed.about}

> {samples}

- **Page**: `gallery/{listed.slug}.html`, {kilobytes(one)}, with the list inside.
- **List**: {one.names:,} names. {listed.credit}.
- **Loss**: {one.nats_per_char:.3f} nats per character on {one.held_out:,} held-out names.
- **Base model**: {used}. {listed.seen}
{read}"""


def kilobytes(one: Built) -> str:
    return f"{one.page_bytes / 1000:,.0f} kB"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=PLACE, help="folder to write to")
    parser.add_argument("--quick", action="store_true", help="some names and a small n-gram: a try")
    options = parser.parse_args()
    pages = options.out / PAGES
    pages.mkdir(parents=True, exist_ok=True)
    built = []
    for listed in LISTS:
        built.append(build(listed, pages, quick=options.quick))
        print(f"{listed.title}: {built[-1].seconds:.0f} s, {kilobytes(built[-1])}", flush=True)
    (options.out / "gallery.md").write_text(index(built), "utf-8")


if __name__ == "__main__":
    main()
