"""Metrics in Prometheus' text format: what requests cost, and whatever collectors the composition root adds."""

import asyncio
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from itertools import accumulate

import msgspec
from prometheus_client import (
    CollectorRegistry,
    Counter,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

# They would double the number of counters, and nobody asks when a counter was made.
disable_created_metrics()  # type: ignore[no-untyped-call]  # untyped upstream

CONTENT_TYPE = "text/plain; version=0.0.4"
BUCKETS = (0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10.0)
"""Seconds: SDK answers take less than the first. Each of them is one more series for every route."""
_BOUNDS = [*map(floatToGoString, BUCKETS), "+Inf"]
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class _Tally(msgspec.Struct):
    """Of requests with the same method, route and status."""

    seconds: float = 0
    within: list[int] = msgspec.field(default_factory=lambda: [0] * len(_BOUNDS))
    """How many took no longer than a bound, and longer than the one before."""


class _Tallies(Collector):
    """Every request is counted here, so it costs an addition: the client's own counters take a lock for each number."""

    def __init__(self) -> None:
        self._tallies: dict[tuple[str, str, int], _Tally] = {}

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        tally = self._tallies.get((method, route, status))
        if tally is None:
            shown = method if method in _METHODS else "other"
            tally = self._tallies.setdefault((shown, route, status), _Tally())
        tally.seconds += seconds
        tally.within[bisect_left(BUCKETS, seconds)] += 1

    def collect(self) -> Iterator[Metric]:
        """Called on a thread, while counting goes on."""
        requests = CounterMetricFamily(
            "flagkeeper_http_requests",
            "Requests answered, by the route's template.",
            labels=("method", "route", "status"),
        )
        seconds = HistogramMetricFamily(
            "flagkeeper_http_request_seconds",
            "Seconds until the answer began, by the route's template.",
            labels=("method", "route"),
        )
        routes: defaultdict[tuple[str, str], _Tally] = defaultdict(_Tally)
        for (method, route, status), tally in list(self._tallies.items()):
            within = tally.within.copy()
            requests.add_metric([method, route, str(status)], sum(within))
            whole = routes[method, route]
            whole.seconds += tally.seconds
            whole.within = [one + more for one, more in zip(whole.within, within, strict=True)]
        for labels, tally in routes.items():
            buckets = list(zip(_BOUNDS, accumulate(tally.within), strict=True))
            seconds.add_metric(labels, buckets, tally.seconds)
        yield requests
        yield seconds


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
        self._tallies = _Tallies()
        self.registry.register(self._tallies)
        self._refused = Counter(
            "flagkeeper_http_refused",
            "Requests refused before they were complete, or whose connection found no room, by status.",
            ("status",),
            registry=self.registry,
        )

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """`route` is a template, never a path: the number of series stays bounded."""
        self._tallies.count(method, route, status, seconds)

    def refused(self, status: int) -> None:
        """A client went beyond what a connection may do."""
        self._refused.labels(status).inc()

    async def text(self) -> bytes:
        """Everything. Ten thousand series, as many as there are when every route was called in every way, take some
        tenths of a second to write: that happens on a thread, and once for all who ask meanwhile."""
        if self._writing is None or self._writing.done():
            self._writing = asyncio.ensure_future(asyncio.to_thread(generate_latest, self.registry))
        return await asyncio.shield(self._writing) + generate_latest(self.others)
