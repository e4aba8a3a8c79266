"""Recording a training with MLflow or Weights & Biases, which say where by their own settings."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, Protocol

from ..errors import TrainingError
from .events import Evaluated, Event, Finished, Started, Step, Warned
from .scalars import scalars_of

Service = Literal["mlflow", "wandb"]

NAMES: dict[Service, str] = {"mlflow": "MLflow", "wandb": "Weights & Biases"}

EVERY = 1.0
"""Seconds between two records of steps: a service may be far away."""


class Tracker(Protocol):
    """What records one training."""

    def log(self, scalars: Mapping[str, float], step: int) -> None:
        """Record scalars of a step."""

    def end(self, summary: Mapping[str, Any] | None) -> None:
        """End the record; without a ``summary``, the training did not end by itself."""


def tracked(
    events: Iterator[Event], service: Service, settings: Mapping[str, Any] | None = None
) -> Iterator[Event]:
    """Pass the events of a training on, and record it with ``service``.

    Settings and sizes are its parameters; the scalars of ``scalars_of`` are recorded by step, at
    most once a second; the best epoch, its losses and the reason why training ended are the
    summary. Where it is recorded is set as for any program: ``MLFLOW_TRACKING_URI`` and
    ``MLFLOW_EXPERIMENT_NAME``, or ``WANDB_PROJECT`` and ``WANDB_MODE``. If recording fails,
    training continues without it, with a ``Warned`` event.

    Args:
        events: what ``fit`` yields.
        service: ``mlflow`` or ``wandb``.
        settings: further parameters to record, such as those of the training.

    Raises:
        TrainingError: the service's package is not installed.

    Example:
        ::

            for _ in tracked(fit(names, out="runs/towns"), "mlflow"):
                pass
    """
    if importlib.util.find_spec(service) is None:
        raise TrainingError(
            f"recording with {NAMES[service]} needs the package {service}, which is not "
            f"installed. Run: pip install 'charloom[{service}]'"
        )
    return _tracked(events, service, dict(settings or {}))


def _tracked(
    events: Iterator[Event], service: Service, settings: dict[str, Any]
) -> Iterator[Event]:
    tracker: Tracker | None = None
    failed, counted, latest = False, "names", 0.0
    begin: Callable[[Mapping[str, Any]], Tracker] = _MLflow if service == "mlflow" else _Wandb
    try:
        for event in events:
            problem: Exception | None = None
            try:
                if isinstance(event, Started) and tracker is None and not failed:
                    counted = event.counted
                    tracker = begin(settings | _sizes(event))
                elif tracker is not None:
                    if isinstance(event, Evaluated) or (
                        isinstance(event, Step) and time.monotonic() - latest >= EVERY
                    ):
                        tracker.log(scalars_of(event, counted), event.step)
                        latest = time.monotonic()
                    elif isinstance(event, Finished):
                        tracker.end(_summary(event))
                        tracker = None
            except Exception as error:  # noqa: BLE001 (of a service, which must not end a training)
                problem, failed, tracker = error, True, None
            if problem is not None:
                line = (str(problem).strip().splitlines() or [type(problem).__name__])[0]
                yield Warned(message=f"{NAMES[service]} failed: {line}; nothing more is recorded.")
            yield event
    finally:
        if tracker is not None:
            tracker.end(None)
        close = getattr(events, "close", None)  # so that an abandoned training ends at once
        if close is not None:
            close()


def _sizes(event: Started) -> dict[str, Any]:
    """Return what is trained, as parameters."""
    model = {f"model.{name}": value for name, value in event.model.to_dict().items()}
    same = ("backend", "parameters", "train_size", "held_out_size", "steps_per_epoch", "base")
    return model | {name: getattr(event, name) for name in same}


def _summary(event: Finished) -> dict[str, Any]:
    names = ("best_epoch", "train_nats_per_char", "held_out_nats_per_char",
             "held_out_window_nats_per_char", "seconds", "reason")  # fmt: skip
    found = {name: getattr(event, name) for name in names}
    return {name: value for name, value in found.items() if value is not None}


class _MLflow:
    """A run of MLflow."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        import mlflow

        within = mlflow.active_run() is not None
        self._run = mlflow.start_run(nested=within, log_system_metrics=False).info.run_id
        mlflow.log_params(dict(parameters))

    def log(self, scalars: Mapping[str, float], step: int) -> None:
        import mlflow

        mlflow.log_metrics(dict(scalars), step=step, run_id=self._run)

    def end(self, summary: Mapping[str, Any] | None) -> None:
        import mlflow

        done = dict(summary or {"reason": "interrupted"})
        mlflow.set_tag("reason", done.pop("reason"))
        mlflow.log_metrics({f"final/{name}": value for name, value in done.items()})
        mlflow.end_run("FINISHED" if summary is not None else "KILLED")


class _Wandb:
    """A run of Weights & Biases."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        import wandb

        quiet = wandb.Settings(silent=True, console="off")
        self._run = wandb.init(config=dict(parameters), settings=quiet)

    def log(self, scalars: Mapping[str, float], step: int) -> None:
        self._run.log(dict(scalars), step=step)

    def end(self, summary: Mapping[str, Any] | None) -> None:
        self._run.summary.update(dict(summary or {}))
        self._run.finish(exit_code=0 if summary is not None else 1)
