"""One lease, as the process sees it that wants it (`storage.leases`)."""

import time

import structlog

from flagkeeper.eventlog.unit import Unit, Units
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.kernel.errors import Unavailable
from flagkeeper.kernel.ids import new_ulid
from flagkeeper.storage import leases
from flagkeeper.storage.leases import HeldLease, Lease, LeaseLost
from flagkeeper.storage.reader import Reader

log = structlog.get_logger("flagkeeper.leases")


class LeaseHolder:
    """Takes a lease, renews it, and gives it back."""

    def __init__(self, name: str, units: Units, reader: Reader) -> None:
        self.name = name
        self._units = units
        self._reader = reader
        self._holder = new_ulid()
        self._held: HeldLease | None = None

    @property
    def left(self) -> float:
        """Seconds for which it may be trusted; 0 without it."""
        return max(0.0, self._held.left) if self._held is not None else 0.0

    async def ensure(self, length: clock.Millis) -> bool:
        """Sees to it that the lease is held, for more than half of `length` if it is of that length. False: another
        process has it."""
        if self._held is not None and self._held.is_young and self._held.length == length:
            return True
        return await self.extend(length)

    async def extend(self, length: clock.Millis) -> bool:
        """Takes the lease, or makes it last so long from now. False: another process has it."""
        asked = time.monotonic()
        mine = self._held.lease if self._held is not None else None
        if mine is None:
            taken = await self._reader.run(leases.taken, [self.name], self._holder)
            if taken:
                return False
        lease = await self._units.run(SYSTEM, self._ask, mine, length)
        self._held = HeldLease(lease, asked, length) if lease is not None else None
        return lease is not None

    def confirm(self, unit: Unit) -> None:
        """What `unit` writes relies on the lease. Raises `LeaseLost`."""
        if self._held is None or self._held.left <= 0:
            raise LeaseLost(f"{self.name} is no longer ours")
        leases.confirm(unit.tx, self._held.lease)

    def forget(self) -> None:
        """It was lost."""
        self._held = None

    async def release(self) -> None:
        """Gives it back, if it is held. When the database is away it runs out by itself."""
        held, self._held = self._held, None
        if held is None:
            return
        try:
            await self._units.run(SYSTEM, lambda unit: leases.release(unit.tx, held.lease))
        except Unavailable as error:
            log.warning("lease_not_released", lease=self.name, error=error.message)

    def _ask(self, unit: Unit, mine: Lease | None, length: clock.Millis) -> Lease | None:
        if mine is not None:
            return mine if leases.renew(unit.tx, mine, length) else None
        return leases.take(unit.tx, self.name, self._holder, length)
