"""How the server is: can it write, can it read, and do its followers keep up with the log?"""

from collections.abc import Iterator, Sequence
from typing import Protocol

import msgspec
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import bindparam, select

from flagkeeper.eventlog.read import epoch
from flagkeeper.eventlog.tables import events, log_followers
from flagkeeper.eventlog.unit import Units
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import Unavailable
from flagkeeper.storage.reader import Reader
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction

FAR_BEHIND = 30.0
"""Seconds for which an event may wait for a follower in memory. Above it, this process answers with stale data."""


class MemoryPosition(Protocol):
    """A follower in memory, as far as its position goes."""

    @property
    def name(self) -> str: ...

    @property
    def position(self) -> int: ...


class FollowerVitals(msgspec.Struct, frozen=True):
    name: str
    kind: str
    """`memory`, or `durable`: those run in one process for all."""
    position: int
    lag: float
    """Seconds for which the oldest event that it has not seen has been waiting; 0 when it has seen all."""


class Vitals(msgspec.Struct, frozen=True, kw_only=True):
    """The server's state at one moment."""

    readable: bool
    writable: bool
    waiting: int
    """Units of work that wait for the writer."""
    commits: int
    """Since the start."""
    units: int
    """Units in those commits."""
    last_id: int
    """The newest event; 0 while the database cannot be read."""
    followers: list[FollowerVitals] = []

    def troubles(self) -> list[str]:
        """Why this process should not be sent requests now; none when it is ready. Durable followers do not count:
        nothing would be won if all processes stopped serving because one of their common followers is stuck."""
        return [
            *([] if self.readable else ["The database cannot be read."]),
            *([] if self.writable else ["The database cannot be written."]),
            *(
                f"{follower.name} is {follower.lag:.0f} seconds behind the event log."
                for follower in self.followers
                if follower.kind == "memory" and follower.lag > FAR_BEHIND
            ),
        ]


class VitalSigns:
    """Takes the vitals of one server."""

    def __init__(self, units: Units, reader: Reader, followers: Sequence[MemoryPosition]) -> None:
        self._writer = units.writer
        self._reader = reader
        self._followers = followers

    async def take(self) -> Vitals:
        positions = {follower.name: follower.position for follower in self._followers}
        try:
            last_id, followers = await self._reader.run(_read, positions)
        except Unavailable:
            readable, last_id, followers = False, 0, []
        else:
            readable = True
        return Vitals(
            readable=readable,
            writable=self._writer.healthy,
            waiting=self._writer.waiting(),
            commits=self._writer.commits,
            units=self._writer.units,
            last_id=last_id,
            followers=followers,
        )


_DURABLE = Query(
    select(log_followers.c.name, log_followers.c.position).order_by(log_followers.c.name),
    lambda name, position: (str(name), int(position)),
)
_WAITING_SINCE = Query(
    select(events.c.created_at).where(events.c.id > bindparam("position")).order_by(events.c.id).limit(1), int
)


def _read(tx: Transaction, in_memory: dict[str, int]) -> tuple[int, list[FollowerVitals]]:
    now = clock.now()

    def vitals(name: str, kind: str, position: int) -> FollowerVitals:
        waiting_since = tx.first(_WAITING_SINCE, position=position)
        lag = 0.0 if waiting_since is None else max(0, now - waiting_since) / clock.SECOND
        return FollowerVitals(name, kind, position, lag)

    followers = [vitals(name, "memory", position) for name, position in in_memory.items()]
    followers += [vitals(name, "durable", position) for name, position in tx.all(_DURABLE)]
    return epoch(tx).last_id, followers


class VitalsCollector(Collector):
    """The vitals as metrics. `latest` is set right before the metrics are written."""

    def __init__(self) -> None:
        self.latest: Vitals | None = None

    def collect(self) -> Iterator[Metric]:
        if (vitals := self.latest) is None:
            return
        gauges = {
            "flagkeeper_database_readable": ("1 while the database can be read.", vitals.readable),
            "flagkeeper_database_writable": ("1 while the database can be written.", vitals.writable),
            "flagkeeper_writer_waiting": ("Units of work that wait for the writer.", vitals.waiting),
            "flagkeeper_log_last_event": ("The id of the newest event.", vitals.last_id),
        }
        for name, (meaning, value) in gauges.items():
            yield GaugeMetricFamily(name, meaning, value=value)
        yield CounterMetricFamily("flagkeeper_writer_commits", "Commits of the writer.", value=vitals.commits)
        yield CounterMetricFamily("flagkeeper_writer_units", "Units of work in those commits.", value=vitals.units)
        labels = ("follower", "kind")
        position = GaugeMetricFamily("flagkeeper_follower_position", "The newest event it has seen.", labels=labels)
        lag = GaugeMetricFamily(
            "flagkeeper_follower_lag_seconds", "How long the oldest event that it has not seen waits.", labels=labels
        )
        for follower in vitals.followers:
            position.add_metric((follower.name, follower.kind), follower.position)
            lag.add_metric((follower.name, follower.kind), follower.lag)
        yield position
        yield lag
