"""What of a training goes to the run folder, and how a later training goes on from it."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .. import __version__ as charloom_version
from ..checkpoint import (
    EPOCHS,
    FILES,
    SavedModel,
    claim,
    epoch_folder,
    forget_state,
    holds_model,
    holds_state,
    load_model,
    load_state,
    save_model,
    save_state,
)
from ..config import ModelConfig, TrainConfig
from ..corpus import Corpus
from ..errors import RunError
from ..files import creating, is_part
from ..vocabulary import Vocabulary
from .history import HISTORY, append_history, write_history
from .lock import LOCK, held
from .progress import Progress, Resumed

MAY_CHANGE = {"epochs", "seconds", "patience"}
"""Settings of a training that may be others when it is resumed."""

_DEFAULTS = {"model": ModelConfig().to_dict(), "training": TrainConfig().to_dict()}


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

    @contextmanager
    def claimed(self, *, force: bool, resume: bool) -> Iterator[bool]:
        """Keep the folder for us alone; the value says whether it holds a training to resume.

        Raises:
            RunError: another training is at work there, or it holds something, and neither
                ``force`` nor ``resume`` allows that.
        """
        with creating(self.folder):
            names = {path.name for path in self.folder.iterdir()}
        if names and LOCK not in names and not force:  # a refusal should leave no lock file behind
            self._claim(force=force, resume=resume)
        with held(self.folder):
            yield self._claim(force=force, resume=resume)

    def _claim(self, *, force: bool, resume: bool) -> bool:
        resumes = resume and holds_state(self.folder)
        if not resumes:
            begun = resume and not force and self._begun()
            claim(self.folder, force=force or begun, ignored={LOCK})
        return resumes

    def _begun(self) -> bool:
        """Say whether the folder holds nothing but what our training, begun anew, replaces.

        Raises:
            RunError: it holds models of another training.
        """
        if not self.folder.is_dir():
            return False
        ours = {*FILES, HISTORY, LOCK, EPOCHS}
        if not all(is_part(path.name, ours) for path in self.folder.iterdir()):
            return False
        for folder in (self.folder, *sorted((self.folder / EPOCHS).glob("*"))):
            if holds_model(folder):
                saved = load_model(folder)
                names = (saved.train_names or ()) + (saved.held_out_names or ())
                self._same("corpus", _digest(names), _digest(self.train + self.held_out))
                self._same("list of labels", saved.labels, self.corpus.label_names)
                self._same_settings("model", saved.config.to_dict())
                self._same_settings("training", saved.facts.get("training"))
        return True

    def begin(self, at: Progress, *, resumes: bool) -> None:
        """Cut the history to what ``at`` tells of; a new training also drops the earlier state."""
        if not resumes:
            forget_state(self.folder)
        write_history(self.folder, at.history)

    def add_to_history(self, at: Progress) -> None:
        """Record the latest epoch."""
        append_history(self.folder, at.history[-1])

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

    def save_state(
        self, arrays: Mapping[str, NDArray[Any]], at: Progress, buckets: int | None
    ) -> None:
        """Save what a resumed training needs."""
        state = {
            "corpus": self._corpus_digest(),
            "model": self.model.to_dict(),
            "training": self.training.to_dict(),
            "backend": self.backend,
            "buckets": buckets,
            "progress": asdict(at),
        }
        save_state(self.folder, arrays, state)

    def load(self) -> Resumed:
        """Return where the folder's training goes on.

        Raises:
            RunError: it is a training of another corpus, model or setting.
        """
        arrays, state = load_state(self.folder)
        self._same("corpus", state.get("corpus"), self._corpus_digest())
        self._same_settings("model", state.get("model"))
        self._same_settings("training", state.get("training"))
        try:
            progress = Progress(**state["progress"])
        except (KeyError, TypeError) as error:
            raise RunError(f"{self.folder} holds no progress to resume from: {error}.") from error
        return Resumed(
            arrays=arrays,
            progress=progress,
            best_weights=load_model(self.folder).weights if progress.best_epoch else {},
            backend=str(state.get("backend")),
            epochs=state["training"].get("epochs", self.training.epochs),
            buckets=state.get("buckets"),
        )

    def _corpus_digest(self) -> str:
        lines = self.corpus.names
        if self.corpus.labels is not None:
            lines = tuple(map("\t".join, zip(lines, self.corpus.labels, strict=True)))
        return _digest(lines)

    def _same_settings(self, part: Literal["model", "training"], theirs: object) -> None:
        ours = getattr(self, part).to_dict()
        if not isinstance(theirs, dict):
            self._same(part, theirs, ours)
            return
        theirs = {**_DEFAULTS[part], **theirs}  # a field that was not there yet had its default
        for key in sorted(set(ours) - MAY_CHANGE):
            self._same(key.replace("_", " "), theirs.get(key), ours[key])

    def _same(self, what: str, theirs: object, ours: object) -> None:
        if theirs != ours:
            raise RunError(
                f"{self.folder} was trained with another {what} ({theirs}; now {ours}), so it "
                "cannot be resumed. Give the same one, or choose another --out."
            )


def _digest(lines: tuple[str, ...]) -> str:
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()[:16]


def _versions(backend: str) -> dict[str, str]:
    found = {"python": platform.python_version(), "charloom": charloom_version}
    for package in ("numpy", "keras", backend):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "unknown"
    return found
