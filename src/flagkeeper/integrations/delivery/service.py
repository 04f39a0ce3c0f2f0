"""Everything that brings events to integrations, as one part of the server."""

from flagkeeper.eventlog.durable import DurableRunner
from flagkeeper.eventlog.log_reader import LogReader
from flagkeeper.eventlog.notifier import Notifier
from flagkeeper.eventlog.read import LogRows
from flagkeeper.eventlog.unit import Units
from flagkeeper.integrations.config.queries import integration
from flagkeeper.integrations.delivery.commands import replay_some
from flagkeeper.integrations.delivery.fanout import CHANNEL, Fanout
from flagkeeper.integrations.delivery.jobs import DeliveryCleaning
from flagkeeper.integrations.delivery.model import Schedule
from flagkeeper.integrations.delivery.queries import ReplayFilter, last_event, span_of
from flagkeeper.integrations.protocol.provider import Links
from flagkeeper.integrations.sender.metrics import DeliveryMetrics
from flagkeeper.integrations.sender.service import Sender
from flagkeeper.kernel.actor import Actor
from flagkeeper.kernel.secrets import Keyring
from flagkeeper.outbound.client import OutboundClient
from flagkeeper.storage.reader import Reader


class DeliveryService:
    """Fan-out, sender and cleaning.

    Args:
        days: how long attempts, and deliveries that are finished, are kept.
        rows: events wherever they are; by default, in the database.
    """

    def __init__(
        self,
        *,
        units: Units,
        reader: Reader,
        log_reader: LogReader,
        notifier: Notifier,
        outbound_client: OutboundClient,
        keyring: Keyring,
        links: Links,
        schedule: Schedule,
        days: int,
        rows: LogRows,
    ) -> None:
        self.metrics = DeliveryMetrics()
        self._keyring = keyring
        self.cleaning = DeliveryCleaning(reader, rows, schedule, days)
        self._fanout = Fanout(self.wake)
        self._fanout_runner = DurableRunner(self._fanout, units, reader, log_reader, rows=rows)
        notifier.listen(CHANNEL, self._hear)
        self._sender = Sender(
            units=units,
            reader=reader,
            rows=rows,
            log_reader=log_reader,
            outbound_client=outbound_client,
            links=links,
            metrics=self.metrics,
            schedule=schedule,
        )

    async def start(self) -> None:
        await self._fanout_runner.start()
        await self._sender.start(self._keyring)

    async def stop(self) -> None:
        """Waits a few seconds for what is on its way, and records it."""
        await self._sender.stop()
        await self._fanout_runner.stop()

    def wake(self) -> None:
        """There may be something to send that no event tells of."""
        self._sender.wake()

    def _hear(self, messages: list[str]) -> None:
        """Fan-outs have written deliveries. Our own has told already."""
        if not all(map(self._fanout.is_own, messages)):
            self.wake()


async def replay_matching(
    units: Units, reader: Reader, rows: LogRows, actor: Actor, integration_id: int, wanted: ReplayFilter
) -> int:
    """Makes all matching deliveries of events so far wait once more, in small units. How many.

    Raises:
        NotFound: there is no such integration.
    """
    await reader.run(integration, integration_id)
    last = await reader.run(last_event, integration_id)
    after, last = await reader.run(span_of, rows, wanted, last)
    total = 0
    while after < last:
        after, replayed = await units.run(actor, replay_some, rows, integration_id, wanted, after, last)
        total += replayed
    return total
