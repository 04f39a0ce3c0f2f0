"""Recording how the server is."""

from flagkeeper.eventlog.catalogue.system import DbPoolUpdate, PoolData
from flagkeeper.eventlog.unit import Unit
from flagkeeper.readmodels.health import queries
from flagkeeper.storage.reader import PoolNumbers


def note_pool(unit: Unit, numbers: PoolNumbers) -> None:
    """Records these numbers of the database pool, unless the log says them already."""
    now = PoolData(
        used=numbers.used,
        free=numbers.free,
        pending_creates=numbers.opening,
        pending_acquires=numbers.waiting,
    )
    if now != queries.pool_recorded(unit.tx):
        unit.record(DbPoolUpdate(data=now))
