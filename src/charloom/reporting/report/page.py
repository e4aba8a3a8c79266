"""A page on a run: one file that asks for no other, and lets none be asked for."""

from __future__ import annotations

import base64
import hashlib
from importlib import resources
from pathlib import Path

from ..._version import __version__
from ...errors import ConfigError
from .cells import shades
from .content import Content
from .html import Html, tag
from .reproducibility import origin
from .sections import sections
from .summary import header, sources

MARK = '<meta name="generator" content="charloom report'
"""What tells a page of ours from any other file."""


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
    parts = sections(content)
    last = origin(content, __version__)
    links = [(name, title) for name, title, _ in parts]
    links.append(("origin", "How to get this again"))
    contents = tag(
        "nav",
        tag("ol", [tag("li", tag("a", title, href=f"#{name}")) for name, title in links]),
        aria_label="Contents",
    )
    toggle = tag(
        "button", "Light or dark", type="button", id="theme", hidden=True, aria_live="polite"
    )
    title = f"{sources(content)[0] if sources(content) else content.run}: charloom report"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="generator", content=f"charloom report {__version__}"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        tag("style", Html(style)),
    )
    body = tag(
        "body",
        tag("a", "To the measures", href="#measures", class_="skip"),
        toggle,
        header(content),
        contents,
        tag("main", [markup for _, _, markup in parts], last),
        tag("footer", tag("p", f"charloom {__version__}")),
        tag("script", Html(script)),
    )
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


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
            f"{str(path.parent)!r} is no folder for a report. Make it, or name another file."
        ) from None
    except (OSError, ValueError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or error
        raise ConfigError(
            f"{str(path)!r} cannot be a report's file: {reason}. Name another file."
        ) from error
    if not force and MARK.encode() not in start:
        raise ConfigError(
            f"{str(path)!r} is there, and is no report. Name another file, or pass --force."
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
