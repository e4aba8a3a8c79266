"""Several models as a product of experts: labels, guidance, and blends of two models.

The distribution of the next character is p(c) ∝ Π pᵢ(c)^wᵢ, a weighted sum of log probabilities:
a product of experts (Hinton 2002, equation 1), and with a negative weight for one expert,
classifier-free guidance (Ho and Salimans 2022, equation 6). It is normalised at each step, so a
string's probability is the product over its steps, not the product of the experts' probabilities
of the whole string.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..config import MOST_GUIDANCE
from ..config.arguments import number, shown
from ..data.vocabulary import BOUNDARY, Vocabulary
from ..errors import ArgumentError, ConfigError
from .interface import Floats, Recurrence
from .rnn.numpy import NumpyRNN

Ids = NDArray[np.integer]


class Member(NamedTuple):
    """An expert.

    Attributes:
        rnn: the recurrence.
        weight: the exponent of its probabilities; may be negative.
        ids: (V,), the expert's id for each id of the blend; ``None`` if they are the same.
    """

    rnn: Recurrence
    weight: float
    ids: Ids | None = None


class Buffers(NamedTuple):
    """Memory that a step of up to ``rows`` rows writes to; for one thread at a time."""

    carry: Floats  # (sum of S, rows, largest H)
    logits: Floats  # (rows, V)
    members: tuple[Any, ...]  # the experts' buffers; their carries are views of ours


class Blend:
    """Experts as one ``Recurrence``: logits = Σ wᵢ log pᵢ, up to a constant for each row.

    The carry stacks the experts' carries, each padded to the widest: (ΣS, B, H).
    """

    def __init__(self, members: Sequence[Member]) -> None:
        """Combine the experts, at least one.

        Raises:
            ConfigError: some were trained with a begin symbol and some without, or their
                vocabularies differ in size.
        """
        self.config = members[0].rnn.config
        if any(member.rnn.config.begin != self.config.begin for member in members):
            raise ConfigError(
                "models to blend must all have a begin symbol, or none of them (the tutorial's "
                "recipe has none). Train both with the same recipe."
            )
        sizes = {m.rnn.vocabulary_size if m.ids is None else len(m.ids) for m in members}
        if len(sizes) != 1:
            raise ConfigError(
                f"models to blend must have the same vocabulary. Received: {sorted(sizes)} ids"
            )
        (self.vocabulary_size,) = sizes
        self._members = tuple(members)
        shapes = [member.rnn.initial_carry(1).shape for member in members]
        ends = np.cumsum([states for states, _, _ in shapes])
        self._parts = [
            (slice(int(end) - states, int(end)), units)
            for end, (states, _, units) in zip(ends, shapes, strict=True)
        ]
        self._states, self._units = int(ends[-1]), max(units for _, _, units in shapes)

    def initial_carry(self, rows: int) -> Floats:
        """Return the carry before the first step, (ΣS, rows, H): zeros."""
        return np.zeros((self._states, rows, self._units), dtype=np.float32)

    def buffers(self, rows: int, carry: Floats | None = None) -> Buffers:
        """Allocate memory for steps of up to ``rows`` rows; ``carry``, if given, is part of it."""
        whole = self.initial_carry(rows) if carry is None else carry
        return Buffers(
            carry=whole,
            logits=np.empty((rows, self.vocabulary_size), dtype=np.float32),
            members=tuple(
                member.rnn.buffers(rows, whole[part, :, :units])
                for member, (part, units) in zip(self._members, self._parts, strict=True)
            ),
        )

    def step(self, ids: Ids, carry: Floats, out: Buffers | None = None) -> tuple[Floats, Floats]:
        """Read one character a row; see ``NumpyRNN.step``."""
        rows = len(ids)
        out = out or self.buffers(rows)
        total = out.logits[:rows]
        total[:] = 0
        for member, (part, units), own in zip(self._members, self._parts, out.members, strict=True):
            known = ids if member.ids is None else member.ids[ids]
            logits, _ = member.rnn.step(known, carry[part, :, :units], own)
            if member.ids is not None:
                logits = logits[:, member.ids]
            # Not normalised: a constant added to a row does not change its softmax.
            total += np.float32(member.weight) * logits
        return total, out.carry[:, :rows]


def condition(
    rnn: Recurrence, names: Sequence[str], weights: Mapping[str, float], guidance: float = 1.0
) -> Recurrence:
    """Return a model conditioned on a label, or on a mixture of labels.

    log p = (1 - g) log p(unlabelled) + g Σ w log p(label), with the weights scaled to sum to 1.

    Args:
        rnn: a model with labels.
        names: its labels' names, in order.
        weights: a weight above 0 for each label; without labels, the unlabelled model is returned.
        guidance: g: 1 is the conditional prediction itself, more is stronger, 0 is unlabelled.

    Raises:
        ConfigError: the model has no such label, or a number is out of range.
    """
    guidance = number("guidance", guidance, f"[0, {MOST_GUIDANCE:g}]")
    if not isinstance(weights, Mapping):
        raise ArgumentError(f"labels must be a dictionary of weights. Received: {shown(weights)}")
    for name, weight in weights.items():
        if not names:
            raise ConfigError(
                f"the model was trained without labels. Received: {name!r:.60}; train with "
                "--label-column."
            )
        if name not in names:
            some = ", ".join(names[:20]) + (f" and {len(names) - 20} more" * (len(names) > 20))
            raise ConfigError(f"the model has no label {name!r:.60}. It has: {some}.")
        number(f"the weight of the label {shown(name)}", weight, "(0, inf)")
    if not isinstance(rnn, NumpyRNN):  # only networks have labels
        return rnn
    if not weights or guidance == 0:
        return rnn.labelled(None)
    total = sum(weights.values())
    members = [
        Member(rnn.labelled(names.index(name)), guidance * weight / total)
        for name, weight in weights.items()
    ]
    if guidance != 1:
        members.insert(0, Member(rnn.labelled(None), 1 - guidance))
    return members[0].rnn if len(members) == 1 else Blend(members)


def blend(
    first: tuple[Recurrence, Vocabulary], second: tuple[Recurrence, Vocabulary], weight: float
) -> tuple[Recurrence, Vocabulary]:
    """Return the blend of two models, and its vocabulary: the characters that both have.

    log p = (1 - weight) log p(first) + weight log p(second): 0 is the first model and 1 the second,
    each restricted to the common characters.

    Raises:
        ConfigError: ``weight`` lies outside [0, 1], the models use different units of text, they
            have no common character, or only one has a begin symbol.
    """
    weight = number("the other model's weight", weight, "[0, 1]")
    (_, ours), (_, theirs) = first, second
    if ours.token_unit != theirs.token_unit:
        raise ConfigError(
            "models to blend must split text alike, into characters, graphemes or the same tokens. "
            f"Received: {ours.token_unit} and {theirs.token_unit}"
        )
    common = Vocabulary(
        tuple(sorted(set(ours.characters) & set(theirs.characters))), ours.token_unit
    )
    if common.size == 1:
        raise ConfigError("models to blend must have characters in common. Received: none")
    members = []
    for (rnn, vocabulary), power in ((first, 1 - weight), (second, weight)):
        place = {character: i for i, character in enumerate(vocabulary.characters, start=1)}
        ids = np.array([BOUNDARY, *(place[character] for character in common.characters)])
        members.append(Member(rnn, power, None if vocabulary == common else ids))
    both = Blend(members)  # checks both models, even if one has weight 0
    members = [member for member in members if member.weight]
    if len(members) > 1:
        return both, common
    (only,) = members
    return (only.rnn if only.ids is None else Blend(members)), common
