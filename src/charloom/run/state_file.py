"""Training states in a run folder: the last few checkpoints, from which training resumes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import RunError
from ..storage import (
    RESTORE,
    Index,
    fault,
    own_folder,
    read_set,
    remove_set,
    unwritable,
    write_set,
)
from .arrays import pack, unpack

STATE_KIND = "charloom training state"
MAX_STATE_BYTES = 2**34

STATE_TYPES = ("bool", "float32", "float64", "int32", "int64", "uint8", "uint32", "uint64")
"""NumPy types that a training state may contain."""

CHECKPOINTS = "checkpoints"
"""The subfolder with one folder for each state, named after its step."""

_STATE, _ARRAYS = "training.json", "training.safetensors"

STATE_FILES = (_STATE, _ARRAYS)
"""The files of a state; earlier versions kept a single state in the run folder itself."""


class FoundState(NamedTuple):
    """A state to resume from.

    Attributes:
        arrays, data: its contents.
        damaged: one line for each later state that cannot be used, saying why.
    """

    arrays: dict[str, NDArray[Any]]
    data: dict[str, Any]
    damaged: tuple[str, ...] = ()


def holds_state(run: Path) -> bool:
    """Return whether there is a training state in ``run``, intact or not."""
    return any((folder / _STATE).exists() for folder in (*_folders(run), run))


def save_state(
    run: Path,
    arrays: Mapping[str, NDArray[Any]],
    data: Mapping[str, Any],
    *,
    step: int | None = None,
    keep: int = 2,
) -> None:
    """Save a training state, arrays of ``STATE_TYPES`` and JSON data, as that of ``step``.

    A state of that step is replaced; without ``step``, the latest state is. Whenever this is
    interrupted, the earlier states or this one remain. Once it is sealed, all but the last ``keep``
    states are removed, and all states of later steps, from before training went back.

    Raises:
        RunError: an array has another type, ``data`` is not JSON data, or the folder cannot be
            written.
    """
    native = {name: np.asarray(array) for name, array in arrays.items()}
    for name, array in native.items():
        if array.dtype.name not in STATE_TYPES:
            raise fault(
                run, f"can hold arrays of {', '.join(STATE_TYPES)}; {name} is {array.dtype}."
            )
    files = {_ARRAYS: pack(run, native, MAX_STATE_BYTES)}
    earlier = _folders(run)
    if step is None:
        step = _step(earlier[0]) if earlier else 0
    folder = own_folder(run, CHECKPOINTS, f"{step:09d}")
    write_set(folder, _STATE, STATE_KIND, {"state": dict(data)}, files)
    kept = [f for f in earlier if _step(f) < step and (f / _STATE).exists()][: keep - 1]
    for other in reversed(earlier):
        if other not in (folder, *kept):
            remove_set(other, _STATE, STATE_FILES, with_folder=True)
    _forget_earliest(run)


def find_state(run: Path) -> FoundState:
    """Read the latest intact training state in ``run``.

    Raises:
        RunError: there is none; the message says what is wrong with the latest.
    """
    faults: list[RunError] = []
    for folder in (*_folders(run), run):
        if not (folder / _STATE).exists():
            if (folder / _ARRAYS).exists():
                faults.append(fault(folder, f"lacks its {_STATE}."))
            continue
        try:
            arrays, data = read_set(folder, _STATE, STATE_KIND, _read)
        except RunError as error:
            faults.append(error)
            continue
        damaged = tuple(str(error).removesuffix(RESTORE).rstrip() for error in faults)
        return FoundState(arrays=arrays, data=data, damaged=damaged)
    if faults:
        raise faults[0]
    arrays, data = read_set(run, _STATE, STATE_KIND, _read)  # raises: there is no state
    return FoundState(arrays=arrays, data=data)


def load_state(run: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Read the latest intact training state in ``run``: its arrays by name, and its JSON data.

    Raises:
        RunError: as ``find_state``.
    """
    found = find_state(run)
    return found.arrays, found.data


def forget_state(run: Path) -> None:
    """Remove all training states in ``run``.

    If this is interrupted, the latest states remain.

    Raises:
        RunError: the folder cannot be written.
    """
    _forget_earliest(run)
    for folder in reversed(_folders(run)):
        remove_set(folder, _STATE, STATE_FILES, with_folder=True)


def _forget_earliest(run: Path) -> None:
    """Remove the state that an earlier version left in the run folder itself."""
    places = [run / file for file in STATE_FILES]
    if any(place.exists() or place.is_symlink() for place in places):
        remove_set(run, _STATE, STATE_FILES)


def _folders(run: Path) -> list[Path]:
    """Return the folders of states, latest first; some may hold no state.

    Raises:
        RunError: one is a link, or the folder cannot be read.
    """
    try:
        names = [path.name for path in own_folder(run, CHECKPOINTS).iterdir()]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except (OSError, ValueError) as error:
        raise unwritable(run, error) from error
    found = [own_folder(run, CHECKPOINTS, n) for n in names if re.fullmatch("[0-9]{9,}", n)]
    return sorted(found, key=_step, reverse=True)


def _step(folder: Path) -> int:
    return int(folder.name)


def _read(index: Index) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    return unpack(index, _ARRAYS, most=MAX_STATE_BYTES), index.section("state")
