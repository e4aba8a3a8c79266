"""Notebooks: a wall of names, a field to write with a model, and the progress of a training.

``Wall`` and ``Play`` need anywidget: ``pip install "charloom[notebook]"``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..reporting.in_notebooks import watch as watch

if TYPE_CHECKING:
    from .play import Play as Play
    from .wall import Wall as Wall

__all__ = ["Play", "Wall", "watch"]


def __getattr__(name: str) -> Any:
    """Import a widget when it is first used."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    try:
        return getattr(import_module(f".{name.lower()}", __name__), name)
    except ModuleNotFoundError as error:
        if error.name != "anywidget":
            raise
        raise ModuleNotFoundError(
            f"{name} needs the package anywidget, which is not installed. Run: "
            "pip install 'charloom[notebook]'",
            name="anywidget",
        ) from None
