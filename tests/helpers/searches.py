"""Searches whose trainings are simulated, so that each loss is known."""

from __future__ import annotations

import math
import time
from statistics import fmean
from types import SimpleNamespace

from charloom.training.events import Evaluated, Finished, Step
from charloom.tuning import SearchFinished, SearchStarted, TrialFinished, tune

FIXED = {"kind": "network", "cell": "gru", "layers": 1}
STEPS = 10


def loss_of(split, model, training):
    """Best at a rate of 0.01 and a dropout of 0.4; splits differ, by far more than settings do."""
    rate = math.log(training.learning_rate / 0.01) ** 2
    return 2 + rate + 0.1 * (model.dropout - 0.4) ** 2 + 0.3 * math.sin(split.seed)


class World:
    """Simulates training: its loss, how long it takes; records what was trained."""

    def __init__(self, loss=loss_of, seconds=0.0):
        self.loss, self.seconds, self.seen = loss, seconds, []

    def fit(self, corpus, *, model, training, stop):
        split = SimpleNamespace(corpus=corpus, seed=training.seed)
        self.seen.append((split, model, training))
        loss, reason, step = self.loss(split, model, training), "epochs", 0
        if not math.isfinite(loss):
            reason = "diverged"
        while reason == "epochs" and step < STEPS:
            step += 1
            time.sleep(self.seconds / STEPS)
            if stop():
                reason = "interrupted"
                break
            yield event(Step, progress=step / STEPS)
            yield event(Evaluated, held_out_nats_per_char=loss + 1 - step / STEPS)
        yield event(Finished, reason=reason, held_out_nats_per_char=loss)


def event(kind, **fields):
    """Return an event that has only these fields."""
    made = object.__new__(kind)
    made.__dict__.update(fields)
    return made


def searched(corpus, **how):
    events = list(tune(corpus, **{"trials": 12, "folds": 3, "fixed": FIXED, **how}))
    assert isinstance(events[0], SearchStarted) and isinstance(events[-1], SearchFinished)
    return [Tried(e, events[0]) for e in events if isinstance(e, TrialFinished)], events[-1], events


class Tried:
    """What a ``TrialFinished`` says."""

    def __init__(self, event, started):
        self.outcome, self.settings = event.outcome, event.trial.user_attrs["settings"]
        self.default = self.settings == started.default
        self.loss = fmean(event.trial.user_attrs["losses"] or [math.nan])
