"""What the last N characters of a text say about the next one, as a recurrence around another.

    p(w) ∝ p_inner(w)^a  Π_f (1 + n_f(w) / p_inner(w))^e_f

n_f(w) is how often w occurred, among the last N characters, after a context that is like the
present one; an occurrence t characters ago counts ``SCALE`` (1 + t / ``HALF``)^-``POWER``, and at
most the latest ``MOST_ALIKE`` count. There
are F ways to be like it: the same word so far (at least the last character), and the same last k
characters, for each k of ``ORDERS``. So a name that a text has just brought up is expected to come
again, though the training text never had it.

A cache (Kuhn and De Mori 1990, "A cache-based natural language model for speech recognition") of
characters; the memory fades by a power of time, as people's does (Anderson and Schooler 1991).
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ..config import ModelConfig
from ..data.vocabulary import BOUNDARY
from .interface import NEVER, Excluding, Floats, Quick, Reader, Recurrence

EXPONENTS = "recent.exponents"
"""(1 + F,) float32: a and e_1 to e_F."""

ORDERS = (4, 7)
FAMILIES = 1 + len(ORDERS)
"""F: the word so far, and the last characters, so many each."""

SCALE, HALF, POWER, MOST = 3.7, 64.0, 0.75, 4.0

LONGEST = 16
"""Characters up to which contexts are compared."""

MOST_ALIKE = 2048
"""Occurrences that count, the latest: more of them are alike only in text that is one long loop."""

TINY = np.float32(1e-30)
"""A lower bound for probabilities in float32."""

Ids = NDArray[np.integer]


@dataclass(frozen=True)
class Views:
    """The memory of B texts; views of a carry.

    Attributes:
        word: (B,) int32, the letters since the last character that is none; at most LONGEST - 1.
        ids: (S, B, P), the last characters, the latest at the end; 0 where there is none.
        alike: (S, B, P), how many characters before each are those before the next one.
    """

    word: NDArray[np.int32]
    ids: NDArray[Any]
    alike: NDArray[Any]


class Memory:
    """The last N characters of texts, in a carry of any width H.

    The carry is (1 + 2 S, B, H) in float32, which must only be copied: its bytes are those of
    ``Views``, in the smallest type of integers that holds all ids.
    """

    def __init__(self, characters: int, letters: NDArray[np.bool_]) -> None:
        """Prepare for N = ``characters``; ``letters`` (V,) says which ids are letters."""
        self.characters, self._letters = characters, letters
        self._kind = np.min_scalar_type(len(letters) - 1)
        ages = np.arange(characters)[::-1]
        self._weights = np.minimum(ages / HALF, 1) ** 2 * SCALE * (1 + ages / HALF) ** -POWER

    @property
    def widest(self) -> int:
        """The width of a carry whose S is 1, which is the fastest."""
        return -(-self.characters * self._kind.itemsize // 4)

    def states(self, units: int) -> int:
        """Return 1 + 2 S, the arrays of a carry of width ``units``."""
        return 1 + 2 * -(-self.characters * self._kind.itemsize // (4 * units))

    def views(self, carry: Floats) -> Views:
        """Return the memory in a carry (1 + 2 S, B, H)."""
        half = (len(carry) + 1) // 2
        ids, alike = carry[1:half].view(self._kind), carry[half:].view(self._kind)
        return Views(carry[0].view(np.int32)[:, 0], ids, alike)

    def read(self, ids: Ids, carry: Floats, after: Floats) -> Views:
        """Write the carry after reading ``ids`` (B,) to ``after``, and return its views."""
        here, there = self.views(carry), self.views(after)
        there.word[:] = np.minimum(here.word + 1, LONGEST - 1) * self._letters[ids]
        np.minimum(here.alike, LONGEST - 1, out=there.alike)
        there.alike[:] += 1
        there.alike[:] *= here.ids == ids.astype(self._kind)[:, None]
        there.ids[..., :-1] = here.ids[..., 1:]
        there.ids[:-1, :, -1] = here.ids[1:, :, 0]
        there.ids[-1, :, -1] = ids
        there.ids[0, :, : self._unused(there)] = 0
        begins = ids == BOUNDARY
        if begins.any():
            there.ids[:, begins] = 0
            there.alike[:, begins] = 0
        return there

    def _unused(self, views: Views) -> int:
        states, _, columns = views.ids.shape
        unused: int = states * columns - self.characters
        return unused

    def fill(self, carry: Floats, stream: Ids, ends: Ids) -> None:
        """Write what each row remembers of ``stream[:end]``, for ``ends`` (B,), to an empty carry.

        It is complete once LONGEST more characters are read.
        """
        ids = self.views(carry).ids
        for row, end in enumerate(ends):
            last = stream[max(0, end - self.characters) : end]
            starts = np.flatnonzero(last == BOUNDARY)
            if len(starts):
                last = last[starts[-1] + 1 :]
            flat = np.zeros(ids.shape[0] * ids.shape[2], self._kind)
            flat[len(flat) - len(last) :] = last
            ids[:, row] = flat.reshape(len(ids), -1)

    def counts(self, views: Views) -> list[NDArray[np.float64]]:
        """Return n_f (B, V) at ``views``, for each of the F families."""
        states, rows, columns = views.ids.shape
        size = len(self._letters)
        least = np.clip(views.word, 1, ORDERS[0])
        mask = views.alike >= least.astype(self._kind)[:, None]
        if np.count_nonzero(mask) > MOST_ALIKE:
            _forget_early(mask)
        found = np.flatnonzero(mask)
        block = found // columns
        row = block if states == 1 else block % rows
        behind = block if states == 1 else block - block // rows
        place = found - behind * columns  # of the character, in its row's text
        alike, word = views.alike.ravel()[found], views.word[row]
        cells = row * size + views.ids.ravel()[found]
        weights = self._weights[place - self._unused(views)]
        same = alike > word
        equal = np.flatnonzero(alike == word)  # then the word must begin there, too
        before = place[equal] - word[equal] - 1
        state, column = np.divmod(np.maximum(before, 0), columns)
        inside = self._letters[views.ids[state, row[equal], column]]
        same[equal] = (before < 0) | ~inside
        chosen = [np.flatnonzero(one) for one in (same, *(alike >= order for order in ORDERS))]
        counts = [np.bincount(cells[one], weights[one], rows * size) for one in chosen]
        return [(one / (1 + one / MOST)).reshape(rows, size) for one in counts]


def _forget_early(mask: NDArray[np.bool_]) -> None:
    """Keep the latest ``MOST_ALIKE`` places of each row in a mask (S, B, P) of places."""
    _, _, columns = mask.shape
    for row in np.flatnonzero(np.count_nonzero(mask, axis=(0, 2)) > MOST_ALIKE):
        state, column = np.divmod(np.flatnonzero(mask[:, row])[:-MOST_ALIKE], columns)
        mask[state, row, column] = False


@dataclass(frozen=True)
class Buffers:
    """Memory that a step of up to ``rows`` rows writes to; for one thread at a time."""

    carry: Floats  # (S + memory, rows, H)
    inner: Any


class Recent(Excluding):
    """A model of text that also expects what its last characters lead to, as a ``Recurrence``.

    The carry is the inner model's, followed by the ``Memory``.

    Attributes:
        inner: the model that does not remember them.
    """

    def __init__(
        self, inner: Recurrence, memory: Memory, exponents: Floats, config: ModelConfig
    ) -> None:
        """Remember for ``inner``; ``exponents`` (1 + F,) are a and e_1 to e_F."""
        self.inner, self.memory, self.config = inner, memory, config
        self.exponents = exponents
        self.vocabulary_size = inner.vocabulary_size
        self._banned: list[int] = []

    @property
    def _states(self) -> int:
        return len(self.inner.initial_carry(0))

    def initial_carry(self, rows: int) -> Floats:
        """Return the carry before the first step: zeros."""
        states, _, units = self.inner.initial_carry(0).shape
        return np.zeros((states + self.memory.states(units), rows, units), np.float32)

    def buffers(self, rows: int, carry: Floats | None = None) -> Buffers:
        """Allocate memory for steps of up to ``rows`` rows; ``carry``, if given, is part of it."""
        whole = self.initial_carry(rows) if carry is None else carry
        return Buffers(carry=whole, inner=self.inner.buffers(rows, whole[: self._states]))

    def step(self, ids: Ids, carry: Floats, out: Buffers | None = None) -> tuple[Floats, Floats]:
        """Read one character a row; see ``NumpyRNN.step``. The logits are not normalised."""
        out = out or self.buffers(len(ids))
        states, after = self._states, out.carry[:, : len(ids)]
        logits, _ = self.inner.step(ids, carry[:states], out.inner)
        views = self.memory.read(np.asarray(ids), carry[states:], after[states:])
        self._adjust(logits, views)
        return logits, after

    def _adjust(self, logits: Floats, views: Views) -> None:
        """Turn the inner model's logits (B, V) into this one's."""
        logits -= logits.max(axis=1, keepdims=True)
        inner = np.exp(logits)
        sums = inner.sum(axis=1, keepdims=True)
        inner /= sums
        np.maximum(inner, TINY, out=inner)
        logits *= self.exponents[0]
        for exponent, count in zip(self.exponents[1:], self.memory.counts(views), strict=True):
            logits += exponent * np.log1p(count / inner)
        if self._banned:
            logits[:, self._banned] = NEVER

    def remember(self, carry: Floats, ids: Ids, ends: Ids) -> None:
        """Write to the rows of an initial ``carry`` what they remember of ``ids[:end]``.

        Args:
            carry: (S, B, H); what the inner model remembers is not written.
            ids: (N,), the first of them the boundary.
            ends: (B,), how many of them are read.
        """
        self.memory.fill(carry[self._states :], ids, ends)

    def cooled(self, temperature: float) -> Self:
        """Return the model to sample from at a temperature below 1.

        Its logits are those whose part of the memory is as it was once they are divided by the
        temperature. Otherwise a text would soon repeat itself: what it repeats becomes likelier,
        and a low temperature would multiply that.
        """
        other = copy.copy(self)
        other.exponents = self.exponents * np.array([1, *[temperature] * FAMILIES], np.float32)
        return other

    def one_row(self) -> OneRecent:
        """Return the model for a single string, with a faster step."""
        return OneRecent(self)


class OneRecent:
    """A ``Recent`` that reads a single string."""

    def __init__(self, model: Recent) -> None:
        inner = model.inner
        assert isinstance(inner, Quick)
        self._model = model
        self._inner: Reader = inner.one_row()
        units = model.memory.widest
        self._here = np.zeros((model.memory.states(units), 1, units), np.float32)
        self._there = self._here.copy()

    def read(self, character: int) -> Floats:
        """Read an id in [0, V); return the next one's logits (V,), valid until the next call."""
        logits = self._inner.read(character)
        views = self._model.memory.read(np.array([character]), self._here, self._there)
        self._here, self._there = self._there, self._here
        self._model._adjust(logits[None], views)
        return logits
