"""The keyword arguments of ``fit`` and ``train``, with their types."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from ..config import Cell, Kind, Part, Precision, Preparation, Smoothing
from ..config.arguments import AnyPath

if TYPE_CHECKING:
    from ..run import Run, SavedModel
    from .engines.base import Loop


class FitSettings(TypedDict, total=False):
    """Where to save, what to start from, and settings in place of the recipe's.

    Attributes:
        out: the run folder that the best model and the training's state are saved to.
        force: take over an ``out`` that is in use.
        resume: resume the training that ``out`` holds.
        loop: ``fit``; ``custom``, the unpacked step of the backend; or a function that makes one.
        initial: a run whose weights training starts from; its characters and labels are kept.
        base: ``latin``, the base model that comes with charloom; another run, of which only the
            network's weights are adapted; or ``none``. By default ``latin`` for short lists in
            Latin script.
        recipe: ``tutorial``, or a file that ``charloom tune`` wrote.
        keep_long: whether names that are far longer than the others are trained on, too: see
            ``data.outliers``.
        workers: networks of a time budget, or folds of cross-validation, that are trained at once.

    All others are fields of ``ModelConfig`` and ``TrainConfig``, which say what they mean.
    """

    out: AnyPath | None
    force: bool
    resume: bool
    loop: Loop
    initial: AnyPath | Run | SavedModel | None
    base: AnyPath | Run | SavedModel | None
    recipe: AnyPath | None
    keep_long: bool
    workers: int

    kind: Kind | None
    order: int | None
    smoothing: Smoothing | None
    recent: int | None
    cell: Cell | None
    units: int | None
    layers: int | None
    embedding: int | None
    dropout: float | None
    begin: bool | None
    text: bool | None

    epochs: int | None
    batch_size: int | None
    learning_rate: float | None
    warmup: float | None
    final: float | None
    weight_decay: float | None
    clip_norm: float | None
    nesterov: bool | None
    patience: int | None
    held_out: float | None
    seconds: float | None
    seed: int | None
    preparation: Preparation | None
    window: int | None
    keep_epochs: int | None
    save_seconds: float | None
    save_steps: int | None
    keep_checkpoints: int | None
    label_dropout: float | None
    freeze: tuple[Part, ...] | None
    refit: bool | None
    canaries: int | None
    precision: Precision | None
