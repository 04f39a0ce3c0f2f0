"""Answers of the event log: pages in one piece, whole lists as streams of constant memory."""

from collections.abc import AsyncGenerator, Mapping

import msgspec
from litestar.types import ASGIApp
from msgspec import UNSET, UnsetType

from flagkeeper.eventlog.index.search import Indexed
from flagkeeper.eventlog.query import EventQuery
from flagkeeper.eventlog.read import log_position
from flagkeeper.http.stream import begun
from flagkeeper.kernel.paging import Page
from flagkeeper.readmodels.event_search.recent import Answer, Recent
from flagkeeper.readmodels.views.log import Log
from flagkeeper.storage.reader import Reader
from flagkeeper.storage.transaction import Transaction

BATCH = 200
"""Events per read while a whole list is streamed: some 200 KB, however long the list."""

_encode = msgspec.json.Encoder().encode


class PageOf(msgspec.Struct, frozen=True):
    """Which page of which search, and how it is shown: under which name the number of all matching events, and which
    version of the answer, if it says so."""

    query: EventQuery
    page: Page
    total_key: str = "totalEvents"
    version: int | UnsetType = UNSET


def page(tx: Transaction, log: Log, asked: PageOf, recent: Recent) -> bytes:
    """One page of matching events and their exact number, ready to be sent."""
    indexed = log.search.indexed(tx, asked.query, log.visibility)
    key = (log.visibility, log.view, asked)
    return recent.answer(indexed.head, key, lambda: Answer(_page(tx, log, asked, indexed))).body


def _page(tx: Transaction, log: Log, asked: PageOf, indexed: Indexed) -> bytes:
    limit, offset = asked.page.limit, asked.page.offset
    found, total = log.search.page(tx, asked.query, log.visibility, limit=limit, offset=offset, log=indexed)
    version = {} if asked.version is UNSET else {"version": asked.version}
    cut = {} if found.complete and total.exact else {"incomplete": True}
    return _encode({**version, "events": log.shown(tx, found.ids), asked.total_key: total.events, **cut})


async def whole_list(reader: Reader, log: Log, query: EventQuery, **head: object) -> ASGIApp:
    """All matching events as of now, newest first, a batch at a time."""
    return await begun(_pieces(reader, log, query, head), {"Content-Type": "application/json"}, _cut_off)


async def _pieces(
    reader: Reader, log: Log, query: EventQuery, head: Mapping[str, object]
) -> AsyncGenerator[bytes, None]:
    """No snapshot is held open between batches: the log only grows, and what is newer than the start is left out."""
    end = (await reader.run(log_position)).last_id + 1
    total = await reader.run(log.search.total, query, log.visibility, before=end)
    # With the first events: what fails until then has a status.
    separator = _encode({**head, "totalEvents": total.events})[:-1] + b',"events":['
    while batch := await reader.run(_batch, log, query, end):
        end, events = batch
        yield separator + events
        separator = b","
    yield (b"" if separator == b"," else separator) + b"]}"


def _cut_off(reason: str) -> bytes:
    """No bracket closes the list."""
    return b"," + _encode({"error": reason})


def _batch(tx: Transaction, log: Log, query: EventQuery, before: int) -> tuple[int, bytes] | None:
    """The next events of a stream, joined with commas, and the id of the last one. None at the end."""
    found = log.search.find(tx, query, log.visibility, limit=BATCH, before=before)
    if not found.ids:
        return None
    return found.ids[-1], _encode(log.shown(tx, found.ids))[1:-1]
