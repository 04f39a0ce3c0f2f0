"""Everything that runs on one database: what every server has, and the parts of slices. Starts and stops it."""

import asyncio
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, TypeVar, cast

from prometheus_client.core import Metric

from flagkeeper.eventlog.archive.archive import Archive
from flagkeeper.eventlog.archive.archive_reader import ArchiveReader
from flagkeeper.eventlog.archive.condition import Condition
from flagkeeper.eventlog.archive.timed import configured_blob_store
from flagkeeper.eventlog.index import store as index_store
from flagkeeper.eventlog.index.maintainer import Indexer
from flagkeeper.eventlog.index.memory import MemoryIndex
from flagkeeper.eventlog.index.search import Search
from flagkeeper.eventlog.log_reader import LogReader
from flagkeeper.eventlog.log_signal import LogSignal
from flagkeeper.eventlog.notifier import Notifier
from flagkeeper.eventlog.read import LogRows
from flagkeeper.eventlog.unit import Receipt, Units
from flagkeeper.features.instance.slice import INSTANCE_SETTINGS
from flagkeeper.first_start import first_start
from flagkeeper.http.authenticator import Authenticator
from flagkeeper.http.proxies import Proxies
from flagkeeper.http.raw import Endpoint, Watch
from flagkeeper.kernel.errors import BadData
from flagkeeper.kernel.port import Port
from flagkeeper.outbound.address import Policy, read_policy
from flagkeeper.outbound.client import OutboundClient
from flagkeeper.readmodels.credentials.slice import TOKEN_VIEW, USER_SESSIONS
from flagkeeper.scheduler import Scheduler
from flagkeeper.settings import Settings
from flagkeeper.slice import TAG_SOURCE, Part, Slice, answers_of
from flagkeeper.slices import SLICES
from flagkeeper.storage.database import parse_database_url
from flagkeeper.storage.examine import examine
from flagkeeper.storage.migrate import demand_migrated, migrate
from flagkeeper.storage.reader import Reader
from flagkeeper.supervisor import Lifecycle, Supervisor

T = TypeVar("T")
P = TypeVar("P")

HEAVY_READS, BACKGROUND_READS = 2, 3
"""Threads, and connections, for exports, the archive and what tails catch up with; and for followers and sessions."""
VITALS_DEADLINE = 1.0
"""Seconds after which the database ends a look at its state."""


class Services:
    """The parts of one server (`slice.Parts` says what they are)."""

    def __init__(self, settings: Settings) -> None:
        self.slices: Sequence[Slice] = SLICES
        self._answers = answers_of(SLICES)
        self._offered = {part.name: part for each in SLICES for part in each.provides}
        self._seen_first = [follower for each in SLICES for follower in each.seen_first]
        self._parts = [part for each in SLICES for part in each.parts]
        self._made: dict[Part[Any], Any] = {}
        self._lifecycle = Lifecycle()
        self.settings = settings
        self.database = parse_database_url(settings.database_url, settings.database_parts)
        self._readers = [
            reader := ArchiveReader(self.database),
            heavy_reader := ArchiveReader(self.database, threads=HEAVY_READS),
            background_reader := ArchiveReader(self.database, threads=BACKGROUND_READS),
        ]
        self.reader: Reader = reader
        self.heavy_reader: Reader = heavy_reader
        self.background_reader: Reader = background_reader
        self.vitals_reader = Reader(self.database, threads=1, deadline=VITALS_DEADLINE)
        self.supervisor = Supervisor()
        self.log_signal = LogSignal()
        self.units = Units(self.database, self.log_signal, self.answer(TAG_SOURCE), settings.limits)
        self.notifier = Notifier(self.database, self.background_reader, self.log_signal, self.supervisor)
        self.log_reader = LogReader(self.background_reader, self.log_signal, self.supervisor)
        self.log_reader.poll = lambda: self.notifier.poll
        self.blobs = configured_blob_store(settings.archive, settings.archive_endpoint, settings.archive_region)
        archive = Archive(self.blobs)
        self.archive_condition = Condition(self.blobs, archive, self.background_reader)
        self.rows = LogRows(archive)
        self.tail = MemoryIndex()
        self.indexer = Indexer(self.database, self.rows, politely=True)
        self.search = Search(self.tail, self.rows)
        self.outbound_client = OutboundClient(_outbound_policy(settings))
        self.authenticator = Authenticator(
            tokens=self[TOKEN_VIEW],
            sessions=self[USER_SESSIONS],
            proxies=Proxies(settings.trusted_proxies, settings.proxy_header),
            public_url=settings.public_url,
            no_login=settings.no_login(),
        )

    def __getitem__(self, part: Part[T]) -> T:
        """A part of a slice, made now if nobody has asked for it before.

        Raises:
            LookupError: it is to be opened, and the server has not come so far; or it runs, and no slice lists it.
        """
        if part not in self._made:
            if part.runs and part not in self._parts:
                raise LookupError(f"{part.name} runs, and is not among the parts of a slice")
            if part.make is None:
                raise LookupError(f"{part.name} is not open yet")
            self._made[part] = part.make(self)
        return cast("T", self._made[part])

    def answer(self, port: Port[P]) -> P:
        """What a slice asked, or the part that has the port's name. Raises `KeyError` when there is neither."""
        if port in self._answers:
            return cast("P", self._answers[port])
        return cast("P", self[self._offered[port.name]])

    async def seen(self, receipt: Receipt) -> None:
        """Returns once those who must know of a commit before anybody else do. Raises `Unavailable` as they do."""
        for follower in self._seen_first:
            await self[follower].seen(receipt)

    @property
    def readers(self) -> list[Reader]:
        return [*self._readers, self.vitals_reader]

    def endpoints(self) -> dict[str, Endpoint]:
        """What SDKs call, by path; a path that ends with a slash stands for all below it."""
        return {path: endpoint for each in self.slices for path, endpoint in each.endpoints(self).items()}

    def watches(self) -> list[Watch]:
        """What is told of every answer."""
        return [watch for each in self.slices for watch in each.watches(self)]

    def collect(self) -> Iterator[Metric]:
        """The metrics of all slices."""
        for each in self.slices:
            for metrics in each.metrics(self):
                yield from metrics.collect()

    async def start(self) -> None:
        """Migrates the database if need be, and starts every thread and task; when that fails, ends them again.

        Raises:
            Unavailable: the database is not one on which a server can run.
            sqlite3.Error, psycopg.Error: it cannot be reached or migrated.
        """
        await asyncio.to_thread(self._prepare_database)
        await asyncio.to_thread(index_store.prepare, self.database)
        self.log_signal.attach(asyncio.get_running_loop())
        try:
            await self._start_all()
        except BaseException:
            await self.stop()
            raise

    def _prepare_database(self) -> None:
        examine(self.database)
        if self.settings.migrates:
            migrate(self.database)
        else:
            demand_migrated(self.database)

    async def _start_all(self) -> None:
        start = self._lifecycle.start
        for reader in self.readers:
            await start("reader", _nothing, partial(asyncio.to_thread, reader.stop))
        await start("writer", self._start_writer, partial(asyncio.to_thread, self.units.writer.stop))
        await first_start(self.units, self.reader, self.settings)
        for part in self._parts:
            if part.open is not None:
                self._made[part] = await part.open(self)
        await start("outbound-client", _nothing, self.outbound_client.close)
        await start("log-reader", self.log_reader.start, self.log_reader.stop)
        for part in self._parts:
            if part.runs and not part.last:
                await self._start(part)
        self.archive_condition.check()
        await start("notifier", self.notifier.start, self.notifier.stop)
        for part in self._parts:
            if part.runs and part.last:
                await self._start(part)
        jobs = [job for each in self.slices for job in each.jobs(self)]
        scheduler = Scheduler(jobs, self.units, self.background_reader, self.supervisor)
        await start("scheduler", scheduler.start, scheduler.stop)

    async def _start(self, part: Part[Any]) -> None:
        made = self[part]
        begin = partial(part.start, made) if part.start else _nothing
        end = partial(part.stop, made) if part.stop else _nothing
        await self._lifecycle.start(part.name, begin, end, part.patience)

    async def _start_writer(self) -> None:
        self.units.writer.start()

    @property
    def in_maintenance(self) -> bool:
        """Whether the admin API is closed for changes."""
        return self[INSTANCE_SETTINGS].in_maintenance

    def end_waiting(self) -> None:
        """The server stops: what waits for the archive fails now."""
        for reader in self._readers:
            reader.end_waiting()

    async def stop(self) -> None:
        """Ends everything that `start` started, within ten seconds; what was accepted is committed first."""
        await self._lifecycle.stop()


async def _nothing() -> None:
    """What is there from the beginning."""


def _outbound_policy(settings: Settings) -> Policy:
    try:
        return read_policy(settings.outbound_allow, allow_private=settings.allow_private_integrations)
    except ValueError as error:
        raise BadData(f"FLAGKEEPER_OUTBOUND_ALLOW: {error}.") from error
