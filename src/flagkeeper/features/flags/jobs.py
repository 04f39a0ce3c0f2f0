"""What happens to flags by itself as time goes by."""

from flagkeeper.eventlog.leased_units import UnitRunner
from flagkeeper.features.flags.commands.bulk import CHUNK
from flagkeeper.features.flags.commands.metadata import mark_potentially_stale as mark
from flagkeeper.features.flags.queries import outdated_staleness
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.storage.reader import Reader


async def mark_potentially_stale(units: UnitRunner, reader: Reader) -> None:
    """Marks the flags that have outlived the lifetime of their type; to be run every minute."""
    names = await reader.run(outdated_staleness, clock.now())
    await units.run_chunks(SYSTEM, mark, names, CHUNK)
