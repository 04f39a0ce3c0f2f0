"""Collecting what applications measure: added up in memory, written every few seconds, and when the server stops."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
import structlog
from prometheus_client.core import CounterMetricFamily
from prometheus_client.core import Metric as PrometheusMetric
from prometheus_client.registry import Collector

from flagkeeper.eventlog.leased_units import UnitRunner
from flagkeeper.eventlog.unit import Units
from flagkeeper.features.measurements import commands
from flagkeeper.features.measurements.model import (
    Collected,
    CustomMetric,
    ImpactMetric,
    Metric,
    Series,
    Unreadable,
    read_custom,
    read_impact,
)
from flagkeeper.flusher import Flusher
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.kernel.errors import Unavailable
from flagkeeper.supervisor import Supervisor

FLUSH_EVERY = 5.0
"""Seconds."""
CHUNK = 500
"""Rows of a unit: changes of people get their turn in between."""

log = structlog.get_logger("flagkeeper.measurements")


class Measurements:
    """What applications measure, on its way to the database. Its methods are called on the event loop."""

    def __init__(self, units: Units, supervisor: Supervisor) -> None:
        self._units = units
        self._flusher = Flusher("measurements", self.flush, FLUSH_EVERY, supervisor)
        self._collected = Collected()
        self.dropped = 0
        """Numbers dropped since the start: they make no sense, too many came, or the database refused."""

    def take_impact(self, given: Any, app_name: str, environment: str) -> None:
        """What an SDK sent as its impact metrics, whatever it is: that must not cost it its other metrics."""
        for each in given if isinstance(given, list) else ():
            try:
                metric = msgspec.convert(each, ImpactMetric, strict=False)
                self._collected.take(*read_impact(metric, app_name, environment))
            except (msgspec.ValidationError, Unreadable):
                self._collected.dropped += 1

    def take_custom(self, given: Iterable[CustomMetric]) -> None:
        for each in given:
            try:
                self._collected.take(*read_custom(each))
            except Unreadable:
                self._collected.dropped += 1

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
        self._drop(taken.dropped)
        taken.dropped = 0
        try:
            while taken.values:
                await self._write(taken)
        finally:
            self._collected.absorb(taken)

    async def clean(self, units: UnitRunner) -> None:
        """Forgets what nobody has sent for long."""
        await units.run(SYSTEM, commands.forget_old)

    async def _write(self, taken: Collected) -> None:
        chunk: Sequence[tuple[Metric, Series, float]] = [
            (taken.metrics[series.source, series.metric], series, value)
            for series, value in sorted(taken.values.items())[:CHUNK]
        ]
        try:
            self._drop(await self._units.run(SYSTEM, commands.add, chunk))
        except Unavailable:
            raise
        except Exception:
            # What the database refuses, it would refuse again.
            self.dropped += len(chunk)
            log.exception("measurements_refused", items=len(chunk))
        for _, series, _ in chunk:
            del taken.values[series]

    def _drop(self, number: int) -> None:
        if number:
            self.dropped += number
            log.warning("measurements_dropped", numbers=number)


class MeasurementsMetrics(Collector):
    """What was dropped, as a metric."""

    def __init__(self, measurements: Measurements) -> None:
        self._measurements = measurements

    def collect(self) -> Iterator[PrometheusMetric]:
        yield CounterMetricFamily(
            "flagkeeper_measurements_dropped",
            "Numbers that applications measured, which found no room or could not be read.",
            value=self._measurements.dropped,
        )
