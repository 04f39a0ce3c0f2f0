"""Metrics in Prometheus' text format: what requests cost, and whatever collectors the composition root adds."""

import asyncio

from prometheus_client import (
    CollectorRegistry,
    Counter,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

# They would double the number of counters, and nobody asks when a counter was made.
disable_created_metrics()  # type: ignore[no-untyped-call]  # untyped upstream

CONTENT_TYPE = "text/plain; version=0.0.4"
BUCKETS = (0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10.0)
"""Seconds: SDK answers take less than the first. Each of them is one more series for every route."""
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class RequestMetrics:
    """Counts requests and measures how long they take until their answer begins. Own registry, so that several servers
    in one process (tests) do not meet."""

    def __init__(self) -> None:
        self.others = CollectorRegistry()
        """Of others, who are asked on the event loop, where what they look at is at rest."""
        self.registry = CollectorRegistry()
        self._writing: asyncio.Future[bytes] | None = None
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self._requests = Counter(
            "flagkeeper_http_requests",
            "Requests answered, by the route's template.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "flagkeeper_http_request_seconds",
            "Seconds until the answer began, by the route's template.",
            ("method", "route"),
            registry=self.registry,
            buckets=BUCKETS,
        )
        self._refused = Counter(
            "flagkeeper_http_refused",
            "Requests refused before they were complete, or whose connection found no room, by status.",
            ("status",),
            registry=self.registry,
        )
        self._known: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """`route` is a template, never a path: the number of series stays bounded."""
        found = self._known.get((method, route, status))
        if found is None:
            shown = method if method in _METHODS else "other"
            found = self._requests.labels(shown, route, status), self._seconds.labels(shown, route)
            if shown == method:
                self._known[method, route, status] = found
        counter, histogram = found
        counter.inc()
        histogram.observe(seconds)

    def refused(self, status: int) -> None:
        """A client went beyond what a connection may do."""
        self._refused.labels(status).inc()

    async def text(self) -> bytes:
        """Everything. Ten thousand series, as many as there are when every route was called in every way, take some
        tenths of a second to write: that happens on a thread, and once for all who ask meanwhile."""
        if self._writing is None or self._writing.done():
            self._writing = asyncio.ensure_future(asyncio.to_thread(generate_latest, self.registry))
        return await asyncio.shield(self._writing) + generate_latest(self.others)
