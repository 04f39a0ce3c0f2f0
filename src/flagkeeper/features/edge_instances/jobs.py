"""Collecting what edges report: the newest report of each, written every few seconds, and when the server stops."""

from collections.abc import Iterator, Mapping, Sequence

import structlog
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from flagkeeper.eventlog.leased_units import UnitRunner
from flagkeeper.eventlog.unit import Units
from flagkeeper.features.edge_instances import commands
from flagkeeper.features.edge_instances.model import Collected, EdgeInstance
from flagkeeper.flusher import Flusher
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.kernel.errors import RateLimited, Unavailable
from flagkeeper.supervisor import Supervisor

FLUSH_EVERY = 5.0
"""Seconds."""

log = structlog.get_logger("flagkeeper.edge_instances")


class EdgeReports:
    """What edges report, on its way to the database. Its methods are called on the event loop."""

    def __init__(self, units: Units, supervisor: Supervisor) -> None:
        self._units = units
        self._flusher = Flusher("edge-reports", self.flush, FLUSH_EVERY, supervisor)
        self._collected = Collected()
        self._leaving: Mapping[str, EdgeInstance] = {}
        """What is being written."""
        self.dropped = 0
        """Reports that the database refused, since the start."""

    def take(self, instances: Sequence[EdgeInstance]) -> None:
        """Raises `RateLimited` when there is no room for all of them until some are written."""
        if not self._collected.has_room_for(instances, self._leaving):
            raise RateLimited("Too many reports wait to be written. Send this one again later.", int(FLUSH_EVERY))
        self._collected.take(instances)

    async def start(self) -> None:
        self._flusher.start()

    async def stop(self) -> None:
        """Writes what is left, then ends."""
        await self._flusher.stop()

    async def flush(self) -> None:
        """Writes what was collected.

        Raises:
            Unavailable: it cannot be written now, and is kept for the next time.
        """
        if not self._collected.instances:
            return
        self._leaving, self._collected = self._collected.instances, Collected()
        try:
            await self._units.run(SYSTEM, commands.save, list(self._leaving.values()))
            self._leaving = {}
        except Unavailable:
            raise
        except Exception:
            # What the database refuses, it would refuse again.
            self.dropped += len(self._leaving)
            log.exception("edge_reports_refused", items=len(self._leaving))
            self._leaving = {}
        finally:
            self._collected.absorb(self._leaving)
            self._leaving = {}

    async def clean(self, units: UnitRunner) -> None:
        """Forgets edges that were not heard of for long."""
        await units.run(SYSTEM, commands.forget_old)


class EdgeReportsMetrics(Collector):
    """What was dropped, as a metric."""

    def __init__(self, reports: EdgeReports) -> None:
        self._reports = reports

    def collect(self) -> Iterator[Metric]:
        yield CounterMetricFamily(
            "flagkeeper_edge_reports_dropped",
            "Reports of edges about themselves that the database refused.",
            value=self._reports.dropped,
        )
