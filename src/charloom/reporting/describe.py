"""A model in words: its kind, network, n-gram, training data and best epoch."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from ..config import ModelConfig

if TYPE_CHECKING:
    from ..run import Run
    from ..run.facts import Facts

MOST_KINDS = 3
"""Kinds of names of a base model that are listed."""


def kind(config: ModelConfig, ngram: Mapping[str, Any]) -> str:
    """Describe the kind of model, for use within a sentence; ``ngram`` is ``Facts.ngram``."""
    layers = "" if config.layers == 1 else f"{config.layers} layers of "
    network = f"a recurrent network with {layers}{config.units:,} {config.cell.upper()} units"
    order = config.order or ngram.get("order") or "n"
    counted = f"{'an' if order in (8, 'n') else 'a'} {order}-gram"
    adapts = f"; {recent(config)}" if config.recent else ""
    return {
        "network": network,
        "mixture": f"{network}, mixed with {counted}{adapts}",
        "ngram": f"{counted} model, which counts "
        + ("characters" if order == 1 else "which character follows which")
        + adapts,
        "unigram": "a unigram model, which knows only how frequent each character is",
        "uniform": "a uniform model: all characters equally likely",
    }[config.kind]


def recent(config: ModelConfig) -> str:
    """Say that a model of text adapts to the text so far."""
    return f"adapts to the last {config.recent:,} characters of a text"


def network(config: ModelConfig) -> str:
    """Describe the recurrent layers: ``1 x LSTM 256``."""
    return f"{config.layers} x {config.cell.upper()} {config.units}"


def architecture(config: ModelConfig, vocabulary_size: int) -> str:
    """Describe the network layer by layer."""
    return (
        f"embedding {config.embedding} -> {network(config)} -> logits {vocabulary_size}, "
        f"dropout {config.dropout:g}"
    )


def base(name: object, kinds: Mapping[str, float]) -> str:
    """Say which base a network was adapted from, as names of which kinds; empty for none.

    Args:
        name: its training's ``base``.
        kinds: ``Facts.kinds``.
    """
    match name:
        case "latin":
            return f"the base model for names in Latin script{_kinds(kinds)}"
        case str() if name != "none":
            return f"another run ({name:.16}){_kinds(kinds)}"
    return ""


def _kinds(shares: Mapping[str, float]) -> str:
    """List the kinds of most weight; groups of words, which have only numbers, are one."""
    groups: dict[str, float] = {}
    for kind, share in shares.items():
        group = "words" if re.fullmatch(r"words \d+", kind) else kind
        groups[group] = groups.get(group, 0.0) + share
    most = sorted(groups.items(), key=lambda one: -one[1])[:MOST_KINDS]
    return f" (kinds: {', '.join(f'{k} {100 * s:.0f} %' for k, s in most)})" if most else ""


def refitted(run: Run) -> str:
    """Say what the model has seen since it was measured on the held-out names; empty if nothing."""
    if not (parts := refitted_parts(run.facts.refit)):
        return ""
    return (
        f"What is measured on held-out names is the model as it was before {parts} refitted to all "
        "names, these included."
    )


def refitted_parts(refit: Mapping[str, Any]) -> str:
    """Say what was refitted, for use within a sentence; ``refit`` is ``Facts.refit``."""
    parts = [f"the {part}" for part in ("network", "ngram") if part in refit]
    verb = "were" if len(parts) > 1 else "was"
    return f"{' and '.join(parts)} {verb}".replace("ngram", "n-gram") if parts else ""


def is_weighted(facts: Facts) -> bool:
    """Say whether the names had weights."""
    return isinstance(facts.corpus.get("weight"), float)


def ngram(facts: Mapping[str, Any]) -> str:
    """Describe an n-gram and its weight in a mixture; empty for other models."""
    order, weight = facts.get("order"), facts.get("share")
    parts = [f"n-gram of order {order}"] if isinstance(order, int) and order > 0 else []
    if isinstance(weight, float):
        parts.append(f"mixture weight {weight:.2f}")
    match facts.get("exponents"):
        case [float(network), float(ngram)]:
            parts.append(f"exponents {network:.2f} (network) and {ngram:.2f} (n-gram)")
    return ", ".join(parts)


def sources(corpus: Mapping[str, Any]) -> list[str]:
    """Return the names of the files that a model was trained on, without their folders."""
    found = corpus.get("sources")
    return [PurePath(str(s)).name or str(s) for s in found] if isinstance(found, list) else []


def documents(corpus: Mapping[str, Any]) -> str:
    """Say how many documents with an end a model was trained on; empty for running text."""
    match corpus:
        case {"divided": str(way), "documents": int(number)} if way:
            pass
        case _:
            return ""
    ways = {
        "file": "each a file",
        "blank-line": "divided by blank lines",
        "line": "each a line",
        "record": "each a record",
    }
    return f"{number:,} document{'' if number == 1 else 's'}, " + ways.get(
        way, f"divided by {way!r:.40}"
    )


def best_epoch(config: ModelConfig, facts: Facts) -> int | None:
    """Return the epoch whose weights were saved; ``None`` for models without epochs."""
    epoch = facts.best.get("epoch")
    return epoch if config.has_network and isinstance(epoch, int) else None


def distilled(best: Mapping[str, Any]) -> str:
    """Say how many networks a network was distilled from, given its epoch's losses; or nothing."""
    networks = best.get("networks")
    return f"distilled from {networks} networks" if isinstance(networks, int) else ""


def listed(items: Sequence[str], most: int) -> str:
    """Join ``most`` items by commas, and count the others."""
    more = f" and {len(items) - most:,} more" if len(items) > most else ""
    return ", ".join(items[:most]) + more
