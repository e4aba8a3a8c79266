"""Recipe files: settings in JSON, strictly checked."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..config import ModelConfig, TrainConfig
from ..config.arguments import AnyPath
from ..config.arguments import path as path_of
from ..errors import ConfigError
from ..storage import write_file

KIND = "charloom recipe"
VERSION = 1
FIELDS = ("kind", "version", "settings", "found")
MOST_BYTES = 2**20

MODEL = frozenset(f.name for f in dataclasses.fields(ModelConfig)) - {"labels", "documents"}
TRAINING = frozenset(f.name for f in dataclasses.fields(TrainConfig))


@dataclass(frozen=True)
class RecipeFile:
    """Settings that replace those for the corpus's size.

    Attributes:
        settings: fields of ``ModelConfig`` (except ``labels`` and ``documents``, which the
            corpus decides) and ``TrainConfig``; each is valid by itself.
        found: how they were found, as plain data, for people to read.

    Raises:
        ConfigError: a setting is unknown or out of range.
    """

    settings: Mapping[str, Any]
    found: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if unknown := sorted(set(self.settings) - MODEL - TRAINING):
            raise ConfigError(
                f"no setting of a recipe is called {unknown[0]!r:.40}. "
                "See ModelConfig and TrainConfig."
            )
        ModelConfig(**{k: v for k, v in self.settings.items() if k in MODEL})
        TrainConfig(**{k: v for k, v in self.settings.items() if k in TRAINING})

    def to_bytes(self) -> bytes:
        """Return the file's content."""
        data = {"kind": KIND, "version": VERSION, "settings": dict(self.settings)}
        if self.found:
            data["found"] = dict(self.found)
        return (json.dumps(data, ensure_ascii=False, indent=2, allow_nan=False) + "\n").encode()


def write_recipe(path: AnyPath, recipe: RecipeFile) -> None:
    """Write ``recipe`` to ``path``, completely or not at all."""
    place = path_of("a recipe", path)
    write_file(place.parent, place.name, recipe.to_bytes())


def read_recipe(path: AnyPath) -> RecipeFile:
    """Read a recipe file, written by ``write_recipe`` or by hand.

    Raises:
        ConfigError: it cannot be read, is not a recipe or of a later version, or has a setting
            that is unknown or out of range.
    """
    place = path_of("a recipe", path)
    try:
        with place.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or error
        raise _bad(path, f"cannot be read: {reason}") from error
    if len(content) > MOST_BYTES:
        raise _bad(path, f"is longer than a recipe may be, {MOST_BYTES:,} bytes")
    try:
        data = json.loads(content.decode("utf-8-sig"), object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        raise _bad(
            path,
            f"is no recipe but must be one, as `charloom tune` writes it, in JSON: {error!s:.80}",
        ) from error
    if not isinstance(data, dict) or data.get("kind") != KIND:
        raise _bad(path, f'is no recipe: one is a JSON object with "kind": "{KIND}"')
    version = data.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise _bad(path, f"must say its version, {VERSION}. Received: {version!r:.40}")
    if version > VERSION:
        raise _bad(
            path, f"has version {version}, and this charloom reads {VERSION} at most. Update it"
        )
    if unknown := sorted(set(data) - set(FIELDS)):
        raise _bad(path, f"has a field {unknown[0]!r:.40}, but may have only {', '.join(FIELDS)}")
    settings, found = data.get("settings"), data.get("found", {})
    for name, value in (("settings", settings), ("found", found)):
        if not isinstance(value, dict):
            raise _bad(path, f"must have {name} that are a JSON object. Received: {value!r:.40}")
    assert isinstance(settings, dict) and isinstance(found, dict)
    try:
        return RecipeFile(settings, found)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) < len(pairs):
        raise ValueError("a field occurs twice")
    return data


def _bad(path: AnyPath, problem: str) -> ConfigError:
    return ConfigError(f"{path} {problem}.")
