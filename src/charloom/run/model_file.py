"""The model file of a run folder: weights, vocabulary, configuration, facts and data."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..config import ModelConfig
from ..config.arguments import AnyPath
from ..config.arguments import path as path_of
from ..data.tokens import UNITS, Tokens, Unit
from ..data.unicode import unfit, unprintable
from ..data.vocabulary import Vocabulary
from ..errors import ConfigError, RunError, VocabularyError
from ..models.factory import check_weights, weight_names
from ..models.rnn.shapes import weight_shapes
from ..storage import (
    MODEL_INDEX,
    Index,
    Payload,
    claim_folder,
    fault,
    packed_set,
    read_set,
    write_set,
)
from .arrays import MAX_HEADER_BYTES, pack, unpack
from .lists import (
    pack_names,
    pack_text,
    pack_weights,
    unpack_names,
    unpack_text,
    unpack_weights,
)

_LATER = {"labels": 0, "text": False, "kind": "network", "order": 0,
          "smoothing": "kneser-ney", "recent": 0, "documents": False}  # fmt: skip
"""Settings added after the first version, with their defaults."""

MODEL_KIND = "charloom model"
MAX_WEIGHT_BYTES = 2**32

EPOCHS = "epochs"
"""The subfolder for the models of single epochs."""

MEASURED = "measured"
"""The subfolder for the model as it was measured, if its network was trained again on all names."""

_MODEL, _WEIGHTS = MODEL_INDEX, "model.safetensors"
_TRAIN, _HELD_OUT, _TEXT = "train_names.txt", "held_out_names.txt", "held_out.txt"
_HELD_OUT_WEIGHTS = "held_out_weights.txt"

MODEL_FILES = (_MODEL, _WEIGHTS, _TRAIN, _HELD_OUT, _HELD_OUT_WEIGHTS, _TEXT)
"""The files of a model."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class SavedModel:
    """The contents of a model file.

    Attributes:
        config, vocabulary: the architecture and the characters.
        labels: the names of the labels, ``config.labels`` distinct strings.
        weights: a network has the names and shapes of ``models.rnn.shapes``, an n-gram those of
            ``models.ngram.arrays``; a mixture has both and its weight.
        facts: plain JSON data about the training.
        train_names, held_out_names: the two parts of the corpus; ``None`` without their file.
        held_out_weights: the weight of each held-out name, (N,); ``None``: 1.
        held_out_text: the held-out part of a text; ``None`` without its file.
    """

    config: ModelConfig
    vocabulary: Vocabulary
    weights: Mapping[str, NDArray[Any]]
    facts: Mapping[str, Any]
    train_names: Sequence[str] | None
    held_out_names: Sequence[str] | None
    held_out_weights: NDArray[np.float64] | None = None
    held_out_text: str | None = None
    labels: tuple[str, ...] = ()

    @cached_property
    def keep_invisible(self) -> bool:
        """Whether invisible characters in names are kept (``charloom.data.invisible``).

        Runs of earlier versions do not say: they keep those that their vocabulary has.
        """
        corpus = self.facts.get("corpus")
        kept = corpus.get("keep_invisible") if isinstance(corpus, dict) else None
        return kept if isinstance(kept, bool) else self.vocabulary.may_be_invisible

    def __repr__(self) -> str:
        size = sum(array.size for array in self.weights.values())
        return f"SavedModel({self.config.kind}, {size:,} weights)"


def claim(folder: Path, *, force: bool, ignored: Collection[str] = ()) -> None:
    """Create ``folder``, or check that a run may be written there; nothing is deleted.

    With ``force``, a folder that is not empty is accepted. Its model remains loadable until another
    is saved, which replaces only files with charloom's names.

    Raises:
        RunError: the folder has files other than ``ignored`` without ``force``, or cannot be
            written.
    """
    claim_folder(folder, _MODEL, force=force, ignored=ignored)


def holds_model(folder: Path) -> bool:
    """Return whether there is a model in ``folder``, intact or not."""
    return (folder / _MODEL).exists()


def save_model(folder: Path, model: SavedModel, *, halved: bool = False) -> None:
    """Write ``model`` to ``folder``; if this fails or is interrupted, the earlier model remains.

    ``halved`` stores a network's weights in half precision, in half the space.

    Raises:
        RunError: weights or labels do not match the configuration, a weight is not finite or
            huge, ``facts`` is not JSON data, a name or the vocabulary contains a control
            character, or the folder cannot be written.
    """
    write_set(folder, _MODEL, MODEL_KIND, *_packed(folder, model, halved=halved))


def packed_model(folder: Path, model: SavedModel) -> dict[str, Payload]:
    """Return what ``save_model`` would write to ``folder``, by file, without writing it.

    Raises:
        RunError: as ``save_model``.
    """
    return packed_set(folder, _MODEL, MODEL_KIND, *_packed(folder, model))


def _packed(
    folder: Path, model: SavedModel, *, halved: bool = False
) -> tuple[dict[str, Any], dict[str, Payload | None]]:
    """Return the fields of the index of a model file, and its files."""
    weights = {name: np.asarray(array) for name, array in model.weights.items()}
    _check_weights(folder, weights, model.config, model.vocabulary.size)
    _check_characters(folder, model.vocabulary, text=model.config.text)
    _check_labels(folder, model.labels, model.config.labels)
    config = model.config.to_dict()
    for later, usual in _LATER.items():  # left out, so that earlier versions can read the model
        if config[later] == usual:
            del config[later]
    unit = model.vocabulary.token_unit
    fields = {
        "config": config,
        "vocabulary": {
            "unit": str(unit),
            **({"tokens": list(unit.tokens)} if isinstance(unit, Tokens) else {}),
            "characters": list(model.vocabulary.characters),
            **({"unknown": True} if model.vocabulary.has_unknown else {}),
        },
        **({"labels": list(model.labels)} if model.labels else {}),
        "facts": dict(model.facts),
    }
    stored = {n: a.astype(np.float16) for n, a in weights.items()} if halved else weights
    files: dict[str, Payload | None] = {
        _WEIGHTS: pack(folder, stored, MAX_WEIGHT_BYTES),
        _TRAIN: pack_names(folder, model.train_names),
        _HELD_OUT: pack_names(folder, model.held_out_names),
        _HELD_OUT_WEIGHTS: pack_weights(model.held_out_weights),
        _TEXT: pack_text(folder, model.held_out_text),
    }
    return fields, files


def load_model(folder: Path) -> SavedModel:
    """Read and verify the model in ``folder``; no code from it is run.

    Raises:
        RunError: there is none, or one of its files is missing, damaged, foreign or too new.
    """
    return read_set(folder, _MODEL, MODEL_KIND, _read)


def sound_facts(folder: Path) -> Mapping[str, Any]:
    """Return the facts of the model in ``folder``; empty if it is missing or damaged."""
    try:
        return load_model(folder).facts
    except RunError:
        return {}


def epoch_folder(run: Path, epoch: int) -> Path:
    """Return the folder of a run's model after epoch ``epoch``, counted from 1."""
    return run / EPOCHS / f"{epoch:03d}"


def latest_epoch(run: AnyPath) -> Path:
    """Return the folder of the latest epoch's model that a run kept; pass it to ``load``.

    Raises:
        RunError: the run kept none.
    """
    if not (folders := numbered_folders(path_of("a run", run) / EPOCHS)):
        raise RunError(f"{run} has no checkpoint of an epoch. Train with --keep-epochs 1.")
    return folders[-1]


def numbered_folders(folder: Path) -> tuple[Path, ...]:
    """Return the subfolders of ``folder`` whose names are numbers, in ascending order; no links."""
    found = [] if folder.is_symlink() else folder.glob("*")
    found = [p for p in found if p.name.isdecimal() and p.is_dir() and not p.is_symlink()]
    return tuple(sorted(found, key=lambda path: int(path.name)))


def _read(index: Index) -> SavedModel:
    try:
        config = ModelConfig.from_dict(index.section("config"))
        vocabulary = _vocabulary(index.section("vocabulary"))
    except (ConfigError, VocabularyError) as error:
        raise fault(index.path, f"does not describe a model: {error!s:.200}") from error
    _check_characters(index.path, vocabulary, text=config.text)
    labels = index.fields.get("labels", [])
    _check_labels(index.path, labels, config.labels)
    shapes = weight_shapes(config, vocabulary.size) if config.has_network else {}
    size = 4 * sum(map(math.prod, shapes.values()))  # half of that in half precision
    if size > MAX_WEIGHT_BYTES:
        raise fault(index.path, f"asks for {size} bytes of weights, above {MAX_WEIGHT_BYTES}.")
    most = MAX_WEIGHT_BYTES if config.has_ngram else size + MAX_HEADER_BYTES
    arrays = unpack(index, _WEIGHTS, least=size // 2, most=most)
    _check_weights(index.path.with_name(_WEIGHTS), arrays, config, vocabulary.size)
    held_out = unpack_names(index, _HELD_OUT)
    return SavedModel(
        config=config,
        vocabulary=vocabulary,
        weights={name: arrays[name] for name in weight_names(config, vocabulary.size)},
        facts=index.section("facts"),
        train_names=unpack_names(index, _TRAIN),
        held_out_names=held_out,
        held_out_weights=None
        if held_out is None
        else unpack_weights(index, _HELD_OUT_WEIGHTS, len(held_out)),
        held_out_text=unpack_text(index, _TEXT),
        labels=tuple(labels),
    )


def _vocabulary(data: dict[str, Any]) -> Vocabulary:
    match data:
        case {"unit": str(unit), "characters": [*characters]}:
            pass
        case _:
            raise VocabularyError("vocabulary must hold a unit and characters.")
    unknown = data.get("unknown", False)
    if not isinstance(unknown, bool):
        raise VocabularyError(f"unknown must be true or false. Received: {unknown!r:.60}")
    return Vocabulary(tuple(characters), _unit(unit, data.get("tokens")), unknown)


def _unit(name: str, tokens: Any) -> Unit:
    if name == "token" and isinstance(tokens, list):
        return Tokens(tuple(tokens))
    for unit in UNITS:
        if name == unit:
            return unit
    rule = f"unit must be one of {UNITS}, or token with a list of tokens"
    raise VocabularyError(f"{rule}. Received: {name!r:.60}")


def _check_characters(path: Path, vocabulary: Vocabulary, *, text: bool) -> None:
    unit = vocabulary.token_unit
    tokens = unit.tokens if isinstance(unit, Tokens) else ()
    if character := unfit([*vocabulary.characters, *tokens], text=text):
        what = "text" if text else "names"
        raise fault(path, f"must have a vocabulary of printable {what}. Received: {character}")


def _check_labels(path: Path, labels: Any, count: int) -> None:
    if not isinstance(labels, list | tuple) or len(labels) != count:
        raise fault(path, f"must name {count} labels. Received: {labels!r:.60}")
    for label in labels:
        if not isinstance(label, str) or not label or unprintable(label):
            raise fault(path, f"must name labels as printable text. Received: {label!r:.60}")
    if len(set(labels)) != count:
        raise fault(path, "must name each label once; one occurs twice.")


def _check_weights(
    path: Path, weights: Mapping[str, NDArray[Any]], config: ModelConfig, size: int
) -> None:
    """Raise RunError unless the weights match ``config`` with a vocabulary of ``size`` ids."""
    try:
        check_weights(config, size, weights)
    except ConfigError as error:
        raise fault(path, f"does not hold valid weights: {error!s:.300}") from error
