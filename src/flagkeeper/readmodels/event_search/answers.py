"""Answers of the event log: pages in one piece, whole lists as streams of constant memory."""

from collections.abc import AsyncIterator

import msgspec

from flagkeeper.eventlog.query import EventQuery
from flagkeeper.eventlog.read import epoch
from flagkeeper.kernel.paging import Page
from flagkeeper.readmodels.views.log import Log
from flagkeeper.storage.reader import Reader
from flagkeeper.storage.transaction import Transaction

BATCH = 200
"""Events per read while a whole list is streamed: some 200 KB, however long the list."""

_encode = msgspec.json.Encoder().encode


def page(tx: Transaction, /, log: Log, query: EventQuery, asked: Page, total_key: str, **head: object) -> bytes:
    """One page of matching events and their exact number, ready to be sent."""
    found, total = log.search.page(tx, query, log.sight, limit=asked.limit, offset=asked.offset)
    shown = log.shown(tx, found.ids)
    cut = {} if found.complete and total.exact else {"incomplete": True}
    return _encode({**head, "events": shown, total_key: total.events, **cut})


async def whole_list(reader: Reader, log: Log, query: EventQuery, **head: object) -> AsyncIterator[bytes]:
    """All matching events as of now, newest first, a batch at a time. No snapshot is held open between batches: the
    log only grows, and what is newer than the start is left out."""
    end = (await reader.run(epoch)).last_id + 1
    total = await reader.run(log.search.total, query, log.sight, before=end)
    yield _encode({**head, "totalEvents": total.events})[:-1] + b',"events":['
    separator = b""
    while batch := await reader.run(_batch, log, query, end):
        end, events = batch
        yield separator + events
        separator = b","
    yield b"]}"


def _batch(tx: Transaction, log: Log, query: EventQuery, before: int) -> tuple[int, bytes] | None:
    """The next events of a stream, joined with commas, and the id of the last one. None at the end."""
    found = log.search.find(tx, query, log.sight, limit=BATCH, before=before)
    if not found.ids:
        return None
    return found.ids[-1], _encode(log.shown(tx, found.ids))[1:-1]
