"""Commands that train the same model and write the same page again, and its settings."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from ...config import ModelConfig
from ...data.tokens import Tokens
from .. import describe
from ..gathered import Gathered

NETWORK = ("cell", "units", "layers", "embedding", "dropout")
STEPS = ("epochs", "batch_size", "learning_rate", "weight_decay", "patience")
OTHERS = ("held_out", "canaries", "seconds", "seed")
"""Settings with an option of ``charloom train``."""

BUILT_IN = "the built-in dinosaurs"
"""Source of the built-in list, which ``charloom train`` uses without a file."""

OMITTED = ("preparation", "save_seconds", "save_steps", "keep_checkpoints", "keep_epochs")
"""Settings that do not affect the model, or that are shown elsewhere."""


def command(found: Gathered) -> str:
    """Return the command that trains this model; values not in the run are in capitals."""
    run, training = found.run, found.run.facts.training
    config = run.config
    parts = ["charloom train", *_files(found), "--out RUN"]
    if run.is_text:
        parts.append("--as text")
        if run.vocabulary.has_unknown:
            parts.append("--min-count N")
    if run.vocabulary.token_unit != "character":
        own = isinstance(run.vocabulary.token_unit, Tokens)
        parts.append(f"--token-unit {'file:TOKENS' if own else run.vocabulary.token_unit}")
    if describe.is_weighted(run.facts):
        parts.append(_column(found, "weight"))
    if run.facts.corpus.get("keep_invisible"):
        parts.append("--keep-invisible")
    if training.get("preparation") == "tutorial":
        parts.append("--recipe tutorial")
    parts.append(f"--model {config.kind}")
    if config.order:
        parts.append(f"--order {config.order}")
    if config.has_network:
        parts += [_option(name, getattr(config, name)) for name in NETWORK]
        parts += _of_network(found, training)
    names = [*(STEPS if config.has_network else ()), *OTHERS, *(["window"] if run.is_text else ())]
    wanted = [(name, training.get(name)) for name in names]
    parts += [
        _option(name, value)
        for name, value in wanted
        if value is not None and (value or name not in ("canaries", "seconds"))
    ]
    if training.get("refit"):
        parts.append("--refit")
    return " \\\n  ".join(_lines(parts))


def _files(found: Gathered) -> list[str]:
    sources = describe.sources(found.run.facts.corpus)
    if sources == [BUILT_IN]:
        return []
    if not sources or sources == ["strings"]:
        return ["FILE"]
    return [shlex.quote(file) for file in sources]


def _of_network(found: Gathered, training: Mapping[str, Any]) -> list[str]:
    """Return the options that only some networks need."""
    parts = []
    if found.run.labels:
        parts.append(_column(found, "label"))
        parts.append(_option("label_dropout", training.get("label_dropout", 0.1)))
    if isinstance(frozen := training.get("freeze"), list) and frozen:
        parts += ["--from OTHER_RUN", *(_option("freeze", part) for part in frozen)]
    return parts


def _column(found: Gathered, what: str) -> str:
    """Return the option that reads labels or weights."""
    fields = any(".jsonl" in file for file in describe.sources(found.run.facts.corpus))
    return f"--{what}-field FIELD" if fields else f"--{what}-column COLUMN"


def again(found: Gathered) -> str:
    """Return the command that writes this page again."""
    parts = ["charloom report RUN", "--out report.html"]
    if found.given:
        parts.append("--data FILE")
    if not found.run.is_text:
        parts.append(f"--samples {found.samples}")
    if found.start:
        parts.append(f"--start {shlex.quote(found.start)}")
    if found.seed:
        parts.append(f"--seed {found.seed}")
    return " ".join(parts)


def settings(training: Mapping[str, Any], config: ModelConfig) -> str:
    """Return the training settings that apply to ``config``, in one line."""
    shown = {k: v for k, v in training.items() if v not in (None, [], 0, "none") or k == "seed"}
    idle = {*OMITTED, *(() if config.text else ("window",))}
    idle |= set() if config.labels else {"label_dropout"}
    idle |= set() if "scheduled_sampling" in shown else {"truth"}
    if not config.has_network:
        idle |= set(shown) - set(OTHERS)
    idle |= {"precision"} if shown.get("precision") == "auto" else set()
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
