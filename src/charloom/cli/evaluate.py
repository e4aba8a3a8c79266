"""``charloom evaluate``: how good a model is, on what it has not seen and by what it draws."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import click

from .drawing import rule_options, rules_of
from .options import (
    data_option,
    draw_seed_option,
    json_option,
    reading_options,
    run_argument,
    to_json,
)

if TYPE_CHECKING:
    from ..data.text import TextCorpus
    from ..generation import NameModel, TextModel
    from ..run import Run

TEXT_SAMPLES = 20_000
"""Characters that are drawn of text, if nothing is said."""


@click.command("evaluate")
@run_argument
@data_option("measure")
@click.option(
    "--samples",
    type=click.IntRange(0),
    metavar="N",
    help="Number of samples; 10,000 names or 20,000 characters of text by default; 0: "
    "likelihood only.",
)
@click.option(
    "--temperature",
    type=click.FloatRange(0, 100),
    default=1.0,
    show_default=True,
    help="Sampling temperature.",
)
@draw_seed_option
@rule_options
@reading_options
@click.option(
    "--label-column", help="Column of a .csv or .tsv file of --data with each name's label."
)
@click.option("--label-field", help="Field of a .jsonl's objects with each name's label.")
@json_option
def command(
    run: Run,
    data: tuple[str, ...],
    samples: int | None,
    temperature: float,
    seed: int,
    reading: dict[str, Any],
    label_column: str | None,
    label_field: str | None,
    as_json: bool,
    **rules: Any,
) -> None:
    """Measure the model in RUN on names, or on running text, that it was not trained on.

    Each figure has a 95 % interval and, where it makes sense, the same figure of real names:
    likelihood and calibration on unseen names; how many samples are unique and new, how close they
    are to training names and how similar to real ones; whether a classifier can distinguish them
    from real names; and how much of the training list is memorised.

    A name's end counts as a character. Names with characters that the model never saw have no
    finite likelihood: they are counted and left out. Samples are not constrained; if constraints
    are given, the share of samples that obey them is measured. With --start, samples start with it
    and are compared with real names that do. A model with labels is measured without labels;
    --label-column or --label-field adds a measurement with the labels of the names in --data.

    Text is measured once as a stream, where all earlier text is context, and once in independent
    windows of 256 characters. Characters that the model never saw are counted and skipped, unless
    it was trained with an unknown symbol (--min-count).
    """
    from ..api import load
    from ..generation import TextModel

    model = load(run)
    if isinstance(model, TextModel):
        result = _of_text(run, model, data, samples, temperature, seed, reading)
    else:
        kinds = {"label_column": label_column, "label_field": label_field}
        wanted = {name: value for name, value in kinds.items() if value is not None}
        _check_labels(model, data, wanted)
        names, labels = _names(run, model, data, reading | wanted, needed=samples == 0)
        if samples == 0:
            result = _likelihood(model, names, labels, seed)
        else:
            count = 10_000 if samples is None else samples
            result = _of_names(run, model, names, labels, count, temperature, seed, rules)
    if as_json:
        click.echo(to_json(result))
    elif samples == 0:
        width = max(map(len, result))
        for name, value in result.items():
            shown = f"{value:,}" if isinstance(value, int) else f"{value:,.4f}"
            click.echo(f"{name.replace('_', ' '):<{width}}  {shown:>12}")
    else:
        from .measure_table import show

        show(result, text=isinstance(model, TextModel))


def _names(
    run: Run,
    model: NameModel,
    data: tuple[str, ...],
    reading: dict[str, Any],
    *,
    needed: bool,
) -> tuple[Sequence[str], Sequence[str] | None]:
    """Return the names to measure on, and their labels, if asked for.

    There are no names if the run held none out and they are not needed.
    """
    from ..data.names import NameCorpus

    if data:
        corpus = NameCorpus.read(*data, unit=model.vocabulary.token_unit, **reading)
        return corpus.names, corpus.labels
    return run.need_held_out_names() if needed else run.held_out_names, None


def _check_labels(model: NameModel, data: tuple[str, ...], wanted: Collection[str]) -> None:
    """Refuse labels that are of no use."""
    if wanted and not data:
        raise click.UsageError(
            "a run does not keep the labels of what it held out. Pass --data FILE with names and "
            "their labels, or leave them out."
        )
    if wanted and not model.labels:
        raise click.UsageError(
            "RUN was trained without labels. Leave out --label-column and -field."
        )


def _likelihood(
    model: NameModel, names: Sequence[str], labels: Sequence[str] | None, seed: int
) -> dict[str, Any]:
    from ..evaluation import likelihood
    from ..evaluation.metrics.likelihood import labelled_measure

    if labels is None:
        return likelihood(model, names).to_dict()
    result = likelihood(model, list(dict.fromkeys(names))).to_dict()
    for one in labelled_measure(model, names, labels, seed=seed):
        result[one.name] = one.estimate.value
    return result


def _of_names(
    run: Run,
    model: NameModel,
    names: Sequence[str],
    labels: Sequence[str] | None,
    samples: int,
    temperature: float,
    seed: int,
    options: dict[str, Any],
) -> dict[str, Any]:
    from ..evaluation import measure
    from .watched import watched

    longest = options.pop("max_length")
    if longest is not None and not options["length"]:
        options["length"] = f":{longest}"
    start = options.pop("start")
    rules = rules_of(options)
    with watched() as tell:
        found = measure(
            model,
            names,
            train=run.training_set,
            labels=labels,
            canaries=run.facts.canaries,
            samples=samples,
            temperature=temperature,
            seed=seed,
            rules=rules,
            start=start,
            progress=lambda what, share: tell(what, 0.9 * share),
        )
        tell("memorisation", 0.9)
        kept = _memorised(run, model, run.held_out_names or names, found.notes, seed)
    result = found.to_dict()
    drawn = result.pop("names")  # the likelihood's count has that name
    count = 0 if found.likelihood is None else found.likelihood.to_dict()["names"]
    return {"names": count} | result | {"drawn": drawn} | kept


def _memorised(
    run: Run, model: NameModel, names: Sequence[str], notes: Sequence[str], seed: int
) -> dict[str, Any]:
    """Return what is known of memorisation, and the notes, one more if it cannot be known."""
    from ..errors import CharloomError
    from ..evaluation.memorisation.names import names_memorisation

    if run.training_set is None or not names:
        missing = "training list" if run.training_set is None else "held-out name"
        why = f"Memorisation cannot be measured: there is no {missing}."
        return {"memorisation": None, "notes": [*notes, why]}
    try:
        canaries = run.facts.canaries
        found = names_memorisation(model, run.training_set, names, canaries=canaries, seed=seed)
    except CharloomError as error:
        return {
            "memorisation": None,
            "notes": [*notes, f"Memorisation cannot be measured: {error}"],
        }
    return {"memorisation": found.to_dict(), "notes": list(notes)}


def _of_text(
    run: Run,
    model: TextModel,
    data: tuple[str, ...],
    samples: int | None,
    temperature: float,
    seed: int,
    reading: dict[str, Any],
) -> dict[str, Any]:
    from ..data.text import TextCorpus
    from ..evaluation import measure_text, text_likelihood
    from .text_output import refuse_options
    from .watched import watched

    allowed = ("run", "data", "encoding", "samples", "temperature", "seed", "as_json")
    refuse_options("running text, which RUN was trained on", allowed)
    text: TextCorpus | str
    if data:
        from ..reporting.progress import reading as read_along

        unit, encoding = model.vocabulary.token_unit, reading.get("encoding")
        with read_along() as progress:
            text = TextCorpus.read(*data, unit=unit, encoding=encoding, progress=progress)
    else:
        text = run.need_held_out_text()
    if samples == 0:
        return text_likelihood(model, text).to_dict()
    with watched() as tell:
        found = measure_text(
            model,
            text,
            samples=TEXT_SAMPLES if samples is None else samples,
            temperature=temperature,
            seed=seed,
            progress=lambda what, share: tell(what, 0.7 * share),
        )
        tell("memorisation", 0.7)
        kept = _text_memorised(run, model, found.notes, seed)
    result = found.to_dict()
    for name in ("names", "distances", "lengths", "ngrams", "start"):
        del result[name]  # of names only
    return result | kept


def _text_memorised(run: Run, model: TextModel, notes: Sequence[str], seed: int) -> dict[str, Any]:
    from ..errors import CharloomError
    from ..evaluation.memorisation.text import text_memorisation, training_text

    try:
        text, unseen = training_text(run), run.need_held_out_text()
        found = text_memorisation(model, text, unseen, temperatures=(1.0,), seed=seed)
    except CharloomError as error:
        why, remedy, _ = str(error).partition(" Pass ")  # which names an option of other commands
        why += " `charloom report` and `card` take its files (--source)." if remedy else ""
        return {"memorisation": None, "notes": [*notes, f"No search for copies: {why}"]}
    return {"memorisation": found.to_dict(), "notes": list(notes)}
