"""A page on a run: one file that loads nothing else, and lets nothing else be loaded."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..._version import __version__
from ...errors import ConfigError
from ..format import count, duration, interval, number, percent
from . import internals, quality, samples
from .cells import letter, shades
from .content import Content
from .reproducibility import reproducibility
from .summary import summary

if TYPE_CHECKING:
    from jinja2 import Environment

MARK = '<meta name="generator" content="charloom report'
"""What distinguishes a page of ours from any other file."""

Builder = Callable[[Content], dict[str, Any] | None]

SECTIONS: tuple[tuple[str, str, str, Builder], ...] = (
    ("internals", "corpus", "Training data", internals.corpus),
    ("internals", "loss", "Training", internals.loss),
    ("samples", "passage", "Generated text", samples.passage),
    ("samples", "wall", "Generated names", samples.wall),
    ("internals", "next_letter", "Next-character probabilities", internals.next_letter),
    ("samples", "heat", "Temperature", samples.heat),
    ("samples", "kinds", "Labels", samples.kinds),
    ("samples", "lengths", "Lengths and distances", samples.lengths),
    ("samples", "letters", "Characters", samples.letters),
    ("samples", "pairs", "Character pairs", samples.pairs),
    ("internals", "embedding", "Character embedding", internals.embedding),
    ("internals", "units", "Hidden units", internals.units),
    ("quality", "measures", "Metrics", quality.measures),
    ("quality", "calibration", "Calibration", quality.calibration),
    ("quality", "memorisation", "Memorisation", quality.memorisation),
    ("reproducibility", "reproducibility", "Reproducibility", reproducibility),
)
"""Sections in the page's order: the template, the macro in it, the title, and what it is given."""


def page(content: Content) -> str:
    """Return the page as HTML; the same content gives the same text.

    Raises:
        PlotError: matplotlib is missing.
    """
    style = _minimal(_asset("page.css")) + shades()
    script = _asset("page.js")
    policy = (
        "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; "
        f"style-src {_hash(style)}; script-src {_hash(script)}"
    )
    sections = []
    for template, name, title, builder in SECTIONS:
        view = builder(content)
        if view is not None:
            sections.append({"template": template, "name": name, "title": title, "view": view})
    return (
        environment()
        .get_template("page.html")
        .render(
            content=content,
            found=content.found,
            run=content.found.run,
            facts=content.found.run.facts,
            names=not content.is_text,
            summary=summary(content),
            sections=sections,
            style=style,
            script=script,
            policy=policy,
            version=__version__,
        )
    )


def environment() -> Environment:
    """Return the templates; whatever they are given is escaped, unless it is a figure of ours."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    found = Environment(
        loader=PackageLoader(__package__),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals |= {"letter": letter, "interval": interval}
    found.filters |= {
        "count": count,
        "number": number,
        "percent": percent,
        "duration": duration,
    }
    return found


def check_out(path: Path, *, force: bool = False) -> None:
    """Make sure, before any work, that a page may be written to ``path``.

    Raises:
        ConfigError: the ending is not that of a page, there is no such folder, or a file is there
            that is no report.
    """
    if path.suffix.lower() not in (".html", ".htm"):
        raise ConfigError(f"a report's file must end in .html. Received: {path.name!r:.60}")
    try:
        with path.open("rb") as file:
            start = file.read(4096)
    except FileNotFoundError:
        if path.parent.is_dir():
            return
        raise ConfigError(
            f"{str(path.parent)!r} is no folder for a report. Create it, or name another file."
        ) from None
    except (OSError, ValueError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or error
        raise ConfigError(
            f"{str(path)!r} cannot be a report's file: {reason}. Name another file."
        ) from error
    if not force and MARK.encode() not in start:
        raise ConfigError(
            f"{str(path)!r} exists and is no report. Name another file, or pass --force."
        )


def write_page(content: Content, path: Path) -> int:
    """Write the page on ``content``, whole or not at all, and return its bytes.

    Raises:
        PlotError: matplotlib is missing, or the file cannot be written.
    """
    from ..plots import write_whole

    data = page(content).encode("utf-8", "replace")
    write_whole(path, data)
    return len(data)


def _asset(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text("utf-8")


def _minimal(style: str) -> str:
    return "\n".join(line.strip() for line in style.splitlines() if line.strip())


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"
