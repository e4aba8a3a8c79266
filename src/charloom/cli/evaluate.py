"""``charloom evaluate``: how good a model is, on unseen data and by its samples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from ..config import MOST_SAMPLES
from ..errors import CharloomError, CorpusError
from ..reporting import describe
from .generate_options import rule_options, rules_of
from .options import Real, Whole, json_option, run_argument, sampling_seed_option, say, to_json
from .progress_bar import progress_bar
from .sources import (
    FOR_NAMES,
    FOR_RECORDS,
    Source,
    data_option,
    label_options,
    reading_options,
    refuse_options,
    weight_options,
)

if TYPE_CHECKING:
    from ..data.text import TextCorpus
    from ..generation import NameModel, TextModel
    from ..run import Run

NAMES, CHARACTERS = 10_000, 20_000
"""Names, or characters of text, that are sampled by default."""


@click.command("evaluate")
@run_argument
@data_option("measure")
@click.option(
    "--samples",
    type=Whole(0, MOST_SAMPLES),
    metavar="N",
    help=f"Number of samples; {NAMES:,} names or {CHARACTERS:,} characters of text by default; 0: "
    "likelihood only.",
)
@click.option(
    "--temperature",
    type=Real("[0, 100]"),
    default=1.0,
    show_default=True,
    help="Sampling temperature.",
)
@sampling_seed_option
@rule_options
@label_options
@weight_options
@reading_options
@json_option
def command(
    run: Run,
    source: Source,
    samples: int | None,
    temperature: float,
    seed: int,
    as_json: bool,
    **options: Any,
) -> None:
    """Measure the model in RUN on names, or on running text, that it was not trained on.

    Each measure has a 95 % interval and, where it makes sense, the same measure of real names:
    likelihood and calibration on unseen names; how many samples are unique and new, how close they
    are to training names and how similar to real ones; whether a classifier can distinguish them
    from real names; and how much of the training list is memorised.

    A name's end counts as a character. Names with characters that the model never saw have no
    finite likelihood: they are counted and left out. On held-out names, a model whose n-gram was
    refitted to all names is measured as it was before. Constraints are measured, not enforced: the
    share of samples that satisfy them is printed. With --start, samples start with it and are
    compared with real names that do. A model with labels is measured without labels;
    --label-column or --label-field adds a measurement with the labels of the names in --data.
    Likelihoods are weighted by the weights that the held-out names were trained with, or by those
    that --weight-column or --weight-field gives to the names in --data.

    Text is measured once as a stream, where all earlier text is context, and once in independent
    windows of 256 characters. Characters that the model never saw are counted and skipped, unless
    it was trained with an unknown symbol (--min-count).
    """
    from ..api import load
    from ..generation import TextModel

    model, source = load(run if source.paths else run.measured), source.alike(run)
    is_text = isinstance(model, TextModel)
    if samples is None:
        samples = CHARACTERS if is_text else NAMES
    seen: int | None = None
    if isinstance(model, TextModel):
        result = _of_text(run, model, source, samples, temperature, seed)
    else:
        result, seen = _of_names(run, model, source, samples, temperature, seed, options)
    if as_json:
        click.echo(to_json(result))
    elif samples == 0:
        if note := "" if source.paths else describe.refitted(run):
            say(note)
        for note in result.pop("notes", ()):
            say(note)
        width = max(map(len, result))
        for name, value in result.items():
            shown = f"{value:,}" if isinstance(value, int) else f"{value:,.4f}"
            click.echo(f"{name.replace('_', ' '):<{width}}  {shown:>12}")
    else:
        from .measure_table import show

        show(result, seen=seen)


def _of_names(
    run: Run,
    model: NameModel,
    source: Source,
    samples: int,
    temperature: float,
    seed: int,
    options: dict[str, Any],
) -> tuple[dict[str, Any], int]:
    """Return the measures, and how many of the names are in the training list."""
    from ..evaluation import measure
    from ..evaluation.memorisation.names import names_memorisation
    from ..evaluation.names import note_on_seen

    names, labels, weights = _names(run, model, source, needed=samples == 0)
    canaries, train = run.facts.canaries, run.training_set
    unseen = run.held_out_names or names
    if source.paths and run.facts.refit and train is not None:  # the model has seen these too
        train, unseen = [*train, *run.held_out_names], names
    seen, notes = note_on_seen(model, names, train) if source.paths else (0, [])
    if samples == 0:
        result = _likelihood(model, names, labels, weights, seed)
        return result | ({"notes": notes} if notes else {}), seen
    longest, start = options.pop("max_length"), options.pop("start")
    if longest is not None and not options["length"]:
        options["length"] = f":{longest}"
    rules = rules_of(options, source, bool(source.paths))

    def memorisation() -> dict[str, Any]:
        if train is None or not unseen:
            missing = "training list" if train is None else "held-out name"
            raise CorpusError(f"there is no {missing}.")
        return names_memorisation(model, train, unseen, canaries=canaries, seed=seed).to_dict()

    with progress_bar() as tell:
        found = measure(
            model,
            names,
            train=train,
            labels=labels,
            weights=weights,
            canaries=canaries,
            samples=samples,
            temperature=temperature,
            seed=seed,
            rules=rules,
            start=start,
            progress=lambda what, share: tell(what, 0.9 * share),
        )
        tell("memorisation", 0.9)
        note = "" if source.paths else describe.refitted(run)
        rest = _memorisation(memorisation, [*found.notes, note] if note else found.notes)
    result = found.to_dict()
    drawn = result.pop("names")  # the likelihood's count has that name
    count = 0 if found.likelihood is None else found.likelihood.to_dict()["names"]
    return {"names": count} | result | {"drawn": drawn} | rest, seen


def _names(
    run: Run, model: NameModel, source: Source, *, needed: bool
) -> tuple[Sequence[str], Sequence[str] | None, Sequence[float] | None]:
    """Return the names to measure on, and their labels and weights, if there are any.

    There are no names if the run held none out and they are not needed.
    """
    if source.has_labels:
        if not source.paths:
            raise click.UsageError(
                "a run does not keep the labels of what it held out. Add --data FILE with names "
                "and their labels, or leave out --label-column and --label-field."
            )
        if not model.labels:
            raise click.UsageError(
                "RUN was trained without labels. Leave out --label-column and --label-field."
            )
    if source.paths:
        corpus = source.unseen(model.vocabulary.token_unit)
        if corpus.weights is None and describe.is_weighted(run.facts):
            say(
                "RUN was trained with weights, but here each name counts once. To weight the "
                "likelihoods, add --weight-column or --weight-field."
            )
        return corpus.names, corpus.labels, corpus.weights
    if source.has_weights:
        raise click.UsageError(
            "RUN keeps the weights of what it held out. Leave out --weight-column and "
            "--weight-field, or add --data FILE."
        )
    weights = None if run.held_out_weights is None else run.held_out_weights.tolist()
    return run.need_held_out_names() if needed else run.held_out_names, None, weights


def _likelihood(
    model: NameModel,
    names: Sequence[str],
    labels: Sequence[str] | None,
    weights: Sequence[float] | None,
    seed: int,
) -> dict[str, Any]:
    from ..data.weights import added, note_on_weights
    from ..evaluation import likelihood
    from ..evaluation.metrics.likelihood import labelled_measure

    often = None if weights is None else added(names, weights)
    if often is not None:
        say(note_on_weights(often.values()))
    if labels is None:
        return likelihood(model, names, weights=often).to_dict()
    result = likelihood(model, list(dict.fromkeys(names)), weights=often).to_dict()
    for one in labelled_measure(model, names, labels, seed=seed, weights=weights):
        result[one.name] = one.estimate.value
    return result


def _of_text(
    run: Run, model: TextModel, source: Source, samples: int, temperature: float, seed: int
) -> dict[str, Any]:
    from ..evaluation import measure_text, text_likelihood
    from ..evaluation.memorisation.text import text_memorisation, training_text

    documents = run.facts.corpus.get("divided")
    records = FOR_RECORDS if source.paths and documents == "record" else set()
    refuse_options({*FOR_NAMES, "start"} - records)
    text: TextCorpus | str
    if source.paths:
        text = source.text(model.vocabulary.token_unit, documents=documents)
    else:
        text = run.need_held_out_text()
    if samples == 0:
        return text_likelihood(model, text).to_dict()

    def memorisation() -> dict[str, Any]:
        train, unseen = training_text(run), run.need_held_out_text()
        return text_memorisation(model, train, unseen, temperatures=(1.0,), seed=seed).to_dict()

    with progress_bar() as tell:
        found = measure_text(
            model,
            text,
            samples=samples,
            temperature=temperature,
            seed=seed,
            progress=lambda what, share: tell(what, 0.7 * share),
        )
        tell("memorisation", 0.7)
        rest = _memorisation(memorisation, found.notes)
    result = found.to_dict()
    for name in ("names", "distances", "lengths", "ngrams", "start"):
        del result[name]  # of names only
    return result | rest


def _memorisation(measured: Callable[[], dict[str, Any]], notes: Sequence[str]) -> dict[str, Any]:
    """Return the memorisation and the notes, with one more if it cannot be measured."""
    try:
        return {"memorisation": measured(), "notes": list(notes)}
    except CharloomError as error:
        why = str(error).replace("with --source", "to `charloom report` or `card` with --source")
        return {"memorisation": None, "notes": [*notes, f"Memorisation cannot be measured: {why}"]}
