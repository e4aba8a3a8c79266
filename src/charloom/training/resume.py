"""Whether the training in a run folder can be resumed, and from where."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal

from numpy.typing import NDArray

from ..config import ModelConfig, TrainConfig, current_settings
from ..data.tokens import plain
from ..errors import ConfigError, RunError
from ..run import SavedModel, find_state, holds_model, load_model, sound_facts
from ..run.begun import find_begun
from .data import BatchPlan, TrainingData
from .events import Reason
from .progress import Progress

BEST = "best/"
"""Prefix of the names of the best epoch's weights, among the arrays of a state."""

NETWORK = "network/"
"""Prefix of the names of the weights of networks to distil, each with its number, from 0."""

_DEFAULTS = {"model": ModelConfig().to_dict(), "training": TrainConfig().to_dict()}


@dataclass(frozen=True, kw_only=True)
class Resumed:
    """Where a training resumes.

    Attributes:
        arrays: the engine's state.
        progress: how far it is.
        plan: how its data is divided into batches.
        best_weights: the weights of its best epoch.
        networks: the weights of the networks that are trained, where there are several.
        saved_epoch: the epoch whose weights are the folder's model; 0 if those are another
            training's, a later epoch's, or damaged.
        backend: the one it ran on.
        epochs: its number of epochs in all.
        damaged: why each later checkpoint could not be used.
    """

    arrays: dict[str, NDArray[Any]]
    progress: Progress
    plan: BatchPlan
    best_weights: Mapping[str, NDArray[Any]]
    backend: str
    epochs: int
    saved_epoch: int = 0
    damaged: tuple[str, ...] = ()
    networks: tuple[Mapping[str, NDArray[Any]], ...] = ()

    def warnings(self, backend: str, epochs: int, over: Reason | None) -> Iterator[str]:
        """Yield what the user should know; ``over`` is why nothing is left to train, if so."""
        for problem in self.damaged:
            yield (
                f"a checkpoint is damaged: {problem} Training resumes from an earlier one, "
                f"at step {self.progress.step}; nothing but time is lost."
            )
        if self.backend != backend:
            yield (
                f"this training began on {self.backend} and resumes on {backend}: it is the "
                "same except for rounding and the random draws of dropout."
            )
        if over is not None:
            option = "--epochs" if over == "epochs" else "--patience"
            yield (
                f"this training is finished, at epoch {self.progress.epoch}: nothing is left to "
                f"do. Raise {option} to train further."
            )
        elif self.epochs != epochs:
            yield (
                f"the number of epochs changed from {self.epochs} to {epochs}: the learning rate "
                "follows the new number, so the result is not bit for bit that of "
                f"{epochs} epochs from the start."
            )


@dataclass(frozen=True)
class ResumeChecks:
    """Compares what a folder holds with the training that is to resume it."""

    folder: Path
    model_config: ModelConfig
    training: TrainConfig
    data: TrainingData

    def state(self) -> Resumed:
        """Return where the folder's training resumes; raise RunError if it is another one."""
        found = find_state(self.folder)
        state = found.data
        self._same("corpus", state.get("corpus"), self.data.digest)
        ours = vocabulary_digest(self.data)  # may have an initial model's characters
        self._same("vocabulary", state.get("vocabulary", ours), ours)
        self._same_settings("model", state.get("model"))
        self._same_settings("training", state.get("training"))
        epochs = state["training"].get("epochs", self.training.epochs)
        try:
            progress = Progress.of(state["progress"])
            plan = self._plan(state, epochs)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise RunError(f"{self.folder} holds no progress to resume from: {error}.") from error
        arrays = {n: a for n, a in found.arrays.items() if not n.startswith((BEST, NETWORK))}
        best = {n.removeprefix(BEST): a for n, a in found.arrays.items() if n.startswith(BEST)}
        saved_epoch = progress.best_epoch
        if not best and saved_epoch:  # an early version's state: its weights are the model's
            best = dict(load_model(self.folder).weights)
        elif sound_facts(self.folder).get("best") != progress.best:
            saved_epoch = 0
        return Resumed(
            arrays=arrays,
            progress=progress,
            plan=plan,
            best_weights=best,
            backend=f"{state.get('backend')!s:.40}",
            epochs=epochs,
            saved_epoch=saved_epoch,
            damaged=found.damaged,
            networks=_networks(found.arrays),
        )

    def _plan(self, state: Mapping[str, Any], epochs: int) -> BatchPlan:
        """Return the batch plan of a state; 0.1.0 saved its buckets only."""
        if "batches" in state:
            plan = BatchPlan(**state["batches"])
            numbers = [n for n in (plan.window, plan.buckets) if n is not None]
            if not all(type(n) is int and 0 < n < 2**17 for n in (plan.batch_size, *numbers)) or (
                type(plan.seed) is not int or plan.seed < 0
            ):
                raise ValueError(f"its batches must be divided by whole numbers: {plan!s:.80}")
            return plan
        if state.get("buckets") is None:
            return self.data.plan_for(epochs)
        return replace(self.data.plan, buckets=int(state["buckets"]))

    def model(self, saved: SavedModel) -> None:
        """Raise RunError unless ``saved``, a model without a state, is one of this training."""
        if "digest" in saved.facts:
            theirs, ours = str(saved.facts["digest"]), self.data.digest
        else:  # an early version's model
            theirs = _digest(saved.train_names, saved.held_out_names)
            ours = _digest(self.data.train_names, self.data.held_out_names)
        self._same("corpus", theirs, ours)
        self._same("list of labels", saved.labels, self.data.label_names)
        self._same_settings("model", saved.config.to_dict())
        self._same_settings("training", saved.facts.get("training"))

    def _same_settings(self, part: Literal["model", "training"], theirs: object) -> None:
        config = self.model_config if part == "model" else self.training
        ours = config.to_dict()
        if not isinstance(theirs, dict):
            self._same(part, theirs, ours)
            return
        try:
            theirs = current_settings(theirs)
        except ConfigError as error:
            raise RunError(f"{self.folder} cannot be resumed: {error}") from error
        theirs = {**_DEFAULTS[part], **theirs}  # a field that did not exist yet had its default
        for field in sorted(fields(config), key=lambda field: field.name):
            key = field.name
            if not field.metadata["may_change"]:
                self._same(key.replace("_", " "), theirs.get(key), ours[key])

    def _same(self, what: str, theirs: object, ours: object) -> None:
        if theirs != ours:
            raise RunError(
                f"{self.folder} was trained with another {what} ({theirs!s:.200}; now "
                f"{ours!s:.200}), so it "
                "cannot be resumed. Give the same one, or choose another --out."
            )


def fine_tuned_before(run: Path) -> SavedModel | None:
    """Return what stands for the model that the training in ``run`` started from, if it did.

    The model that the run has saved since has its characters and labels. That is enough to resume,
    but not to train a network again (``TrainConfig.refit``).
    """
    begun = find_begun(run)
    if not begun.fine_tuned or begun.training.get("refit") or not holds_model(run):
        return None
    return load_model(run)


def check_state(ours: Mapping[str, NDArray[Any]], theirs: Mapping[str, NDArray[Any]]) -> None:
    """Check that ``theirs``, the arrays of a state, can take the place of an engine's own.

    Raises:
        KeyError, ValueError: one is missing, or of another shape or type; or the count of steps
            is no count.
    """
    for name, array in ours.items():
        if name not in theirs and name.startswith("keras/"):  # another backend's has none
            continue
        found = theirs[name]
        if (found.shape, found.dtype) != (array.shape, array.dtype):
            raise ValueError(f"{name} must be {array.dtype} {array.shape}, not {found.dtype} "
                             f"{found.shape}")  # fmt: skip
    if not 0 <= theirs["count"][0] < 2**53:
        raise ValueError("the count of steps must be a whole number")


def _networks(arrays: Mapping[str, NDArray[Any]]) -> tuple[dict[str, NDArray[Any]], ...]:
    """Return the weights of each network to distil that a state holds."""
    networks: dict[int, dict[str, NDArray[Any]]] = {}
    for name, array in arrays.items():
        if name.startswith(NETWORK):
            number, own = name.removeprefix(NETWORK).split("/", 1)
            networks.setdefault(int(number), {})[own] = array
    return tuple(networks[number] for number in sorted(networks))


def vocabulary_digest(data: TrainingData) -> str:
    """Return a short text that identifies the characters and labels of ``data``."""
    v = data.vocabulary
    unit = plain(v.token_unit)
    described = repr((v.characters, unit, v.has_unknown, data.label_names)).encode()
    return f"{v.size} symbols, {hashlib.sha256(described).hexdigest()[:16]}"


def _digest(*parts: Any) -> str:
    names = sorted(name for part in parts for name in part or ())
    return hashlib.sha256("\n".join(names).encode()).hexdigest()[:16]
