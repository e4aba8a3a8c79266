"""What a report says about its parts, in words that the studio shares: leads, tiles, notes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import describe
from ..format import capitalised, count, duration, percent
from .content import Content, chosen

Data = dict[str, Any]

OF_NAMES = ("nats_per_char", "new", "two_sample_accuracy", "unique_1k", "diversity")
OF_TEXT = ("bits_per_char", "two_sample_accuracy", "calibration_error", "nats_per_char")
"""Metrics that are headlines, the most important first."""

TILES = 3
"""Metrics that are headlines, at most."""

LEAST_CORRELATION = 0.3
"""Correlation with a feature from which a hidden unit is shown."""

FEATURES = {"vowel": "vowels", "position": "position in the name", "left": "characters left"}


def heading(content: Content) -> tuple[str, str, int]:
    """Return what the model generates, the file in whose style, and how many more files.

    The file is empty if the training data had no name.
    """
    sources = describe.sources(content.found.run.facts.corpus)
    named = [] if sources[:1] in (["strings"], ["-"]) else sources
    return ("Text" if content.is_text else "Names", named[0] if named else "", len(named[1:]))


def lede(content: Content) -> str:
    """Say what the model is, what it was trained on, and what it was measured on."""
    found, run = content.found, content.found.run
    what, facts = ("characters" if content.is_text else "names"), run.facts
    words = capitalised(describe.kind(run.config, facts.ngram))
    if facts.train_size is not None:
        words += f", trained on {count(facts.train_size)} {what}"
        if facts.seconds and facts.seconds > 0:
            words += f" in {duration(facts.seconds)}"
    words += "."
    if found.measured_on:
        words += f" Measured on {count(found.measured_on)} held-out {what}"
        if samples := found.measurement.get("samples"):
            words += f" and {count(samples)} generated ones"
        words += "."
    return words


def tiles(content: Content) -> list[Data]:
    """Return the metrics that are headlines."""
    measures = {one["name"]: one for one in content.found.measurement.get("measures", ())}
    names = OF_TEXT if content.is_text else OF_NAMES
    return [measures[name] for name in names if name in measures][:TILES]


def notes(content: Content, *, remedy: bool = True) -> list[str]:
    """Return what has to be known about the metrics, with the option that would help."""
    measurement, what = content.found.measurement, "text" if content.is_text else "names"
    found = list(measurement.get("notes") or ())
    if part := chosen(content.found):
        verb = "were" if " and " in part else "was"
        found.append(
            f"The {part} {verb} chosen on the same held-out {what}, which flatters the results a "
            "little."
            + (f" For an unbiased measurement, pass other {what}: --data FILE." if remedy else "")
        )
    skipped = measurement.get("skipped_names")
    if isinstance(skipped, int) and skipped:
        found.append(
            f"{count(skipped)} held-out names were skipped: they have characters that the model "
            "never saw."
        )
    return found


def shown_units(content: Content) -> list[Data]:
    """Return the hidden units that follow a feature closely, each with its ``title``."""
    units = content.figures.get("units", {}).get("units", ())
    return [
        {**unit, "title": f"Unit {unit['unit']}: {FEATURES.get(unit['feature'], unit['feature'])}"}
        for unit in units
        if abs(unit["correlation"]) >= LEAST_CORRELATION
    ]


def best_epoch(content: Content) -> Mapping[str, Any] | None:
    """Return the epoch with the lowest held-out loss."""
    history = content.figures.get("loss", {}).get("history", ())
    known = [e for e in history if isinstance(e.get("held_out_nats_per_char"), int | float)]
    return min(known, key=lambda e: float(e["held_out_nats_per_char"])) if known else None


def leads(content: Content) -> dict[str, str]:
    """Return what each section shows and how to read it, by the section's name."""
    found, run, figures = content.found, content.found.run, content.figures
    text, what = content.is_text, "text" if content.is_text else "names"
    vocabulary = run.vocabulary
    letters = len(figures.get("letters", {}).get("characters", ()))
    mapped = len(figures.get("embedding", {}).get("characters", ()))
    return {
        "corpus": "What the model was trained on. It has never seen the held-out part and is "
        "measured on that.",
        "loss": _loss(content),
        "passage": f"{count(len(found.passage))} characters, sampled from the model at "
        "temperature 1.",
        "wall": f"{count(len(found.measurement.get('names') or ()))} names, sampled from the "
        "model, copies included. Names from the training list are struck out; those one edit away "
        "from a name there are underlined with dots.",
        "next_letter": "What the model expects, character by character: the character that came, "
        "with its probability; below it, the most likely ones.",
        "heat": f"Low temperatures give the most likely {what}, often copied or repetitive; high "
        f"ones give new {what} and, in the end, noise. At temperature 1 samples follow the "
        "model's own probabilities.",
        "kinds": "New names of each label that the model was trained with."
        + (
            f" {len(content.by_label)} of {count(len(run.labels))} labels are shown."
            if len(run.labels) > len(content.by_label)
            else ""
        ),
        "lengths": "Generated names should be as long as real ones, and as far from the training "
        "list as held-out names are: nearer is copying, farther is noise.",
        "letters": f"Character frequencies in real and generated {what}."
        + (f" The {letters} most frequent are shown." if vocabulary.size - 1 > letters else ""),
        "pairs": "How often the column's character follows the row's: the darker, the more often."
        + ("" if text else " The dot stands for the beginning and the end of a name."),
        "embedding": _embedding(figures.get("embedding"))
        + (f" The {mapped} most frequent are shown." if vocabulary.size > mapped else ""),
        "units": f"Of {count(run.config.units)} hidden units, those that follow a simple feature "
        "most closely while the network reads "
        + ("held-out " if run.held_out_names or run.held_out_text else "")
        + f"{what}. Orange is active, blue (dotted) the opposite.",
        "measures": "Each value has its 95 % interval. Beside it is the same metric of real "
        f"{what}, which a perfect model would reach.",
        "calibration": "Of all characters to which the model gives a probability of 30 %, 30 in "
        "100 should occur. On the dashed line, it is perfectly calibrated.",
        "memorisation": found.memorisation.get("verdict", ""),
        "reproducibility": "Training stopped after a set number of seconds: a faster machine gets "
        "further in that time."
        if run.facts.training.get("seconds")
        else f"The same {'text' if text else 'list'}, settings, seed and versions give the same "
        "model and the same page.",
    }


def _loss(content: Content) -> str:
    run = content.found.run
    best, saved = best_epoch(content), describe.best_epoch(run.config, run.facts)
    words = "Next-character loss by epoch; lower is better."
    if best:
        if run.config.kind == "mixture":
            words += " The training curve is that of the network alone, with dropout."
        words += (
            " Where the held-out curve rises while the training curve falls, the model overfits."
        )
    if saved is not None:
        marked = best is not None and saved == best["epoch"]
        words += f" The saved model is {'the marked one' if marked else f'that of epoch {saved}'}."
    return words


def _embedding(data: Data | None) -> str:
    if data is None:
        return ""
    return (
        "Each character is a point in the network's embedding, projected onto the plane of "
        f"greatest variance, which holds {percent(sum(data['explained']))} of it. Characters that "
        "are far apart here are far apart in the embedding; those that are close may not be. "
        "Marks that would overlap are moved apart."
        + (" Vowels were not marked in the training data." if "vowel" in data["kinds"] else "")
    )
