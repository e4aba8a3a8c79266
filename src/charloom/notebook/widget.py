"""What the widgets share: a page that asks, and threads that answer while the kernel is free."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cached_property
from typing import Any
from uuid import uuid4

from anywidget import AnyWidget
from traitlets import Dict, Unicode

from ..config.arguments import shown
from ..errors import ArgumentError, CharloomError
from ..generation import NameModel, TextModel
from ..generation.search.arrivals import Arrivals, arrivals
from ..generation.search.walk import Plan
from .answers import Answers

EVERY = 0.05
"""Seconds between two messages with names of one answer."""

THREADS = 3
"""Requests of a widget that are answered at once: a search may take long."""


class Left(Exception):  # noqa: N818 (not an error: the page asks for something else by now)
    """Nobody waits for the answer any more."""


class Widget(AnyWidget):  # type: ignore[misc]  # its base is not typed
    """A page that asks a model.

    The page sends ``{"id", "path", "body"}``; what comes back has the same id, and ``items``, then
    ``end`` or ``problem``. ``{"abort": id}`` ends an answer.

    Attributes:
        run: what the page calls the model.
        settings: of the page, as it has them.
    """

    run = Unicode().tag(sync=True)
    settings = Dict().tag(sync=True)

    def __init__(self, model: Any, answers: Callable[[Any], Answers], **traits: Any) -> None:
        if not isinstance(model, NameModel | TextModel):
            raise ArgumentError(
                "a widget needs a model, as train and load return. Received: " + shown(model)
            )
        if isinstance(model, NameModel):
            model = replace(model, walk=self._walk)
        super().__init__(run=uuid4().hex, **traits)
        self._here = threading.local()  # the request that a thread answers
        self._answers = answers(model)
        self.on_msg(self._receive)

    @cached_property
    def _waiting(self) -> set[str]:
        """The ids of the requests whose answers are waited for."""
        return set()

    @cached_property
    def _threads(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(THREADS, thread_name_prefix="charloom widget")

    def close(self) -> None:
        """Remove the widget, and end what it still does."""
        self._waiting.clear()
        self._threads.shutdown(wait=False, cancel_futures=True)
        super().close()

    def _receive(self, _: Any, message: dict[str, Any], __: Any) -> None:
        if "abort" in message:
            self._waiting.discard(message["abort"])
        elif "path" in message:
            self._waiting.add(message["id"])
            self._threads.submit(self._answer, message["id"], message["path"], message["body"])

    def _answer(self, request: str, path: str, body: dict[str, Any]) -> None:
        self._here.request = request
        found: list[Any] = []
        latest = 0.0

        def put(item: Any) -> None:
            nonlocal latest
            self._check()
            found.append(item)
            if time.monotonic() - latest > EVERY:
                latest = time.monotonic()
                self.send({"id": request, "items": found.copy()})
                found.clear()

        said: dict[str, Any]
        try:
            self._check()
            said = {"end": self._answers[path](body, put)}
        except Left:
            return
        except CharloomError as error:
            option = re.match(r"--([a-z-]+)", str(error))
            field = option[1].replace("-", "_") if option else None
            said = {"problem": {"message": str(error).removeprefix("--"), "field": field}}
        except Exception as error:  # noqa: BLE001 (the page would wait for ever)
            line = " ".join(f"{type(error).__name__}: {error}".split())
            said = {"problem": {"message": line, "field": None}}
        self._waiting.discard(request)
        self.send({"id": request, "items": found, **said})

    def _check(self) -> None:
        """Raise ``Left`` if nobody waits for what this thread does."""
        if self._here.request not in self._waiting:
            raise Left

    def _walk(self, plan: Plan, log_horizon: float, log_slack: float = 0.0) -> Arrivals:
        """Search as usual, but no longer than somebody waits."""
        before = plan.watch

        def watch(steps: int) -> None:
            self._check()
            if before is not None:
                before(steps)

        return arrivals(replace(plan, watch=watch), log_horizon, log_slack)
