"""What of a training goes to the run folder, and how a later training goes on from it."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

from numpy.typing import NDArray

from .._version import __version__ as charloom_version
from ..config import ModelConfig, TrainConfig
from ..data.vocabulary import Vocabulary
from ..errors import RunError
from ..run import (
    CHECKPOINTS,
    EPOCHS,
    FILES,
    SavedModel,
    claim,
    epoch_folder,
    find_state,
    forget_state,
    holds_model,
    holds_state,
    load_model,
    save_model,
    save_state,
    sound_facts,
)
from ..storage import creating, is_part
from .data import Material
from .history import HISTORY, append_history, write_history
from .lock import LOCK, held
from .ngram import ngram_facts
from .progress import Progress, Resumed

MAY_CHANGE = {
    "epochs", "seconds", "patience", "save_seconds", "save_steps", "keep_checkpoints",
}  # fmt: skip
"""Settings of a training that may be others when it is resumed."""

_BEST = "best/"
"""Before the names of the best epoch's weights, among the arrays of a state."""

_DEFAULTS = {"model": ModelConfig().to_dict(), "training": TrainConfig().to_dict()}


@dataclass(frozen=True, kw_only=True)
class Keeper:
    """Saves the best model and the training's state to ``folder``, and reads them back."""

    folder: Path
    model: ModelConfig
    training: TrainConfig
    backend: str
    digest: str
    corpus_facts: Mapping[str, Any]
    label_names: tuple[str, ...]
    vocabulary: Vocabulary
    train_names: Sequence[str] | None
    held_out_names: Sequence[str] | None
    held_out_text: str | None

    @classmethod
    def of(
        cls,
        folder: Path,
        model: ModelConfig,
        training: TrainConfig,
        material: Material,
        backend: str,
    ) -> Keeper:
        """Return the one that saves what is learnt from ``material`` to ``folder``."""
        return cls(
            folder=folder,
            model=model,
            training=training,
            backend=backend,
            digest=material.digest,
            corpus_facts=material.facts(),
            label_names=material.label_names,
            vocabulary=material.vocabulary,
            train_names=material.train_names,
            held_out_names=material.held_out_names,
            held_out_text=material.held_out_text,
        )

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
        ours = {*FILES, HISTORY, LOCK, EPOCHS, CHECKPOINTS}
        if not all(is_part(path.name, ours) for path in self.folder.iterdir()):
            return False
        for folder in (self.folder, *sorted((self.folder / EPOCHS).glob("*"))):
            if holds_model(folder):
                saved = load_model(folder)
                self._same("corpus", *self._corpora(saved))
                self._same("list of labels", saved.labels, self.label_names)
                self._same_settings("model", saved.config.to_dict())
                self._same_settings("training", saved.facts.get("training"))
        return True

    def _corpora(self, saved: SavedModel) -> tuple[str, str]:
        """Return what tells a model's corpus from others, and the same of ours."""
        if "digest" in saved.facts:
            return str(saved.facts["digest"]), self.digest
        names = (*(saved.train_names or ()), *(saved.held_out_names or ()))
        ours = (*(self.train_names or ()), *(self.held_out_names or ()))
        return _digest(names), _digest(ours)

    def begin(self, at: Progress, *, resumes: bool) -> None:
        """Cut the history to what ``at`` tells of; a new training also drops the earlier state."""
        if not resumes:
            forget_state(self.folder)
        write_history(self.folder, at.history)

    def add_to_history(self, at: Progress) -> None:
        """Record the latest epoch."""
        append_history(self.folder, at.history[-1])

    def save_epoch(self, weights: Mapping[str, NDArray[Any]], at: Progress, seconds: float) -> None:
        """Save the weights at an epoch's end, as a model of its own that is named after it."""
        folder = epoch_folder(self.folder, at.epoch)
        replace(self, folder=folder).save_model(weights, at.history[-1], at, seconds)

    def save_model(
        self,
        weights: Mapping[str, NDArray[Any]],
        losses: Mapping[str, Any],
        at: Progress,
        seconds: float,
    ) -> None:
        """Save ``weights``, which reached ``losses``."""
        facts = {
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            **self.corpus_facts,
            "digest": self.digest,
            "training": self.training.to_dict(),
            "backend": self.backend,
            "versions": _versions(self.backend),
            **ngram_facts(weights),
            "best": dict(losses),
            "history": at.history,
            "seconds": round(seconds, 3),
        }
        save_model(
            self.folder,
            SavedModel(
                config=self.model,
                vocabulary=self.vocabulary,
                labels=self.label_names,
                weights=weights,
                facts=facts,
                train_names=self.train_names,
                held_out_names=self.held_out_names,
                held_out_text=self.held_out_text,
            ),
        )

    def save_state(
        self,
        arrays: Mapping[str, NDArray[Any]],
        at: Progress,
        buckets: int | None,
        best_weights: Mapping[str, NDArray[Any]] | None = None,
    ) -> None:
        """Save what a resumed training needs; ``best_weights`` are those of ``at.best_epoch``.

        They are in the folder's model too, but that may be gone on to a later epoch's, or be
        damaged, when training goes on from here.
        """
        best = best_weights if at.best_epoch else None
        state = {
            "corpus": self.digest,
            "vocabulary": self._vocabulary(),
            "model": self.model.to_dict(),
            "training": self.training.to_dict(),
            "backend": self.backend,
            "buckets": buckets,
            "progress": asdict(at),
        }
        arrays = {**arrays, **{_BEST + name: array for name, array in (best or {}).items()}}
        keep = self.training.keep_checkpoints
        save_state(self.folder, arrays, state, step=at.step, keep=keep)

    def load(self) -> Resumed:
        """Return where the folder's training goes on.

        Raises:
            RunError: it is a training of another corpus, model or setting.
        """
        found = find_state(self.folder)
        state = found.data
        self._same("corpus", state.get("corpus"), self.digest)
        ours = self._vocabulary()  # not only the corpus's, if training began with a model
        self._same("vocabulary", state.get("vocabulary", ours), ours)
        self._same_settings("model", state.get("model"))
        self._same_settings("training", state.get("training"))
        try:
            progress = Progress(**state["progress"])
        except (KeyError, TypeError) as error:
            raise RunError(f"{self.folder} holds no progress to resume from: {error}.") from error
        arrays = {n: a for n, a in found.arrays.items() if not n.startswith(_BEST)}
        best = {n.removeprefix(_BEST): a for n, a in found.arrays.items() if n.startswith(_BEST)}
        saved_epoch = progress.best_epoch
        if not best and saved_epoch:  # an earlier version's: the model must do
            best = dict(load_model(self.folder).weights)
        elif (sound_facts(self.folder) or {}).get("best") != progress.best:
            saved_epoch = 0
        return Resumed(
            arrays=arrays,
            progress=progress,
            best_weights=best,
            backend=str(state.get("backend")),
            epochs=state["training"].get("epochs", self.training.epochs),
            buckets=state.get("buckets"),
            saved_epoch=saved_epoch,
            damaged=found.damaged,
        )

    def _vocabulary(self) -> str:
        v = self.vocabulary
        known = repr((v.characters, v.unit, v.has_unknown, self.label_names)).encode()
        return f"{v.size} symbols, {hashlib.sha256(known).hexdigest()[:16]}"

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
    for package in ("numpy", *(("keras", backend) if backend != "numpy" else ())):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "unknown"
    return found
