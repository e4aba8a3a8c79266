"""A search: the default first, the same splits for all, pruned, checked at the end.

Its trainings are simulated, so that each loss is known.
"""

from __future__ import annotations

import itertools
import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charloom.data.names import NameCorpus
from charloom.data.text import TextCorpus
from charloom.errors import ConfigError, CorpusError, RunError, TrainingError
from charloom.training.recipes import recipe, text_recipe
from charloom.tuning import (
    Remeasured,
    SearchFinished,
    SearchStarted,
    TrialFinished,
    tune,
)
from charloom.tuning.space import SearchSpace
from helpers.searches import FIXED, searched

optuna = pytest.importorskip("optuna")


def test_the_default_is_tried_first_and_the_best_is_never_worse(toy, world):
    world()
    tried, tuned, _ = searched(toy)
    assert tried[0].default and not any(trial.default for trial in tried[1:])
    model, training = recipe(toy.report.names, toy.report.characters, **FIXED)
    assert tried[0].settings == SearchSpace(model, training).default
    assert tuned.default == tried[0].loss
    assert tuned.best == min(t.loss for t in tried if t.outcome == "complete") < tuned.default
    assert (tuned.trials, tuned.complete + tuned.pruned) == (12, 12)


def test_a_gain_on_fresh_splits_is_real_and_its_settings_are_recommended(toy, world):
    world()
    tried, tuned, events = searched(toy)
    assert len([e for e in events if isinstance(e, Remeasured)]) >= 3
    assert tuned.real and tuned.check.high < 0
    best = min((t for t in tried if t.outcome == "complete"), key=lambda t: t.loss)
    assert tuned.settings == best.settings


def test_the_default_is_recommended_if_the_gain_was_chance(toy, world):
    lucky = {1000 * 0 + k for k in range(3)}  # the seeds of the search's splits

    def loss(split, model, training):
        changed = training.learning_rate != 0.005
        return 2 - (0.1 if changed and split.seed in lucky else -0.01 if changed else 0)

    world(loss=lambda *a: loss(*a))
    tried, tuned, _ = searched(toy)
    assert tuned.best < tuned.default and tuned.check.difference > 0
    assert not tuned.real and tuned.settings == tried[0].settings


def test_if_nothing_is_better_the_default_is_recommended_without_a_check(toy, world):
    world(loss=lambda split, model, training: 2 + abs(training.learning_rate - 0.005))
    tried, tuned, events = searched(toy)
    assert tuned.settings == tried[0].settings and tuned.check is None and tuned.real is None
    assert not any(isinstance(e, Remeasured) for e in events)


def test_all_trials_are_measured_on_the_same_splits(toy, world):
    made = world()
    searched(toy, trials=6)
    parts = {}
    for split, _, _ in made.seen:
        if split.seed < 100:  # those of fresh splits are higher
            parts.setdefault(split.seed, set()).add(split.corpus.split(0.5, 99))
    assert len(parts) == 3 and all(len(seen) == 1 for seen in parts.values())


def test_poor_trials_are_pruned(toy, world):
    made = world()
    tried, _, _ = searched(toy, trials=20)
    pruned = [trial for trial in tried if trial.outcome == "pruned"]
    assert pruned and len([1 for split, _, _ in made.seen if split.seed < 100]) < 3 * 20
    assert tried[0].outcome == "complete"


def test_the_seed_decides_the_search(toy, world):
    world()
    runs = [[t.settings for t in searched(toy, seed=seed)[0]] for seed in (0, 0, 1)]
    assert runs[0] == runs[1] != runs[2]


def test_a_running_training_stops_at_the_end_of_the_budget(toy, world, monkeypatch):
    now = 0.0

    def sleep(seconds):
        nonlocal now
        now += seconds

    monkeypatch.setattr(time, "sleep", sleep)
    monkeypatch.setattr(time, "monotonic", lambda: now)
    made = world(seconds=0.1)
    _, tuned, _ = searched(toy, trials=None, seconds=3)
    assert 15 < len(made.seen) <= 31  # in 3 s at 0.1 s each, the last one cut short
    assert tuned.reason == "seconds" and tuned.complete >= 1


@pytest.mark.heavy
@pytest.mark.slow
def test_part_of_the_budget_is_reserved_for_the_check(toy, world):
    world(seconds=0.02)
    _, tuned, events = searched(toy, trials=None, seconds=4)
    assert tuned.check is not None and any(isinstance(e, Remeasured) for e in events)


def test_stopping_ends_with_the_best_so_far(toy, world):
    world()
    count = itertools.count()
    tried, tuned, _ = searched(toy, trials=50, stop=lambda: next(count) > 120)
    assert tuned.reason == "interrupted" and tuned.trials < 50 and tuned.check is None
    assert tuned.best == min(t.loss for t in tried if t.outcome == "complete")


@pytest.mark.slow
def test_too_little_time_for_the_default_is_an_error(toy, world):
    world(seconds=10)
    with pytest.raises(TrainingError, match="--minutes\\)"):
        searched(toy, trials=None, seconds=0.2)


def test_a_search_that_cannot_finish_the_default_ends_early_and_says_what_it_needs(toy, world):
    made = world(seconds=0.2)
    with pytest.raises(TrainingError, match=r"takes about \d+ s.*--minutes 1\)"):
        searched(toy, trials=None, seconds=0.5, folds=20)
    assert len(made.seen) == 2  # of twenty


def test_a_trial_that_diverges_does_not_end_the_search(toy, world):
    def loss(split, model, training):
        return math.nan if training.learning_rate > 0.006 else 2.0

    world(loss=loss)
    tried, tuned, _ = searched(toy)
    assert "diverged" in {trial.outcome for trial in tried} and tuned.complete >= 1
    world(loss=lambda *_: math.nan)
    with pytest.raises(TrainingError, match="default recipe"):
        searched(toy)


def test_the_important_parameter_is_found(toy, world):
    world()
    _, tuned, _ = searched(toy, trials=30)
    assert next(iter(tuned.importance)) == "learning_rate"
    assert 0.2 < tuned.importance["learning_rate"] <= sum(tuned.importance.values()) <= 1
    assert searched(toy, trials=4)[1].importance == {}


def test_the_other_kind_of_model_is_tried_second(toy, world):
    world()
    tried, _, _ = searched(toy, trials=4, fixed={"cell": "gru"})
    kinds = [trial.settings["kind"] for trial in tried]
    assert {kinds[0], kinds[1]} == {"network", "mixture"}
    other = {"kind": "", "smoothing": ""}
    assert {**tried[0].settings, **other} == {**tried[1].settings, **other}
    assert {trial.settings["smoothing"] for trial in tried[:2]} == {"kneser-ney", "fitted"}


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"fixed": {"unitz": 3}}, "unitz"),
        ({"fixed": {"units": "many"}}, "units must be"),
        ({"fixed": {"seed": 3}}, "sets seed itself"),
        ({"fixed": {"held_out": 0.3}}, "sets held_out itself"),
        ({"fixed": {"canaries": 3}}, "no use"),
        ({"fixed": {"kind": "ngram"}}, "nothing to search"),
        ({"seconds": -1}, "seconds must lie"),
        ({"seconds": math.nan}, "seconds must lie"),
        ({"trials": 0}, "trials must be"),
    ],
)
def test_invalid_arguments_are_refused(toy, how, said):
    with pytest.raises(ConfigError, match=said):
        tune(toy, **how)


def test_fixed_settings_are_in_the_recipe_and_belong_to_the_journal(toy, world, tmp_path):
    made = world()
    fixed = {**FIXED, "label_dropout": 0.3}
    _, tuned, _ = searched(toy, trials=2, fixed=fixed, journal=tmp_path / "j")
    assert {training.label_dropout for _, _, training in made.seen} == {0.3}
    assert fixed.items() <= tuned.settings.items()
    with pytest.raises(RunError, match="another default"):
        searched(toy, trials=2, journal=tmp_path / "j")


def test_events_have_their_old_names_with_a_warning():
    from charloom import tuning

    for old, new in (("Began", SearchStarted), ("Tried", TrialFinished), ("Tuned", SearchFinished)):
        with pytest.warns(DeprecationWarning, match=f"Use charloom.tuning.{new.__name__}"):
            assert getattr(tuning, old) is new
    assert not hasattr(tuning, "Nothing")


def test_too_little_text_is_refused():
    with pytest.raises(CorpusError, match="at least 1,000 characters"):
        tune(TextCorpus.of("to be or not to be " * 50))


def test_too_few_names_are_refused():
    with pytest.raises(CorpusError, match="at least 10 names"):
        tune(NameCorpus.of(["anna", "bert"]))
    with pytest.raises(CorpusError, match="at most 6 folds"):
        tune(NameCorpus.of(f"name {i}" for i in range(12)), folds=7)


@given(st.integers(10, 10**6), st.integers(2, 30), st.booleans())
def test_the_space_contains_the_default_and_only_valid_values(names, mean, text):
    size = names * mean
    space = SearchSpace(*(text_recipe(size) if text else recipe(names, size)))
    assert space.suggest(optuna.trial.FixedTrial(space.locate())) == space.default
    for one in space.parameters:
        for value in one.values:
            chosen = one.suggest(optuna.trial.FixedTrial({one.name: one.locate(value)}))
            space.configs({**space.default, one.name: chosen})
