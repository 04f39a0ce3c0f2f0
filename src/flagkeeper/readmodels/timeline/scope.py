"""Which events concern an environment."""

import msgspec

from flagkeeper.eventlog.index.terms import KINDS
from flagkeeper.eventlog.query import EventQuery
from flagkeeper.eventlog.query.conditions import Condition, Field, condition
from flagkeeper.readmodels.views.log import Log
from flagkeeper.storage.transaction import Transaction


def narrowed(query: EventQuery, *conditions: Condition) -> EventQuery:
    """The query with more conditions."""
    return msgspec.structs.replace(query, conditions=(*query.conditions, *conditions))


def concerning(tx: Transaction, log: Log, query: EventQuery, environment: str | None) -> EventQuery:
    """The matching events of the environment, and those that belong to no environment and so concern all of them.

    The language has no "or": events of every other environment that occurs are left out. None leaves out nothing.
    """
    if environment is None:
        return query
    kind = KINDS[Field.ENVIRONMENT]
    others = log.search.grouped(tx, query, log.sight, [Field.ENVIRONMENT]).of(kind).keys() - {environment}
    return narrowed(query, condition(Field.ENVIRONMENT, *sorted(others), negated=True)) if others else query
