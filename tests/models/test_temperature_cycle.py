"""Several temperatures take turns along the string."""

from __future__ import annotations

import numpy as np
import pytest

from charloom import NameModel, SampleConfig, Vocabulary, api
from charloom.cli.main import run
from charloom.config import ModelConfig
from charloom.errors import ConfigError
from charloom.models.rnn.numpy import NumpyRNN
from charloom.models.rnn.shapes import weight_shapes


@pytest.fixture(scope="module")
def model():
    """Strings of a, b and c whose every character has the same distribution, the bias's."""
    config = ModelConfig(units=2, embedding=2)
    weights = {n: np.zeros(s, np.float32) for n, s in weight_shapes(config, 4).items()}
    weights["logits.bias"][:] = np.log([0.1, 0.5, 0.3, 0.1])
    vocabulary = Vocabulary(("a", "b", "c"))
    return NameModel(NumpyRNN(config, weights), vocabulary, frozenset(["abc"]), longest=3)


def test_each_place_takes_its_own_temperature(model):
    options = {"seed": 3, "allow_known": True, "allow_repeats": True, "max_length": 300}
    samples = model.generate(20_000, temperature=(0.5, 2.0), start="a", **options)
    p = np.array([0.1, 0.5, 0.3, 0.1])
    for place, heat in ((1, 2.0), (2, 0.5), (3, 2.0)):
        expected = p ** (1 / heat) / (p ** (1 / heat)).sum()
        reached = [s.text[place : place + 1] for s in samples if len(s.text) >= place]
        shares = [np.mean([c == letter for c in reached]) for letter in ("", "a", "b", "c")]
        np.testing.assert_allclose(shares, expected, atol=0.02)


def test_a_cycle_of_one_is_that_temperature(model):
    options = {"seed": 5, "allow_known": True, "allow_repeats": True}
    assert model.names(50, temperature=(0.7,), **options) == model.names(
        50, temperature=0.7, **options
    )


def test_filters_act_on_the_tempered_logits(model):
    names = model.names(200, temperature=(0.5, 2.0), top_k=1, allow_known=True, max_length=6)
    assert set("".join(names)) <= {"a"}


@pytest.mark.parametrize("heat", [(), (1.0, 0.0), (1.0, -1.0), (1.0, 101.0), [1.0, float("nan")]])
def test_a_cycle_holds_numbers_above_0(heat):
    with pytest.raises(ConfigError, match="temperature"):
        SampleConfig(temperature=heat)


def test_a_list_as_from_json_is_a_cycle():
    config = SampleConfig.from_dict({"temperature": [0.5, 1.5]})
    assert config.temperature == (0.5, 1.5)
    assert hash(config) == hash(SampleConfig(temperature=(0.5, 1.5)))


@pytest.mark.slow
def test_the_command_takes_numbers_with_commas(toy, tmp_path, capsys):
    api.train(toy, out=tmp_path / "run", units=16, embedding=8, epochs=3)
    capsys.readouterr()
    command = ["generate", str(tmp_path / "run"), "-n", "5", "--allow-known", "--seed", "1"]
    assert run([*command, "--temperature", "0.5,1.5"], started=0.0) == 0
    assert len(capsys.readouterr().out.split()) == 5
    assert run([*command, "--temperature", "0.5,hot"], started=0.0) == 2
    assert "must be a number" in capsys.readouterr().err
    assert run([*command, "--temperature", "0.5,0"], started=0.0) == 2
    assert "in a cycle must lie in (0, 100]" in capsys.readouterr().err
