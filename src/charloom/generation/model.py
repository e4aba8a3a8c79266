"""What models of names and of text have in common: a recurrence, a vocabulary, and `save`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..config.arguments import AnyPath, path, shown
from ..data.vocabulary import Vocabulary
from ..errors import ArgumentError, ConfigError
from ..models.interface import Recurrence
from .deprecated import OldNames

if TYPE_CHECKING:
    from ..run import SavedModel


@dataclass(frozen=True, eq=False, repr=False)
class LanguageModel(OldNames, ABC):
    """A recurrence and its vocabulary: a ``NameModel`` or a ``TextModel``.

    Attributes:
        rnn: the recurrence, ``step(ids (B,), carry) -> logits (B, V), carry``.
        vocabulary: characters to ids and back.

    Raises:
        ConfigError: the vocabulary does not have the model's size.
    """

    rnn: Recurrence
    vocabulary: Vocabulary

    saved: SavedModel | None = field(default=None, kw_only=True)
    """What ``save`` writes; ``None`` for a model made from others."""

    def __post_init__(self) -> None:
        if self.vocabulary.size != self.rnn.vocabulary_size:
            raise ConfigError(
                f"the vocabulary must have the model's {self.rnn.vocabulary_size} ids. "
                f"Received: {self.vocabulary.size}"
            )

    @property
    def history(self) -> Sequence[Mapping[str, Any]]:
        """Training losses, one entry per epoch; empty where they are unknown."""
        from ..run.facts import epochs  # late, as in ``save``

        return [] if self.saved is None else epochs(self.saved.facts.get("history"))

    @abstractmethod
    def nll(self, texts: Iterable[str], threads: int | None = None) -> NDArray[np.float64]:
        """Return each text's negative log-likelihood, (N,), in nats: lower is likelier.

        Raises:
            VocabularyError: a text has a character that the model never saw.
            ArgumentError: ``texts`` is one string, or holds something else than strings.
            ConfigError: ``threads`` is less than 1.
        """

    def log_prob(self, texts: Iterable[str], threads: int | None = None) -> NDArray[np.float64]:
        """Return each text's log-probability, (N,), in nats: ``-nll(texts)``, higher is likelier.

        Raises:
            VocabularyError, ArgumentError, ConfigError: as ``nll``.
        """
        return -self.nll(texts, threads)

    def _blended(self, other: LanguageModel, weight: float) -> tuple[Recurrence, Vocabulary]:
        """Return the recurrence and the vocabulary of a blend with another model."""
        if not isinstance(other, LanguageModel):
            raise ArgumentError(f"a blend needs another model. Received: {shown(other)}")
        if type(other) is not type(self):
            raise ConfigError("models that are blended must both be of names, or both of text.")
        from ..models.blend import blend

        return blend((self.rnn, self.vocabulary), (other.rnn, other.vocabulary), weight)

    def save(self, folder: AnyPath, *, force: bool = False) -> None:
        """Write the model to a run folder, which ``load`` and every command take.

        Args:
            folder: created if it does not exist.
            force: replace the model that is there.

        Raises:
            ConfigError: the model was made from others and has no weights of its own.
            RunError: the folder is in use and ``force`` is off, or it cannot be written.
        """
        from ..run import claim, save_model

        if self.saved is None:
            raise ConfigError(
                "only a model that was trained or loaded can be saved. Save each part of a blend, "
                "and blend them again after load."
            )
        place = path("folder", folder)
        claim(place, force=force)
        save_model(place, self.saved)

    def to_keras(self, *, batch_size: int | None = None, stateful: bool = False) -> Any:
        """Return the network as a ``keras.Model`` with the trained weights; see ``build_model``.

        Args:
            batch_size: B, required for ``stateful``; ``None`` takes batches of any size.
            stateful: whether layers keep their state from batch to batch.

        Raises:
            ConfigError: it is an n-gram or a blend, or ``stateful`` lacks a batch size.

        Example:
            >>> load("runs/towns").to_keras(batch_size=1, stateful=True)  # doctest: +SKIP
            <Functional name=charloom, built=True>
        """
        from ..models.rnn.keras import build_model

        if self.saved is None:
            raise ConfigError(
                "only a model that was trained or loaded can be a Keras model. Take each part of a "
                "blend by itself."
            )
        config, weights = self.saved.config, self.saved.weights
        size = self.vocabulary.size
        return build_model(config, size, weights, batch_size=batch_size, stateful=stateful)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._described()})"

    def _repr_html_(self) -> str:
        """Show the model in a notebook."""
        from ..data.summary import table
        from ..run.shown import rows_of

        rows = {"made from": self._described()} if self.saved is None else rows_of(self.saved)
        return table(type(self).__name__, rows)

    def _described(self) -> str:
        config = self.rnn.config
        network = f"{config.cell.upper()} {' x '.join([str(config.units)] * config.layers)}"
        parts = [config.kind, *([network] if config.has_network else [])]
        return (
            f"{', '.join(parts)}, {len(self.vocabulary.characters):,} {self.vocabulary.token_unit}s"
        )
