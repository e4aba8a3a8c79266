"""Names of 0.1.0 that still work, with a warning, for one version."""

from __future__ import annotations

import warnings
from typing import Any


def deprecated(old: str, new: str) -> None:
    """Warn that ``old`` is now called ``new``."""
    warnings.warn(
        f"{old} is deprecated and will be removed in version 0.3. Use {new}.",
        DeprecationWarning,
        stacklevel=3,
    )


class OldNames:
    """The old names of a model's methods and attributes."""

    @property
    def is_text(self) -> bool:
        """Use ``isinstance(model, TextModel)``."""
        deprecated("is_text", "isinstance(model, TextModel)")
        return hasattr(self, "stream_text")

    @property
    def known(self: Any) -> Any:
        """Use ``training_set``."""
        deprecated("known", "training_set")
        return getattr(self, "training_set", None)

    def score(self: Any, texts: Any, threads: int | None = None) -> Any:
        """Use ``nll``: the same numbers; or ``log_prob``, of which higher is likelier."""
        deprecated("score", "nll, the same numbers, or log_prob")
        return self.nll(texts, threads)

    def steered(self: Any, labels: Any, guidance: float = 2.0) -> Any:
        """Use ``condition``."""
        deprecated("steered", "condition")
        return self.condition(labels, guidance)

    def joined(self: Any, other: Any, share: float = 0.5) -> Any:
        """Use ``blend_with``."""
        deprecated("joined", "blend_with")
        return self.blend_with(other, share)
