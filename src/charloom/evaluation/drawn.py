"""The measures of plain draws: valid, varied, new, and like real names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..models.scoring.tempered import chances
from .draws import Names, first_shares
from .metrics.distributions import lengths_apart, ngrams_apart
from .metrics.nearness import Nearness
from .metrics.two_sample import two_sample_accuracy
from .metrics.variety import diversity, unique_share
from .statistics import Estimate, Measure, ratio_estimate, share_estimate

if TYPE_CHECKING:
    from ..generation.constraints import Rule, Rules

NGRAMS = ("Letters", "Letter pairs", "Three letters", "Four letters")

CHANCE = Estimate(value=0.5, low=0.5, high=0.5)


def validity(names: Names, rules: Rule | Rules | None) -> list[Measure]:
    """Return the share of draws that obey the rules, if there are any.

    Raises:
        RuleError: no name can.
    """
    if not rules:
        return []
    from ..generation.constraints import Rules, compile_rules

    vocabulary = names.model.vocabulary
    texts = [*names.texts, *names.held_out]
    longest = max(max(map(len, names.units(texts))), 2 * names.model.longest + 10)
    demand = compile_rules(Rules() & rules, vocabulary, longest)
    prompt = demand.prompt.tolist()

    def obeys(text: str) -> bool:
        if not vocabulary.has_unknown and vocabulary.unknown(text):
            return False
        ids = vocabulary.encode(text)
        if not demand.least <= len(ids) <= demand.most or ids[: len(prompt)].tolist() != prompt:
            return False
        return demand.automaton is None or demand.automaton.accepts(ids[len(prompt) :])

    verdicts = {text: obeys(text) for text in dict.fromkeys(texts)}
    real = [verdicts[text] for text in names.held_out]
    return [
        Measure(
            name="valid",
            title="Valid names",
            estimate=share_estimate(sum(verdicts[t] for t in names.texts), len(names.texts)),
            unit="%",
            better="higher",
            real=share_estimate(sum(real), len(real)) if real else None,
            explanation="Share of free draws that obey the rules that were given.",
        )
    ]


def variety(names: Names) -> list[Measure]:
    """Return how many draws are different and new, and how unlike each other they are."""
    found = [
        Measure(
            name=f"unique_{n // 1000}k",
            title=f"Different among {n:,}",
            estimate=unique_share(names.texts, n),
            unit="%",
            better="higher",
            real=None,
            explanation=f"Share of different names among {n:,} plain draws.",
        )
        for n in (1_000, 10_000)
        if n <= len(names.texts)
    ]
    if names.known is not None:
        copies = sum(text in names.known for text in names.texts)
        found.append(
            Measure(
                name="new",
                title="New names",
                estimate=share_estimate(len(names.texts) - copies, len(names.texts)),
                unit="%",
                better="higher",
                real=None,
                explanation="Share of plain draws that are not in the training list.",
            )
        )
    ours = diversity(names.units(names.texts), seed=names.seed)
    if ours is not None:
        found.append(
            Measure(
                name="diversity",
                title="Unlikeness of two names",
                estimate=ours,
                unit="",
                better="as real",
                real=diversity(names.units(names.real), seed=names.seed),
                explanation="Mean edit distance of two draws, per character; far below real, they "
                "are all alike.",
            )
        )
    return found


def distance(names: Names, near: Nearness | None) -> list[Measure]:
    """Return how far new names are from the training list, beside unseen real ones."""
    if near is None or not near.generated.any():
        return []
    new = near.generated[near.generated > 0]
    return [
        Measure(
            name="distance_to_training",
            title="Edits to a training name",
            estimate=ratio_estimate(new, np.ones(len(new)), seed=names.seed),
            unit="characters",
            better="as real",
            real=ratio_estimate(near.real, np.ones(len(near.real)), seed=names.seed)
            if len(near.real)
            else None,
            explanation="Mean edits from a new name to the nearest training name; real: those of "
            "unseen names.",
        )
    ]


def recall(names: Names, samples: int, temperature: float) -> list[Measure]:
    """Return how many unseen real names would come among so many draws.

    It needs no draws: a name of probability p is among N with probability 1 - (1 - p)^N.
    """
    model = names.model
    unseen = [text for text in names.held_out if text not in (names.known or ())]
    if not unseen:
        return []
    readable = [text for text in unseen if text and not model.vocabulary.unknown(text)]
    ids = [model.vocabulary.encode(text) for text in readable]
    p = np.zeros(len(unseen))  # what the model cannot write never comes
    if ids:
        p[: len(ids)] = np.clip(chances(model, ids, temperature, names.threads), 0, 1)
    if not model.rnn.config.begin:
        firsts = first_shares(model, names.train or names.held_out)
        units = names.units(readable)
        p[: len(ids)] *= [firsts.get(str(text[0]), 0.0) for text in units]
    found = -np.expm1(samples * np.log1p(-np.minimum(p, 1 - 1e-12)))
    return [
        Measure(
            name="recall",
            title=f"Unseen names in {samples:,} draws",
            # Few names have nearly all of the chance: the bootstrap hardly meets them.
            estimate=share_estimate(float(found.sum()), len(found)),
            unit="%",
            better="higher",
            real=None,
            explanation="Share of unseen real names that come among so many draws, by their "
            "probabilities.",
        )
    ]


def distributions(names: Names) -> list[Measure]:
    """Return how far lengths and n-grams are from unseen real names, beside seen real ones."""
    held_out = names.units(names.held_out)
    if not held_out:
        return []
    seen = names.units(names.train)
    size = min(len(seen) or len(names.texts), len(names.texts))
    drawn = names.units(names.texts)
    found = []
    for n in range(5):
        apart = [
            lengths_apart(sample, held_out, size=size, seed=names.seed)
            if n == 0
            else ngrams_apart(sample, held_out, n, size=size, seed=names.seed)
            for sample in (drawn, seen)
        ]
        if apart[0] is None:
            continue
        what = f"frequencies of {NGRAMS[n - 1].lower()}" if n else "lengths"
        found.append(
            Measure(
                name=f"ngram_js_{n}" if n else "length_wasserstein",
                title=f"{NGRAMS[n - 1]}, divergence" if n else "Lengths, distance",
                estimate=apart[0],
                unit="bits" if n else "characters",
                better="as real",
                real=apart[1],
                explanation=f"How far {what} are from unseen names'; real: as many training "
                "names'.",
            )
        )
    return found


def two_sample(names: Names) -> list[Measure]:
    """Return how often a classifier tells new names from unseen real ones."""
    train = frozenset(names.train)
    unseen = [text for text in names.held_out if text not in train]
    accuracy = two_sample_accuracy(
        names.units(unseen), names.units(names.new), names.units(names.train), seed=names.seed
    )
    if accuracy is None:
        return []
    return [
        Measure(
            name="two_sample_accuracy",
            title="Distinguished from real names",
            estimate=accuracy,
            unit="%",
            better="lower",
            real=CHANCE,
            explanation="How often a classifier tells new names from unseen real ones; a half is "
            "chance.",
        )
    ]
