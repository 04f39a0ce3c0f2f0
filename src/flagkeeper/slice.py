"""What a slice is: one value in its folder, `SLICE`, that tells the server everything it has to know of it.

The application, the schema, the first start, the archive, metrics, documents and import contracts are made from these
values, and `slices.py` lists them.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any, Generic, Protocol, TypeVar

import msgspec
from litestar.handlers import HTTPRouteHandler
from prometheus_client.core import Metric
from sqlalchemy import Table

from flagkeeper.eventlog.archive.archiver import OldestNeeded
from flagkeeper.eventlog.archive.blob_store import BlobStore
from flagkeeper.eventlog.archive.condition import Condition
from flagkeeper.eventlog.archive.pseudonymiser import NamesOutsideLog
from flagkeeper.eventlog.follow import MemoryRunner
from flagkeeper.eventlog.index.maintainer import Indexer
from flagkeeper.eventlog.index.memory import MemoryIndex
from flagkeeper.eventlog.index.search import Search
from flagkeeper.eventlog.keeper import Keeper
from flagkeeper.eventlog.log_reader import LogReader
from flagkeeper.eventlog.notifier import Notifier
from flagkeeper.eventlog.read import LogRows
from flagkeeper.eventlog.step import Op
from flagkeeper.eventlog.unit import Receipt, TagSource, Unit, Units
from flagkeeper.http.authenticator import Authenticator
from flagkeeper.http.openapi import RawOperation
from flagkeeper.http.raw import Endpoint, Watch
from flagkeeper.kernel.port import Answer, Port
from flagkeeper.outbound.client import OutboundClient
from flagkeeper.scheduler import Job
from flagkeeper.settings import Settings
from flagkeeper.storage.reader import Reader
from flagkeeper.supervisor import PATIENCE, Supervisor

T = TypeVar("T")
P = TypeVar("P")
RunsT = TypeVar("RunsT", bound="Runs")


TAG_SOURCE = Port[TagSource]("tag_source")
"""What the log itself asks."""


class Part(Generic[T]):
    """Something of which every server has one.

    Args:
        make: makes it when it is first asked for, without waiting for anything.
        open: in place of `make`: makes it with the database, right before the first part starts.
        start, stop: it runs in between; parts start in the order of the slices, and stop in reverse.
        patience: seconds that it gets to stop.
        last: starts when all others run and the notifier listens, and so is stopped before all of them.
    """

    def __init__(
        self,
        name: str,
        make: "Callable[[Parts], T] | None" = None,
        *,
        open: "Callable[[Parts], Awaitable[T]] | None" = None,  # noqa: A002 - the plain word
        start: Callable[[T], Awaitable[object]] | None = None,
        stop: Callable[[T], Awaitable[object]] | None = None,
        patience: float = PATIENCE,
        last: bool = False,
    ) -> None:
        if (make is None) == (open is None):
            raise ValueError(f"the part {name} is either made or opened")
        self.name = name
        self.make = make
        self.open = open
        self.start = start
        self.stop = stop
        self.patience = patience
        self.last = last

    @property
    def runs(self) -> bool:
        """Whether it is started or stopped."""
        return self.start is not None or self.stop is not None


class Runs(Protocol):
    """What `running` makes a part of."""

    async def start(self) -> object: ...

    async def stop(self) -> object: ...


def running(name: str, make: "Callable[[Parts], RunsT]", *, patience: float = PATIENCE) -> Part[RunsT]:
    """A part that runs from its own `start` to its own `stop`."""
    return Part(name, make, start=lambda made: made.start(), stop=lambda made: made.stop(), patience=patience)


class Parts(Protocol):
    """The parts of one server, as a slice finds them: those that every server has by name, those of slices by
    `parts[PART]`."""

    settings: Settings
    units: Units
    reader: Reader
    """For what people ask."""
    heavy_reader: Reader
    """For exports, the archive, and what tails catch up with: they do not hold up people."""
    background_reader: Reader
    """For followers and jobs."""
    vitals_reader: Reader
    """Finds out whether the database can be read."""

    @property
    def readers(self) -> Sequence[Reader]:
        """All of these."""
        ...

    supervisor: Supervisor
    log_reader: LogReader
    notifier: Notifier
    blobs: BlobStore | None
    """Where archived events are; None when no archive is configured."""
    archive_condition: Condition
    rows: LogRows
    """Events, wherever they are."""
    tail: MemoryIndex
    indexer: Indexer
    search: Search
    authenticator: Authenticator
    outbound_client: OutboundClient
    slices: "Sequence[Slice]"

    def __getitem__(self, part: Part[T]) -> T:
        """Raises `LookupError` for one that is to be opened, before it is."""
        ...

    def answer(self, port: Port[P]) -> P: ...

    async def seen(self, receipt: Receipt) -> None:
        """Returns once those who must know of a commit before anybody else do. Raises `Unavailable` as they do."""
        ...


class Metrics(Protocol):
    """Metrics that are read when somebody asks for them, such as a `CollectorRegistry` of Prometheus' client."""

    def collect(self) -> Iterable[Metric]: ...


def _nothing(_parts: Parts) -> tuple[()]:
    return ()


def _no_endpoints(_parts: Parts) -> Mapping[str, Endpoint]:
    return {}


class Slice(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the rest of the server has to know of one folder. All of it may be left out."""

    name: str

    routes: Sequence[HTTPRouteHandler] = ()
    """Of the admin API."""
    operations: Sequence[RawOperation] = ()
    """What the documentation says of `endpoints`."""
    endpoints: Callable[[Parts], Mapping[str, Endpoint]] = _no_endpoints
    """Plain ASGI for SDKs, by path; a path that ends with a slash stands for all below it."""
    per_request: Mapping[str, Callable[..., Any]] = {}
    """What handlers, also those of other slices, get by name for each request: functions as Litestar's `Provide` takes
    them."""
    eventless: Mapping[str, str] = {}
    """Routes other than GET that record nothing, as `METHOD /path`, each with the reason."""
    causes: Sequence[str] = ()
    """What causes events of this slice without a request, in the words of docs/events.md."""

    tables: ModuleType | None = None
    """The module that declares its tables."""
    seed: Callable[[Unit], None] | None = None
    """What a new database has of this slice before anybody has used it."""

    asks: Sequence[Port[Any]] = ()
    answers: Sequence[Answer] = ()
    """To what lower slices, or the log, ask."""

    provides: Sequence[Part[Any]] = ()
    """What handlers, also those of other slices, get by name."""
    parts: Sequence[Part[Any]] = ()
    """What is opened, started or stopped, in that order. For durable followers among them the archive waits."""
    followers: Sequence[Part[MemoryRunner]] = ()
    """Those of its parts from which requests are answered: while one of them is behind, the server is not ready."""
    seen_first: Sequence[Part[MemoryRunner]] = ()
    """Those of its followers that know of a change before whoever asked for it gets the answer: a token that was just
    made works, and one that was revoked does not."""
    jobs: Callable[[Parts], Iterable[Job]] = _nothing
    metrics: Callable[[Parts], Iterable[Metrics]] = _nothing
    watches: Callable[[Parts], Iterable[Watch]] = _nothing
    """What is told of every answer. It runs on the event loop, for every request: it must cost next to nothing."""

    keepers: Sequence[Keeper[Any]] = ()
    """Of every kind of subject that its audited tables hold."""
    ops: Sequence[Op[Any]] = ()
    """What can be asked of it as a step."""
    undertakings: Sequence[Op[Any]] = ()
    """What it does piece by piece, in many units: operations that return the step which does the rest, or None."""

    needs: Sequence[OldestNeeded] = ()
    """Who else still needs events in the database."""
    names_outside_log: Sequence[NamesOutsideLog] = ()
    """Puts pseudonyms in the place of names in its tables."""

    def declared(self) -> Iterator[Table]:
        """Its tables."""
        return (each for each in vars(self.tables).values() if isinstance(each, Table)) if self.tables else iter(())


def answers_of(slices: Sequence[Slice]) -> dict[Port[Any], Any]:
    """What answers each port.

    Args:
        slices: the lower ones first.

    Raises:
        ValueError: a port that is asked has not exactly one answer, or one from a lower slice; or nobody asks it.
    """
    answers: dict[Port[Any], Any] = {}
    open_ports: set[Port[Any]] = {TAG_SOURCE}
    for each in slices:
        for port, answer in each.answers:
            if port not in open_ports:
                raise ValueError(f"{each.name} answers {port.name}, which no lower slice asks, or which has an answer")
            open_ports.remove(port)
            answers[port] = answer
        if asked_again := [port.name for port in each.asks if port in open_ports or port in answers]:
            raise ValueError(f"{each.name} asks {asked_again}, and so does another slice")
        open_ports.update(each.asks)
    if open_ports:
        raise ValueError(f"no slice answers {sorted(port.name for port in open_ports)}")
    return answers
