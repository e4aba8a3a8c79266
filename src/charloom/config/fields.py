"""Fields of configurations, which say what they may be, and the class that validates them."""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import Any, Self

from ..errors import ConfigError
from .arguments import number, shown, whole

Range = range | str | tuple[str, ...] | type[bool] | type[str]
"""Whole numbers, an interval of numbers such as ``[0, 1)``, some strings, truth values, or text."""


def setting(
    default: Any,
    allowed: Range,
    text: str,
    unit: str = "",
    *,
    steps: bool = False,
    may_change: bool = False,
) -> Any:
    """Describe a field; one whose default is ``None`` may be ``None``."""
    metadata = {"help": text, "range": allowed, "unit": unit, "steps": steps}
    return dataclasses.field(default=default, metadata={**metadata, "may_change": may_change})


step = partial(setting, steps=True)
resumable = partial(setting, steps=True, may_change=True)


def require(condition: bool, rule: str, value: object) -> None:
    if not condition:
        plain = isinstance(value, str) and value.isprintable() and len(value) <= 60
        raise ConfigError(f"{rule}. Received: {value if plain else shown(value)}")


def checked(name: str, value: Any, allowed: Range) -> Any:
    """Return a value that lies in its range, as one of Python's own types.

    Raises:
        ConfigError: it does not.
    """
    match allowed:
        case range():
            return whole(name, value, allowed[0], allowed[-1])
        case tuple():
            require(
                isinstance(value, str) and value in allowed,
                f"{name} must be one of {allowed}",
                value,
            )
            return value
        case str():
            return number(name, value, allowed)
    rule = "text" if allowed is str else "true or false"
    require(isinstance(value, allowed), f"{name} must be {rule}", value)
    return value


class Config:
    """Shared by the configurations: validation, plain data, and copies with changes."""

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):  # type: ignore[arg-type]
            value = getattr(self, field.name)
            if isinstance(value, list):  # as from JSON
                value = tuple(value)
            value = self._check(field.name, value, field.metadata["range"], field.default)
            object.__setattr__(self, field.name, value)

    def _check(self, name: str, value: Any, allowed: Range, default: object) -> Any:
        """Return a field's value as one of Python's own types; ConfigError if out of range."""
        if value is None and default is None:
            return None
        if not isinstance(default, tuple):
            return checked(name, value, allowed)
        require(isinstance(value, tuple), f"{name} must be a list", value)
        return tuple(checked(name, one, allowed) for one in value)

    @classmethod
    def allows(cls, name: str, value: Any) -> bool:
        """Return whether there is a field ``name`` that may have ``value``, other fields aside."""
        field = cls.__dataclass_fields__.get(name)  # type: ignore[attr-defined]
        if field is None or (value is None and field.default is None):
            return field is not None
        if not isinstance(field.default, tuple):
            value = [value]
        try:
            for one in value:
                checked(name, one, field.metadata["range"])
        except (ConfigError, TypeError):
            return False
        return isinstance(value, list | tuple)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain data that JSON can hold."""
        fields = dataclasses.asdict(self)  # type: ignore[call-overload]
        return {k: list(v) if isinstance(v, tuple) else v for k, v in fields.items()}

    @classmethod
    def from_dict(cls, data: Any) -> Self:
        """Create the configuration from plain data, as read from JSON.

        Raises:
            ConfigError: ``data`` is not a dictionary, has an unknown field, lacks a field without
                default, or has a value out of range.
        """
        if not isinstance(data, dict):
            raise ConfigError(f"{cls.__name__} must be a JSON object. Received: {data!r:.60}")
        known = sorted(field.name for field in dataclasses.fields(cls))  # type: ignore[arg-type]
        if unknown := sorted(set(data) - set(known)):
            raise ConfigError(f"{cls.__name__} has no field {unknown[0]!r}. It has: {known}")
        return cls(**data)

    def replace(self, **changes: Any) -> Self:
        """Return a validated copy with some fields changed."""
        return dataclasses.replace(self, **changes)  # type: ignore[type-var]
