"""Collecting usage: added up in memory, written every few seconds, and when the server stops."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import structlog
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from flagkeeper.eventlog.unit import Unit, Units
from flagkeeper.features.usage import commands
from flagkeeper.features.usage.model import Collected, Count, CountKey, Report, Sighting, in_chunks
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import SYSTEM, Actor
from flagkeeper.kernel.errors import Unavailable

FLUSH_EVERY = 5.0
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

    def __init__(self, units: Units) -> None:
        self._units = units
        self._collected = Collected()
        self._registered: set[str] = set()
        """Applications that are surely in the database."""
        self._reported: set[tuple[str, str, str]] = set()
        """What surely was reported today."""
        self._day = 0
        self.dropped = 0
        """Reports dropped since the start: too many came at once, or the database refused them."""
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def see(self, sighting: Sighting) -> None:
        self._collected.see(sighting)

    def count(self, counts: Mapping[CountKey, Count]) -> None:
        for key, count in counts.items():
            self._collected.count(key, count)

    def report(self, report: Report) -> None:
        if report.key not in self._reported:
            self._collected.report(report)

    async def start(self) -> None:
        self._task = asyncio.create_task(self._repeat(), name="usage")

    async def stop(self) -> None:
        """Writes what is left, then ends."""
        if self._task is None:
            return
        self._stopping.set()
        await self._task
        await self._flush_or_log()

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
        try:
            await self._write(taken)
        finally:
            self._collected.absorb(taken)

    async def clean(self) -> None:
        """Deletes what is older than it is kept."""
        await self._units.run(SYSTEM, commands.forget_old)

    async def _repeat(self) -> None:
        while not self._stopping.is_set():
            await self._flush_or_log()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(FLUSH_EVERY):
                    await self._stopping.wait()

    async def _flush_or_log(self) -> None:
        try:
            await self.flush()
        except Unavailable as error:
            log.warning("usage_not_written", error=error.message)

    async def _write(self, taken: Collected) -> None:
        await self._register(taken)
        for sightings in in_chunks(taken.sightings, CHUNK):
            await self._run(SYSTEM, commands.save_sightings, list(sightings.values()))
        for counts in in_chunks(taken.counts, CHUNK):
            await self._run(SYSTEM, commands.add_counts, list(counts.items()))
        for reports in in_chunks(taken.reports, FEW):
            for actor, of_actor in _by_actor(reports).items():
                await self._run(actor, commands.record_reports, of_actor)
            self._reported.update(reports)

    async def _register(self, taken: Collected) -> None:
        new = {each.app_name: each for each in taken.sightings.values() if each.app_name not in self._registered}
        for sightings in in_chunks(new, FEW):
            for actor, of_actor in _by_actor(sightings).items():
                if refused := await self._run(actor, commands.register_applications, of_actor):
                    self.dropped += refused
                    log.warning("applications_not_registered", number=refused)
            self._registered.update(sightings)

    async def _run(self, actor: Actor, command: Callable[[Unit, list[Any]], Any], items: list[Any]) -> Any:
        """Raises `Unavailable` while the database is out of reach. What it refuses, it would refuse again: dropped."""
        try:
            return await self._units.run(actor, command, items)
        except Unavailable:
            raise
        except Exception:
            self.dropped += len(items)
            log.exception("usage_refused", command=command.__name__, items=len(items))

    def _begin_day(self) -> None:
        """Forgets what is remembered: of yesterday, or when it is too much."""
        today = clock.now() // clock.DAY
        if today != self._day or len(self._reported) + len(self._registered) > MOST_REMEMBERED:
            self._day, self._reported, self._registered = today, set(), set()


class UsageMetrics(Collector):
    """What was dropped, as a metric. `source` is set when the server has started."""

    def __init__(self) -> None:
        self.source: UsageCollector | None = None

    def collect(self) -> Iterator[Metric]:
        dropped = self.source.dropped if self.source else 0
        yield CounterMetricFamily("flagkeeper_usage_dropped", "Reports of SDKs that found no room.", value=dropped)


def _by_actor(items: Mapping[Any, Any]) -> dict[Actor, list[Any]]:
    """Events are recorded in the name of the token that caused them."""
    found: defaultdict[Actor, list[Any]] = defaultdict(list)
    for item in items.values():
        found[item.actor].append(item)
    return found
