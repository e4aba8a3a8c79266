"""Classes of characters: case and script from Unicode, vowels from how letters alternate."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ...data.vocabulary import BOUNDARY, Vocabulary

CASES = {"Lu": "capital", "Lt": "capital", "Ll": "small"}
MARKS = {"'": "apostrophe", "’": "apostrophe", "ʼ": "apostrophe", "-": "hyphen", "‐": "hyphen"}

MOST_LETTERS = 4096
"""The largest vocabulary whose vowels are looked for; larger ones are not alphabets."""

NO_LETTER, CONSONANT, VOWEL = 1, 2, 3
"""Sounds of characters; 0 stands for the boundary, and for what lies before it."""


@dataclass(frozen=True, eq=False)
class Alphabet:
    """What an n-gram knows about each id of a vocabulary of V ids.

    Attributes:
        classes: (V,) int32, the class of each id: case and script of a letter, digit, space,
            apostrophe, hyphen, or another Unicode category. 0 is the boundary's own class.
        sounds: (V,) int32, 0 for the boundary, else ``NO_LETTER``, ``CONSONANT`` or ``VOWEL``.
    """

    classes: NDArray[np.int32]
    sounds: NDArray[np.int32]

    @cached_property
    def letters(self) -> NDArray[np.bool_]:
        """(V,), whether an id is a letter."""
        return self.sounds > NO_LETTER


def alphabet_of(vocabulary: Vocabulary, stream: NDArray[np.integer]) -> Alphabet:
    """Return the classes of a vocabulary, and the vowels of the strings in ``stream`` (N,)."""
    tokens = [*vocabulary.characters, *[""] * vocabulary.has_unknown]
    names = [character_class(token) for token in tokens]
    order = {name: number for number, name in enumerate(sorted(set(names)), start=1)}
    letters = np.array([False, *(token[:1].isalpha() for token in tokens)])
    sounds = np.where(letters, CONSONANT, NO_LETTER).astype(np.int32)
    sounds[vowels(stream, letters)] = VOWEL
    sounds[BOUNDARY] = 0
    return Alphabet(np.array([0, *(order[name] for name in names)], np.int32), sounds)


def character_class(token: str) -> str:
    """Return the class of a character, or of the first of a grapheme; "" is the unknown symbol.

    >>> [character_class(c) for c in "Éé7’-א"]
    ['capital LATIN', 'small LATIN', 'Nd', 'apostrophe', 'hyphen', 'letter HEBREW']
    """
    first = token[:1]
    category = unicodedata.category(first) if first else "Cn"
    if category.startswith("L"):
        script = unicodedata.name(first, "UNKNOWN").split()[0]
        return f"{CASES.get(category, 'letter')} {script}"
    return MARKS.get(first, category)


def vowels(stream: NDArray[np.integer], letters: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which ids are vowels, (V,), from a stream of ids alone.

    Vowels and consonants tend to alternate, so the vowels are found one after another as the
    letter that is most often next to letters that are not vowels (Sukhotin 1962, as described by
    Guy 1991, "Vowel identification: an old (but good) algorithm").
    """
    size = len(letters)
    found = np.zeros(size, bool)
    if size > MOST_LETTERS:
        return found
    left, right = stream[:-1].astype(np.int64), stream[1:].astype(np.int64)
    pairs = letters[left] & letters[right] & (left != right)
    beside = np.bincount(left[pairs] * size + right[pairs], minlength=size**2)
    beside = (beside.reshape(size, size) + beside.reshape(size, size).T).astype(np.float64)
    sums = beside.sum(axis=1)
    while True:
        best = int(np.where(found, -1, sums).argmax())
        if found[best] or sums[best] <= 0:
            return found
        found[best] = True
        sums = sums - 2 * beside[:, best]
