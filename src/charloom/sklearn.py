"""``NameGenerator``: a model of names with scikit-learn's interface.

Needs scikit-learn: ``pip install "charloom[sklearn]"``.
"""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, Unpack

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from .api import load, train
from .config import Cell, Kind
from .errors import ConfigError
from .generation.names import NameModel

if TYPE_CHECKING:
    from .generation.options import Options
    from .training.settings import FitSettings

SEEDS = 2**31 - 1
"""Seeds are drawn below this number."""

Random = int | np.random.RandomState | None


class NameGenerator(BaseEstimator):  # type: ignore[misc]  # it is not typed
    """A model of names to fit, score and sample from, like scikit-learn's density estimators.

    ``None`` leaves a setting to the recipe, which follows the size of the list.

    Args:
        kind: ``network``, ``ngram`` or ``mixture``.
        order: of the n-gram.
        cell, units, layers, dropout: of the network; see ``ModelConfig``.
        epochs, batch_size, learning_rate, seconds: of the training; see ``TrainConfig``.
        held_out: share of the names that choose epoch and exponents; 0 chooses by
            cross-validation inside the list.
        base: ``latin``, ``none``, or a run whose network is adapted.
        settings: any other keyword arguments of ``charloom.train``, by name.
        random_state: seed of training; ``None`` takes another one at each fit.

    Attributes:
        model_: the ``NameModel`` that ``fit`` trained, with all its methods.
        n_features_in_: 1: a name is one feature.

    Example:
        >>> from charloom.sklearn import NameGenerator
        >>> towns = ["Aldham", "Aldbury", "Norham", "Norbury", "Welham", "Welbury"]
        >>> generator = NameGenerator(kind="ngram", random_state=1).fit(towns)
        >>> generator.score_samples(["Welham", "Xqzw"]).round(1).tolist()[1]
        -inf
        >>> len(set(generator.sample(3, random_state=1)))
        3
    """

    def __init__(
        self,
        *,
        kind: Kind | None = None,
        order: int | None = None,
        cell: Cell | None = None,
        units: int | None = None,
        layers: int | None = None,
        dropout: float | None = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        learning_rate: float | None = None,
        seconds: float | None = None,
        held_out: float | None = None,
        base: str | None = None,
        settings: FitSettings | None = None,
        random_state: Random = None,
    ) -> None:
        self.kind = kind
        self.order = order
        self.cell = cell
        self.units = units
        self.layers = layers
        self.dropout = dropout
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.seconds = seconds
        self.held_out = held_out
        self.base = base
        self.settings = settings
        self.random_state = random_state

    def fit(
        self,
        X: Iterable[str],
        y: object = None,
        sample_weight: Iterable[float] | None = None,
    ) -> Self:
        """Train on names.

        Args:
            X: (N,) or (N, 1) strings: a list, an array, a column of pandas or Polars.
            y: ignored.
            sample_weight: (N,), how often each name counts; see ``NameCorpus.of``.

        Raises:
            CorpusError, ConfigError, TrainingError: as ``charloom.train``.
        """
        from .data.names import NameCorpus

        given: dict[str, Any] = dict(self.settings or {})
        own = {name: value for name, value in self.get_params(deep=False).items()
               if name not in ("settings", "random_state") and value is not None}  # fmt: skip
        if both := sorted(own.keys() & given.keys()):
            raise ConfigError(f"settings must not repeat a parameter. Received: {', '.join(both)}")
        given = own | given
        given.setdefault("seed", check_random_state(self.random_state).randint(SEEDS))
        names = NameCorpus.of(names_in(X), weights=sample_weight)
        model = train(names, progress=False, **given)
        assert isinstance(model, NameModel)  # of names
        self.model_ = model
        self.n_features_in_ = 1
        return self

    def sample(
        self, n_samples: int = 1, random_state: Random = None, **options: Unpack[Options]
    ) -> NDArray[np.object_]:
        """Return new names, (n_samples,) strings; fewer, if the constraints leave no more.

        Args:
            n_samples: how many.
            random_state: seed; ``None`` takes another one at each call.
            options: those of ``NameModel.names``: ``temperature``, ``start``, ``rules``, ...

        Raises:
            NotFittedError: ``fit`` was not called.
            ConfigError, GenerationError: as ``NameModel.names``.
        """
        check_is_fitted(self)
        if "seed" not in options:
            options["seed"] = int(check_random_state(random_state).randint(SEEDS))
        return np.array(self.model_.names(n_samples, **options), dtype=object)

    def score_samples(self, X: Iterable[str]) -> NDArray[np.float64]:
        """Return the log-likelihood of each name, (N,), in nats, its end included.

        It is -inf for a name with a character that the training names do not have.

        Raises:
            NotFittedError: ``fit`` was not called.
        """
        check_is_fitted(self)
        names, known = self._known(X)
        scores = np.full(len(names), -np.inf)
        if known.any():
            scores[known] = self.model_.log_prob([names[i] for i in np.flatnonzero(known)])
        return scores

    def score(self, X: Iterable[str], y: object = None) -> float:
        """Return the mean log-likelihood per character in nats, ends counted; higher is better.

        As ``charloom evaluate``, it is measured on names whose characters the model has all seen,
        so that a rare letter in one fold does not make models incomparable; nan if there are none.

        Raises:
            NotFittedError: ``fit`` was not called.
        """
        check_is_fitted(self)
        names, known = self._known(X)
        seen = [names[i] for i in np.flatnonzero(known)]
        if not seen:
            return float("nan")
        lengths = [len(self.model_.vocabulary.encode(name)) + 1 for name in seen]
        return float(self.model_.log_prob(seen).sum() / sum(lengths))

    def _known(self, X: Iterable[str]) -> tuple[list[str], NDArray[np.bool_]]:
        vocabulary = self.model_.vocabulary
        names = [vocabulary.normalised(name) for name in names_in(X)]
        return names, np.array([not vocabulary.unknown(name) for name in names], bool)

    def __getstate__(self) -> dict[str, Any]:
        """The parameters, and the model as the files of a run folder: never pickled objects."""
        state = dict(super().__getstate__())
        if "model_" in state:
            with tempfile.TemporaryDirectory() as folder:
                state.pop("model_").save(Path(folder) / "run")
                state["model_files"] = _packed(Path(folder) / "run")
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        files = state.pop("model_files", None)
        super().__setstate__(state)
        if files is not None:
            with tempfile.TemporaryDirectory() as folder:
                with zipfile.ZipFile(io.BytesIO(files)) as archive:
                    archive.extractall(folder)
                model = load(folder)
            assert isinstance(model, NameModel)  # it was one
            self.model_ = model

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        tags.target_tags.required = False
        return tags


def names_in(X: Iterable[str]) -> list[Any]:
    """Return the strings of X: (N,), or (N, 1), as columns of tables are."""
    shape = getattr(X, "shape", None)
    if shape is not None and len(shape) == 2 and shape[1] == 1:
        X = np.asarray(X)[:, 0]
    return list(X)


def _packed(folder: Path) -> bytes:
    """Return the files of a folder in one archive."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder))
    return memory.getvalue()
