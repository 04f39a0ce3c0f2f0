"""Counting requests: added up in memory, written every few seconds, and when the server stops."""

from collections.abc import Iterator

import structlog
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from flagkeeper.eventlog.leased_units import UnitRunner
from flagkeeper.eventlog.unit import Units
from flagkeeper.features.traffic import commands
from flagkeeper.features.traffic.model import Collected, Counted
from flagkeeper.flusher import Flusher
from flagkeeper.http.raw import Scope, header
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.kernel.errors import Unavailable
from flagkeeper.kernel.text import one_line
from flagkeeper.supervisor import Supervisor

FLUSH_EVERY = 10.0
"""Seconds."""
CHUNK = 500
"""Rows of a unit: changes of people get their turn in between."""
LONGEST_NAME = 100
"""Characters of an application's name that are kept."""
_OF_SDKS = ("/api/client", "/api/frontend")

log = structlog.get_logger("flagkeeper.traffic")


class TrafficCollector:
    """What is counted of requests, on its way to the database. Its methods are called on the event loop."""

    def __init__(self, units: Units, supervisor: Supervisor) -> None:
        self._units = units
        self._flusher = Flusher("traffic", self.flush, FLUSH_EVERY, supervisor)
        self._collected = Collected()
        self.dropped = 0
        """Requests that found no room, or that the database refused, since the start."""

    def watch(self, scope: Scope, route: str, status: int) -> None:
        """One request is answered (`slice.Watch`)."""
        name = header(scope, b"unleash-appname") if route.startswith(_OF_SDKS) else None
        self._collected.count(route, status, one_line(name)[:LONGEST_NAME] if name else "", clock.now())

    async def start(self) -> None:
        self._flusher.start()

    async def stop(self) -> None:
        """Writes what is left, then ends."""
        await self._flusher.stop()

    async def flush(self) -> None:
        """Writes what was counted.

        Raises:
            Unavailable: it cannot be written now; what is left is kept for the next time.
        """
        taken, self._collected = self._collected, Collected()
        if taken.dropped:
            self.dropped += taken.dropped
            log.warning("traffic_dropped", requests=taken.dropped)
            taken.dropped = 0
        try:
            while taken.counts:
                await self._write(taken)
        finally:
            self._collected.absorb(taken)

    async def clean(self, units: UnitRunner) -> None:
        """Deletes what is older than it is kept."""
        await units.run(SYSTEM, commands.forget_old)

    async def _write(self, taken: Collected) -> None:
        chunk: list[tuple[Counted, int]] = sorted(taken.counts.items())[:CHUNK]
        try:
            await self._units.run(SYSTEM, commands.add, chunk)
        except Unavailable:
            raise
        except Exception:
            # What the database refuses, it would refuse again.
            self.dropped += sum(number for _, number in chunk)
            log.exception("traffic_refused", items=len(chunk))
        for counted, _ in chunk:
            del taken.counts[counted]


class TrafficMetrics(Collector):
    """What was dropped, as a metric."""

    def __init__(self, traffic: TrafficCollector) -> None:
        self._traffic = traffic

    def collect(self) -> Iterator[Metric]:
        yield CounterMetricFamily(
            "flagkeeper_traffic_dropped",
            "Requests that are in no statistics of traffic.",
            value=self._traffic.dropped,
        )
