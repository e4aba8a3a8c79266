"""Measures of sampled names: valid, varied, new, close to the training list, like real names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...data.random import Stream, generator
from ...generation.nearest import nearest
from ...models.scoring.names import sequence_probabilities
from ..samples import SampledNames, first_shares
from ..statistics import Estimate, Measure, Z, ratio_estimate, reach, share_estimate
from .catalogue import described
from .distributions import NGRAMS, length_distance, ngram_divergence
from .junk import LEAST_REAL, LEAST_UNSEEN, REAL, junk_share
from .two_sample import CHANCE, two_sample_accuracy

if TYPE_CHECKING:
    from ...generation.constraints import Rule, Rules

PAIRS = 400_000_000
"""Pairs of names that are compared at most: for a long list, only some samples are."""

LEAST = 100
"""Samples that are compared in any case."""

Edits = dict[str, NDArray[np.int64]]


def validity(names: SampledNames, rules: Rule | Rules | None) -> list[Measure]:
    """Return the share of samples that satisfy the constraints, if there are any.

    Raises:
        RuleError: no name can.
    """
    if not rules:
        return []
    from ...generation.constraints import Rules, compile_rules

    vocabulary = names.model.vocabulary
    texts = [*names.texts, *names.held_out]
    longest = max(max(map(len, names.units(texts))), 2 * names.model.longest + 10)
    compiled = compile_rules(Rules() & rules, vocabulary, longest)
    prompt = compiled.prompt.tolist()

    def is_valid(text: str) -> bool:
        if not vocabulary.has_unknown and vocabulary.unknown(text):
            return False
        ids = vocabulary.encode(text)
        fits = compiled.least <= len(ids) <= compiled.most
        if not fits or ids[: len(prompt)].tolist() != prompt:
            return False
        return compiled.automaton is None or compiled.automaton.accepts(ids[len(prompt) :])

    verdicts = {text: is_valid(text) for text in dict.fromkeys(texts)}
    ours, real = (
        share_estimate(sum(verdicts[text] for text in some), len(some)) if some else None
        for some in (names.texts, names.held_out)
    )
    return [] if ours is None else [described("valid", ours, real)]


def variety(names: SampledNames) -> list[Measure]:
    """Return how many samples are different and new, and how much they differ."""
    count = len(names.texts)
    found = [
        described("unique_{n}k", unique_share(names.texts, n), n=n // 1000)
        for n in (1_000, 10_000)
        if n <= count
    ]
    if names.known is not None:
        new = sum(text not in names.known for text in names.texts)
        found.append(described("new", share_estimate(new, count)))
    ours = diversity(names.units(names.texts), seed=names.seed)
    if ours is not None:
        real = diversity(names.units(names.real), seed=names.seed)
        found.append(described("diversity", ours, real))
    return found


def junk(names: SampledNames) -> tuple[list[Measure], list[str]]:
    """Return how many new samples are junk, and a note on the judge where one is needed.

    The judge knows the names that the model was not trained on, or if there are too few, all.
    """
    new = [text for text in names.texts if text not in (names.known or ())]
    unseen, real = names.unseen, names.real
    if not new:
        return [], []
    if len(unseen) >= LEAST_UNSEEN:
        return [described("junk", junk_share(unseen, new, seed=names.seed), REAL)], []
    enough = f"{LEAST_UNSEEN} names that the model was not trained on"
    if len(real) < LEAST_REAL:
        note = (
            f"Junk is left out: its judge needs {enough}, or {LEAST_REAL:,} in all. There are "
            f"{len(unseen):,} and {len(real):,}."
        )
        return [], [note]
    note = (
        f"Junk is a lower bound, because the judge knows the training names. With {enough} it "
        "would not."
    )
    return [described("junk", junk_share(real, new, seed=names.seed), REAL)], [note]


def unique_share(texts: Sequence[str], n: int) -> Estimate:
    """Estimate the share of different strings among ``n`` of N samples, n from 1 to N.

    The expected number over all subsets of the samples (Hurlbert 1971). Its variance is that of
    the number of classes in a multinomial sample; the interval is the score interval of a Poisson
    number of repeats, which is valid for 0 repeats too.
    """
    counts = np.array(list(Counter(texts).values()))
    total = len(texts)
    distinct = _expected_distinct(counts, total, n)
    f = np.bincount(counts)
    if 2 * n <= total:
        double = _expected_distinct(counts, total, 2 * n)
    else:  # Good & Toulmin (1956), from the counts of all samples
        step = (2 * n - total) / total
        double = len(counts) - float((f * (-step) ** np.arange(len(f)))[1:].sum())
    once = n * (distinct - _expected_distinct(counts, total, n - 1)) if n > 1 else float(n)
    variance = max(double - distinct - once**2 / n, 0.0) * n / total
    weight = (n / total) ** 2  # the repeats among n for one among N, if repeats are rare
    middle = n - distinct + Z**2 / 2 * weight
    half = Z * sqrt(variance + Z**2 / 4 * weight**2)
    value = distinct / n
    return Estimate(
        value=value,
        low=min(value, max(1 / n, 1 - (middle + half) / n)),
        high=max(value, 1 - max(middle - half, 0.0) / n),
    )


def _expected_distinct(counts: NDArray[np.integer], total: int, n: int) -> float:
    """Return the expected number of classes in a subset of ``n`` of ``total`` items."""
    if n >= total:
        return float(len(counts))
    # C(total - c, n) / C(total, n), the share of subsets without a class of c, as a product.
    logs = np.zeros(int(counts.max()) + 1)
    taken = np.arange(len(logs) - 1)
    with np.errstate(divide="ignore"):
        logs[1:] = np.cumsum(np.log(np.maximum(total - n - taken, 0) / (total - taken)))
    return float((1 - np.exp(logs[counts])).sum())


def diversity(
    texts: Sequence[Sequence[str]], *, seed: int = 0, pairs: int = 5000
) -> Estimate | None:
    """Estimate the mean Levenshtein distance of two strings, over the length of the longer.

    0 if all strings are equal, near 1 if they have nothing in common; ``None`` for fewer than four
    strings. Each string is in one of the pairs, which the ``seed`` decides.
    """
    from rapidfuzz.distance import Levenshtein
    from rapidfuzz.process import cpdist

    order = generator(Stream.RESAMPLING, seed).permutation(len(texts))[: 2 * pairs]
    half = len(order) // 2
    if half < 2:
        return None
    found = cpdist(
        [texts[i] for i in order[:half]],
        [texts[i] for i in order[half : 2 * half]],
        scorer=Levenshtein.normalized_distance,
        dtype=np.float64,
    )
    value, far = float(found.mean()), reach(half) * float(found.std()) / sqrt(half)
    return Estimate(value=value, low=max(0.0, value - far), high=min(1.0, value + far))


def nearest_known(names: SampledNames) -> Edits:
    """Return the edits to the nearest training name; empty without a training list.

    Those of ``generated`` names, copies included, (N,), and those of ``real`` unseen ones, (M,).
    """
    if not names.near_to:
        return {}
    most = max(LEAST, PAIRS // len(names.near_to))
    queries = [*names.texts[:most], *names.unseen[:most]]
    unit = names.model.vocabulary.token_unit
    edits, _ = nearest(queries, names.near_to, names.threads, unit=unit)
    sampled = len(names.texts[:most])
    return {"generated": edits[:sampled], "real": edits[sampled:]}


def distance(names: SampledNames, edits: Edits) -> list[Measure]:
    """Return how far new names are from the training list, beside unseen real ones."""
    if not edits or not edits["generated"].any():
        return []
    new = edits["generated"][edits["generated"] > 0]
    ours, real = (
        ratio_estimate(some, np.ones(len(some)), seed=names.seed) if len(some) else None
        for some in (new, edits["real"])
    )
    return [] if ours is None else [described("distance_to_training", ours, real)]


def recall(names: SampledNames, samples: int, temperature: float) -> list[Measure]:
    """Return how many unseen real names are expected among so many samples.

    It follows from their probabilities: a name of probability p is among N with 1 - (1 - p)^N.
    """
    model, unseen = names.model, names.unseen
    if not unseen:
        return []
    readable = [text for text in unseen if text and not model.vocabulary.unknown(text)]
    p = np.zeros(len(unseen))  # what the model cannot write never comes
    if readable:
        ids = [model.vocabulary.encode(text) for text in readable]
        unknown, threads = model.vocabulary.unknown_id, names.threads
        p[: len(ids)] = sequence_probabilities(
            model.rnn, ids, [temperature], unknown_id=unknown, threads=threads
        )[:, 0].clip(0, 1)
    if not model.rnn.config.begin:
        firsts = first_shares(model, names.train or names.held_out)
        p[: len(readable)] *= [firsts.get(text[0], 0.0) for text in names.units(readable)]
    found = -np.expm1(samples * np.log1p(-np.minimum(p, 1 - 1e-12)))
    # A share's interval, since a few names have most of the probability: the bootstrap rarely
    # draws them.
    estimate = share_estimate(float(found.sum()), len(found))
    return [described("recall", estimate, samples=samples)]


def distributions(names: SampledNames) -> list[Measure]:
    """Return how far lengths and n-grams are from unseen real names, beside training names."""
    held_out = names.units(names.held_out)
    samples = names.units(names.texts), names.units(names.train)
    size = min(len(names.train) or len(names.texts), len(names.texts))
    ours, real = (length_distance(s, held_out, size=size, seed=names.seed) for s in samples)
    if ours is None:
        return []
    found = [described("length_wasserstein", ours, real)]
    for n, title in enumerate(NGRAMS, start=1):
        ours, real = (ngram_divergence(s, held_out, n, size=size, seed=names.seed) for s in samples)
        if ours is not None:
            words = {"ngrams": title, "of": "names", "others": "many training names"}
            found.append(described("ngram_js_{n}", ours, real, n=n, **words))
    return found


def two_sample(names: SampledNames) -> list[Measure]:
    """Return how often a classifier distinguishes new names from unseen real ones."""
    train = frozenset(names.train)
    real = [text for text in names.held_out if text not in train]
    parts = (names.units(texts) for texts in (real, names.new, names.train))
    accuracy = two_sample_accuracy(*parts, seed=names.seed)
    if accuracy is None:
        return []
    pair = "new names from unseen real ones"
    return [described("two_sample_accuracy", accuracy, CHANCE, of="names", pair=pair)]


def shares_of_edits(edits: Edits) -> dict[str, list[float]]:
    """Return the share of names at each distance from 0 on."""
    return {which: (np.bincount(e) / len(e)).tolist() for which, e in edits.items() if len(e)}
