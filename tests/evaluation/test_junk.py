"""Junk: what an independent judge finds less likely than real names."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from charloom.evaluation import measure
from charloom.evaluation.metrics.junk import (
    LEAST_REAL,
    LEAST_UNSEEN,
    UNLIKELY,
    Judge,
    junk_share,
    without_accents,
)
from helpers.toy_models import memoryless

PARTS = ("bdgkptmv", "aeiou", "lnrsmtbg", "aeio", "nstklrbd")


def real_names(count, seed=0):
    """Different names of one pattern, of which there are 11,520."""
    rng, found = random.Random(seed), {}
    while len(found) < count:
        found["".join(map(rng.choice, PARTS[: rng.choice((4, 5, 5))]))] = None
    return list(found)


def shuffled(names, seed=1):
    rng = random.Random(seed)
    return ["".join(rng.sample(name, len(name))) for name in names]


def test_a_hundredth_of_unseen_real_names_is_junk():
    names = real_names(4500)
    shares = [junk_share(names[:1500], names[1500:], seed=seed) for seed in range(3)]
    assert all(share.low <= UNLIKELY <= share.high for share in shares)


def test_names_of_shuffled_letters_are_junk_by_their_share():
    names = real_names(4000)
    wrong = shuffled(names[3000:])
    every, half = (junk_share(names[:2000], some) for some in (wrong, [*wrong, *names[2000:3000]]))
    assert every.value > 0.7
    assert half.value == pytest.approx(every.value / 2, abs=0.02)
    assert every.low < every.value < every.high < 1


def test_more_real_names_and_more_samples_narrow_the_interval():
    names = real_names(5000)
    mixed = [*names[4000:], *shuffled(names[4000:4100])]
    wide = junk_share(names[:500], mixed[::10])
    narrow = junk_share(names[:4000], mixed)
    assert narrow.high - narrow.low < wide.high - wide.low


def test_the_judge_divides_by_the_characters_and_the_end():
    judge = Judge(["a"] * 5)
    one, three = judge.nats_per_char(["a", "aaa"])
    assert 0 < one < three  # it knows only one a, then the end
    assert len(set(judge.nats_per_char(["aa", "a", "aa"])[[0, 2]])) == 1
    assert judge.nats_per_char([]).shape == (0,)


def test_the_judge_knows_no_accents_and_reads_unknown_letters():
    names = real_names(300)
    judge = Judge(names)
    accented = [name.replace("a", "á").replace("n", "ñ") for name in names]
    np.testing.assert_array_equal(judge.nats_per_char(accented), judge.nats_per_char(names))
    strange = judge.nats_per_char(["字字字"])
    assert math.isfinite(strange[0]) and strange[0] > judge.nats_per_char(names).max()
    assert without_accents("Ñandú, Åse, Nguyễn") == "Nandu, Ase, Nguyen"


@pytest.mark.parametrize(
    ("unseen", "train", "said"),
    [
        (LEAST_UNSEEN, 400, None),
        (300, LEAST_REAL - 300, "Junk is a lower bound"),
        (300, LEAST_REAL - 301, "Junk is left out: its judge needs 500 names"),
    ],
)
def test_the_judge_knows_unseen_names_where_there_are_enough(unseen, train, said):
    model = memoryless()
    names = model.names(unseen + train, seed=1, allow_known=True)
    model = memoryless(known=frozenset(names))
    found = measure(model, names[:unseen], train=names[unseen:], samples=1500)
    notes = [note for note in found.notes if note.startswith("Junk")]
    assert [note[: len(said or "")] for note in notes] == ([said] if said else [])
    if said and "left out" in said:
        assert "junk" not in [one.name for one in found.measures]
        return
    junk = found.measure("junk")
    assert (junk.real.value, junk.better, junk.unit) == (UNLIKELY, "lower", "%")
    sampled = model.names(1500, seed=0, allow_known=True, allow_repeats=True)
    new = [text for text in sampled if text not in names[unseen:]]
    real = [*names[unseen:], *names[:unseen]] if said else names[:unseen]
    assert junk.estimate == junk_share(real, new)
