"""Every table of Flagkeeper, by importing whoever declares one: what migrations must add up to."""

from flagkeeper.eventlog import tables as _eventlog
from flagkeeper.features.segments import tables as _segments
from flagkeeper.storage import leases as _leases
from flagkeeper.storage import probe as _probe
from flagkeeper.storage import sequences as _sequences
from flagkeeper.storage.metadata import metadata

__all__ = ["metadata"]
_DECLARED = (_eventlog, _leases, _probe, _segments, _sequences)
