"""``charloom info``: what a run folder holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ..reporting import describe
from ..reporting.format import count
from .options import json_option, run_argument, to_json

if TYPE_CHECKING:
    from ..run import Run

_OF_COUNTING = ("held_out", "seed", "preparation", "canaries")
"""Settings of a training that mean something where nothing is trained step by step."""

SHOWN = 200
"""Characters that are listed; --json has all."""


@click.command("info")
@run_argument
@json_option
def command(run: Run, as_json: bool) -> None:
    """Show the model in RUN: architecture, vocabulary, labels, corpus, recipe, losses, versions."""

    saved = run.saved
    size = saved.vocabulary.size
    facts: dict[str, Any] = dict(saved.facts)
    data = {
        "run": str(run.path),
        "model": saved.config.to_dict(),
        "parameters": run.parameters,
        "weights": {name: list(array.shape) for name, array in saved.weights.items()},
        "vocabulary": {
            "size": size,
            "unit": saved.vocabulary.token_unit,
            "characters": list(saved.vocabulary.characters),
            "unknown": saved.vocabulary.has_unknown,
        },
        "labels": list(saved.labels),
        **facts,
    }
    if as_json:
        click.echo(to_json(data))
        return
    for title, text in _lines(data, run):
        click.echo(f"{title:<13}{text}")


def _lines(data: dict[str, Any], run: Run) -> list[tuple[str, str]]:
    model = data["model"]
    lines = [
        ("run", data["run"]),
        ("trained on", "running text" if model["text"] else "names"),
        *_model(run),
        ("parameters", f"{data['parameters']:,}"),
        ("vocabulary", _vocabulary(data["vocabulary"])),
    ]
    if labels := data["labels"]:
        lines.append(("labels", f"{len(labels)}: {', '.join(labels)}"))
    corpus = data.get("corpus")
    if isinstance(corpus, dict):
        sources = ", ".join(map(str, corpus.get("sources", [])))
        what = "characters" if model["text"] else "names"
        lines.append(("corpus", f"{_known(corpus.get(what))} {what} from {sources}"))
        train, held_out = _known(data.get(f"train_{what}")), _known(data.get(f"held_out_{what}"))
        lines.append(("", f"{train} to train on, {held_out} held out"))
        if unknown := corpus.get("unknown_characters"):
            rare = f"{_known(corpus.get('rare'))} rare ones, {_known(unknown)} in all"
            lines.append(("", f"{rare}, are read as unknown"))
    training = data.get("training")
    if isinstance(training, dict):
        counted = model["kind"] not in ("network", "mixture")
        shown = {k: v for k, v in training.items() if not counted or k in _OF_COUNTING}
        recipe = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in shown.items())
        lines.append(("recipe", recipe))
    best = data.get("best")
    if isinstance(best, dict):
        lines.append(("best epoch", str(best.get("epoch"))))
        for key, title in (
            ("train", "training"),
            ("held_out", "held-out"),
            ("held_out_window", "in windows"),
        ):
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


def _model(run: Run) -> list[tuple[str, str]]:
    """Describe the network, the n-gram, or both."""
    config, lines = run.config, []
    if config.has_network:
        lines.append(describe.architecture(config, run.vocabulary.size))
    if config.kind == "uniform":
        lines.append(describe.kind(config, {}))
    elif config.kind != "network":
        facts = run.facts.ngram
        sizes = f"{_known(facts.get('ngrams'))} n-grams of {_known(facts.get('contexts'))} contexts"
        lines.append(f"{describe.ngram(facts) or 'n-gram'}, Kneser-Ney: {sizes}")
    return list(zip(("model", *[""] * len(lines)), lines, strict=False))


def _vocabulary(vocabulary: dict[str, Any]) -> str:
    from ..data.unicode import visible

    characters = vocabulary["characters"]
    shown = " ".join(map(visible, characters[:SHOWN]))
    if len(characters) > SHOWN:
        shown += f" and {len(characters) - SHOWN:,} more"
    rest = ", and one for all others" if vocabulary["unknown"] else ""
    return f"{len(characters):,} {vocabulary['unit']}s{rest}: {shown}"


def _known(number: Any) -> str:
    return count(number if isinstance(number, int) else None)
