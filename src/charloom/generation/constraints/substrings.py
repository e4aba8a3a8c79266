"""Automata of strings that end with a text, contain one, or contain none of many."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ...data.unicode import normalise
from ...data.vocabulary import Vocabulary, unseen
from .automaton import DEAD, Automaton, over_words, trimmed
from .bounds import Work, require_size


def matching_text(text: Sequence[int], V: int, work: Work, *, anywhere: bool) -> Automaton:
    """Return the automaton of the strings that end with ``text``, (T,), or contain it.

    It is Knuth, Morris and Pratt's (1977), over ``V`` ids. State j: the longest prefix of ``text``
    that is a suffix of what was read has j ids.

    Raises:
        TooLargeError: too many states or cells, or too much work.
    """
    ids, symbols = np.unique(np.array(text, np.int64), return_inverse=True)
    classes = np.zeros(V, np.int32)  # 0: not in the text
    classes[ids] = np.arange(1, len(ids) + 1)
    require_size(len(text) + 1, len(ids) + 1)
    work.spend((len(text) + 1) * (len(ids) + 1))
    table = np.zeros((len(text) + 1, len(ids) + 1), np.int32)
    border = 0  # the state of text[1:j]
    for j, symbol in enumerate((symbols + 1).tolist()):
        table[j] = table[border]
        table[j, symbol] = j + 1
        border = int(table[border, symbol]) if j else 0
    table[-1] = len(text) if anywhere else table[border]
    return trimmed(classes, table, np.arange(len(table)) == len(text), 0, work)


def spelled(
    text: str, vocabulary: Vocabulary, work: Work, place: Literal["start", "end", "anywhere"]
) -> Automaton:
    """Return the automaton of the strings of tokens that, spelled out, have ``text`` at ``place``.

    The text may begin and end within a token.

    Raises:
        TooLargeError: too many states or cells, or too much work.
        VocabularyError: no token has one of the characters.
    """
    known = set().union(*vocabulary.characters)
    for character in text:
        if character not in known:
            raise unseen(text, character)
    code = {point: i for i, point in enumerate(sorted(set(text)), start=1)}
    ids, other = [code[point] for point in text], len(code) + 1
    if place == "start":
        require_size(len(text) + 1, other + 1)
        table = np.full((len(text) + 1, other + 1), DEAD, np.int32)
        table[np.arange(len(text)), ids] = np.arange(1, len(text) + 1)
        table[-1] = len(text)
        accepting, classes = (
            np.arange(len(table)) == len(text),
            np.arange(other + 1, dtype=np.int32),
        )
    else:
        found = matching_text(ids, other + 1, work, anywhere=place == "anywhere")
        table, accepting, classes = found.table, found.accepting, found.classes
    words = [
        tuple(int(classes[code.get(point, other)]) for point in token)
        for token in vocabulary.characters
    ]
    return over_words(table, accepting, words, work)


def avoiding(texts: Iterable[str], vocabulary: Vocabulary, work: Work) -> Automaton | None:
    """Return the automaton of the strings that contain none of ``texts``, in any case.

    Both sides are compared as the casefolded code points of their NFC. Blank texts are ignored.
    ``None`` if the vocabulary can spell none of the others.

    Raises:
        TooLargeError: too many states or cells, or too much work.
    """
    read = [_folded(character) for character in vocabulary.characters]
    known = set().union(*read)
    parts = sorted({_folded(vocabulary.normalised(text)) for text in texts if text.strip()} - {""})
    parts = [part for part in parts if known.issuperset(part)]
    if not parts:
        return None
    code = {point: i for i, point in enumerate(sorted(set().union(*parts)), start=1)}
    table = _trie([[code[point] for point in part] for part in parts], len(code) + 1, work)
    words = [tuple(code.get(point, 0) for point in text) for text in read]
    return over_words(table, np.ones(len(table), np.bool_), words, work)


def _folded(text: str) -> str:
    return normalise(text).casefold()


def _trie(parts: Sequence[Sequence[int]], K: int, work: Work) -> NDArray[np.int32]:
    """Return the table, (S, K), of Aho and Corasick's automaton (1975), dead where a part ends.

    ``parts`` are sorted: one that begins with another comes later and adds nothing. None of them
    has class 0.
    """
    edges: list[list[tuple[int, int, int]]] = []  # (state, class, next) by depth
    children: dict[tuple[int, int], int] = {}
    states = 1
    for part in parts:
        state = 0
        for depth, symbol in enumerate(part):
            if (child := children.get((state, symbol))) is None:
                child = DEAD
                if depth + 1 < len(part):
                    child, states = states, states + 1
                    require_size(states, K)  # before more of a very long list is read
                children[state, symbol] = child
                if depth == len(edges):
                    edges.append([])
                edges[depth].append((state, symbol, child))
            state = child
            if state == DEAD:
                break
    require_size(states, K)
    work.spend(10 * len(children) + states * K)
    table = np.zeros((states, K), np.int32)
    failure = np.zeros(states, np.int32)  # the state of the longest proper suffix
    for depth, level in enumerate(edges):
        state, symbol, child = np.array(level, np.int32).T
        if depth:
            parents = np.unique(state)
            table[parents] = table[failure[parents]]
        target = table[state, symbol]
        alive = (child != DEAD) & (target != DEAD)
        failure[child[alive]] = target[alive]
        table[state, symbol] = np.where(alive, child, DEAD)
    return table
