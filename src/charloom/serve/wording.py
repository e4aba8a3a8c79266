"""Errors and reasons in the words of the HTTP interface: its fields, not the command's options."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from fastapi.exceptions import RequestValidationError

COMPLETIONS = {"start": "prompt", "max-length": "max_tokens"}
"""What the completions dialect calls its own fields."""

_OTHERS = {"label-column": "labels"}
"""Options that no request has, in words."""

_OF_TYPE = ("_type", "_parsing")
"""How kinds of errors end that say no more than that a value is of another type."""

_OPTION = re.compile(
    r"(?<!\w)(?:'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")"  # quoted: what the client sent
    r"|(?<![\w-])--([a-z]+(?:-[a-z]+)*)(?: FILE)?"
)


def in_fields(message: str, names: Mapping[str, str] | None = None) -> str:
    """Return a message with the fields' names in place of the options; ``names`` are exceptions.

    Example:
        >>> in_fields("raise --max-length, or change --regex '--a'")
        "raise max_length, or change regex '--a'"
    """
    if names == COMPLETIONS:  # there, the prompt does not count
        message = re.sub(r"(--max-length) (\d+)", r"\1 (\2 with the prompt)", message)
    known = {**_OTHERS, **(names or {})}

    def field(found: re.Match[str]) -> str:
        option: str | None = found[1]
        return known.get(option, option.replace("-", "_")) if option else found[0]

    return _OPTION.sub(field, message)


def told(message: str | None) -> str | None:
    """Return what a search says, if anything, with the fields' names."""
    return None if message is None else in_fields(message)


def invalid(error: RequestValidationError) -> tuple[str, str | None]:
    """Return in one line why a request is no valid one, and the field that is wrong, if any."""
    errors = error.errors()
    if errors[0]["type"] == "json_invalid" or errors[0]["loc"] == ("body",):
        why = "the body must be a JSON object, sent as application/json"
        return f"{why}. Received: {error.body!r:.60}", None
    # Of a field that may be of several types: the error of the one that was meant, which says more.
    place = errors[0]["loc"][:2]
    alike = [one for one in errors if one["loc"][:2] == place]
    first = max(alike, key=lambda one: (len(one["loc"]), not one["type"].endswith(_OF_TYPE)))
    field = ".".join(map(str, _fields(first, error.body)))
    return f"{field}: {first['msg']}", field


def _fields(error: Mapping[str, Any], body: Any) -> list[str | int]:
    """Return where an error is, without the types that a field might have had."""
    where: str = error["loc"][0]
    parts: list[str | int] = list(error["loc"][1:])
    if where != "body":
        return parts
    found: list[str | int] = []
    for number, part in enumerate(parts, start=1):
        inside = isinstance(body, dict) and part in body
        inside |= isinstance(body, list) and isinstance(part, int)
        if inside:
            body = body[part]
        if inside or (error["type"] == "missing" and number == len(parts)):
            found.append(part)
    return found
