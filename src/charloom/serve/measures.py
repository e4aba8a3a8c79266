"""What a server counts about itself, in Prometheus' format."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

TYPE = CONTENT_TYPE_LATEST

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Measures:
    """Counters of one server."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        labels = ("path", "status")
        self._requests = Counter(
            "charloom_requests", "Requests that were answered.", labels, registry=self._registry
        )
        self._seconds = Histogram(
            "charloom_request_seconds",
            "Seconds until a request was answered.",
            ("path",),
            buckets=SECONDS,
            registry=self._registry,
        )
        self.names = Counter("charloom_names", "Names that were found.", registry=self._registry)
        self.characters = Counter(
            "charloom_characters", "Characters of text that were sampled.", registry=self._registry
        )

    def watch(self, name: str, text: str, value: Callable[[], float]) -> None:
        """Show ``value()`` as the gauge ``charloom_<name>``."""
        Gauge(f"charloom_{name}", text, registry=self._registry).set_function(value)

    def answered(self, scope: MutableMapping[str, Any], status: int, seconds: float) -> None:
        """Count an answer, by the route's path, so that the number of series is bounded."""
        path = getattr(scope.get("route"), "path", "other")
        self._requests.labels(path, str(status)).inc()
        self._seconds.labels(path).observe(seconds)

    def text(self) -> bytes:
        """Return all of it as text."""
        return generate_latest(self._registry)
