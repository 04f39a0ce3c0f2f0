"""Every table of Flagkeeper, by importing whoever declares one: what migrations must add up to."""

from flagkeeper.eventlog import tables as _eventlog
from flagkeeper.eventlog.archive import tables as _archive
from flagkeeper.features.access import tables as _access
from flagkeeper.features.environments import tables as _environments
from flagkeeper.features.flags import tables as _flags
from flagkeeper.features.projects import tables as _projects
from flagkeeper.features.searches import tables as _searches
from flagkeeper.features.segments import tables as _segments
from flagkeeper.features.strategies import tables as _strategies
from flagkeeper.features.tags import tables as _tags
from flagkeeper.features.tokens import tables as _tokens
from flagkeeper.features.usage import tables as _usage
from flagkeeper.features.users import tables as _users
from flagkeeper.integrations import config_tables as _integrations
from flagkeeper.integrations import delivery_tables as _deliveries
from flagkeeper.storage import leases as _leases
from flagkeeper.storage import probe as _probe
from flagkeeper.storage import sequences as _sequences
from flagkeeper.storage.metadata import metadata

__all__ = ["metadata"]
_DECLARED = (
    _access,
    _archive,
    _deliveries,
    _environments,
    _eventlog,
    _flags,
    _integrations,
    _leases,
    _probe,
    _projects,
    _searches,
    _segments,
    _sequences,
    _strategies,
    _tags,
    _tokens,
    _usage,
    _users,
)
