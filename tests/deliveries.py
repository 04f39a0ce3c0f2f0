"""Integrations and what delivers to them, for tests that need no server."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from sqlalchemy import delete

from flagkeeper.eventlog import query
from flagkeeper.eventlog.catalogue.feature import FeatureEnvironmentEnabled
from flagkeeper.eventlog.notifier import Notifier
from flagkeeper.eventlog.read import ArchivedLog, LogRows
from flagkeeper.eventlog.tables import events, log_versions
from flagkeeper.eventlog.unit import Unit
from flagkeeper.integrations.config import commands as config_commands
from flagkeeper.integrations.config.model import Integration, IntegrationDraft
from flagkeeper.integrations.delivery import fanout
from flagkeeper.integrations.delivery.model import DeliveryState, Schedule
from flagkeeper.integrations.delivery.queries import DeliveryRow, page_of_deliveries
from flagkeeper.integrations.delivery.service import DeliveryService
from flagkeeper.integrations.protocol.provider import Links
from flagkeeper.kernel.paging import Page
from flagkeeper.kernel.secrets import Keyring
from flagkeeper.outbound.address import read_policy
from flagkeeper.outbound.client import OutboundClient
from flagkeeper.storage.dialects import any_of
from flagkeeper.storage.statement import Write
from tests.log import Log

KEYRING = Keyring(("a key for tests that is long enough",))
ENABLED = FeatureEnvironmentEnabled.about.type
EVERYTHING = Page(1_000_000)
SCALE = 0.000_02
"""Of all waits: 75 hours become 5 seconds."""

REFUSED = [
    *("http://127.0.0.1/", "http://localhost/", "http://127.1/", "http://2130706433/", "http://0177.0.0.1/"),
    *("http://0x7f000001/", "http://10.0.0.1/", "http://172.16.0.1/", "http://192.168.0.1/", "http://100.64.0.1/"),
    *("http://169.254.169.254/latest/meta-data/", "http://100.100.100.200/", "http://224.0.0.1/", "http://0.0.0.0/"),
    *("http://255.255.255.255/", "http://192.0.2.1/", "http://198.18.0.1/", "http://[::1]/", "http://[::]/"),
    *("http://[fe80::1]/", "http://[fd00::1]/", "http://[ff02::1]/", "http://[2001:db8::1]/"),
    *("http://[::ffff:127.0.0.1]/", "http://[::127.0.0.1]/", "http://[64:ff9b::10.0.0.1]/", "http://[64:ff9b:1::1]/"),
    *("http://[2002:7f00:1::]/", "http://[2001::1]/", "http://[fe80::1%25eth0]/", "http://127.0.0.1./"),
    *("http://127。0。0。1/", "http://１２７.０.０.１/", "http://a@127.0.0.1/", "http://x.example@127.0.0.1/"),
    *("file:///etc/passwd", "gopher://x", "//127.0.0.1", "http://", "nonsense", "http://x\\@127.0.0.1/"),
]
"""Addresses to which nothing may be sent, in every form: private, local, metadata, disguised, and no address at all."""


def add_integration(log: Log, url: str = "http://127.0.0.1:1/", **changes: Any) -> Integration:
    """An integration that wants flags being enabled."""
    parameters = {"url": url, **changes.pop("parameters", {})}
    draft = IntegrationDraft(
        **{
            "provider": "webhook",
            "description": None,
            "enabled": True,
            "parameters": parameters,
            "events": [ENABLED],
            "projects": [],
            "environments": [],
            **changes,
        }
    )
    made: Integration = log.run(config_commands.create, draft, [], KEYRING)
    return made


def draft_of(integration: Integration, url: str, **changes: Any) -> IntegrationDraft:
    return IntegrationDraft(
        **{
            "provider": integration.provider,
            "description": integration.description,
            "enabled": integration.enabled,
            "parameters": {"url": url},
            "events": integration.events,
            "projects": integration.projects,
            "environments": integration.environments,
            **changes,
        }
    )


def enable(unit: Unit, *flags: str, project: str = "default", environment: str = "production") -> None:
    """Records, and only records, that flags were enabled."""
    for flag in flags:
        unit.record(FeatureEnvironmentEnabled(feature_name=flag, project=project, environment=environment))


_REMOVE = [
    Write[Any](delete(table).where(any_of(column, "events")))
    for table, column in ((log_versions, log_versions.c.event_id), (events, events.c.id))
]


def remove_events(log: Log, *event_ids: int) -> None:
    """As if they had been archived."""

    def remove(unit: Unit) -> None:
        for statement in _REMOVE:
            unit.tx.write(statement, events=list(event_ids))

    log.run(remove)


def fan_out(log: Log) -> None:
    """Brings the fan-out up to date, without a sender."""

    async def step() -> None:
        runner = fanout_runner(log)
        try:
            while await runner.step():
                pass
        finally:
            await runner.stop()

    asyncio.run(step())


def fanout_runner(log: Log) -> Any:
    from flagkeeper.eventlog.durable import DurableRunner

    return DurableRunner(fanout.Fanout(), log.units, log.reader, log.log_reader)


def deliveries_of(log: Log, integration: Integration, state: DeliveryState | None = None) -> list[DeliveryRow]:
    """In log order."""
    found: list[DeliveryRow] = log.read(
        page_of_deliveries, LogRows(), integration.id, state, EVERYTHING, query.EVERYTHING
    )[0]
    return found[::-1]


def states_of(log: Log, integration: Integration) -> list[str]:
    return [each.state.value for each in deliveries_of(log, integration)]


class Replica:
    """What one process of Flagkeeper has to deliver events, on a database that others may use too."""

    def __init__(
        self,
        database_url: str,
        *,
        scale: float = SCALE,
        timeout: float = 2.0,
        outbound_client: OutboundClient | None = None,
        archive: ArchivedLog | None = None,
    ) -> None:
        self._url = database_url
        self._scale = scale
        self._timeout = timeout
        self._given_door = outbound_client
        self._archive = archive
        self._gone = False

    async def __aenter__(self) -> Self:
        self.log = Log(self._url)
        self.log.log_signal.attach(asyncio.get_running_loop())
        log = self.log
        self.notifier = Notifier(log.database, log.reader, log.log_signal, log.supervisor)
        log.log_reader.poll = lambda: self.notifier.poll
        self.outbound_client = self._given_door or OutboundClient(read_policy(("127.0.0.0/8",)), timeout=self._timeout)
        self.service = DeliveryService(
            units=self.log.units,
            reader=self.log.reader,
            rows=LogRows(self._archive),
            log_reader=self.log.log_reader,
            notifier=self.notifier,
            outbound_client=self.outbound_client,
            keyring=KEYRING,
            links=Links("http://flagkeeper.test"),
            schedule=Schedule(self._scale),
            days=30,
        )
        await log.log_reader.start()
        await self.service.start()
        await self.notifier.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        if not self._gone:
            await self.service.stop()
            await self._end()

    @property
    def holds(self) -> set[int]:
        """The integrations for which it sends."""
        return set(self.service._sender._workers)

    async def vanish(self) -> None:
        """As if the process had been killed: nothing is finished, recorded or given back."""
        self._gone = True
        sender, follower = self.service._sender, self.service._fanout_runner
        for task in [*sender._tasks, sender._recorder._task, follower._task]:
            if task is not None:
                await task.stop()
        for worker in sender._workers.values():
            worker.dismiss()
            await asyncio.gather(*worker._tasks, return_exceptions=True)
        await self._end()

    async def _end(self) -> None:
        await self.outbound_client.close()
        await self.notifier.stop()
        await self.log.log_reader.stop()
        await asyncio.to_thread(self.log.close)


async def until(condition: Callable[[], object], timeout: float = 10.0, why: Callable[[], object] = str) -> None:
    """Waits for what must happen."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, why() or "it did not happen"
        with contextlib.suppress(TimeoutError):
            await asyncio.sleep(0.01)


def until_now(condition: Callable[[], object], timeout: float = 15.0) -> None:
    """The same, for tests without an event loop."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
