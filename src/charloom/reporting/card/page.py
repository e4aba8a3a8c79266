"""A model card as Markdown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from ...config import ModelConfig
from ...evaluation.memorisation.text import PIECE
from ...training.recipe_file import RecipeFile
from .. import describe
from ..format import capitalised, count, interval, number
from .markdown import Markdown, as_json, escaped, fenced
from .place import MARK

MOST_SOURCES = 3


def to_markdown(data: Mapping[str, Any]) -> str:
    """Return the card of ``data``, which ``card_data`` gave."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader(__package__),
        autoescape=False,
        finalize=escaped,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "mark": Markdown(MARK),
        "piece": PIECE,
        "interval": partial(interval, exact=True),
    }
    environment.filters |= {
        "fenced": fenced,
        "json": as_json,
        "count": count,
        "number": partial(number, exact=True),
    }
    text = environment.get_template("card.md").render(**data, **_words(data))
    return re.sub(r"\n{3,}", "\n\n", text).rstrip("\n") + "\n"


def _words(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the template takes beside the data."""
    config = ModelConfig.from_dict(data["model"])
    sources = describe.listed(describe.sources(data["corpus"]), MOST_SOURCES)
    name = data["name"]
    shell_name = re.fullmatch(r"[\w./-]+", name) and not name.startswith("-")
    recipe = RecipeFile(data["recipe"]).to_bytes().decode().rstrip() if data["recipe"] else ""
    return {
        "names": data["of"] == "names",
        "kind": capitalised(describe.kind(config, data["ngram"])),
        "config": config,
        "base": describe.base(data["training"].get("base"), data["kinds"]),
        "network": describe.architecture(config, data["vocabulary"]["size"] + 1).replace("->", "→"),
        "ngram_words": describe.ngram(data["ngram"]),
        "documents": describe.documents(data["corpus"]),
        "sources": sources or "a list without a name",
        "by_name": {one["name"]: one for one in data["measures"]},
        "folder": name if shell_name else "RUN",
        "start_literal": repr(data["start"]),
        "recipe_file": recipe,
    }
