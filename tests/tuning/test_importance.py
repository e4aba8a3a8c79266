"""Important search parameters are found, and others rarely reported."""

from __future__ import annotations

import math

import numpy as np
import pytest

from charloom.training.recipes import recipe
from charloom.tuning.importance import importance_of
from charloom.tuning.space import SearchSpace

optuna = pytest.importorskip("optuna")

PARAMETERS = SearchSpace(*recipe(1000, 10_000)).parameters


def study(loss, seed, trials=30, pruned=0.0):
    """Return a study of random trials, of which the worst share was pruned."""
    rng = np.random.default_rng(seed)
    made = optuna.create_study()
    sampler = optuna.samplers.RandomSampler(seed=seed)
    asked = optuna.create_study(sampler=sampler)
    points = []
    for _ in range(trials):
        trial = asked.ask()
        settings = {one.name: one.suggest(trial) for one in PARAMETERS}
        points.append((loss(settings, rng), trial.params, trial.distributions))
    last = np.quantile([value for value, _, _ in points], 1 - pruned)
    for value, params, distributions in points:
        state = optuna.trial.TrialState.PRUNED if value > last else None
        made.add_trial(
            optuna.create_trial(
                value=None if state else value,
                params=params,
                distributions=distributions,
                intermediate_values={0: value},
                **({"state": state} if state else {}),
            )
        )
    return made


@pytest.fixture(autouse=True)
def quiet():
    optuna.logging.set_verbosity(optuna.logging.ERROR)


def noise(settings, rng):
    return rng.normal()


def rate(settings, rng):
    """Best in the middle of its range, as a learning rate is; a mixture helps besides."""
    off = math.log(settings["learning_rate"] / 0.005)
    return off**2 + 0.3 * (settings["kind"] == "network") + rng.normal(0, 0.1)


@pytest.mark.heavy
@pytest.mark.slow
def test_parameters_without_effect_are_rarely_reported():
    wrong = sum(bool(importance_of(study(noise, seed).trials, PARAMETERS)) for seed in range(60))
    assert wrong <= 8  # 3 are expected; so many in one of 100 such tests


@pytest.mark.slow
@pytest.mark.parametrize("trials", [12, 40])
def test_two_of_ten_parameters_without_effect_get_little_importance(trials):
    """As they do from Optuna's own PED-ANOVA."""
    assert len(PARAMETERS) == 10
    ours, optunas = [], []
    for seed in range(20):
        made = study(noise, seed, trials)
        for shares, found in (
            (importance_of(made.trials, PARAMETERS), ours),
            (optuna.importance.get_param_importances(made), optunas),
        ):
            found.append(sum(sorted(shares.values())[-2:]))
    assert np.mean(ours) < 0.1 and sum(two >= 0.4 for two in ours) <= 2
    assert np.mean(optunas) > 0.4


@pytest.mark.parametrize("pruned", [0.0, 0.4])
def test_important_parameters_are_found_in_order(pruned):
    shares = [
        importance_of(study(rate, seed, pruned=pruned).trials, PARAMETERS) for seed in range(20)
    ]
    first = [next(iter(found), None) for found in shares]
    assert first.count("learning_rate") >= 17
    assert sum("kind" in found for found in shares) >= 5
    assert all(0 < sum(found.values()) <= 1 for found in shares)


def test_importance_is_the_explained_variance_of_the_ranks_minus_chance():
    """One parameter alone, losses equal to it: all is explained, but for what two columns would."""
    dropout = [one for one in PARAMETERS if one.name == "dropout"]
    found = importance_of(study(lambda settings, rng: settings["dropout"], 0).trials, dropout)
    assert found["dropout"] == pytest.approx(1 - 2 / 29, abs=0.03)


def test_equal_losses_and_few_trials_have_no_importance():
    assert importance_of(study(lambda *_: 2.0, 0).trials, PARAMETERS) == {}
    assert importance_of(study(rate, 0, trials=11).trials, PARAMETERS) == {}
