"""Answers of the event log: pages in one piece, whole lists as streams of constant memory."""

from collections.abc import AsyncIterator

import msgspec

from flagkeeper.eventlog.read import EventFilter, EventRow, View, count, epoch, find, next_batch
from flagkeeper.kernel.paging import Page
from flagkeeper.storage.reader import Reader
from flagkeeper.storage.transaction import Transaction

_encode = msgspec.json.Encoder().encode


def page(tx: Transaction, /, wanted: EventFilter, asked: Page, view: View, total_key: str, **head: object) -> bytes:
    """One page of matching events and their exact number, ready to be sent."""
    found = [row.shown(view) for row in find(tx, wanted, asked)]
    return _encode({**head, "events": found, total_key: count(tx, wanted)})


async def whole_list(reader: Reader, wanted: EventFilter, view: View, **head: object) -> AsyncIterator[bytes]:
    """All matching events as of now, newest first, a batch at a time. No snapshot is held open between batches: the
    log only grows, and what is newer than the start is left out."""
    end = (await reader.run(epoch)).last_id + 1
    total = await reader.run(count, wanted, end)
    yield _encode({**head, "totalEvents": total})[:-1] + b',"events":['
    separator = b""
    while batch := await reader.run(next_batch, wanted, end):
        yield separator + await reader.run(_joined, batch, view)
        separator = b","
        end = batch[-1].id
    yield b"]}"


def _joined(_: Transaction, batch: list[EventRow], view: View) -> bytes:
    return _encode([row.shown(view) for row in batch])[1:-1]
