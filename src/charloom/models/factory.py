"""From a configuration and weights to a model of the right kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..config import ModelConfig
from ..errors import ConfigError
from .gates import FEATURES
from .gates import ROWS as GATES
from .interface import MOST_EXPONENT
from .log_linear import EXPONENTS, LogLinearMixture
from .mixture import Mixture
from .ngram.alphabet import NO_LETTER
from .ngram.arrays import MIXTURE_WEIGHT, PREFIX, TYPES, check_arrays
from .ngram.context_arrays import CONTEXT_TYPES, check_context_arrays
from .ngram.context_model import ContextNGram
from .ngram.model import NGram
from .rnn.numpy import NumpyRNN
from .rnn.shapes import check_shapes, parameter_count, weight_shapes

Weights = Mapping[str, NDArray[Any]]


if TYPE_CHECKING:
    from .recent import Recent

AnyModel: TypeAlias = "NumpyRNN | NGram | ContextNGram | Mixture | LogLinearMixture | Recent"


def recurrence(config: ModelConfig, weights: Weights) -> AnyModel:
    """Return the model that ``config`` describes.

    Args:
        config: the kind of model and its sizes.
        weights: a network has those of ``rnn.shapes``; an n-gram those of ``ngram.arrays``, or of
            ``ngram.context_arrays`` if its smoothing is fitted; a mixture both and its weight,
            ``mixture.share``, (1,) float32, or its exponents, ``mixture.exponents``: (2,), or of
            ``gates`` (3, FEATURES). A model
            that remembers recent text also has ``recent.exponents``.

    Raises:
        ConfigError: a weight is missing, unknown, of the wrong shape or out of range.
    """
    fitted = config.smoothing == "fitted"
    if config.recent:
        from .recent import Memory, Recent  # late: only models of text need it

        others, exponents = _without_recent(weights)
        inner = recurrence(config.replace(recent=0), others)
        memory = Memory(config.recent, weights["ngram.sounds"] > NO_LETTER)
        return Recent(inner, memory, exponents, config)
    if config.kind == "network":
        return NumpyRNN(config, weights)
    if config.kind != "mixture":
        return ContextNGram(config, weights) if fitted else NGram(config, weights)
    network, ngram, weight = _parts(config, weights)
    rnn = NumpyRNN(config.network_part(), network)
    if fitted:
        return LogLinearMixture(rnn, ContextNGram(config.replace(kind="ngram"), ngram), weight)
    return Mixture(rnn, NGram(config.replace(kind="ngram"), ngram), float(weight[0]))


def check_weights(config: ModelConfig, vocabulary_size: int, weights: Weights) -> None:
    """Raise ConfigError unless ``weights`` are those of such a model and vocabulary."""
    if config.recent:
        weights, _ = _without_recent(weights)
    network = ngram = weights
    if config.kind == "mixture":
        network, ngram, _ = _parts(config, weights)
    if config.has_network:
        check_shapes(network, config, vocabulary_size)
    if config.has_ngram:
        fitted = config.smoothing == "fitted"
        (check_context_arrays if fitted else check_arrays)(ngram, vocabulary_size)


def _without_recent(weights: Weights) -> tuple[Weights, NDArray[np.float32]]:
    """Return the inner model's weights, and the exponents of the recent characters."""
    from .recent import EXPONENTS as RECENT_EXPONENTS
    from .recent import FAMILIES

    exponents = _exponents(weights, RECENT_EXPONENTS, (1 + FAMILIES,))
    others = {name: array for name, array in weights.items() if name != RECENT_EXPONENTS}
    return others, exponents


def _exponents(
    weights: Weights,
    name: str,
    *shapes: tuple[int, ...],
    least: float = -MOST_EXPONENT,
    most: float = MOST_EXPONENT,
) -> NDArray[np.float32]:
    """Return the numbers ``name``, of one of the shapes; ConfigError unless in [least, most]."""
    found = weights.get(name)
    right = found is not None and found.shape in shapes and found.dtype == np.float32
    if found is None or not right or not ((least <= found) & (found <= most)).all():
        raise ConfigError(
            f"a model must have {name} in [{least:g}, {most:g}], of shape "
            f"{' or '.join(map(str, shapes))} in float32. "
            f"Received: {found!r:.60}"
        )
    return found


def _parts(config: ModelConfig, weights: Weights) -> tuple[Weights, Weights, NDArray[np.float32]]:
    """Return a mixture's network, n-gram, and mixture weight or exponents."""
    if config.smoothing == "fitted":
        name = EXPONENTS
        weight = _exponents(weights, EXPONENTS, (2,), (GATES, FEATURES))
    else:
        name, weight = (
            MIXTURE_WEIGHT,
            _exponents(weights, MIXTURE_WEIGHT, (1,), least=0.0, most=1.0),
        )
    ngram = {name: array for name, array in weights.items() if name.startswith(PREFIX)}
    network = {n: array for n, array in weights.items() if n not in (*ngram, name)}
    return network, ngram, weight


def parameters_of(config: ModelConfig, weights: Weights) -> int:
    """Return how many numbers were trained or fitted: weights, and an n-gram's probabilities."""
    count = 0
    if config.has_network:
        count += parameter_count(config, len(weights["embedding"]))
    if config.has_ngram:
        numbers = [a for name, a in weights.items() if name.startswith(PREFIX)]
        count += sum(array.size for array in numbers if array.dtype.kind == "f")
    return count


def weight_names(config: ModelConfig, vocabulary_size: int) -> list[str]:
    """Return the names of a model's weights, in the order of the file."""
    names = list(weight_shapes(config, vocabulary_size)) if config.has_network else []
    fitted = config.smoothing == "fitted"
    if config.has_ngram:
        names += list(CONTEXT_TYPES if fitted else TYPES)
    if config.kind == "mixture":
        names.append(EXPONENTS if fitted else MIXTURE_WEIGHT)
    if config.recent:
        from .recent import EXPONENTS as RECENT_EXPONENTS

        names.append(RECENT_EXPONENTS)
    return names
