"""How the server is: can it write, can it read, and do its followers keep up with the log?"""

import asyncio
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Protocol

import msgspec
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import bindparam, select

from flagkeeper.eventlog.archive.condition import Condition
from flagkeeper.eventlog.notifier import Notifier
from flagkeeper.eventlog.read import log_position
from flagkeeper.eventlog.tables import events, log_followers
from flagkeeper.eventlog.unit import Units
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import Unavailable
from flagkeeper.storage.dialects import can_be_written
from flagkeeper.storage.reader import Reader
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction
from flagkeeper.supervisor import Supervisor

FAR_BEHIND = 30.0
"""Seconds for which an event may wait for a follower in memory. Above it, this process answers with stale data."""

PATIENCE = 1.75
"""Seconds in which the database must answer to be called readable, so that a load balancer is told within two."""

_Read = tuple[int, list["FollowerVitals"], bool]


_POLLED = "Notifications of the database do not arrive: changes by other servers are polled for."
_JUMPED = "The clock of the database jumped by {seconds} s. Times go on as before; restart the servers if it is right."


class MemoryPosition(Protocol):
    """A follower in memory, as far as its position goes."""

    @property
    def name(self) -> str: ...

    @property
    def position(self) -> int: ...

    @property
    def is_loaded(self) -> bool: ...


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
    unloaded: list[str] = []
    """Followers in memory whose state is to be loaded anew."""
    failing: list[str] = []
    """What is wrong with work in the background without which requests cannot be served."""
    failures: dict[str, int] = {}
    """Of each task in the background, since the start."""
    notifications: bool = True
    """Whether notifications of other processes arrive."""

    archive: list[str] | None = None
    """Why archived events cannot be read now; None when there is no archive. All else goes on without it."""
    jump: clock.Millis = 0
    """How far the database's clock has jumped, while it is not followed for that."""

    def notes(self) -> list[str]:
        """What is not as it should be, though requests can be served."""
        return [
            *([] if self.notifications else [_POLLED]),
            *([_JUMPED.format(seconds=self.jump // clock.SECOND)] if self.jump else []),
            *(self.archive or []),
        ]

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
            *(f"{name} is being loaded anew." for name in self.unloaded),
            *self.failing,
        ]


class VitalSigns:
    """Takes the vitals of one server."""

    def __init__(
        self,
        units: Units,
        reader: Reader,
        followers: Sequence[MemoryPosition],
        supervisor: Supervisor,
        notifier: Notifier,
        archive: Condition,
    ) -> None:
        self._supervisor = supervisor
        self._notifier = notifier
        self._writer = units.writer
        self._reader = reader
        self._followers = followers
        self._archive = archive
        self._late: asyncio.Task[_Read | None] | None = None

    async def take(self) -> Vitals:
        positions = {follower.name: follower.position for follower in self._followers}
        troubles = self._archive.troubles()
        seen = await self._look(positions)
        last_id, followers, can_write = seen or (0, [], True)
        return Vitals(
            readable=seen is not None,
            writable=self._writer.healthy and can_write,
            waiting=self._writer.waiting(),
            commits=self._writer.commits,
            units=self._writer.units,
            last_id=last_id,
            followers=followers,
            unloaded=[follower.name for follower in self._followers if not follower.is_loaded],
            failing=self._supervisor.troubles(),
            failures=dict(self._supervisor.failures),
            notifications=self._notifier.arrive,
            jump=clock.clock.jump,
            archive=troubles if troubles or self._archive.configured else None,
        )

    async def _look(self, positions: dict[str, int]) -> _Read | None:
        """What the database says; None if it says nothing in time. Where one look is late, nobody begins another: it
        would wait behind that, for as long as it takes to find out that a connection is dead."""
        looking = self._late if self._late and not self._late.done() else asyncio.create_task(self._reads(positions))
        done, _ = await asyncio.wait((looking,), timeout=PATIENCE)
        self._late = None if done else looking
        return looking.result() if done else None

    async def _reads(self, positions: dict[str, int]) -> _Read | None:
        try:
            return await self._reader.run(_read, positions)
        except Unavailable:
            return None


_DURABLE = Query(
    select(log_followers.c.name, log_followers.c.position).order_by(log_followers.c.name),
    lambda name, position: (str(name), int(position)),
)
_WAITING_SINCE = Query(
    select(events.c.created_at).where(events.c.id > bindparam("position")).order_by(events.c.id).limit(1), int
)


_CAN_BE_WRITTEN = Query(select(can_be_written()), bool)
"""A server that nobody changes anything on would not notice otherwise."""


def _read(tx: Transaction, in_memory: dict[str, int]) -> _Read:
    now = clock.now()

    @cache
    def since(position: int) -> int | None:
        return tx.first(_WAITING_SINCE, position=position)

    def vitals(name: str, kind: str, position: int) -> FollowerVitals:
        waiting_since = since(position)
        lag = 0.0 if waiting_since is None else max(0, now - waiting_since) / clock.SECOND
        return FollowerVitals(name, kind, position, lag)

    followers = [vitals(name, "memory", position) for name, position in in_memory.items()]
    followers += [vitals(name, "durable", position) for name, position in tx.all(_DURABLE)]
    return log_position(tx).last_id, followers, tx.first(_CAN_BE_WRITTEN) is True


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
            "flagkeeper_clock_jump_seconds": (
                "How far the database's clock has jumped, while it is not followed.",
                vitals.jump / clock.SECOND,
            ),
            "flagkeeper_log_last_event": ("The id of the newest event.", vitals.last_id),
            "flagkeeper_notifications_arrive": (
                "1 while notifications of the database arrive; 0: changes by other servers are polled for.",
                vitals.notifications,
            ),
        }
        if vitals.archive is not None:
            gauges["flagkeeper_archive_usable"] = ("1 while archived events can be read.", not vitals.archive)
        for name, (meaning, value) in gauges.items():
            yield GaugeMetricFamily(name, meaning, value=value)
        yield CounterMetricFamily("flagkeeper_writer_commits", "Commits of the writer.", value=vitals.commits)
        yield CounterMetricFamily("flagkeeper_writer_units", "Units of work in those commits.", value=vitals.units)
        failures = CounterMetricFamily(
            "flagkeeper_background_failures", "Failures of work in the background.", labels=("task",)
        )
        for task, count in vitals.failures.items():
            failures.add_metric((task,), count)
        yield failures
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
