"""``charloom info``: what a run folder holds."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import click

from ..config import TrainConfig
from ..data.tokens import Tokens
from ..errors.formatting import escaped
from ..reporting import describe
from ..reporting.format import count
from .options import json_option, put, run_argument, to_json

if TYPE_CHECKING:
    from ..run import Run

SHOWN = 200
"""Characters that are listed; --json has all."""


@click.command("info")
@run_argument
@json_option
def command(run: Run, as_json: bool) -> None:
    """Show the model in RUN: architecture, vocabulary, labels, corpus, settings and losses."""
    from ..run.facts import known_facts

    vocabulary, unit = run.vocabulary, run.vocabulary.token_unit
    if not as_json:
        for title, text in _lines(run):
            put(f"{title:<13}{escaped(text)}")
        return
    data = {
        "run": str(run.path),
        "model": run.config.to_dict(),
        "parameters": run.parameters,
        "weights": {name: list(array.shape) for name, array in run.weights.items()},
        "vocabulary": {
            "size": vocabulary.size,
            "unit": str(unit),
            **({"tokens": list(unit.tokens)} if isinstance(unit, Tokens) else {}),
            "characters": list(vocabulary.characters),
            "unknown": vocabulary.has_unknown,
        },
        "labels": list(run.labels),
    }
    click.echo(to_json(data | known_facts(run.saved.facts)))


def _lines(run: Run) -> list[tuple[str, str]]:
    config, facts = run.config, run.facts
    what = "characters" if run.is_text else "names"
    lines = [("run", str(run.path)), ("trained on", "running text" if run.is_text else "names")]
    models = []
    if config.has_network:
        models.append(describe.architecture(config, run.vocabulary.size))
    if base := describe.base(facts.training.get("base"), facts.kinds):
        models.append(f"adapted from {base}")
    if config.kind == "uniform":
        models.append(describe.kind(config, {}))
    elif config.kind != "network":
        sizes = f"{_known(facts.ngram, 'ngrams')} n-grams of {_known(facts.ngram, 'contexts')} "
        smoothing = {"kneser-ney": "Kneser-Ney", "fitted": "fitted smoothing"}[config.smoothing]
        models.append(f"{describe.ngram(facts.ngram) or 'n-gram'}, {smoothing}: {sizes}contexts")
    if config.recent:
        models.append(describe.recent(config))
    lines += zip(("model", "", "", ""), models, strict=False)
    lines += [("parameters", f"{run.parameters:,}"), ("vocabulary", _vocabulary(run))]
    if run.labels:
        lines.append(("labels", f"{len(run.labels)}: {', '.join(run.labels)}"))
    if corpus := facts.corpus:
        sources = ", ".join(corpus.get("sources", ())) or "an unknown source"
        sizes = f"{count(facts.train_size)} to train on, {count(facts.held_out_size)} held out"
        lines += [("corpus", f"{_known(corpus, what)} {what} from {sources}"), ("", sizes)]
        if documents := describe.documents(corpus):
            lines.append(("", documents))
        if describe.is_weighted(facts):
            lines.append(("", f"weights: {corpus['weight']:,.6g} in all"))
        if corpus.get("unknown_characters"):
            rare, unknown = _known(corpus, "rare"), _known(corpus, "unknown_characters")
            lines.append(("", f"{rare} rare characters, {unknown} in all, read as unknown"))
        if corpus.get("keep_invisible"):
            lines.append(("", "invisible characters kept"))
    by_steps = {field.name for field in fields(TrainConfig) if field.metadata["steps"]}
    shown = [
        f"{name.replace('_', ' ')} {value}"
        for name, value in facts.training.items()
        if config.has_network or name not in by_steps
    ]
    if shown:
        lines.append(("settings", ", ".join(shown)))
    if best := facts.best:
        how = [str(best.get("epoch")), describe.distilled(best)]
        lines.append(("best epoch", ", ".join(filter(None, how))))
        titles = {
            "train": "training",
            "held_out": "held-out",
            "unweighted_held_out": "unweighted",
            "held_out_window": "in windows",
        }
        for key, title in titles.items():
            if isinstance(value := best.get(f"{key}_nats_per_char"), float):
                lines.append((title, f"{value:.4f} nats/char"))
    if isinstance(nats := facts.cross_validation.get("nats_per_char"), float):
        lines.append(("cross-valid.", f"{nats:.4f} nats/char, which chose epochs and exponents"))
    if parts := describe.refitted_parts(facts.refit):
        lines.append(("", f"measured before {parts} refitted to all names"))
    if facts.versions:
        versions = (f"{name} {version}" for name, version in facts.versions.items())
        lines.append(("versions", ", ".join(versions)))
    for key in ("backend", "created", "seconds"):
        if (fact := getattr(facts, key)) is not None:
            lines.append((key, str(fact)))
    return lines


def _vocabulary(run: Run) -> str:
    from ..data.unicode import visible

    characters = run.vocabulary.characters
    shown = " ".join(map(visible, characters[:SHOWN]))
    if len(characters) > SHOWN:
        shown += f" and {len(characters) - SHOWN:,} more"
    rest = ", and one for all others" if run.vocabulary.has_unknown else ""
    return f"{len(characters):,} {run.vocabulary.token_unit}s{rest}: {shown}"


def _known(facts: Any, name: str) -> str:
    """Format a count, or a question mark if the run does not say it."""
    value = facts.get(name)
    return count(value if isinstance(value, int) else None)
