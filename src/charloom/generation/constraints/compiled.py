"""What all rules together demand, as the search for strings takes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from .automaton import Automaton


@dataclass(frozen=True, eq=False)
class Compiled:
    """What all rules demand together. At least one string obeys.

    Attributes:
        prompt: (P,), the ids that every string begins with.
        least, most: the length of the whole string in ids, the prompt's counted; 1 at least.
        automaton: of the whole string, started after the prompt, which is not read again;
            ``None`` if every string of such a prompt and length obeys.
    """

    prompt: NDArray[np.int32]
    least: int
    most: int
    automaton: Automaton | None
