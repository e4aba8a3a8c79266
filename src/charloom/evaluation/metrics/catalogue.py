"""What each measure is called, in which unit it is, and how to read it."""

from __future__ import annotations

from ..statistics import Better, Estimate, Measure

_CATALOGUE: dict[str, tuple[str, str, Better, str]] = {
    "nats_per_char": (
        "Nats per character", "nats", "lower",
        "Mean negative log-likelihood of the next character on unseen data.",
    ),
    "bits_per_char": (
        "Bits per character", "bits", "lower",
        "Nats per character in bits: the mean cost of storing a character.",
    ),
    "perplexity_per_char": (
        "Perplexity", "", "lower",
        "Nats per character as a number of equally likely next characters.",
    ),
    "nats_per_char_with_labels": (
        "Nats per character, label given", "nats", "lower",
        "Nats per character if the model is given each name's label.",
    ),
    "calibration_error": (
        "Calibration error", "%", "lower",
        "Share of next characters by which predictions and frequencies differ; real: by chance.",
    ),
    "valid": ("Valid names", "%", "higher", "Share of samples that satisfy the constraints."),
    "unique_{n}k": (
        "Different among {n},000", "%", "higher", "Share of different names among {n},000 samples."
    ),
    "new": ("New names", "%", "higher", "Share of samples that are not in the training list."),
    "junk": (
        "Junk", "%", "lower",
        "Share of new names that a judge, an n-gram, finds less likely than 99 % of real ones.",
    ),
    "diversity": (
        "Unlikeness of two names", "", "as real",
        "Mean edit distance of two samples, per character; far below real: they are too similar.",
    ),
    "distance_to_training": (
        "Edits to a training name", "characters", "as real",
        "Mean edit distance of new names to the nearest training name; real: of unseen names.",
    ),
    "recall": (
        "Unseen names in {samples:,} draws", "%", "higher",
        "Expected share of unseen real names among so many samples.",
    ),
    "length_wasserstein": (
        "Lengths, distance", "characters", "as real",
        "Distance of lengths from those of unseen names; real: of as many training names.",
    ),
    "ngram_js_{n}": (
        "{ngrams}, divergence", "bits", "as real",
        "Divergence of {n}-gram frequencies from those of unseen {of}; real: of as {others}.",
    ),
    "real_words": (
        "Words of real text", "%", "as real",
        "Share of words that one half of the unseen text has too; real: of the other half's words.",
    ),
    "two_sample_accuracy": (
        "Distinguished from real {of}", "%", "lower",
        "How often a classifier distinguishes {pair}; 50 % is chance.",
    ),
}  # fmt: skip


def described(
    key: str, estimate: Estimate, real: Estimate | None = None, **values: object
) -> Measure:
    """Return an estimate as the measure of that key, ``values`` inserted into its texts."""
    title, unit, better, explanation = _CATALOGUE[key]
    return Measure(
        name=key.format(**values),
        title=title.format(**values),
        estimate=estimate,
        unit=unit,
        better=better,
        real=real,
        explanation=explanation.format(**values),
    )
