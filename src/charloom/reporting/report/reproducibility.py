"""The page's last section: how to get the same again."""

from __future__ import annotations

import shlex
from typing import Any

from ...config import ModelConfig
from .content import Content
from .html import Html, tag
from .layout import facts_list, section
from .summary import duration, model_kind, sources

NETWORK = ("cell", "units", "layers", "embedding", "dropout")
STEPS = ("epochs", "batch_size", "learning_rate", "weight_decay", "patience")
OTHERS = ("held_out", "canaries", "seconds", "seed")
"""Settings that ``charloom train`` has an option for."""

BUILT_IN = "the built-in dinosaurs"
"""What a corpus calls the list that is learned without naming any."""

UNTOLD = ("preparation", "save_seconds", "save_steps", "keep_checkpoints", "keep_epochs")
"""Settings that say nothing of what was learned, or that other words say."""


def origin(content: Content, version: str) -> Html:
    """Return how the run was made and measured, and what could not be told of it."""
    facts = content.saved.facts
    rows: list[tuple[str, Html | str]] = [("Model", _sentence(model_kind(content)))]
    rows.append(("Parameters", f"{content.parameters:,}"))
    training = facts.get("training")
    if isinstance(training, dict):
        rows.append(("Settings", settings(training, content.saved.config)))
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
    what = "text" if content.is_text else "list"
    lead = (
        f"The same {what}, settings, seed and versions give the same model, and it the same page."
    )
    if isinstance(training, dict) and training.get("seconds"):
        lead = "It was trained for so many seconds: a faster machine gets further in them."
    return section("origin", "How to get this again", lead, *body)


def command(content: Content) -> str:
    """Return the command that trains such a model again; what no run holds is in capitals."""
    saved, training = content.saved, content.saved.facts.get("training")
    config = saved.config
    training = training if isinstance(training, dict) else {}
    parts = ["charloom train", *_files(content), "--out RUN"]
    if config.text:
        parts.append("--as text")
        if saved.vocabulary.has_unknown:
            parts.append("--min-count N")
    if saved.vocabulary.unit != "character":
        parts.append(f"--unit {saved.vocabulary.unit}")
    if training.get("preparation") == "tutorial":
        parts.append("--recipe tutorial")
    parts.append(f"--model {config.kind}")
    if config.order:
        parts.append(f"--order {config.order}")
    if config.has_network:
        parts += [_option(name, getattr(config, name)) for name in NETWORK]
        parts += _of_network(content, training)
    names = [*(STEPS if config.has_network else ()), *OTHERS, *(["window"] if config.text else ())]
    wanted = [(name, training.get(name)) for name in names]
    parts += [
        _option(name, value)
        for name, value in wanted
        if value is not None and (value or name not in ("canaries", "seconds"))
    ]
    return " \\\n  ".join(_lines(parts))


def _files(content: Content) -> list[str]:
    found = sources(content)
    if found == [BUILT_IN]:
        return []
    if not found or found == ["strings"]:
        return ["FILE"]
    return [shlex.quote(file) for file in found]


def _of_network(content: Content, training: dict[str, Any]) -> list[str]:
    """Return options that only some networks need."""
    parts = []
    if content.saved.labels:
        fields = any(".jsonl" in file for file in sources(content))
        parts.append("--label-field FIELD" if fields else "--label-column COLUMN")
        parts.append(_option("label_dropout", training.get("label_dropout", 0.1)))
    if isinstance(frozen := training.get("freeze"), list) and frozen:
        parts += ["--from OTHER_RUN", *(_option("freeze", part) for part in frozen)]
    return parts


def again(content: Content) -> str:
    """Return the command that writes such a page again."""
    parts = ["charloom report RUN", "--out report.html"]
    if content.given:
        parts.append("--data FILE")
    if not content.is_text:
        parts.append(f"--samples {content.samples}")
    if content.start:
        parts.append(f"--start {shlex.quote(content.start)}")
    if content.seed:
        parts.append(f"--seed {content.seed}")
    return " ".join(parts)


def settings(training: dict[str, Any], config: ModelConfig) -> str:
    """Return the settings of a training in a line: those that mean something for ``config``."""
    shown = {k: v for k, v in training.items() if v not in (None, [], 0, "none") or k == "seed"}
    idle = {*UNTOLD, *(() if config.text else ("window",))}
    idle |= set() if config.labels else {"label_dropout"}
    idle |= set() if "scheduled_sampling" in shown else {"truth"}
    if not config.has_network:
        idle |= set(shown) - set(OTHERS)
    shown = {k: v for k, v in shown.items() if k not in idle}
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
