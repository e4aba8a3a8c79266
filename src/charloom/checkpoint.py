"""The run folder: a model's weights, vocabulary, configuration and names, and training state."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from .config import ModelConfig, Unit
from .errors import ConfigError, RunError, VocabularyError
from .files import RESTORE, Index, claim_folder, fault, read_set, unwritable, write_set
from .models.shapes import weight_shapes
from .vocabulary import Vocabulary

MODEL_KIND = "charloom model"
STATE_KIND = "charloom training state"

MAX_WEIGHT_BYTES = 2**32
MAX_STATE_BYTES = 2**34
MAX_NAMES_BYTES = 2**30
MAX_HEADER_BYTES = 2**20
"""Of the weights' safetensors header, its 8 bytes of length included."""

STATE_TYPES = ("bool", "float32", "float64", "int32", "int64", "uint8", "uint32", "uint64")
"""NumPy types that a training state may hold."""

EPOCHS = "epochs"
"""The folder within a run's in which models of single epochs are kept."""

_MODEL, _WEIGHTS = "model.json", "model.safetensors"
_TRAIN, _HELD_OUT = "train_names.txt", "held_out_names.txt"
_STATE, _ARRAYS = "training.json", "training.safetensors"

FILES = (_MODEL, _WEIGHTS, _TRAIN, _HELD_OUT, _STATE, _ARRAYS)
"""What this module writes to a run folder."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SavedModel:
    """A trained model and where it comes from.

    Attributes:
        config, vocabulary: the architecture, and the characters.
        labels: the names of the labels, ``config.labels`` distinct ones.
        weights: the names and shapes of ``models.shapes.weight_shapes``, float32, finite.
        facts: plain data about the training, as JSON keeps it: string keys, lists, finite floats.
        train_names, held_out_names: the parts of the corpus; ``None`` if their file is absent.
    """

    config: ModelConfig
    vocabulary: Vocabulary
    weights: Mapping[str, NDArray[np.float32]]
    facts: Mapping[str, Any]
    train_names: tuple[str, ...] | None
    held_out_names: tuple[str, ...] | None
    labels: tuple[str, ...] = ()


def claim(folder: Path, *, force: bool, ignored: Collection[str] = ()) -> None:
    """Create ``folder``, or make sure that a run may be written there; deletes nothing.

    Files called ``ignored`` do not count as something that the folder holds.

    With ``force`` a folder in use is accepted: the model that it holds stays loadable until
    another is saved, and then only files of charloom's names are replaced.

    Raises:
        RunError: the folder holds something and ``force`` is off, or it cannot be written.
    """
    claim_folder(folder, _MODEL, force=force, ignored=ignored)


def holds_model(folder: Path) -> bool:
    """Say whether there is a model in ``folder``, sound or not."""
    return (folder / _MODEL).exists()


def holds_state(folder: Path) -> bool:
    """Say whether there is a training state in ``folder``, sound or not."""
    return (folder / _STATE).exists()


def save_model(folder: Path, model: SavedModel) -> None:
    """Write ``model`` to ``folder``; a save that fails or is killed leaves the earlier one.

    Raises:
        RunError: weights or labels are not those of the configuration, a weight is not finite,
            ``facts`` is not JSON data, a name holds a line break, or the folder cannot be written.
    """
    weights = {name: np.asarray(array) for name, array in model.weights.items()}
    _check_weights(folder, weights, weight_shapes(model.config, model.vocabulary.size))
    _check_labels(folder, model.labels, model.config.labels)
    config = model.config.to_dict()
    for later in ("labels", "text"):  # so that who knows none of it can read a model without
        if not config[later]:
            del config[later]
    fields = {
        "config": config,
        "vocabulary": {
            "unit": model.vocabulary.unit,
            "characters": list(model.vocabulary.characters),
        },
        **({"labels": list(model.labels)} if model.labels else {}),
        "facts": dict(model.facts),
    }
    files = {
        _WEIGHTS: _pack(folder, weights, MAX_WEIGHT_BYTES),
        _TRAIN: _lines(folder, model.train_names),
        _HELD_OUT: _lines(folder, model.held_out_names),
    }
    write_set(folder, _MODEL, MODEL_KIND, fields, files)


def load_model(folder: Path) -> SavedModel:
    """Read the model in ``folder``, every byte checked; runs no code from it.

    Raises:
        RunError: there is none, or one of its files is missing, damaged, foreign or too new.
    """
    return read_set(folder, _MODEL, MODEL_KIND, _read_model)


def epoch_folder(run: Path, epoch: int) -> Path:
    """Return where a run keeps the model that epoch ``epoch`` (from 1) ended with."""
    return run / EPOCHS / f"{epoch:03d}"


def latest_epoch(run: str | Path) -> Path:
    """Return the folder of the latest epoch's model that a run kept: ``load`` takes it.

    Raises:
        RunError: the run kept none.
    """
    folders = [f for f in (Path(run) / EPOCHS).glob("*") if f.name.isdecimal() and f.is_dir()]
    if not folders:
        raise RunError(f"{run} has no checkpoint of an epoch. Train with --keep-epochs 1.")
    return max(folders, key=lambda folder: int(folder.name))


def save_state(folder: Path, arrays: Mapping[str, NDArray[Any]], state: Mapping[str, Any]) -> None:
    """Write a training state: arrays of ``STATE_TYPES`` and JSON data; as safe as ``save_model``.

    Raises:
        RunError: an array's type is none of those, ``state`` is not JSON data, or the folder
            cannot be written.
    """
    native = {name: np.asarray(array) for name, array in arrays.items()}
    for name, array in native.items():
        if array.dtype.name not in STATE_TYPES:
            raise fault(
                folder, f"can hold arrays of {', '.join(STATE_TYPES)}; {name} is {array.dtype}."
            )
    files = {_ARRAYS: _pack(folder, native, MAX_STATE_BYTES)}
    write_set(folder, _STATE, STATE_KIND, {"state": dict(state)}, files)


def load_state(folder: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Read the training state in ``folder``: its arrays by name, and its JSON data.

    Raises:
        RunError: as ``load_model``.
    """
    return read_set(folder, _STATE, STATE_KIND, _read_state)


def forget_state(folder: Path) -> None:
    """Make sure that nobody goes on from the training state in ``folder``, if it holds one.

    Raises:
        RunError: the folder cannot be written.
    """
    try:
        (folder / _STATE).unlink(missing_ok=True)
    except OSError as error:
        raise unwritable(folder, error) from error


def _read_model(index: Index) -> SavedModel:
    try:
        config = ModelConfig.from_dict(index.section("config"))
        vocabulary = _vocabulary(index.section("vocabulary"))
    except (ConfigError, VocabularyError) as error:
        raise fault(index.path, f"describes no model: {error!s:.200}") from error
    labels = index.fields.get("labels", [])
    _check_labels(index.path, labels, config.labels)
    shapes = weight_shapes(config, vocabulary.size)
    size = 4 * sum(map(math.prod, shapes.values()))
    if size > MAX_WEIGHT_BYTES:
        raise fault(index.path, f"asks for {size} bytes of weights, above {MAX_WEIGHT_BYTES}.")
    arrays = _unpack(index, _WEIGHTS, least=size, most=size + MAX_HEADER_BYTES)
    _check_weights(index.path.with_name(_WEIGHTS), arrays, shapes)
    return SavedModel(
        config=config,
        vocabulary=vocabulary,
        weights={name: arrays[name] for name in shapes},
        facts=index.section("facts"),
        train_names=_names(index, _TRAIN),
        held_out_names=_names(index, _HELD_OUT),
        labels=tuple(labels),
    )


def _read_state(index: Index) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    return _unpack(index, _ARRAYS, most=MAX_STATE_BYTES), index.section("state")


def _vocabulary(data: dict[str, Any]) -> Vocabulary:
    match data:
        case {"unit": str(unit), "characters": [*characters]}:
            pass
        case _:
            raise VocabularyError("vocabulary must hold a unit and characters.")
    if unit not in get_args(Unit):
        raise VocabularyError(f"unit must be one of {get_args(Unit)}. Received: {unit!r:.60}")
    for character in characters:
        if not isinstance(character, str) or (unit == "character" and len(character) != 1):
            raise VocabularyError(f"characters must be single. Received: {character!r:.60}")
    return Vocabulary(tuple(characters), "character" if unit == "character" else "grapheme")


def _check_labels(path: Path, labels: Any, count: int) -> None:
    if not isinstance(labels, list | tuple) or len(labels) != count:
        raise fault(path, f"must name {count} labels. Received: {labels!r:.60}")
    if not labels:
        return
    from .gathering import unprintable  # late: most models have none

    for label in labels:
        if not isinstance(label, str) or not label or unprintable(label):
            raise fault(path, f"must name labels as printable text. Received: {label!r:.60}")
    if len(set(labels)) != count:
        raise fault(path, "must name each label once; one is there twice.")


def _check_weights(
    path: Path, weights: Mapping[str, NDArray[Any]], shapes: Mapping[str, tuple[int, ...]]
) -> None:
    for name in sorted(weights.keys() ^ shapes.keys()):
        side = "lacks" if name in shapes else "must not hold"
        raise fault(path, f"{side} the weight {name!r:.60}. Its configuration says which it has.")
    for name, shape in shapes.items():
        array = weights[name]
        if array.dtype != np.float32 or array.shape != shape:
            found = f"{array.dtype} {array.shape}"
            raise fault(path, f"must hold {name} as float32 {shape}. Received: {found}.")
        if not np.isfinite(array).all():
            raise fault(path, f"must hold finite weights; {name} has NaN or inf. Train again.")


def _pack(folder: Path, arrays: Mapping[str, NDArray[Any]], limit: int) -> bytes:
    from safetensors.numpy import save

    if "__metadata__" in arrays:
        raise fault(folder, "cannot hold an array named '__metadata__': the format reserves it.")
    if (size := sum(array.nbytes for array in arrays.values())) > limit - MAX_HEADER_BYTES:
        raise fault(folder, f"may hold {limit} bytes of arrays. Received: {size}.")
    try:  # the library reads memory as it lies, so the arrays must lie in C order
        return bytes(save({name: np.asarray(a, order="C") for name, a in arrays.items()}))
    except ValueError as error:
        raise fault(folder, f"cannot hold these arrays: {error!s:.120}.") from error


def _unpack(index: Index, name: str, *, least: int = 0, most: int) -> dict[str, NDArray[Any]]:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    data = index.read(name, least=least, most=most)
    path = index.path.with_name(name)
    if data is None:
        raise fault(path, f"is missing. {RESTORE}")
    try:
        return load(data)
    except (SafetensorError, KeyError, ValueError) as error:
        raise fault(path, f"must hold arrays as safetensors: {error!s:.120}. {RESTORE}") from error


def _lines(folder: Path, names: tuple[str, ...] | None) -> bytes | None:
    if names is None:
        return None
    for name in names:
        if "\n" in name:
            raise fault(folder, f"can hold names of one line only. Received: {name!r:.60}")
    try:
        data = "".join(f"{name}\n" for name in names).encode()
    except UnicodeEncodeError as error:
        raise fault(folder, f"can hold names of Unicode text only: {error!s:.120}") from error
    if len(data) > MAX_NAMES_BYTES:
        raise fault(folder, f"may hold {MAX_NAMES_BYTES} bytes of names. Received: {len(data)}.")
    return data


def _names(index: Index, name: str) -> tuple[str, ...] | None:
    data = index.read(name, most=MAX_NAMES_BYTES)
    if data is None:
        return None
    try:
        *names, rest = data.decode().split("\n")
    except UnicodeDecodeError as error:
        raise fault(index.path.with_name(name), f"must be UTF-8: {error!s:.120}.") from error
    if rest:
        raise fault(index.path.with_name(name), f"must end each line. Received: {rest!r:.60}.")
    return tuple(names)
