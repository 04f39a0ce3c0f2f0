"""Finding what to tell somebody. It asks the index of the log, never the log itself."""

from collections.abc import Mapping

import msgspec
from sqlalchemy import bindparam, select

from flagkeeper.eventlog.query import EventQuery
from flagkeeper.eventlog.query.conditions import Field, Is, condition
from flagkeeper.eventlog.read import EventOut
from flagkeeper.features.flags.queries import favorite_flags
from flagkeeper.features.flags.tables import features
from flagkeeper.kernel.clock import Millis
from flagkeeper.readmodels.notifications.tables import notification_reads
from flagkeeper.readmodels.views.log import Log
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction

MOST_SHOWN = 50
"""The newest."""
MOST_FLAGS = 200
"""Flags whose events are looked at: favourites first, then the newest that somebody made."""


class Notification(msgspec.Struct, frozen=True):
    event: EventOut
    read_at: Millis | None


_MADE_BY = Query(
    select(features.c.name)
    .where(features.c.created_by_user_id == bindparam("user_id"))
    .order_by(features.c.created_at.desc(), features.c.name)
    .limit(MOST_FLAGS),
    str,
)
_READS = Query(
    select(notification_reads.c.event_id, notification_reads.c.read_at).where(
        notification_reads.c.user_id == bindparam("user_id")
    ),
    lambda event_id, read_at: (int(event_id), int(read_at)),
)


def notifications(tx: Transaction, user_id: int, log: Log) -> list[Notification]:
    """What others did to the flags that somebody made or likes, as far as they may see it; the newest first."""
    events = log.shown(tx, news(tx, user_id, log))
    reads: Mapping[int, Millis] = dict(tx.all(_READS, user_id=user_id))
    return [Notification(event, reads.get(event.id)) for event in events]


def news(tx: Transaction, user_id: int, log: Log) -> list[int]:
    """The ids of these events."""
    liked = sorted(favorite_flags(tx, user_id))
    flags = list(dict.fromkeys([*liked, *tx.all(_MADE_BY, user_id=user_id)]))[:MOST_FLAGS]
    if not flags:
        return []
    of_others = condition(Field.USER, str(user_id), negated=True)
    about_flags = Is(field=Field.TYPE, patterns=("feature-*",))
    query = EventQuery(conditions=(condition(Field.FLAG, *flags), about_flags, of_others))
    return log.search.find(tx, query, log.visibility, limit=MOST_SHOWN).ids
