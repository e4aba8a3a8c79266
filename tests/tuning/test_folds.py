"""What a search measures on, and how two settings are compared over it."""

from __future__ import annotations

import dataclasses
import itertools
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charloom.config import ModelConfig
from charloom.data.names import NameCorpus
from charloom.data.text import TextCorpus
from charloom.models.factory import recurrence
from charloom.models.scoring.names import score
from charloom.tuning.check import compare
from charloom.tuning.folds import fold_count, fresh_splits, search_splits
from charloom.tuning.trial import item_losses
from helpers.run_folders import toy as toy_run
from helpers.sources import two_kinds


@given(st.integers(2, 7), st.integers(0, 3))
def test_folds_hold_out_each_name_once_with_all_its_labels(folds, seed):
    corpus = two_kinds()
    held_out = []
    for split in search_splits(corpus, folds, seed):
        train, test = split.corpus.split()
        assert not set(train) & set(test) and len(train) + len(test) == len(corpus.names)
        held_out += test
    assert sorted(held_out) == sorted(corpus.names)


def test_folds_depend_on_names_and_seed_but_not_on_order(toy):
    for seed in (0, 1):
        forth, back = (
            [set(split.corpus.split()[1]) for split in search_splits(NameCorpus.of(names), 4, seed)]
            for names in (toy.names, toy.names[::-1])
        )
        assert forth == back
    assert forth != [set(split.corpus.split()[1]) for split in search_splits(toy, 4, 0)]


@pytest.mark.parametrize("folds", [1, 3])
def test_a_fresh_split_tests_on_names_that_its_training_does_not_see(toy, folds):
    for split in itertools.islice(fresh_splits(toy, folds, 0), 7):
        train, held_out = split.corpus.split()
        test = {toy.vocabulary.decode(ids) for ids in split.test}
        assert train and held_out and test
        assert not test & {*train, *held_out} and not set(train) & set(held_out)
        assert len(test) + len(train) + len(held_out) == len(toy.names)
        assert split.corpus.vocabulary == toy.vocabulary


def test_the_last_tenth_of_a_text_is_kept_for_the_check():
    text = TextCorpus.of("".join(chr(97 + i % 26) for i in range(3000)))
    (split,) = search_splits(text, fold_count(text, None), 0)
    fresh = next(fresh_splits(text, 1, 0))
    assert len(split.corpus) == len(fresh.corpus) == len(text) - len(text) // 10
    tested = np.concatenate([ids[1:] for ids in fresh.test])
    assert (tested == text.ids(len(split.corpus), len(text))).all()


def compared(best, default, tested, before=()):
    """Compare two lists of losses."""
    sides = ([np.array([[loss], [1.0]]) for loss in side] for side in (best, default))
    return compare(*sides, tested, before)


def test_the_interval_is_that_of_a_paired_t_test():
    from scipy import stats

    rng = np.random.default_rng(0)
    a, b = rng.normal(2.0, 0.01, 6), rng.normal(2.01, 0.01, 6)
    plain = stats.ttest_rel(a, b).confidence_interval()
    found = compared(a, b, 0.0)
    assert (found.low, found.high) == pytest.approx((plain.low, plain.high))
    assert found.difference == pytest.approx((a - b).mean())
    wider = compared(a, b, 0.25)
    assert wider.high - wider.low == pytest.approx((plain.high - plain.low) * 2.5**0.5)
    assert compared(a[:2], b[:2], 0.0).low is None


def test_few_splits_take_their_spread_from_the_search():
    found = compared([2.0], [2.1], 0.25, before=[-0.1, -0.12, -0.08, -0.11, -0.09])
    assert found.over == "search" and found.difference == pytest.approx(-0.1)
    half = 2.7764 * 0.0158114 * 1.25**0.5
    assert found.high == pytest.approx(-0.1 + half, abs=1e-5)
    assert compared([2.0] * 5, [2.1] * 5, 0.25, before=[-0.1, -0.12, -0.08]).over == "parts"


def test_few_splits_are_compared_over_their_names_with_the_stated_coverage():
    rng, hits = np.random.default_rng(1), 0
    for _ in range(300):
        characters = rng.integers(4, 12, 200).astype(float)
        shared = rng.normal(2, 0.5, 200)
        sides = [shared * characters + rng.normal(0, 1, 200) + d * characters for d in (0.0, 0.02)]
        found = compare(*([np.stack([side, characters])] for side in sides), 0.1)
        assert found.over == "items"
        hits += found.low <= -0.02 <= found.high
    assert 0.91 <= hits / 300 <= 0.985


def test_a_model_with_labels_is_tested_with_the_label_of_each_name():
    corpus = two_kinds()
    split = next(fresh_splits(corpus, 2, 0))
    names = [corpus.vocabulary.decode(ids) for ids in split.test]
    own = {(name, label) for name, label in zip(corpus.names, corpus.label_ids, strict=True)}
    assert set(zip(names, split.labels, strict=True)) <= own
    model = ModelConfig(units=4, embedding=4, labels=len(corpus.label_names))
    saved = toy_run(
        config=model, vocabulary=corpus.vocabulary, labels=corpus.label_names, facts={"longest": 9}
    )
    found = item_losses(split, SimpleNamespace(saved=saved, weights=saved.weights))[0]
    rnn = recurrence(model, saved.weights)
    for label in set(split.labels):
        places = [i for i, its in enumerate(split.labels) if its == label]
        expected = score(rnn.labelled(label - 1), [split.test[i] for i in places])
        assert found[places] == pytest.approx(expected)
    assert found != pytest.approx(score(rnn, split.test))


def test_a_fresh_split_is_tested_on_weighted_names_as_their_weights_say():
    names = [f"{a}{b}" for a in "abcdefgh" for b in "xyz"]
    corpus = NameCorpus.of(names, weights=[1.0 + i for i in range(len(names))])
    split = next(fresh_splits(corpus, 1, 0))
    weight = dict(zip(corpus.names, corpus.weights, strict=True))
    tested = [weight[corpus.vocabulary.decode(ids)] for ids in split.test]
    assert split.weights == tested
    model = toy_run(vocabulary=corpus.vocabulary)
    finished = SimpleNamespace(saved=SimpleNamespace(config=model.config), weights=model.weights)
    weighted = item_losses(split, finished)
    plain = item_losses(dataclasses.replace(split, weights=None), finished)
    np.testing.assert_allclose(weighted, plain * np.array(tested))
