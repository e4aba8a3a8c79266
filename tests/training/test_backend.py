"""Which backend trains, and what is said where it is not installed."""

from __future__ import annotations

import pytest

from charloom.errors import ConfigError, TrainingError
from charloom.training.engines.factory import backend_name


@pytest.mark.parametrize(
    ("name", "said"),
    [("jax", "On an Intel Mac"), ("tensorflow", r"pip install 'charloom\[tensorflow\]'")],
)
def test_a_backend_that_is_not_installed_is_a_line_with_a_remedy(monkeypatch, name, said):
    monkeypatch.setenv("KERAS_BACKEND", name)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(TrainingError, match=said):
        backend_name()


def test_an_unknown_backend_is_refused(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "mxnet")
    with pytest.raises(ConfigError, match="Received: mxnet"):
        backend_name()
