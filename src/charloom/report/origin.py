"""The page's last section: how to get the same again."""

from __future__ import annotations

import dataclasses
import shlex
from typing import Any

from ..config import ModelConfig
from .content import Content
from .first import duration, model_kind, sources
from .html import Html, tag
from .layout import facts_list, section

NETWORK = ("cell", "units", "layers", "embedding", "dropout")
STEPS = ("epochs", "batch_size", "learning_rate", "weight_decay", "patience")
OTHERS = ("held_out", "canaries", "seconds", "seed")
"""Settings that ``charloom train`` has an option for."""


def origin(content: Content, version: str) -> Html:
    """Return how the run was made and measured, and what could not be told of it."""
    facts = content.saved.facts
    rows: list[tuple[str, Html | str]] = [("Model", _sentence(model_kind(content)))]
    rows.append(("Parameters", f"{content.parameters:,}"))
    training = facts.get("training")
    if isinstance(training, dict):
        rows.append(("Settings", settings(training, steps=content.saved.config.has_network)))
    best = facts.get("best")
    if (
        content.saved.config.has_network
        and isinstance(best, dict)
        and isinstance(best.get("epoch"), int)
    ):
        rows.append(("Kept", f"the model after epoch {best['epoch']}"))
    seconds = facts.get("seconds")
    if isinstance(seconds, int | float):
        rows.append(("Time", duration(seconds)))
    versions = facts.get("versions")
    if isinstance(versions, dict):
        rows.append(("Versions", ", ".join(f"{k} {v}" for k, v in versions.items())))
    if isinstance(facts.get("backend"), str):
        rows.append(("Backend", facts["backend"]))
    draws = "" if content.is_text else f" on {content.samples:,} draws"
    rows.append(("Measured", f"with seed {content.seed}{draws}, charloom {version}"))
    body: list[Html | None] = [
        tag("pre", tag("code", f"{command(content)}\n{again(content)}")),
        facts_list(rows),
    ]
    if content.left_out:
        missing = [
            tag("li", tag("b", _sentence(what)), f": {why}")
            for what, why in content.left_out.items()
        ]
        body.append(tag("div", tag("h3", "Left out"), tag("ul", missing, class_="missing")))
    lead = "The same list, settings, seed and versions give the same model, and it the same page."
    return section("origin", "How to get this again", lead, *body)


def command(content: Content) -> str:
    """Return the command that trains such a model anew."""
    config, training = content.saved.config, content.saved.facts.get("training")
    parts = ["charloom train", *(shlex.quote(s) for s in sources(content) or ["FILE"])]
    parts.append("--out RUN")
    if config.text:
        parts.append("--as text")
    plain: dict[str, Any] = {field.name: field.default for field in dataclasses.fields(ModelConfig)}
    if config.kind != plain["kind"]:
        parts.append(f"--model {config.kind}")
    if config.order:
        parts.append(f"--order {config.order}")
    if config.has_network:
        parts += [_option(name, getattr(config, name)) for name in NETWORK]
    if isinstance(training, dict):
        names = ([*STEPS] if config.has_network else []) + list(OTHERS)
        names += ["window"] if config.text else []
        wanted = [(name, training.get(name)) for name in names]
        parts += [
            _option(name, value)
            for name, value in wanted
            if value is not None and (value or name not in ("canaries", "seconds"))
        ]
    return " \\\n  ".join(_lines(parts))


def again(content: Content) -> str:
    """Return the command that writes such a page anew."""
    seed = f" --seed {content.seed}" if content.seed else ""
    samples = "" if content.is_text else f" --samples {content.samples}"
    return f"charloom report RUN --out report.html{samples}{seed}"


def settings(training: dict[str, Any], *, steps: bool) -> str:
    """Return the settings of a training in a line: few, where it took no ``steps``."""
    shown = {k: v for k, v in training.items() if v not in (None, [], 0, "none") or k == "seed"}
    if not steps:
        shown = {k: v for k, v in shown.items() if k in OTHERS}
    return ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in shown.items())


def _option(name: str, value: Any) -> str:
    return f"--{name.replace('_', '-')} {value}"


def _lines(parts: list[str], width: int = 68) -> list[str]:
    lines, line = [], parts[0]
    for part in parts[1:]:
        if len(line) + len(part) > width:
            lines.append(line)
            line = part
        else:
            line += f" {part}"
    return [*lines, line]


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
