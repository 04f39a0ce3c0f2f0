"""Everything that brings events to integrations, as one part of the server."""

from flagkeeper.eventlog.bell import Bell
from flagkeeper.eventlog.durable import DurableRunner
from flagkeeper.eventlog.read import LogRows
from flagkeeper.eventlog.unit import Units
from flagkeeper.integrations.delivery_jobs import DeliveryCleaning
from flagkeeper.integrations.delivery_model import Schedule
from flagkeeper.integrations.fanout import Fanout
from flagkeeper.integrations.provider import Links
from flagkeeper.integrations.secrets import Keyring
from flagkeeper.integrations.sender.metrics import DeliveryMetrics
from flagkeeper.integrations.sender.service import Sender
from flagkeeper.outbound.door import Door
from flagkeeper.storage.reader import Reader


class DeliveryService:
    """Fan-out, sender and cleaning. `start` is told the keys, which are known only when the database can be read.

    Args:
        days: how long attempts, and deliveries that are finished, are kept.
        rows: events wherever they are; by default, in the database.
    """

    def __init__(
        self,
        *,
        units: Units,
        reader: Reader,
        bell: Bell,
        door: Door,
        links: Links,
        schedule: Schedule,
        days: int,
        rows: LogRows,
    ) -> None:
        self.metrics = DeliveryMetrics()
        self.cleaning = DeliveryCleaning(units, reader, rows, schedule, days)
        self._fanout = DurableRunner(Fanout(), units, reader, bell)
        self._sender = Sender(
            units=units,
            reader=reader,
            rows=rows,
            bell=bell,
            door=door,
            links=links,
            metrics=self.metrics,
            schedule=schedule,
        )

    async def start(self, keyring: Keyring) -> None:
        await self._fanout.start()
        await self._sender.start(keyring)

    async def stop(self) -> None:
        """Waits a few seconds for what is on its way, and records it."""
        await self._sender.stop()
        await self._fanout.stop()

    def look(self) -> None:
        """There may be something to send that no event tells of."""
        self._sender.look()
