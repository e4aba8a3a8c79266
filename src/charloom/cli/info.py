"""``charloom info``: what a run folder holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .options import json_option, run_argument, to_json


@click.command("info")
@run_argument
@json_option
def command(run: Path, as_json: bool) -> None:
    """Show the model in RUN: architecture, vocabulary, labels, corpus, recipe, losses, versions."""
    from ..checkpoint import load_model
    from ..models.shapes import parameter_count, weight_shapes

    saved = load_model(run)
    size = saved.vocabulary.size
    shapes = weight_shapes(saved.config, size)
    facts: dict[str, Any] = dict(saved.facts)
    data = {
        "run": str(run),
        "model": saved.config.to_dict(),
        "parameters": parameter_count(saved.config, size),
        "weights": {name: list(shape) for name, shape in shapes.items()},
        "vocabulary": {
            "size": size,
            "unit": saved.vocabulary.unit,
            "characters": list(saved.vocabulary.characters),
        },
        "labels": list(saved.labels),
        **facts,
    }
    if as_json:
        click.echo(to_json(data))
        return
    for title, text in _lines(data):
        click.echo(f"{title:<13}{text}")


def _lines(data: dict[str, Any]) -> list[tuple[str, str]]:
    model, vocabulary = data["model"], data["vocabulary"]
    characters = " ".join(vocabulary["characters"])
    lines = [
        ("run", data["run"]),
        (
            "model",
            f"embedding {model['embedding']} -> {model['layers']} x {model['cell'].upper()} "
            f"{model['units']} -> logits {vocabulary['size']}, dropout {model['dropout']:g}",
        ),
        ("parameters", f"{data['parameters']:,}"),
        ("vocabulary", f"{vocabulary['size'] - 1} {vocabulary['unit']}s: {characters}"),
    ]
    if labels := data["labels"]:
        lines.append(("labels", f"{len(labels)}: {', '.join(labels)}"))
    corpus = data.get("corpus")
    if isinstance(corpus, dict):
        sources = ", ".join(map(str, corpus.get("sources", [])))
        lines.append(("corpus", f"{corpus.get('names'):,} names from {sources}"))
        lines.append(
            (
                "",
                f"{data.get('train_names'):,} to train on, {data.get('held_out_names'):,} held out",
            )
        )
    training = data.get("training")
    if isinstance(training, dict):
        recipe = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in training.items())
        lines.append(("recipe", recipe))
    best = data.get("best")
    if isinstance(best, dict):
        lines.append(("best epoch", str(best.get("epoch"))))
        for key, title in (("train", "training"), ("held_out", "held-out")):
            value = best.get(f"{key}_nats_per_char")
            if isinstance(value, float):
                lines.append((f"{title}", f"{value:.4f} nats/char"))
    versions = data.get("versions")
    if isinstance(versions, dict):
        lines.append(("versions", ", ".join(f"{key} {value}" for key, value in versions.items())))
    for key in ("backend", "created", "seconds"):
        if key in data:
            lines.append((key, str(data[key])))
    return lines
