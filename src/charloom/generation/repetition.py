"""Running text in which no n-gram occurs twice."""

from __future__ import annotations

from collections import defaultdict, deque

from ..config import REPEAT_WINDOW
from ..models.interface import NEVER, Reader
from ..models.sampling import Floats


class NoRepeats:
    """A reader that excludes each id that would complete an n-gram a second time.

    It does for characters what ``no_repeat_ngram_size`` of Hugging Face's transformers does for
    tokens, but only the last ``REPEAT_WINDOW`` n-grams count, which bounds its memory. Where no
    other id can follow, none is excluded.

    Args:
        reader: the model for a single string.
        size: n.
    """

    def __init__(self, reader: Reader, size: int) -> None:
        self._reader, self._size = reader, size
        self._last = ""  # the last n ids, as code points
        self._ngrams: deque[str] = deque()
        self._after: defaultdict[str, deque[int]] = defaultdict(deque)  # by the first n - 1 ids

    def read(self, character: int) -> Floats:
        """Read an id; return the next one's logits (V,), valid until the next call."""
        self._last = (self._last + chr(character))[-self._size :]
        if len(self._last) == self._size:
            self._ngrams.append(self._last)
            self._after[self._last[:-1]].append(character)
        if len(self._ngrams) > REPEAT_WINDOW:
            oldest = self._ngrams.popleft()[:-1]
            self._after[oldest].popleft()
            if not self._after[oldest]:
                del self._after[oldest]
        logits = self._reader.read(character)
        repeated = list(self._after.get(self._last[len(self._last) - self._size + 1 :], ()))
        if repeated:
            before = logits[repeated]
            logits[repeated] = NEVER
            if logits.max() <= NEVER:
                logits[repeated] = before
        return logits
