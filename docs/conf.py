"""How the documentation becomes a site: ``python -m sphinx -W docs site``.

Sphinx, with MyST for Markdown and the theme Furo: of the maintained generators it is the one that
also reads the docstrings, checks every reference, and is likely to be there in ten years. MkDocs 1
and its Material theme are ending, and their successor Zensical is at 0.1.
"""

from __future__ import annotations

import posixpath
import re
import sys
from html import escape
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "src"))

from charloom import __version__  # noqa: E402

project, author, release = "charloom", "the charloom developers", __version__
html_title = f"charloom {release}"
copyright = author  # noqa: A001 (Sphinx' word)

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
]
myst_heading_anchors = 4
myst_enable_extensions = ["attrs_inline", "colon_fence"]
exclude_patterns = ["site", "built"]
html_extra_path = [name for name in ["built"] if (ROOT / "docs" / name).is_dir()]
html_theme = "furo"
html_theme_options = {"sidebar_hide_name": False}
html_static_path = ["static"]
html_css_files = ["drawn.css"]
html_show_sphinx = False
nitpicky = False
autodoc_typehints = "none"  # the signatures have them
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True}
napoleon_use_ivar = True
napoleon_use_rtype = False
suppress_warnings = ["myst.header", "ref.python"]  # two attributes may share a name

LINK = re.compile(r"(!?)\[([^]]*)\]\((?!https?:|#|mailto:)([^)#\s]+)(#[^)\s]*)?\)")
"""A link to another file."""


ANCHOR = re.compile(r'<a id="(\w+)"></a>(\*\*\w+\*\*)')
"""An anchor before a word, which MyST writes otherwise."""


FIGURE = re.compile(r"!\[([^]]*)\]\((figures/[\w-]+\.svg)\)")
"""A drawing, whose letters have the colour of the page's text only within the page."""


def included(found: re.Match[str]) -> str:
    """Return a drawing as a part of the page, described by the words of its link."""
    drawing = (ROOT / "docs" / found[2]).read_text("utf-8")
    look = f'<svg role="img" aria-label="{escape(found[1])}" class="drawn" '
    return drawing.replace("<svg ", look, 1)


LIVE = re.compile(r"`(gallery/\w+\.html)`")
"""A page of the gallery, in ``built`` once ``gallery.py`` has run."""


def inside(app: object, name: str, source: list[str]) -> None:
    """Let links to the README lead to its page here, and name other files of the repository."""
    place = posixpath.dirname(f"docs/{name}")
    if name == "overview":
        source[0], place = (ROOT / "README.md").read_text("utf-8"), "."

    def linked(found: re.Match[str]) -> str:
        mark, text, path, anchor = found[1], found[2], found[3], found[4] or ""
        target = posixpath.normpath(posixpath.join(place, path))
        if target == "README.md":
            return f"{mark}[{text}](overview.md{anchor})"
        if target.startswith("docs/"):
            return f"{mark}[{text}]({posixpath.relpath(target, 'docs')}{anchor})"
        return text if text.strip("`") == target else f"{text} (`{target}`)"

    def opened(found: re.Match[str]) -> str:
        built = (ROOT / "docs" / "built" / found[1]).is_file()
        return f'<a href="{found[1]}">Open it</a>' if built else found[0]

    text = LIVE.sub(opened, FIGURE.sub(included, source[0]))
    source[0] = ANCHOR.sub(r"[\2]{#\1}", LINK.sub(linked, text))


def setup(app: object) -> None:
    """Register the above."""
    app.connect("source-read", inside)  # type: ignore[attr-defined]
