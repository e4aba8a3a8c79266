"""Without anywidget, the module says what to install, and progress works."""

from __future__ import annotations

import sys

import pytest

import charloom.notebook


@pytest.mark.parametrize("name", ["Wall", "Play"])
def test_a_widget_says_what_to_install(name, monkeypatch):
    monkeypatch.setitem(sys.modules, "anywidget", None)
    for module in ("wall", "play", "widget"):
        monkeypatch.delitem(sys.modules, f"charloom.notebook.{module}", raising=False)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'charloom\[notebook\]'"):
        getattr(charloom.notebook, name)
    assert callable(charloom.notebook.watch)


def test_another_name_is_not_there():
    with pytest.raises(AttributeError, match="no attribute 'Waal'"):
        charloom.notebook.Waal  # noqa: B018
