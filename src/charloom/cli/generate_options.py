"""The options of ``charloom generate``: sampling, constraints, novelty, labels and blends."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..config import (
    MOST_BEAM,
    MOST_CHARACTERS,
    MOST_GUIDANCE,
    MOST_LENGTH,
    MOST_NAMES,
    MOST_STREAMED,
    NAMES_TEMPERATURE,
    SampleConfig,
)
from ..config.arguments import shown
from .options import Escaped, Numbers, Real, Whole, options, path_option, setting_option

if TYPE_CHECKING:
    from ..generation import NameModel, TextModel
    from ..generation.constraints import Rules
    from ..run import Run
    from .sources import Source

sampling_options = options(
    setting_option(
        SampleConfig,
        "temperature",
        "--temperature",
        "temperatures",
        type=Numbers("[0, 100]"),
        multiple=True,
        note=f" By default {NAMES_TEMPERATURE:g} for names; 1 with --best and for text. If the "
        "option is repeated, -n names are printed for each.",
    ),
    *(setting_option(SampleConfig, name) for name in ("top_k", "top_p", "min_p", "seed")),
    setting_option(SampleConfig, "no_repeat_ngram_size", metavar="N"),
    click.option(
        "--best",
        is_flag=True,
        help="Print the most likely names in order (exact search) instead of sampling.",
    ),
    click.option(
        "--beam",
        type=Whole(1, MOST_BEAM),
        metavar="WIDTH",
        help="With --best: use beam search, which is faster but may miss some names.",
    ),
)

FOR_TEXT = ("characters", "stop", "stop_at_end", "records")
"""Parameters that make sense for running text only."""

text_options = options(
    click.option(
        "--characters",
        type=Whole(1, MOST_STREAMED),
        help="Most characters of text to generate after the start; 1000 by default, and for "
        "documents about twice as many as the longest one has.",
    ),
    click.option(
        "--stop",
        type=Escaped(),
        multiple=True,
        help="End the text before the first TEXT, which is not printed; may be repeated. \\n is a "
        "line break.",
    ),
    click.option(
        "--stop-at-end/--no-stop-at-end",
        default=None,
        help="Whether text ends where a document does; by default if the model was trained on "
        "documents.",
    ),
    click.option(
        "--records",
        type=Whole(1, MOST_NAMES),
        help="Number of whole documents to generate: -n and --stop-at-end in one.",
    ),
)

RULES = {"end": "", "contains": (), "length": None, "chars": None, "regex": None, "block": ()}
"""The options that are constraints beside the start, as they are where none is given."""

rule_options = options(
    click.option("--start", default="", help="Every name, or the text, starts with TEXT."),
    path_option(
        "--start-file",
        "--prompt-file",
        help="The same, from a file or (-) standard input; a line break at its end is left out.",
    ),
    click.option("--end", default="", help="Every name ends with TEXT."),
    click.option("--contains", multiple=True, help="Every name contains TEXT; may be repeated."),
    click.option("--length", metavar="RANGE", help="Length of every name: 6:9, 6:, :9 or 7."),
    setting_option(SampleConfig, "max_length", note=" --length can set it, too."),
    click.option("--chars", help="Names consist of these characters only."),
    click.option("--regex", help="Regular expression that every whole name matches."),
    path_option(
        "--block",
        multiple=True,
        help="Strings, one per line, that no name may contain, in upper or lower case.",
    ),
)

novelty_options = options(
    path_option(
        "--forbid", multiple=True, help="Names to exclude, in addition to the training list."
    ),
    click.option(
        "--min-edits",
        type=Whole(1, MOST_LENGTH),
        default=1,
        show_default=True,
        help="Minimum edit distance from every excluded name.",
    ),
    click.option(
        "--fold-case", is_flag=True, help="Treat names that differ only in case as the same."
    ),
    click.option("--allow-known", is_flag=True, help="Allow names of the training list."),
    click.option("--allow-repeats", is_flag=True, help="Allow a name to be printed repeatedly."),
)

conditioning_options = options(
    click.option(
        "--label",
        "labels",
        multiple=True,
        metavar="LABEL[=WEIGHT]",
        help="Label of the names to generate; several are mixed, as in --label Greek=0.7 "
        "--label Welsh=0.3.",
    ),
    click.option(
        "--guidance",
        type=Real(f"[0, {MOST_GUIDANCE:g}]"),
        help="How strongly the labels count: 0 not at all, 1 as trained, above 1 more; 2 by "
        "default.",
    ),
    click.option(
        "--with",
        "other",
        metavar="RUN[=WEIGHT]",
        help="Blend with the model of another run, as in --with runs/elves=0.3; the weight is 0.5 "
        "by default.",
    ),
)


def start_of(start: str, file: Path | None, source: Source) -> str:
    """Return the start that is given, or the text of ``file``, read as ``source`` says.

    Raises:
        click.UsageError: both are given, or the file has too many characters.
        CorpusError: the file cannot be read or decoded.
    """
    if file is None:
        return start
    if start:
        raise click.UsageError("--start and --start-file exclude each other. Leave one out.")
    from ..data.sources.streams import label, pieces

    found: list[str] = []

    def line() -> int:
        return "".join(found).count("\n") + 1

    for piece in pieces(file, source.how.get("encoding"), None, line):
        found.append(piece)
        if sum(map(len, found)) > MOST_CHARACTERS:
            raise click.UsageError(
                f"--start-file may hold {MOST_CHARACTERS:,} characters. {label(file)} holds more."
            )
    return "".join(found).removesuffix("\n")


def rules_of(given: dict[str, Any], source: Source, others: bool) -> Rules | None:
    """Take the constraints out of the options, except the start, which the model takes itself.

    Files are read as ``source`` says; ``others`` is whether the call names other files, too.
    """
    values = {name: given.pop(name) for name in RULES}
    if values == RULES:
        return None
    from ..generation import constraints  # late: most calls have none

    rules: list[constraints.Rule] = []
    if end := values["end"]:
        rules.append(constraints.End(end))
    rules += map(constraints.Contains, values["contains"])
    if length := values["length"]:
        rules.append(constraints.Length.parse(length))
    if (characters := values["chars"]) is not None:
        rules.append(constraints.Chars(characters))
    if (pattern := values["regex"]) is not None:
        rules.append(constraints.Regex(pattern))
    if paths := values["block"]:
        for path, texts in zip(paths, source.lists(paths, alone=not others), strict=True):
            rules.append(constraints.Block(tuple(texts), name=f"--block {path.name}"))
    return constraints.Rules(tuple(rules))


def load_conditioned(
    run: Run, labels: Sequence[str], guidance: float | None, other: str | None
) -> NameModel | TextModel:
    """Load the model of ``run``, conditioned on labels and blended with another, if asked for."""
    from ..api import load
    from ..generation import NameModel, TextModel

    model = load(run)
    if guidance is not None and not labels:
        raise click.UsageError("--guidance is for --label. Add a label, or leave it out.")
    if labels:
        if isinstance(model, TextModel):
            raise click.UsageError("--label is for names. RUN was trained on running text.")
        weights: dict[str, float] = {}
        for label in labels:
            name, weight = _split(label, 1.0, "--label", model.labels)
            weights[name] = weights.get(name, 0.0) + weight
        model = model.condition(weights, **({} if guidance is None else {"guidance": guidance}))
    if other is None:
        return model
    path, weight = _split(other, 0.5, "--with")
    if not 0 <= weight <= 1:
        raise click.UsageError(f"--with takes a weight in [0, 1]. Received: {weight:g}")
    second = load(path)
    if isinstance(model, NameModel) and isinstance(second, NameModel):
        return model.blend_with(second, weight)
    if isinstance(model, TextModel) and isinstance(second, TextModel):
        return model.blend_with(second, weight)
    raise click.UsageError("--with needs two models of names, or two of text. Received: one each")


def _split(
    text: str, otherwise: float, option: str, known: Collection[str] = ()
) -> tuple[str, float]:
    """Read ``NAME=NUMBER``, or just a name, whose number is ``otherwise``; some are ``known``."""
    if text in known:
        return text, otherwise
    name, sign, number = text.rpartition("=")
    try:
        value = float(number) if sign else math.nan
    except ValueError:
        sign, value = sign if name in known else "", math.nan
    if not sign:
        return text, otherwise
    if not name or not math.isfinite(value):
        raise click.UsageError(
            f"{option} takes NAME=NUMBER, such as {name or 'NAME'}=0.5. Received: {shown(text)}"
        )
    return name, value
