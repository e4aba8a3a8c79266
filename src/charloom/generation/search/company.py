"""Walks of several searches as one: each step of the model serves all that are waiting.

A step of few prefixes takes almost as long as one of many, so where searches run at the same time,
as on a server, they are faster together. What is random depends on a search's seed and the prefix
alone, so each finds the strings that it would find by itself; only rounding differs, as with
blocks of other sizes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...data.random import GAMMA, child, root_key, uniform
from ...data.vocabulary import BOUNDARY
from ...models.interface import Recurrence
from ...models.scoring.names import log_softmax
from .arrivals import Arrivals
from .tree import Floats, Records, Stack, Trace, read_prompt
from .walk import PREFIX, Plan, TooManySteps, arriving, reachable

MEMBER = np.dtype([*PREFIX.descr, ("member", np.int32)])

MOST_ROWS = 1024
"""Prefixes in a step, at most."""

LARGE = 20_000
"""Prefixes that a member may step: beyond these it would delay the others."""

MOST_TRACED = 500_000
"""Prefixes that a company remembers before it takes no further members."""


class BetterAlone(Exception):  # noqa: N818 (not an error: the search walks alone)
    """A walk is so large that it gains nothing in company, or another's error ended it."""


@dataclass(eq=False)
class Member:
    """A search that walks with others.

    Attributes:
        plan: what is walked; ``likeliest`` must be false.
        log_horizon, log_slack: see ``arrivals``.
        result: what was found, or why nothing was; ``None`` until then.
        given_up: set it to end the walk; there is no result then.
    """

    plan: Plan
    log_horizon: float
    log_slack: float = 0.0
    result: Arrivals | Exception | None = None
    given_up: bool = False
    waiting: int = 0
    steps: int = 0
    left: int = 0
    unfinished: float = 0.0
    ended: list[Records] = field(default_factory=list)

    @cached_property
    def sampling(self) -> tuple[Any, int]:
        """What members with the same distributions have in common."""
        sampler = self.plan.sampler
        return sampler.config.replace(seed=0, max_length=None), id(sampler.transform)


class Company:
    """The members' walks, with one model and one stack of prefixes.

    Not for several threads at once; and BLAS must be limited to one thread meanwhile
    (``models.threads.one_blas_thread``), so that bits do not depend on the machine.
    """

    def __init__(self, rnn: Recurrence) -> None:
        """Start with no members; all of them must have the model ``rnn``."""
        self.rnn, self._buffers = rnn, rnn.buffers(MOST_ROWS)
        self._members: list[Member] = []
        self._trace, self._traced = Trace(), 1
        self._stack = Stack(np.zeros(0, MEMBER), rnn.initial_carry(0))

    @property
    def busy(self) -> bool:
        """Whether a prefix waits for a step."""
        return self._stack.size > 0

    @property
    def rows(self) -> int:
        """How many prefixes the next step serves, at most."""
        return min(self._stack.size, MOST_ROWS)

    @property
    def full(self) -> bool:
        """Whether it takes no further members, since it remembers too much."""
        return self._traced > MOST_TRACED

    def join(self, member: Member) -> None:
        """Take a member, whose walk starts at the end of its prompt.

        Raises:
            GenerationError: the model's logits are not finite.
        """
        plan = member.plan
        last, carry, nats = read_prompt(self.rnn, plan.prompt)
        state, context = plan.guide.root if plan.guide else (0, 0)
        key = root_key(plan.sampler.config.seed)
        arrival = float(np.log(-np.log1p(-uniform(key ^ GAMMA)))[0])
        if arrival > member.log_horizon:
            member.left = 1
            self._finish(member)
            return
        root = (last, len(plan.prompt), 0, state, context, key[0], 0.0, 0.0, arrival)
        record = (*root, -np.inf, -np.inf, nats, len(self._members))
        self._members.append(member)
        member.waiting = 1
        self._stack.push(np.array([record], MEMBER), carry, np.zeros(1, np.intp))

    def advance(self) -> list[Member]:
        """Step the model once; return the members whose walks ended thereby."""
        here, carry = self._stack.take(self.rows)
        present, counts = np.unique(here["member"], return_counts=True)
        members = [self._members[number] for number in present.tolist()]
        done: list[Member] = []
        for member, rows in zip(members, counts.tolist(), strict=True):
            member.waiting -= rows
            if member.result is None and self._ends_early(member, rows):
                done.append(member)
        over = np.array([member.result is not None for member in members])
        if over.any():
            kept = np.flatnonzero(~over[np.searchsorted(present, here["member"])])
            here, carry = here.take(kept), carry[:, kept]
            members = [member for member in members if member.result is None]
        if len(here):
            self._step(here, carry, members)
        for member in members:
            if not member.waiting:
                self._finish(member)
                done.append(member)
        if not self._stack.size:
            self._members.clear()
            self._trace, self._traced = Trace(), 1
        return done

    def disband(self) -> list[Member]:
        """End all walks, after an error that was one member's; return the members.

        Whose error it was is not known: each does better alone.
        """
        left = [member for member in self._members if member.result is None]
        for member in left:
            member.result = BetterAlone()
        self._members.clear()
        self._stack.take(self._stack.size)
        return left

    def _ends_early(self, member: Member, rows: int) -> bool:
        """Count a member's steps; return whether its walk ends before its end."""
        member.steps += rows
        if member.plan.watch is not None:
            member.plan.watch(rows)
        if member.given_up or member.steps > LARGE:
            member.result = BetterAlone()
        elif member.steps > (member.plan.most_steps or LARGE):
            member.result = TooManySteps()
        return member.result is not None

    def _step(self, here: Records, carry: Floats, members: list[Member]) -> None:
        """Step the prefixes ``here``, which belong to ``members`` alone; as ``Walk.advance``."""
        logits, carry = self.rnn.step(here["id"], carry, self._buffers)
        numbers = np.unique(here["member"])
        place = np.searchsorted(numbers, here["member"])  # of each row's member in ``members``
        p = _probabilities(here, logits, members, place)
        horizons = np.array([member.log_horizon for member in members])
        slacks = np.array([member.log_slack for member in members])
        guided = [i for i, member in enumerate(members) if member.plan.guide is not None]
        q = p
        with np.errstate(divide="ignore"):
            if guided:
                q = p.astype(np.float64)  # an estimate may be less than float32 can hold
                for i in guided:
                    guide, rows = members[i].plan.guide, np.flatnonzero(place == i)
                    assert guide is not None
                    own = here[rows]
                    q[rows] *= guide.estimates(own["length"], own["state"], own["context"])
                    here["log_arrival"][rows] += own["log_estimate"] - np.log(
                        q[rows].sum(axis=1, dtype=np.float64)
                    )
            parent, ids, arrival = arriving(here, q, (horizons + slacks)[place])
        there = here.take(parent)
        there["log_arrival"] = arrival
        there["log_peak"] = np.maximum(there["log_peak"], arrival)
        log_p = np.log(p[parent, ids])
        if guided:
            owner = place[parent]
            inside = np.isin(owner, guided)
            there["log_estimate"][inside] = (np.log(q[parent, ids]) - log_p)[inside]
            bounds = horizons[owner], slacks[owner]
            kept = np.flatnonzero(~inside | reachable(there, arrival, bounds))
            reach = np.maximum(there["log_reach"], arrival + np.minimum(there["log_estimate"], 0.0))
            there["log_reach"] = np.where(inside, reach, there["log_reach"])
            there, parent, ids, log_p = there[kept], parent[kept], ids[kept], log_p[kept]
        owner, size = place[parent], len(members)
        possible = np.bincount(place, np.count_nonzero(q, axis=1), size)
        chosen = np.bincount(owner, minlength=size)
        there["id"] = ids
        there["log_p"] += log_p
        plain = all(member.plan.sampler.is_plain for member in members)
        model_p = p if plain else np.exp(log_softmax(logits))
        there["nats"] -= np.log(model_p[parent, ids])
        there["key"] = child(there["key"], ids)

        ends = ids == BOUNDARY
        longest = np.array([member.plan.max_length for member in members])[owner]
        too_long = ~ends & (there["length"] >= longest)
        lost = np.bincount(owner[too_long], np.exp(there["log_p"][too_long]), size)
        longer = np.flatnonzero(~ends & ~too_long)
        waiting = np.bincount(owner[longer], minlength=size)
        for i, member in enumerate(members):
            member.left += int(possible[i] - chosen[i])
            member.unfinished += float(lost[i])
            member.waiting += int(waiting[i])
        finished = there[ends]
        for i in np.unique(owner[ends]).tolist():
            members[i].ended.append(finished[owner[ends] == i])
        there, parent, owner = there.take(longer), parent[longer], owner[longer]
        there["length"] += 1
        there["trace"] = self._trace.add(there["trace"], there["id"])
        self._traced += len(there)
        for i in guided:
            guide, rows = members[i].plan.guide, np.flatnonzero(owner == i)
            assert guide is not None
            own = there[rows]
            there["state"][rows], there["context"][rows] = guide.advance(
                own["state"], own["context"], own["id"]
            )
        self._stack.push(there, carry, parent)

    def _finish(self, member: Member) -> None:
        """Collect what a member found."""
        ended: Any = np.concatenate([np.empty(0, MEMBER), *member.ended])
        member.ended = []
        ids, lengths = self._trace.read(ended["trace"])
        member.result = Arrivals(
            ids,
            lengths,
            ended["log_p"].copy(),
            ended["log_arrival"].copy(),
            ended["log_peak"].copy(),
            ended["log_reach"].copy(),
            ended["nats"].copy(),
            ended["key"].copy(),
            complete=not member.left,
            unfinished=member.unfinished,
            steps=member.steps,
        )


def _probabilities(
    here: Records, logits: Floats, members: list[Member], place: NDArray[np.intp]
) -> Floats:
    """Return the distributions that the members' samplers draw from, (B, V)."""
    groups: dict[Any, list[int]] = {}
    for i, member in enumerate(members):
        groups.setdefault(member.sampling, []).append(i)
    scores = np.empty_like(logits)
    for numbers in groups.values():
        sampler = members[numbers[0]].plan.sampler
        rows = slice(None) if len(groups) == 1 else np.flatnonzero(np.isin(place, numbers))
        scores[rows] = sampler.scores(sampler.prepared(logits[rows], here["length"][rows]))
    p = np.exp(scores, out=scores)
    p /= p.sum(axis=1, keepdims=True)
    return p
