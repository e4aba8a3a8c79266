"""Measures of sampled names: valid, varied, new, near to the training list, like real names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...generation.nearest import nearest
from ...models.scoring.names import sequence_probabilities
from ..samples import SampledNames, first_shares
from ..statistics import Estimate, Measure, ratio_estimate, share_estimate
from .distributions import length_distance, ngram_divergence
from .two_sample import two_sample_accuracy
from .variety import diversity, unique_share

if TYPE_CHECKING:
    from ...generation.constraints import Rule, Rules

NGRAMS = ("Letters", "Letter pairs", "Three letters", "Four letters")

CHANCE = Estimate(value=0.5, low=0.5, high=0.5)

PAIRS = 400_000_000
"""Pairs of names whose distance may be asked for: of a long list, only some draws are looked at."""

LEAST = 100
"""Draws that are looked at all the same."""

Ints = NDArray[np.int64]


def validity(names: SampledNames, rules: Rule | Rules | None) -> list[Measure]:
    """Return the share of draws that obey the rules, if there are any.

    Raises:
        RuleError: no name can.
    """
    if not rules:
        return []
    from ...generation.constraints import Rules, compile_rules

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


def variety(names: SampledNames) -> list[Measure]:
    """Return how many draws are different and new, and how unlike each other they are."""
    found = [
        Measure(
            name=f"unique_{n // 1000}k",
            title=f"Different among {n:,}",
            estimate=unique_share(names.texts, n),
            unit="%",
            better="higher",
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


def distance(names: SampledNames, near: Nearness | None) -> list[Measure]:
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


def recall(names: SampledNames, samples: int, temperature: float) -> list[Measure]:
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
        p[: len(ids)] = sequence_probabilities(
            model.rnn,
            ids,
            [temperature],
            unknown_id=model.vocabulary.unknown_id,
            threads=names.threads,
        )[:, 0].clip(0, 1)
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
            explanation="Share of unseen real names that come among so many draws, by their "
            "probabilities.",
        )
    ]


def distributions(names: SampledNames) -> list[Measure]:
    """Return how far lengths and n-grams are from unseen real names, beside seen real ones."""
    held_out = names.units(names.held_out)
    if not held_out:
        return []
    seen = names.units(names.train)
    size = min(len(seen) or len(names.texts), len(names.texts))
    drawn = names.units(names.texts)
    found = []
    for n in range(5):
        ours_and_real = [
            length_distance(sample, held_out, size=size, seed=names.seed)
            if n == 0
            else ngram_divergence(sample, held_out, n, size=size, seed=names.seed)
            for sample in (drawn, seen)
        ]
        if ours_and_real[0] is None:
            continue
        what = f"frequencies of {NGRAMS[n - 1].lower()}" if n else "lengths"
        found.append(
            Measure(
                name=f"ngram_js_{n}" if n else "length_wasserstein",
                title=f"{NGRAMS[n - 1]}, divergence" if n else "Lengths, distance",
                estimate=ours_and_real[0],
                unit="bits" if n else "characters",
                better="as real",
                real=ours_and_real[1],
                explanation=f"How far {what} are from unseen names'; real: as many training "
                "names'.",
            )
        )
    return found


def two_sample(names: SampledNames) -> list[Measure]:
    """Return how often a classifier distinguishes new names from unseen real ones."""
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
            explanation="How often a classifier distinguishes new names from unseen real ones; "
            "50 % is chance.",
        )
    ]


@dataclass(frozen=True, kw_only=True, eq=False)
class Nearness:
    """Edits to the nearest training name.

    Attributes:
        generated: of draws, copies too, (N,).
        real: of held-out names, (M,); those that are on the list itself are left out.
    """

    generated: Ints
    real: Ints

    def shares(self) -> dict[str, Sequence[float]]:
        """Return the share at each distance from 0 on, generated and, if there are any, real."""
        found = {"generated": self.generated, "real": self.real}
        return {
            which: (np.bincount(edits) / len(edits)).tolist()
            for which, edits in found.items()
            if len(edits)
        }


def nearest_known(names: SampledNames) -> Nearness | None:
    """Return how far draws and held-out names are from the training list; ``None`` without one."""
    if not names.near_to:
        return None
    most = max(LEAST, PAIRS // len(names.near_to))
    unseen = [text for text in names.held_out if text not in (names.known or ())]
    edits, _ = nearest(
        [*names.texts[:most], *unseen[:most]],
        names.near_to,
        names.threads,
        unit=names.model.vocabulary.token_unit,
    )
    drawn = len(names.texts[:most])
    return Nearness(generated=edits[:drawn], real=edits[drawn:])
