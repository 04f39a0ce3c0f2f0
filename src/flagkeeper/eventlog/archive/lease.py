"""One process at a time changes the archive, and none while a legal hold stands."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from flagkeeper.eventlog.archive.store import Hold, holds_for_certain
from flagkeeper.eventlog.unit import Unit, Units
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.kernel.errors import Conflict, Unavailable
from flagkeeper.kernel.ids import new_ulid
from flagkeeper.storage import leases
from flagkeeper.storage.leases import Lease

LEASE = "archive"
DURATION = 2 * clock.MINUTE
"""How long a process that vanished keeps others from going on."""


class ArchiveLease:
    """Held while the archive is changed. Every unit that relies on it calls `demand` first."""

    def __init__(self, units: Units, lease: Lease, duration: clock.Millis) -> None:
        self._units = units
        self._lease = lease
        self._duration = duration

    def demand(self, unit: Unit) -> None:
        """Renews the lease, and no hold be placed until the unit ends.

        Raises:
            Conflict: another process has taken over, or a hold stands.
        """
        if not leases.renew(unit.tx, self._lease, self._duration):
            raise _taken()
        demand_no_hold(holds_for_certain(unit.tx))

    def last(self) -> None:
        """Renews it between two units. Raises `Conflict`, as `demand`."""
        self._units.run_now(SYSTEM, self.demand)

    def end(self) -> None:
        self._units.run_now(SYSTEM, lambda unit: leases.release(unit.tx, self._lease))


@contextmanager
def archive_lease(units: Units, duration: clock.Millis = DURATION) -> Iterator[ArchiveLease]:
    """Raises `Conflict` while another process has it, or a hold stands."""
    mine = ArchiveLease(units, units.run_now(SYSTEM, _begin, new_ulid(), duration), duration)
    try:
        yield mine
    finally:
        # When the database is away, or the server is ending, the lease runs out by itself.
        with suppress(Unavailable):
            mine.end()


def _begin(unit: Unit, holder: str, duration: clock.Millis) -> Lease:
    lease = leases.take(unit.tx, LEASE, holder, duration)
    if lease is None:
        raise _taken()
    demand_no_hold(holds_for_certain(unit.tx))
    return lease


def _taken() -> Conflict:
    return Conflict("The archive is being changed by another process. Try again when that has ended.")


def demand_no_hold(holds: list[Hold]) -> None:
    """Raises `Conflict` when there is one."""
    if holds:
        named = "; ".join(f"hold {hold.id} by {hold.created_by}: {hold.reason}" for hold in holds)
        raise Conflict(f"A legal hold stands, so every event stays as and where it is ({named}). Lift it first.")
