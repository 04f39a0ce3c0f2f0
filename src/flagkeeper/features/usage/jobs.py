"""Collecting usage: added up in memory, written every few seconds, and when the server stops."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import structlog
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from flagkeeper.eventlog.leased_units import UnitRunner
from flagkeeper.eventlog.unit import Unit, Units
from flagkeeper.features.usage import commands
from flagkeeper.features.usage.model import Collected, Count, CountKey, Report, Sighting, in_chunks
from flagkeeper.features.usage.ports import TakesImpact, take_nothing
from flagkeeper.flusher import Flusher
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.kernel.errors import RateLimited, Unavailable
from flagkeeper.supervisor import Supervisor

FLUSH_EVERY = 2.0
"""Seconds."""
CHUNK = 500
"""Rows of a unit: changes of people get their turn in between."""
FEW = 100
"""Events of a unit."""
MOST_REMEMBERED = 20_000
"""Names of which is remembered that their events are recorded; after that the database is asked again."""

log = structlog.get_logger("flagkeeper.usage")


class UsageCollector:
    """What SDKs report, on its way to the database. Its methods are called on the event loop."""

    def __init__(
        self, units: Units, supervisor: Supervisor | None = None, take_impact: TakesImpact = take_nothing
    ) -> None:
        self.take_impact = take_impact
        self._units = units
        self._flusher = Flusher("usage", self.flush, FLUSH_EVERY, supervisor or Supervisor())
        self._collected = Collected()
        self._leaving = Collected()
        """What is being written."""
        self._registered: set[str] = set()
        """Applications that were in the database, or that found no room there today."""
        self._refused: set[str] = set()
        """Those among them that found no room."""
        self._reported: set[tuple[str, str, str]] = set()
        """What surely was reported today."""
        self._day = 0
        self.dropped = 0
        """Reports dropped since the start: too many came at once, they make no sense, or the database refused."""

    def demand_room(self, counts: Iterable[CountKey], sightings: Iterable[Sighting]) -> None:
        """Demands that all of a report can be kept until it is written: what is refused, its sender keeps.

        Raises:
            RateLimited: there is too much that is not written yet, as when the database is away.
        """
        if not self._collected.has_room_for(counts, sightings, self._leaving):
            raise RateLimited("Too many reports wait to be written. Send this one again later.", int(FLUSH_EVERY))

    def see(self, sighting: Sighting) -> None:
        self._collected.see(sighting)

    def count(self, counts: Mapping[CountKey, Count]) -> None:
        for key, count in counts.items():
            self._collected.count(key, count)

    def report(self, report: Report) -> None:
        if report.key not in self._reported:
            self._collected.report(report)

    def drop(self, number: int) -> None:
        """Says that so many reports came which cannot be read."""
        if number:
            self.dropped += number
            log.warning("usage_unreadable", reports=number)

    async def start(self) -> None:
        self._flusher.start()

    async def stop(self) -> None:
        """Writes what is left, then ends."""
        await self._flusher.stop()

    async def flush(self) -> None:
        """Writes what was collected.

        Raises:
            Unavailable: it cannot be written now; what is left is kept for the next time.
        """
        taken, self._collected = self._collected, Collected()
        if taken.dropped:
            self.dropped += taken.dropped
            log.warning("usage_dropped", reports=taken.dropped)
            taken.dropped = 0
        self._begin_day()
        self._leaving = taken
        try:
            await self._write(taken)
        finally:
            self._leaving = Collected()
            self._collected.absorb(taken)

    async def clean(self, units: UnitRunner) -> None:
        """Deletes what is older than it is kept."""
        await units.run(SYSTEM, commands.forget_old)

    async def _write(self, taken: Collected) -> None:
        await self._register(taken.sightings.values())
        for sightings in in_chunks(taken.sightings, CHUNK):
            gone = await self._run(commands.save_sightings, list(sightings.values())) or set()
            if gone := gone - self._refused:
                self._registered -= gone
                await self._register(sightings.values())
        for counts in in_chunks(taken.counts, CHUNK):
            await self._run(commands.add_counts, list(counts.items()))
        for reports in in_chunks(taken.reports, FEW):
            await self._run(commands.record_reports, list(reports.values()))
            self._reported.update(reports)

    async def _register(self, seen: Iterable[Sighting]) -> None:
        new = {each.app_name: each for each in seen if each.app_name not in self._registered}
        for sightings in in_chunks(new, FEW):
            if refused := await self._run(commands.register_applications, list(sightings.values())):
                self.dropped += len(refused)
                self._refused.update(refused)
                log.warning("applications_not_registered", number=len(refused))
            self._registered.update(sightings)

    async def _run(self, command: Callable[[Unit, list[Any]], Any], items: list[Any]) -> Any:
        """What many tokens brought is written by the server, so its events are the system's. What the database refuses,
        it would refuse again: dropped.

        Raises:
            Unavailable: it is out of reach.
        """
        try:
            return await self._units.run(SYSTEM, command, items)
        except Unavailable:
            raise
        except Exception:
            self.dropped += len(items)
            log.exception("usage_refused", command=command.__name__, items=len(items))

    def _begin_day(self) -> None:
        """Forgets what is remembered: of yesterday, or when it is too much."""
        today = clock.now() // clock.DAY
        if today != self._day or len(self._reported) + len(self._registered) > MOST_REMEMBERED:
            self._day, self._reported, self._registered, self._refused = today, set(), set(), set()


class UsageMetrics(Collector):
    """What was dropped, as a metric."""

    def __init__(self, usage: UsageCollector) -> None:
        self._usage = usage

    def collect(self) -> Iterator[Metric]:
        yield CounterMetricFamily(
            "flagkeeper_usage_dropped",
            "Reports of SDKs that found no room or could not be read.",
            value=self._usage.dropped,
        )
