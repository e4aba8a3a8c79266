"""What of a training goes to the run folder, and how a later training goes on from it."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import __version__ as charloom_version
from ..checkpoint import (
    SavedModel,
    claim,
    epoch_folder,
    load_model,
    load_state,
    save_model,
    save_state,
)
from ..config import ModelConfig, TrainConfig
from ..corpus import Corpus
from ..errors import RunError
from ..vocabulary import Vocabulary

MAY_CHANGE = {"epochs", "seconds", "patience"}
"""Settings of a training that may be others when it is resumed."""

_DEFAULTS = {"model": ModelConfig().to_dict(), "training": TrainConfig().to_dict()}


@dataclass
class Progress:
    """How far a training is, beside the engine's own state.

    Attributes:
        epoch: epochs that are over.
        step_in_epoch, step: updates done in the epoch under way, and in all.
        epoch_nats, epoch_characters: the loss of the epoch under way so far.
        best_epoch: whose weights are kept; 0 while there are none.
        history: an entry an epoch: epoch, step, train_nats_per_char, held_out_nats_per_char.
    """

    epoch: int = 0
    step_in_epoch: int = 0
    step: int = 0
    epoch_nats: float = 0.0
    epoch_characters: float = 0.0
    best_epoch: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)

    @property
    def best(self) -> dict[str, Any] | None:
        """The history's entry of the best epoch."""
        return self.history[self.best_epoch - 1] if self.best_epoch else None


@dataclass(frozen=True, kw_only=True)
class Keeper:
    """Saves the best model and the training's state to ``folder``, and reads them back."""

    folder: Path
    corpus: Corpus
    model: ModelConfig
    training: TrainConfig
    backend: str
    vocabulary: Vocabulary
    train: tuple[str, ...]
    held_out: tuple[str, ...]

    def claim(self, *, force: bool, resume: bool) -> bool:
        """Make the folder ours; return whether it holds a training to resume.

        Raises:
            RunError: it is in use, and neither ``force`` nor a state to resume allows that.
        """
        resumes = resume and (self.folder / "training.json").exists()
        if not resumes:
            claim(self.folder, force=force)
        return resumes

    def save_epoch(
        self, weights: Mapping[str, NDArray[np.float32]], at: Progress, seconds: float
    ) -> None:
        """Save the weights at an epoch's end, as a model of its own that is named after it."""
        folder = epoch_folder(self.folder, at.epoch)
        replace(self, folder=folder).save_model(weights, at.history[-1], at, seconds)

    def save_model(
        self,
        weights: Mapping[str, NDArray[np.float32]],
        losses: Mapping[str, Any],
        at: Progress,
        seconds: float,
    ) -> None:
        """Save ``weights``, which reached ``losses``."""
        facts = {
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "corpus": self.corpus.report.to_dict(),
            "train_names": len(self.train),
            "held_out_names": len(self.held_out),
            "longest": self.corpus.report.longest,
            "training": self.training.to_dict(),
            "backend": self.backend,
            "versions": _versions(self.backend),
            "best": dict(losses),
            "history": at.history,
            "seconds": round(seconds, 3),
        }
        save_model(
            self.folder,
            SavedModel(
                config=self.model,
                vocabulary=self.vocabulary,
                labels=self.corpus.label_names,
                weights=weights,
                facts=facts,
                train_names=self.train,
                held_out_names=self.held_out,
            ),
        )

    def save_state(self, arrays: Mapping[str, NDArray[Any]], at: Progress) -> None:
        """Save what a resumed training needs."""
        state = {**self._identity(), "backend": self.backend, "progress": asdict(at)}
        save_state(self.folder, arrays, state)

    def load(
        self,
    ) -> tuple[dict[str, NDArray[Any]], Progress, Mapping[str, NDArray[np.float32]], str]:
        """Return the engine's state, the progress, the best weights so far and the backend.

        Raises:
            RunError: the folder holds a training of another corpus, model or setting.
        """
        arrays, state = load_state(self.folder)
        for part, ours in self._identity().items():
            theirs = state.get(part)
            if isinstance(ours, dict) and isinstance(theirs, dict):
                # A field that was not there yet had its default.
                theirs = {**_DEFAULTS[part], **theirs}
                for key in sorted(set(ours) - MAY_CHANGE):
                    self._same(key.replace("_", " "), theirs.get(key), ours[key])
            else:
                self._same(part, theirs, ours)
        try:
            progress = Progress(**state["progress"])
        except (KeyError, TypeError) as error:
            raise RunError(f"{self.folder} holds no progress to resume from: {error}.") from error
        best = load_model(self.folder).weights if progress.best_epoch else {}
        return arrays, progress, best, str(state.get("backend"))

    def _identity(self) -> dict[str, Any]:
        lines = self.corpus.names
        if self.corpus.labels is not None:
            lines = tuple(map("\t".join, zip(lines, self.corpus.labels, strict=True)))
        names = "\n".join(sorted(lines))
        return {
            "corpus": hashlib.sha256(names.encode()).hexdigest()[:16],
            "model": self.model.to_dict(),
            "training": self.training.to_dict(),
        }

    def _same(self, what: str, theirs: object, ours: object) -> None:
        if theirs != ours:
            raise RunError(
                f"{self.folder} was trained with another {what} ({theirs}; now {ours}), so it "
                "cannot be resumed. Give the same one, or choose another --out."
            )


def _versions(backend: str) -> dict[str, str]:
    found = {"python": platform.python_version(), "charloom": charloom_version}
    for package in ("numpy", "keras", backend):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "unknown"
    return found
