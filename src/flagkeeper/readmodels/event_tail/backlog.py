"""Reading on in the log from some event: for whoever comes back, or is slower than the log grows."""

import msgspec

from flagkeeper.eventlog.query import Candidate, EventQuery, matches
from flagkeeper.eventlog.query.conditions import depends_on_text
from flagkeeper.eventlog.read import EventRow, log_position
from flagkeeper.kernel.errors import Unavailable
from flagkeeper.readmodels.views.log import Log
from flagkeeper.storage.transaction import Transaction

IDS = 500
"""Matching ids that are found at once."""
_BATCH = 20
SIZE = 64 * 1024
"""Characters of payload after which the rest is left for the next time."""


class Stretch(msgspec.Struct, frozen=True):
    """The next matching events, oldest first, and up to where that is all of them."""

    epoch: str
    rows: list[EventRow]
    position: int


def read_on(tx: Transaction, /, log: Log, query: EventQuery, position: int) -> Stretch:
    """The matching events after `position`, as many as fit.

    The index may give up on a text that very many values contain, so it is asked the rest of the question, and what it
    finds is looked at event by event.

    Raises:
        Unavailable: the index is being built, or the archive is out of reach.
    """
    head = log_position(tx)
    certain = tuple(each for each in query.conditions if not depends_on_text(each))
    asked = msgspec.structs.replace(query, conditions=certain)
    found = log.search.find(tx, asked, log.visibility, limit=IDS, after=position)
    if not found.complete:
        raise Unavailable("The index cannot find these events now. Ask for less.")
    rows: list[EventRow] = []
    size = 0
    for start in range(0, len(found.ids), _BATCH):
        for row in log.rows.of(tx, found.ids[start : start + _BATCH]):
            position = row.id
            if matches(query, Candidate(row)):
                rows.append(row)
                size += len(row.data or "") + len(row.pre_data or "")
        if size >= SIZE:
            return Stretch(head.epoch, rows, position)
    return Stretch(head.epoch, rows, position if len(found.ids) == IDS else max(position, head.last_id))
