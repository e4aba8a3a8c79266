"""A run folder, opened, verified and hashed once: what every command takes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from ..config import ModelConfig
from ..config.arguments import AnyPath
from ..config.arguments import path as path_of
from ..data.tokens import plain
from ..data.vocabulary import Vocabulary
from ..errors import ConfigError, RunError, VocabularyError
from ..errors.formatting import escaped
from ..models.factory import check_weights, parameters_of
from ..storage import own_folder
from .facts import Facts
from .model_file import EPOCHS, MEASURED, SavedModel, load_model, numbered_folders
from .state_file import CHECKPOINTS


@dataclass(frozen=True, eq=False, repr=False)
class Run:
    """A trained model in its folder: verified weights, data and facts.

    Open one with ``Run.open``: every byte is read and checked there, once, and nothing that the
    folder holds is run as code.

    Attributes:
        path: the folder.
        saved: what its model file holds.
    """

    path: Path
    saved: SavedModel

    @classmethod
    def open(cls, path: AnyPath) -> Run:
        """Open and verify the run folder ``path``.

        Raises:
            ArgumentError: ``path`` is none.
            RunError: a file is missing, damaged, foreign or too new.
        """
        folder = path_of("a run", path)
        return cls(folder, load_model(folder))

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r}, {self.config.kind} of {self.data_kind})"

    def _repr_html_(self) -> str:
        """Show the run in a notebook."""
        from ..data.summary import table
        from .shown import rows_of  # late, as the other: few programs show it

        return table(f"Run {escaped(self.path.name)}", rows_of(self.saved))

    @property
    def config(self) -> ModelConfig:
        """The architecture."""
        return self.saved.config

    @property
    def vocabulary(self) -> Vocabulary:
        """Characters to ids and back."""
        return self.saved.vocabulary

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the model's labels, in order."""
        return self.saved.labels

    @property
    def weights(self) -> Mapping[str, NDArray[Any]]:
        """The validated weights, by name."""
        return self.saved.weights

    @property
    def is_text(self) -> bool:
        """Whether it was trained on running text, not on names."""
        return self.config.text

    @property
    def data_kind(self) -> str:
        """``text`` or ``names``: what it was trained on."""
        return "text" if self.is_text else "names"

    @cached_property
    def facts(self) -> Facts:
        """What the run records about its training."""
        return Facts.of(self.saved.facts, text=self.is_text)

    @cached_property
    def measured(self) -> Run:
        """The run with the model that was measured on the held-out names, which it never saw.

        Once that is done, the n-gram is refitted: it counts the held-out names too. Counting the
        training names alone gives back the n-gram as it was, number for number. If the network was
        trained again too (``TrainConfig.refit``), the folder keeps the model that was measured. A
        run where nothing was refitted is its own.

        Raises:
            RunError: the training names, or the model that was measured, are missing or damaged.
        """
        if "network" in self.facts.refit:
            return Run.open(own_folder(self.path, MEASURED)).measured
        if "ngram" not in self.facts.refit:
            return self
        from ..models.ngram.context_fit import Smoothing, count_contexts  # late: for measuring only
        from ..models.ngram.counts import stream_of

        if self.saved.train_names is None:
            raise RunError(
                f"{self.path} has no training names, without which the model that was measured "
                "cannot be rebuilt. Restore its train_names.txt, or pass --data FILE."
            )
        stream = stream_of(*self.vocabulary.encode_all(self.saved.train_names))
        try:
            smoothing = Smoothing.from_dict(self.facts.refit["ngram"])
            ngram = count_contexts(self.vocabulary, stream, smoothing)
            weights = {**self.weights, **ngram}
            check_weights(self.config, self.vocabulary.size, weights)
        except (ConfigError, VocabularyError) as error:
            raise RunError(f"{self.path} does not say how it was measured: {error}") from error
        facts = {name: fact for name, fact in self.saved.facts.items() if name != "refit"}
        return replace(self, saved=replace(self.saved, weights=weights, facts=facts))

    @cached_property
    def parameters(self) -> int:
        """How many numbers were trained or fitted."""
        return parameters_of(self.config, self.weights)

    def to_keras(self, *, batch_size: int | None = None, stateful: bool = False) -> Any:
        """Return the network as a ``keras.Model`` with the trained weights; see ``build_model``.

        Args:
            batch_size: B, required for ``stateful``; ``None`` takes batches of any size.
            stateful: whether layers keep their state from batch to batch.

        Raises:
            ConfigError: it is an n-gram, or ``stateful`` lacks a batch size.

        Example:
            >>> Run.open("runs/towns").to_keras(batch_size=1, stateful=True)  # doctest: +SKIP
            <Functional name=charloom, built=True>
        """
        from ..models.rnn.keras import build_model

        size = self.vocabulary.size
        return build_model(
            self.config, size, self.weights, batch_size=batch_size, stateful=stateful
        )

    @cached_property
    def digest(self) -> str:
        """64 hex digits, the SHA-256 of the model: architecture, characters, labels and weights."""
        unit = plain(self.vocabulary.token_unit)
        described = self.config.to_dict(), self.vocabulary.characters, unit
        whole = hashlib.sha256(
            json.dumps([*described, self.vocabulary.has_unknown, self.labels]).encode()
        )
        for name, array in sorted(self.weights.items()):
            whole.update(f"{name} {array.dtype.str} {array.shape} ".encode())
            whole.update(array.tobytes())
        return whole.hexdigest()

    @property
    def keep_invisible(self) -> bool:
        """Whether invisible characters in names are kept (``charloom.data.invisible``)."""
        return self.saved.keep_invisible

    @property
    def training_set(self) -> Sequence[str] | None:
        """The names that it was trained on, with canaries; ``None`` if not stored, or for text."""
        return self.saved.train_names

    @cached_property
    def train_names(self) -> Sequence[str]:
        """The names that it was trained on, without canaries; empty if they are not stored."""
        names, canaries = self.saved.train_names or (), frozenset(self.facts.canaries)
        return [name for name in names if name not in canaries] if canaries else names

    @property
    def held_out_names(self) -> Sequence[str]:
        """The names that were held out; empty if there are none, or for text."""
        return self.saved.held_out_names or ()

    @property
    def held_out_weights(self) -> NDArray[np.float64] | None:
        """How often each held-out name counts, (N,); ``None``: once."""
        return self.saved.held_out_weights

    @property
    def held_out_text(self) -> str:
        """The text that was held out; empty if there is none, or for names.

        U+001E divides documents that have an end.
        """
        return self.saved.held_out_text or ""

    def need_held_out_names(self) -> Sequence[str]:
        """Return the held-out names; raise RunError if there are none."""
        return self.held_out_names or self._lacks("names")

    def need_held_out_text(self) -> str:
        """Return the held-out text; raise RunError if there is none."""
        return self.held_out_text or self._lacks("text")

    def _lacks(self, what: str) -> NoReturn:
        raise RunError(f"{self.path} has no held-out {what}. Pass --data FILE to measure on.")

    @property
    def history(self) -> Sequence[Mapping[str, Any]]:
        """Losses, one entry an epoch, up to when the model was saved."""
        return self.facts.history

    @property
    def epochs(self) -> tuple[Path, ...]:
        """Folders of the models of single epochs that were kept, the earliest first."""
        return numbered_folders(self.path / EPOCHS)

    @property
    def checkpoints(self) -> tuple[Path, ...]:
        """Folders of the training states that were kept, the earliest first."""
        return numbered_folders(self.path / CHECKPOINTS)
