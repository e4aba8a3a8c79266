"""The pages of the widgets: modules of the studio and of this package, joined into one."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path, PurePosixPath

OWN = Path(__file__).with_name("page")
STUDIO = Path(__file__).parents[1] / "serve" / "studio" / "page"

STYLES = ("style.css", "styles/generate.css", "styles/write.css", "widget.css")

_IMPORT = re.compile(r'^import (?:\{([^}]*)\} from )?"([^"]+)";\n', re.M)
_LISTED = re.compile(r"\bexport ?\{([^}]*)\};?")
_DECLARED = re.compile(r"^export ((?:async )?(?:function|const|class) (\w+))", re.M)


@cache
def module(name: str) -> str:
    """Return the module ``name`` and all that it imports as one, which exports its ``render``.

    A module is taken from this package if it has one of that name, else from the studio. Its code
    becomes a function's, so that modules may use the same names inside.
    """
    written: dict[str, str] = {}  # module -> what holds its exports
    parts: list[str] = []

    def write(path: str) -> str:
        if path in written:
            return written[path]
        source = f"export const STYLE = {json.dumps(style())};\n"
        if path != "style.js":
            source = _found(path).read_text("utf-8")
        head = []
        for names, other in _IMPORT.findall(source):
            held = write(_joined(path, other))
            head.append(f"const {{{names.replace(' as ', ': ')}}} = {held};\n")
        exported = [found for _, found in _DECLARED.findall(source)]
        for names in _LISTED.findall(source):
            pairs = (one.strip().rpartition(" as ") for one in names.split(","))
            exported += [f"{new}: {old}" if old else new for old, _, new in pairs]
        body = _DECLARED.sub(r"\1", _LISTED.sub("", _IMPORT.sub("", source)))
        held = written[path] = f"$module{len(written)}"
        parts.append(
            f"const {held} = (() => {{\n{''.join(head)}{body}\n"
            f"return {{ {', '.join(exported)} }};\n}})();\n"
        )
        return held

    last = write(name)
    return "".join(parts) + f"export default {{ render: {last}.render }};\n"


def style() -> str:
    """Return the style of a widget: the studio's, for a part of a page in place of a whole page."""
    text = "\n".join(_found(name).read_text("utf-8") for name in STYLES)
    text = re.sub(r":root((?:\[|:not)\S*)", r":host(\1)", text).replace(":root", ":host")
    text = re.sub(r"^body \{", ".page {", text, flags=re.M)
    # What counts is the width of the widget, not that of the window.
    return re.sub(r"@media (\((?:min|max)-width)", r"@container \1", text)


def _found(name: str) -> Path:
    own = OWN / name
    return own if own.exists() else STUDIO / name


def _joined(path: str, other: str) -> str:
    """Return the path of a module that the module ``path`` imports."""
    parts: list[str] = list(PurePosixPath(path).parent.parts)
    for part in other.split("/"):
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)
