"""How large constraints may become: bounds on states, cells and work, the same on any machine."""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import ArgumentError, ConfigError, GenerationError

MOST_STATES = 250_000  # the most states of one automaton
MOST_CELLS = 2**25  # the most cells (states times classes) of one automaton's table: 128 MiB
MOST_PAIRS = 2**28  # the most pairs of states of a product: 1 GiB, of which a part is touched
MOST_PLACES = 2**25  # the most states times lengths that a search may look up: about 1 GiB
MOST_WORK = 2**27  # the most table cells that compiling constraints may compute: one to two seconds
CALL = 500  # what a call into NumPy costs besides its cells, in cells


class RuleError(GenerationError, ConfigError):
    """A constraint is malformed or too large, or no string satisfies all constraints."""


class RuleTypeError(RuleError, ArgumentError):
    """A constraint's argument has the wrong type."""


class TooLargeError(RuleError):
    """Constraints need more than a bound allows, such as "more than 10,000 states"."""

    def __init__(self, need: str, rules: Sequence[str] = ()) -> None:
        together, verb, remedy = "", "need", "one, or drop one"
        if len(rules) == 1:
            verb, remedy = "needs", "it"
        elif rules:
            together = " together"
        names = listed(rules) or "the constraints"
        super().__init__(f"{names}{together} {verb} {need}. Simplify {remedy}.")
        self._need = need

    def named(self, rules: Sequence[str]) -> TooLargeError:
        """Return the same error, about ``rules``."""
        return TooLargeError(self._need, rules)


class Work:
    """Counts table cells computed; unlike a bound on time, one on work is the same everywhere."""

    def __init__(self, most: int = MOST_WORK) -> None:
        self._left = most

    def spend(self, cells: int) -> None:
        """Count ``cells``.

        Raises:
            TooLargeError: the bound is exceeded.
        """
        self._left -= cells
        if self._left < 0:
            raise TooLargeError("too much work to compile")


def require_size(states: int, classes: int, most_states: int = MOST_STATES) -> None:
    """Refuse an automaton before its table is allocated.

    Raises:
        TooLargeError: it has more than ``most_states`` states or ``MOST_CELLS`` cells.
    """
    if states > most_states:
        raise TooLargeError(f"more than {most_states:,} states")
    if states * classes > MOST_CELLS:
        raise TooLargeError(f"more than {MOST_CELLS:,} table cells")


def listed(names: Sequence[str]) -> str:
    """Return "a, b and c"."""
    return " and ".join([*filter(None, [", ".join(names[:-1])]), *names[-1:]])


def clipped(text: str, length: int = 70) -> str:
    """Return ``text``, shortened to ``length`` if it is longer."""
    return text if len(text) <= length else text[: length - 1] + "…"
