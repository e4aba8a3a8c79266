"""The engine: walks the searches of many threads together, in a thread of its own."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from ..generation.chorus import AT_ONCE, Chorus, Draw, Voice, read
from ..generation.search.arrivals import Arrivals, arrivals
from ..generation.search.company import BetterAlone, Company, Member
from ..generation.search.walk import Plan
from ..models.interface import Floats, Recurrence
from ..models.threads import one_blas_thread
from .turns import Turns

MANY = math.log(400)
"""Log of the strings of a walk without constraints above which it gains nothing in company."""


class Interrupted(Exception):  # noqa: N818 (not an error: the client left, or time is up)
    """A request ends before its end."""


@dataclass
class Job:
    """What a thread works on, and when it must end.

    Attributes:
        until: when, on the monotonic clock.
        cancelled: whether nobody waits for it any more.
    """

    until: float = float("inf")
    cancelled: threading.Event = field(default_factory=threading.Event)

    def check(self) -> None:
        """Raise ``Interrupted`` if the work must end."""
        if self.cancelled.is_set() or time.monotonic() > self.until:
            raise Interrupted


class Engine:
    """Steps the models for all threads that search; ``close`` ends it.

    Example:
        >>> from charloom import NameCorpus, train
        >>> model = train(NameCorpus.of(["Ann", "Anna", "Hanna"]), kind="ngram")
        >>> engine = Engine()
        >>> from dataclasses import replace
        >>> together = replace(model, walk=engine.walk)
        >>> together.names(2, seed=1) == model.names(2, seed=1)
        True
        >>> engine.close()
    """

    def __init__(self) -> None:
        """Start the thread."""
        self.steps, self.rows = 0, 0
        """Steps of a model, and the prefixes that they served."""
        self._waiting: deque[tuple[Member, threading.Event]] = deque()
        self._singing: deque[tuple[Voice, Recurrence, list[int], Floats, Floats]] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._local = threading.local()
        self._alone = Turns()  # large walks: each step of one alone keeps a core busy
        self._thread = threading.Thread(target=self._run, name="charloom engine", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread; whoever waits is interrupted."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def work_on(self, job: Job | None) -> None:
        """Let ``job`` decide when the walks of the calling thread must end."""
        self._local.job = job

    def walk(self, plan: Plan, log_horizon: float, log_slack: float = 0.0) -> Arrivals:
        """Return what ``arrivals`` returns, after a walk together with those of other threads.

        Raises:
            Interrupted: the thread's job is cancelled, or its time is up.
            TooManySteps, GenerationError: as ``arrivals``.
        """
        job: Job = getattr(self._local, "job", None) or Job()
        job.check()
        if plan.likeliest or (plan.guide is None and log_horizon > MANY):
            return self._walk_alone(plan, log_horizon, log_slack, job)
        member, ended = Member(plan, log_horizon, log_slack), threading.Event()
        with self._changed:
            if self._closed:
                raise Interrupted
            self._waiting.append((member, ended))
            self._changed.notify()
        while not ended.wait(min(1.0, max(0.0, job.until - time.monotonic()))):
            if job.cancelled.is_set() or time.monotonic() > job.until:
                member.given_up = True
                raise Interrupted
        if isinstance(member.result, BetterAlone):
            return self._walk_alone(plan, log_horizon, log_slack, job)
        if isinstance(member.result, Arrivals):
            return member.result
        raise member.result or Interrupted

    def sing(
        self,
        rnn: Recurrence,
        banned: list[int],
        given: list[int],
        draw: Draw,
        count: int | None,
    ) -> Iterator[int]:
        """Yield ids of a text that is sampled together with those of other threads.

        Raises:
            Interrupted: the thread's job is cancelled, or its time is up.
        """
        job: Job = getattr(self._local, "job", None) or Job()
        job.check()
        voice = Voice(draw, len(given) - 1, count)
        logits, carry = read(rnn, given)
        with self._changed:
            if self._closed:
                raise Interrupted
            self._singing.append((voice, rnn, banned, logits, carry))
            self._changed.notify()
        try:
            while True:
                voice.news.wait(0.1)
                voice.news.clear()
                job.check()
                ended = voice.ended
                while voice.ids:
                    yield voice.ids.popleft()
                if ended:
                    if voice.error is not None:
                        raise voice.error
                    return
        finally:
            voice.given_up = True

    def _walk_alone(self, plan: Plan, log_horizon: float, log_slack: float, job: Job) -> Arrivals:
        watch = plan.watch

        def checked(steps: int) -> None:
            job.check()
            proceed()
            if watch is not None:
                watch(steps)

        with self._alone.taken(job.check) as proceed:
            return arrivals(replace(plan, watch=checked), log_horizon, log_slack)

    def _run(self) -> None:
        companies: list[Company] = []
        choruses: list[Chorus] = []
        waiting: dict[int, threading.Event] = {}
        while True:
            with self._changed:
                idle = not companies and not choruses
                while idle and not self._waiting and not self._singing and not self._closed:
                    self._changed.wait()
                joining, self._waiting = self._waiting, deque()
                singing, self._singing = self._singing, deque()
                if self._closed:
                    break
            with one_blas_thread():
                for member, event in joining:
                    waiting[id(member)] = event
                    _join(companies, member)
                    if member.result is not None:
                        waiting.pop(id(member)).set()
                for voice, rnn, banned, logits, carry in singing:
                    chorus = next((c for c in choruses if c.rnn is rnn), None)
                    if chorus is None:
                        choruses.append(chorus := Chorus(rnn, banned))
                    chorus.join(voice, logits, carry)
                for company in companies:
                    for member in self._advance(company):
                        waiting.pop(id(member)).set()
                for chorus in choruses:
                    self._sing(chorus, alone=not companies)
                companies = [company for company in companies if company.busy]
                choruses = [chorus for chorus in choruses if chorus.size]
        for event in (*waiting.values(), *(event for _, event in joining)):
            event.set()
        for voice in (*(v for c in choruses for v in c.voices), *(v for v, *_ in singing)):
            voice.end(Interrupted())

    def _sing(self, chorus: Chorus, *, alone: bool) -> None:
        """Let a chorus draw a few ids, fewer where searches wait."""
        for _ in range(AT_ONCE if alone else 2):
            if chorus.size:
                self.steps, self.rows = self.steps + 1, self.rows + chorus.size
                try:
                    chorus.advance()
                except Exception as error:  # noqa: BLE001 (the threads raise it)
                    chorus.disband(error)

    def _advance(self, company: Company) -> list[Member]:
        """Let a company step once; return the members whose walks ended."""
        if not company.busy:
            return []
        self.steps, self.rows = self.steps + 1, self.rows + company.rows
        try:
            return company.advance()
        except Exception:  # noqa: BLE001 (one member's sampler, say: it must not end the others)
            return company.disband()


def _join(companies: list[Company], member: Member) -> None:
    """Let a member join the company that walks with its model."""
    rnn = member.plan.rnn
    company = next((c for c in companies if c.rnn is rnn and not c.full), None)
    if company is None:
        company = Company(rnn)
        companies.append(company)
    try:
        company.join(member)
    except Exception as error:  # noqa: BLE001 (its thread raises it)
        member.result = error
