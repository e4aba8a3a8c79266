"""All constraints together, in the form that the search takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from .automaton import Automaton


@dataclass(frozen=True, eq=False)
class CompiledConstraints:
    """All constraints together. At least one string satisfies them.

    Attributes:
        prompt: (P,), the ids that every string begins with.
        least, most: length of the whole string in ids, prompt included; at least 1.
        automaton: of the whole string, in its state after the prompt; ``None`` if every string
            of such a prompt and length satisfies the constraints.
    """

    prompt: NDArray[np.int32]
    least: int
    most: int
    automaton: Automaton | None
