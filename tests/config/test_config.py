"""Configurations check themselves, and survive the way to plain data and back."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charloom.config import ModelConfig, SampleConfig, TrainConfig
from charloom.errors import CharloomError, ConfigError
from charloom.training.recipes import recipe, text_recipe

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=6,
)


@pytest.mark.parametrize(
    ("config", "field", "value"),
    [
        (ModelConfig, "cell", "gruu"),
        (ModelConfig, "units", 0),
        (ModelConfig, "units", 2.0),
        (ModelConfig, "units", True),
        (ModelConfig, "layers", 17),
        (ModelConfig, "embedding", -1),
        (ModelConfig, "dropout", 1.0),
        (ModelConfig, "dropout", math.nan),
        (TrainConfig, "epochs", 0),
        (TrainConfig, "batch_size", 0),
        (TrainConfig, "learning_rate", 0),
        (TrainConfig, "learning_rate", math.inf),
        (TrainConfig, "warmup", 1.0),
        (TrainConfig, "clip_norm", 0.0),
        (TrainConfig, "patience", -1),
        (TrainConfig, "held_out", 0.95),
        (TrainConfig, "seconds", 0),
        (TrainConfig, "seconds", math.nan),
        (TrainConfig, "seed", -1),
        (SampleConfig, "temperature", -0.1),
        (SampleConfig, "temperature", math.nan),
        (SampleConfig, "top_k", 0),
        (SampleConfig, "top_p", 0.0),
        (SampleConfig, "min_p", 1.1),
        (SampleConfig, "max_length", 0),
    ],
)
def test_a_value_outside_its_range_is_refused_with_rule_and_value(config, field, value):
    with pytest.raises(ConfigError, match=field) as error:
        config(**{field: value})
    assert str(value) in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("config", [ModelConfig(), TrainConfig(seconds=2.5), SampleConfig(top_k=3)])
def test_plain_data_gives_the_same_configuration_back(config):
    assert type(config).from_dict(config.to_dict()) == config


def test_settings_of_version_0_1_0_are_read_unless_scheduled_sampling_was_on():
    before = {**TrainConfig(seed=4).to_dict(), "scheduled_sampling": "none", "truth": 0.75}
    assert TrainConfig.from_dict(before) == TrainConfig(seed=4)
    with pytest.raises(ConfigError, match=r"removed after version 0\.1\.0.* Received: linear"):
        TrainConfig.from_dict({**before, "scheduled_sampling": "linear"})


@pytest.mark.parametrize("config", [ModelConfig, TrainConfig, SampleConfig])
@given(data=JSON | st.dictionaries(st.sampled_from(["units", "cell", "seed", "x"]), JSON))
def test_foreign_data_gives_a_configuration_or_one_line(config, data):
    try:
        config.from_dict(data)
    except CharloomError as error:
        assert "\n" not in str(error)


@pytest.mark.parametrize(("names", "mean"), [(1, 1), (3, 5), (50, 10), (1500, 12), (10**7, 8)])
def test_there_is_a_recipe_for_every_size(names, mean):
    model, training = recipe(names, names * mean)
    assert training.batch_size <= max(8, names)
    assert model.units >= 32


def test_larger_corpora_get_larger_models_and_less_dropout():
    models = [recipe(n, 10 * n)[0] for n in (1500, 10_000, 100_000)]
    assert models[0].units < models[1].units < models[2].units
    assert models[1].dropout > models[2].dropout


def test_long_lists_hold_out_a_smaller_share_and_are_read_less_often():
    shares, epochs = {}, {}
    for names in (1000, 30_000, 100_000, 1_000_000):
        training = recipe(names, 9 * names)[1]
        shares[names], epochs[names] = training.held_out, training.epochs
    assert shares[1000] == shares[30_000] == 0.1
    assert 100_000 * shares[100_000] == 1_000_000 * shares[1_000_000] == 3000
    assert epochs[30_000] > epochs[1000] > epochs[100_000] > epochs[1_000_000]
    assert recipe(100_000, 900_000, held_out=0.2)[1].held_out == 0.2


def test_short_lists_are_trained_with_nesterovs_momentum_but_not_as_the_tutorial_does():
    assert recipe(1500, 16_000)[1].nesterov
    assert not recipe(10_000, 90_000)[1].nesterov
    assert not recipe(1500, 16_000, "tutorial")[1].nesterov


def test_long_texts_are_trained_with_nesterovs_momentum_at_a_lower_rate():
    short, long = text_recipe(200_000), text_recipe(1_000_000)
    larger = text_recipe(1_000_000, seconds=900)
    assert [training.nesterov for _, training in (short, long, larger)] == [False, True, False]
    assert larger[0].units > 512
    assert long[1].learning_rate < short[1].learning_rate


def test_settings_override_the_recipe():
    model, training = recipe(1500, 15_000, units=77, epochs=2, seed=None)
    assert (model.units, training.epochs) == (77, 2)
    assert training.seed == TrainConfig().seed


def test_a_setting_that_does_not_exist_is_named():
    with pytest.raises(ConfigError, match="unitz"):
        recipe(10, 100, unitz=3)
