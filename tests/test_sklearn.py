"""``NameGenerator`` behaves as scikit-learn's estimators do, and gives what ``train`` gives."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from charloom import NameCorpus, train
from charloom.errors import ConfigError, CorpusError
from charloom.sklearn import NameGenerator

NAMES = list(NameCorpus.builtin().names[:120])


@pytest.fixture(scope="module")
def fitted():
    return NameGenerator(kind="ngram", random_state=3).fit(NAMES)


def test_it_is_the_model_that_train_gives(fitted):
    seed = int(np.random.RandomState(3).randint(2**31 - 1))
    model = train(NAMES, kind="ngram", seed=seed)
    assert model.names(20, seed=1) == fitted.model_.names(20, seed=1)
    np.testing.assert_array_equal(fitted.score_samples(NAMES), model.log_prob(NAMES))


def test_parameters_are_set_and_cloned():
    generator = NameGenerator(kind="ngram", order=4, random_state=1)
    copied = clone(generator.set_params(order=3))
    assert copied is not generator and copied.get_params() == generator.get_params()
    assert copied.get_params()["order"] == 3
    assert copied.fit(NAMES).model_.rnn.config.order == 3


def test_columns_of_arrays_and_tables_are_names(fitted):
    again = clone(fitted).fit(np.array(NAMES, object)[:, None])
    np.testing.assert_array_equal(again.score_samples(NAMES), fitted.score_samples(np.array(NAMES)))


def test_samples_are_new_different_and_follow_the_seed(fitted):
    first, again, other = (fitted.sample(25, random_state=seed) for seed in (1, 1, 2))
    assert first.shape == (25,) and first.tolist() == again.tolist() != other.tolist()
    assert len(set(first)) == 25 and not set(first) & set(NAMES)
    assert all(name.startswith("Al") for name in fitted.sample(5, start="Al", random_state=0))


def test_scores_are_log_likelihoods(fitted):
    scores = fitted.score_samples(["Albertosaurus", "日本"])
    assert scores[0] < 0 and scores[1] == -np.inf
    known = fitted.score_samples(NAMES).sum() / sum(len(name) + 1 for name in NAMES)
    assert fitted.score(NAMES) == pytest.approx(known)
    assert fitted.score([*NAMES, "日本"]) == pytest.approx(known)
    assert np.isnan(fitted.score(["日本"]))


def test_it_survives_pickling_by_way_of_a_run_folder(fitted):
    content = pickle.dumps(fitted)
    assert b"NameModel" not in content
    again = pickle.loads(content)  # noqa: S301 (our own)
    assert again.sample(9, random_state=4).tolist() == fitted.sample(9, random_state=4).tolist()
    np.testing.assert_array_equal(again.score_samples(NAMES), fitted.score_samples(NAMES))
    unfitted = pickle.loads(pickle.dumps(NameGenerator(order=2)))  # noqa: S301
    assert unfitted.order == 2


def test_settings_are_chosen_by_cross_validation():
    search = GridSearchCV(
        NameGenerator(kind="ngram", random_state=0, settings={"smoothing": "kneser-ney"}),
        {"order": [1, 4]},
        cv=3,
    ).fit(NAMES)
    assert search.best_params_ == {"order": 4}
    scores = cross_val_score(search.best_estimator_, NAMES, cv=3)
    assert scores.mean() == pytest.approx(search.best_score_)
    assert search.best_estimator_.sample(2).shape == (2,)


def test_it_stands_at_the_end_of_a_pipeline():
    lower = FunctionTransformer(lambda names: [name.lower() for name in names])
    pipeline = make_pipeline(lower, NameGenerator(kind="ngram", random_state=0)).fit(NAMES)
    assert pipeline.score(NAMES) < 0
    assert pipeline[-1].sample(1)[0].islower()


@pytest.mark.heavy
def test_weights_of_names_count():
    small = {"kind": "network", "units": 8, "epochs": 4, "base": "none", "held_out": 0.0}
    even = NameGenerator(**small, random_state=0).fit(NAMES)
    weights = np.where(np.arange(len(NAMES)) == 7, 10_000, 1)
    tilted = clone(even).fit(NAMES, sample_weight=weights)
    gain = tilted.score_samples(NAMES) - even.score_samples(NAMES)
    assert gain.argmax() == 7


def test_what_is_wrong_is_said(fitted):
    with pytest.raises(NotFittedError):
        NameGenerator().sample()
    with pytest.raises(CorpusError):
        NameGenerator(kind="ngram").fit([])
    with pytest.raises(ConfigError, match="repeat a parameter"):
        NameGenerator(order=2, settings={"order": 3}).fit(NAMES)
    with pytest.raises(ConfigError):
        NameGenerator(kind="tree").fit(NAMES)
