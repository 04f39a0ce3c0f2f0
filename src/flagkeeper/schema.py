"""Every table of Flagkeeper, by importing whatever declares one: what migrations must add up to."""

from flagkeeper.eventlog import tables as _eventlog
from flagkeeper.eventlog.archive import tables as _archive
from flagkeeper.slices import SLICES
from flagkeeper.storage import leases as _leases
from flagkeeper.storage import migrate as _migrate
from flagkeeper.storage import probe as _probe
from flagkeeper.storage import sequences as _sequences
from flagkeeper.storage.metadata import metadata

__all__ = ["metadata"]
_DECLARED = (_archive, _eventlog, _leases, _migrate, _probe, _sequences, SLICES)
