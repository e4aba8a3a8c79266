"""Constraints on generated names, as values, and the automata that they are compiled to."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .bounds import RuleError as RuleError
    from .compiled import CompiledConstraints as CompiledConstraints
    from .values import Block as Block
    from .values import Chars as Chars
    from .values import Contains as Contains
    from .values import End as End
    from .values import Length as Length
    from .values import Regex as Regex
    from .values import Rule as Rule
    from .values import Rules as Rules
    from .values import Start as Start
    from .values import compile_rules as compile_rules

_HOMES = {"RuleError": "bounds", "CompiledConstraints": "compiled"}

__all__ = [
    *(
        "Block",
        "Chars",
        "CompiledConstraints",
        "Contains",
        "End",
        "Length",
        "Regex",
        "Rule",
        "RuleError",
    ),
    *("Rules", "Start", "compile_rules"),
]


def __getattr__(name: str) -> Any:
    """Import what is asked for: most calls have no constraints, and need no automata."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES.get(name, 'values')}", __name__), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
