"""What is saved of a training, and when: the best model, the state to resume, single epochs."""

from __future__ import annotations

import math
import platform
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from .._version import __version__ as charloom_version
from ..config import ModelConfig, TrainConfig
from ..run import (
    CHECKPOINTS,
    EPOCHS,
    FILES,
    MEASURED,
    SavedModel,
    claim,
    epoch_folder,
    forget_state,
    holds_model,
    holds_state,
    load_model,
    save_model,
    save_state,
    sound_facts,
)
from ..run.begun import Begun, find_begun, save_begun
from ..run.facts import known_facts
from ..storage import creating, is_part, own_folder
from ..storage.lock import LOCK, held
from .data import TrainingData, Weights
from .engines.base import Engine
from .events import Event, Finished, Reason, Saved
from .history import HISTORY, append_history, write_history
from .ngram import ngram_facts
from .progress import Progress, event_losses
from .resume import BEST, NETWORK, ResumeChecks, Resumed, vocabulary_digest
from .together import ALONE, Together, wait_for_all


@dataclass(kw_only=True)
class Checkpointer:
    """Saves a training to its run folder, and reads it back.

    Attributes:
        folder: the run folder; ``None`` saves nothing.
        model, training, data, backend, precision: what is trained, how, on which data and backend,
            and the number format of matrix products.
        loop: ``fit`` or ``custom``; ``None`` for a step of the caller's own.
        fine_tuned: whether it starts from another run, whose characters and labels it keeps.
        started: ``time.monotonic()`` when training began.
        seconds_between: least time between two saves at the end of an epoch.
        time_share: share of the training time that saves at the end of an epoch may take.
        best_weights: those of ``Progress.best_epoch``.
        saved_epoch: the epoch whose weights the folder holds; 0 for none.
        networks: the weights of each network that is trained, where several are to be distilled.
        together: the processes that train it. All but the first have no folder.
    """

    folder: Path | None
    model: ModelConfig
    training: TrainConfig
    data: TrainingData
    backend: str
    precision: str = "float32"
    loop: str | None = "fit"
    fine_tuned: bool = False
    started: float = field(default_factory=time.monotonic)
    seconds_between: float = 5.0
    time_share: float = 0.01
    best_weights: Weights = field(default_factory=dict)
    saved_epoch: int = 0
    networks: list[Weights] = field(default_factory=list)
    together: Together = ALONE

    def __post_init__(self) -> None:
        self._saved_at = time.monotonic()
        self._epoch_end_saved_at, self._save_cost = -math.inf, 0.0

    @property
    def seconds(self) -> float:
        """Since training began."""
        return time.monotonic() - self.started

    # The folder

    @contextmanager
    def claimed(self, *, force: bool, resume: bool) -> Iterator[bool]:
        """Lock the folder for this training; the value says whether it holds one to resume.

        Raises:
            RunError: another training is running there, or it holds files, and neither
                ``force`` nor ``resume`` allows that.
        """
        if self.folder is None:
            yield False
            return
        with creating(self.folder):
            names = {path.name for path in self.folder.iterdir()}
        for name in (
            EPOCHS,
            CHECKPOINTS,
            MEASURED,
        ):  # found out before the first save
            own_folder(self.folder, name)
        if names and LOCK not in names and not force:  # a refusal should leave no lock file behind
            self._claim(self.folder, force=force, resume=resume)
        with held(self.folder):
            yield self._claim(self.folder, force=force, resume=resume)

    def _claim(self, folder: Path, *, force: bool, resume: bool) -> bool:
        resumes = resume and holds_state(folder)
        if not resumes:
            ours = resume and not force and self._is_ours(folder)
            claim(folder, force=force or ours, ignored={LOCK})
        return resumes

    def _is_ours(self, folder: Path) -> bool:
        """Say whether the folder holds only files that this training replaces when it starts over;
        raise RunError if it holds models of another training."""
        ours = {*FILES, HISTORY, LOCK, EPOCHS, CHECKPOINTS, MEASURED}
        if not folder.is_dir() or not all(is_part(path.name, ours) for path in folder.iterdir()):
            return False
        for place in (folder, folder / MEASURED, *sorted((folder / EPOCHS).glob("*"))):
            if holds_model(place):
                self._checks(folder).model(load_model(place))
        return True

    def _checks(self, folder: Path) -> ResumeChecks:
        return ResumeChecks(folder, self.model, self.training, self.data)

    def begin(self, at: Progress, *, resumes: bool) -> None:
        """Note what was begun, and cut the history to ``at``; a new training drops the state."""
        if self.folder is not None:
            if not resumes:
                forget_state(self.folder)
            origin = self.data.origin
            if origin is None and resumes:  # strings: they are those of the files before
                origin = find_begun(self.folder).origin
            begun = Begun(
                origin=None if origin is None else origin.digested(),
                model=self.model.to_dict(),
                training=self.training.to_dict(),
                loop=self.loop,
                fine_tuned=self.fine_tuned,
            )
            save_begun(self.folder, begun)
            write_history(self.folder, at.history)

    def load(self) -> Resumed:
        """Return where the folder's training resumes, and take over its best weights."""
        assert self.folder is not None  # a training without a folder is never resumed
        resumed = self._checks(self.folder).state()
        self.best_weights, self.saved_epoch = resumed.best_weights, resumed.saved_epoch
        self.networks = list(resumed.networks)
        return resumed

    # When

    def due(self, at: Progress) -> bool:
        """Say whether the state is to be saved after this step."""
        every, seconds = self.training.save_steps, self.training.save_seconds
        if self.folder is None:
            return False
        by_steps = every > 0 and at.step % every == 0
        return by_steps or 0 < seconds <= time.monotonic() - self._saved_at

    def save_after_epoch(self, engine: Engine, at: Progress) -> Iterator[Event]:
        """Save at an epoch's end, unless the last save is recent or saving takes too long."""
        due, begun = self.due(at), time.monotonic()
        wait = max(self.seconds_between, self._save_cost / self.time_share)
        now = begun - self._epoch_end_saved_at >= wait
        due, now = self.together.agreed([due, now])
        if due or now:
            yield from self.save(engine, at)
        if now and not due:
            self._epoch_end_saved_at = time.monotonic()
            self._save_cost = self._epoch_end_saved_at - begun

    # What

    def record_epoch(self, at: Progress) -> None:
        """Add the latest epoch to the folder's history."""
        if self.folder is not None:
            append_history(self.folder, at.history[-1])

    def keep_epoch(self, weights: Weights, at: Progress, *, last: bool) -> None:
        """Save the weights as a model of their own, named after the epoch, if that is asked for."""
        every = self.training.keep_epochs
        if self.folder is not None and every and (last or at.epoch % every == 0):
            place = epoch_folder(self.folder, at.epoch)
            single = replace(self, folder=own_folder(self.folder, EPOCHS, place.name))
            single.save_model(weights, at.history[-1], at)

    def save(self, engine: Engine, at: Progress) -> Iterator[Event]:
        """Save the best model, if it is a new one, and the state."""
        if not self.together.agreed(self.folder is not None):
            return
        state = engine.state()  # of which every process may have a part
        if self.folder is not None:
            if at.best is not None:
                self.save_best(at.best, at)
            self.save_state(state, at)
            self._saved_at = time.monotonic()
            yield Saved(folder=self.folder, epoch=at.best_epoch)
        wait_for_all(self.together)

    def save_best(self, losses: Mapping[str, Any], at: Progress) -> bool:
        """Save ``best_weights``, which reached ``losses``, unless they are saved already."""
        if self.folder is None or 0 < self.saved_epoch == at.best_epoch:
            return False
        self.save_model(self.best_weights, losses, at)
        self.saved_epoch = at.best_epoch
        return True

    def save_model(self, weights: Weights, losses: Mapping[str, Any], at: Progress) -> None:
        """Save ``weights``, which reached ``losses``."""
        assert self.folder is not None
        save_model(self.folder, self._saved(weights, losses, at))

    def refitted(self, best: Mapping[str, Any]) -> SavedModel | None:
        """Return the folder's model if its network was trained again after the epoch ``best``."""
        if self.folder is None or "network" not in known_facts(sound_facts(self.folder)).get(
            "refit", {}
        ):
            return None
        saved = load_model(self.folder)
        return saved if saved.facts.get("best") == dict(best) else None

    def save_refitted(
        self, weights: Weights, losses: Mapping[str, Any], at: Progress, how: Mapping[str, int]
    ) -> SavedModel:
        """Save ``weights``, whose network was trained on all names, and keep what was measured.

        Args:
            weights: those that replace ``best_weights``, which reached ``losses``.
            losses, at: as for ``save_model``.
            how: what the facts say of this training.
        """
        saved = self._saved(weights, losses, at)
        refit = {**saved.facts.get("refit", {}), "network": dict(how)}
        saved = replace(saved, facts={**saved.facts, "refit": refit})
        if self.folder is not None:
            measured = replace(self, folder=own_folder(self.folder, MEASURED))
            measured.save_model(self.best_weights, losses, at)
            save_model(self.folder, saved)
        return saved

    def save_state(self, arrays: Mapping[str, NDArray[Any]], at: Progress) -> None:
        """Save what a resumed training needs.

        The best weights are in the folder's model too, but that may be of a later epoch, or
        damaged, when training resumes from here.
        """
        assert self.folder is not None
        state = {
            "corpus": self.data.digest,
            "reading": self.data.reading,
            "vocabulary": vocabulary_digest(self.data),
            "model": self.model.to_dict(),
            "training": self.training.to_dict(),
            "backend": self.backend,
            "batches": asdict(self.data.plan),
            "progress": {
                name: value
                for name, value in asdict(at).items()
                if name not in ("chosen", "kinds") or value != {}
            },
        }
        best = self.best_weights if at.best_epoch else {}
        arrays = {**arrays, **{BEST + name: array for name, array in best.items()}}
        for number, weights in enumerate(self.networks):
            arrays |= {f"{NETWORK}{number}/{name}": array for name, array in weights.items()}
        keep = self.training.keep_checkpoints
        save_state(self.folder, arrays, state, step=at.step, keep=keep)

    def finished(
        self,
        reason: Reason,
        losses: Mapping[str, Any],
        at: Progress,
        saved: SavedModel | None = None,
    ) -> Finished:
        """Return the event of the end, where ``best_weights`` reached ``losses``."""
        return Finished(
            reason=reason,
            epoch=at.epoch,
            step=at.step,
            best_epoch=at.best_epoch,
            **event_losses(losses),
            seconds=self.seconds,
            saved=saved or self._saved(self.best_weights, losses, at),
        )

    def _saved(self, weights: Weights, losses: Mapping[str, Any], at: Progress) -> SavedModel:
        """Return the model with ``weights``, which reached ``losses``, as it is saved: with an
        n-gram of all names."""
        data = self.data
        weights, refit = data.refitted(weights)
        facts = {
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            **data.facts(),
            "digest": data.digest,
            "training": self.training.to_dict(),
            "backend": self.backend,
            **({} if self.precision == "float32" else {"precision": self.precision}),
            "versions": _versions(self.backend),
            **({"cross_validation": dict(at.chosen)} if at.chosen else {}),
            **({"kinds": dict(at.kinds)} if at.kinds else {}),
            **ngram_facts(weights),
            **({"refit": refit} if refit else {}),
            "best": dict(losses),
            "history": at.history,
            "seconds": round(self.seconds, 3),
        }
        return SavedModel(
            config=self.model,
            vocabulary=data.vocabulary,
            labels=data.label_names,
            weights=weights,
            facts=facts,
            train_names=data.train_names,
            held_out_names=data.held_out_names,
            held_out_weights=data.held_out_weights,
            held_out_text=data.held_out_text,
        )


def _versions(backend: str) -> dict[str, str]:
    found = {"python": platform.python_version(), "charloom": charloom_version}
    for package in ("numpy", *(("keras", backend) if backend != "numpy" else ())):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "unknown"
    return found
