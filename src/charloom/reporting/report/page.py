"""The report on a run: one HTML file that loads nothing else and blocks all loading."""

from __future__ import annotations

import base64
import hashlib
from functools import partial
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from ..._version import __version__
from ...data.unicode import visible
from ...errors import ConfigError
from .. import describe
from ..format import capitalised, count, duration, interval, number, percent
from . import cells, words
from .content import Content
from .reproducibility import again, command, settings
from .svg import figure

if TYPE_CHECKING:
    from jinja2 import Environment

MARK = '<meta name="generator" content="charloom report'
"""Marks a file as a report, which may be replaced."""


def page(content: Content) -> str:
    """Return the page as HTML; the same content gives the same text.

    Raises:
        PlotError: matplotlib is missing.
    """
    style = _minimal(_asset("page.css")) + cells.shades()
    script = _asset("page.js")
    policy = (
        "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; "
        f"style-src {_hash(style)}; script-src {_hash(script)}"
    )
    found, run = content.found, content.found.run
    template = environment(text=content.is_text).get_template("page.html")
    return template.render(
        content=content,
        figures=content.figures,
        found=found,
        run=run,
        facts=run.facts,
        names=not content.is_text,
        kind=capitalised(describe.kind(run.config, run.facts.ngram)),
        sources=describe.sources(run.facts.corpus),
        best_epoch=describe.best_epoch(run.config, run.facts),
        lowest_epoch=words.best_epoch(content),
        heading=words.heading(content),
        lede=words.lede(content),
        tiles=words.tiles(content),
        notes=words.notes(content),
        leads=words.leads(content),
        shown_units=words.shown_units(content),
        commands=f"{command(found)}\n{again(found)}",
        settings=settings(run.facts.training, run.config),
        least=cells.LEAST,
        style=style,
        script=script,
        policy=policy,
        version=__version__,
    )


def environment(*, text: bool = False) -> Environment:
    """Return the templates' environment, which escapes everything but our own figures.

    Args:
        text: whether a newline is a character, not the end of a name.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    found = Environment(
        loader=PackageLoader(__package__),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.do"],
    )
    of_kind = (cells.letter, cells.plain, cells.ladder, cells.activity_cells)
    found.globals |= {f.__name__: partial(f, text=text) for f in of_kind}
    found.globals |= {"interval": interval, "svg": figure}
    plain = (capitalised, count, duration, number, percent, visible)
    found.filters |= {f.__name__: f for f in (*plain, cells.direction, cells.largest, cells.mean)}
    found.filters["plain"] = found.globals["plain"]
    return found


def check_out(path: Path, *, force: bool = False) -> None:
    """Check that a page may be written to ``path``.

    Raises:
        ConfigError: the ending is not .html, the folder does not exist, or the file exists and is
            not a report.
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
    """Write the page, whole or not at all, and return its size in bytes.

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
