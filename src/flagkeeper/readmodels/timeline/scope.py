"""Which events concern an environment."""

import msgspec

from flagkeeper.eventlog.query import EventQuery
from flagkeeper.eventlog.query.conditions import Condition, Field, Is


def narrowed(query: EventQuery, *conditions: Condition) -> EventQuery:
    """The query with more conditions."""
    return msgspec.structs.replace(query, conditions=(*query.conditions, *conditions))


def concerning(query: EventQuery, environment: str | None) -> EventQuery:
    """The matching events of the environment, and those that belong to no environment and so concern all of them. None
    leaves out nothing."""
    if environment is None:
        return query
    return narrowed(query, Is(field=Field.ENVIRONMENT, values=(environment,), absent=True))
