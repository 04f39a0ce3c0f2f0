"""The events before and after one that are about the same thing."""

from collections.abc import Callable

import msgspec

from flagkeeper.eventlog.catalogue import EVENTS
from flagkeeper.eventlog.query import EventQuery
from flagkeeper.eventlog.query.conditions import Field, Word, condition
from flagkeeper.eventlog.query.content import words_of
from flagkeeper.eventlog.read import EventRow
from flagkeeper.readmodels.views.log import Log
from flagkeeper.readmodels.views.mention import Mention, mention
from flagkeeper.readmodels.views.parts import subject_of
from flagkeeper.storage.transaction import Transaction

MOST_READ = 200
"""Events that may be about the same thing of which each is looked at."""


class Neighbours(msgspec.Struct, frozen=True):
    """The events about the same flag, or where there is none about the same subject (a segment, a user ...)."""

    of: str
    """`flag/checkout`, `segment/12`. Empty: nobody knows what the event is about."""
    previous: Mention | None
    next: Mention | None


def neighbours(tx: Transaction, log: Log, row: EventRow) -> Neighbours:
    of, query, is_same = _same_flag(row) if row.feature_name else _same_subject(row)
    if not of:
        return Neighbours("", None, None)

    def nearest(**where: int) -> Mention | None:
        ids = log.search.find(tx, query, log.visibility, limit=1 if row.feature_name else MOST_READ, **where).ids
        found = next(filter(is_same, log.rows.of(tx, ids)), None)
        return None if found is None else mention(found, log.view)

    return Neighbours(of, nearest(before=row.id), nearest(after=row.id))


Same = tuple[str, EventQuery, Callable[[EventRow], bool]]
"""What an event is about, a search for events about it, and the means to tell which of those really are."""


def _same_flag(row: EventRow) -> Same:
    flag = str(row.feature_name)
    return f"flag/{flag}", EventQuery(conditions=(condition(Field.FLAG, flag),)), lambda _: True


def _same_subject(row: EventRow) -> Same:
    """Subjects are no field of the index: it finds events of the same kind that have the words of the subject."""
    subject = subject_of(row)
    kind, *names = subject.split("/")
    types = [name for name, event in EVENTS.items() if event.about.subject.split("/")[0] == kind]
    words = [word for name in names if (word := next(iter(words_of(name)), None))]
    query = EventQuery(conditions=(condition(Field.TYPE, *types), *(Word(start=word) for word in words)))
    return subject, query, lambda other: subject_of(other) == subject
