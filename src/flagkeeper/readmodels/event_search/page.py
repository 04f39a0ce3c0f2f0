"""Pages of matching events that begin where another page ended, however deep in the log that is."""

from typing import cast
from urllib.parse import quote, urlencode

import msgspec
from msgspec import UNSET, UnsetType

from flagkeeper.eventlog.index.search import Found, Indexed, Total
from flagkeeper.eventlog.query import EventQuery
from flagkeeper.kernel.errors import BadData, Detail
from flagkeeper.readmodels.event_search.cursor import Cursor
from flagkeeper.readmodels.views.listed import ListedEvent
from flagkeeper.readmodels.views.log import Log
from flagkeeper.readmodels.views.mention import EVENTS_PATH
from flagkeeper.storage.transaction import Transaction

COUNTED = 1_000
"""Matching events that are counted, unless all of them are asked for."""


class Count(msgspec.Struct, frozen=True):
    events: int
    exact: bool
    """False: there are so many at least."""


class Links(msgspec.Struct, frozen=True):
    """The pages beside one, null where there is none."""

    next: str | None
    """Older events."""
    prev: str | None
    """Newer events."""

    def header(self) -> str:
        """Both as the value of a `Link` header (RFC 8288)."""
        pages = {"next": self.next, "prev": self.prev}
        return ", ".join(f'<{url}>; rel="{name}"' for name, url in pages.items() if url)


class LogPage(msgspec.Struct, frozen=True, kw_only=True):
    """Matching events, the newest first, and the way to the pages beside them."""

    events: list[ListedEvent]
    total: Count
    next: str | None
    """The page with older events. Null: there are none."""
    prev: str | None
    """The page with newer events. Null: this is the newest page."""
    incomplete: bool | UnsetType = UNSET
    """True: so many values contain the text that the search ended early; older events may match too."""


class PageQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """Which page of which search."""

    query: EventQuery
    limit: int
    offset: int = 0
    cursor: Cursor | None = None
    around: int | None = None
    """The event in the middle, instead of a cursor."""
    at_most: int | None = COUNTED
    """Matching events that are counted; None: all of them."""
    parameters: tuple[tuple[str, str], ...] = ()
    """Those of the request, which links repeat."""


def page(tx: Transaction, log: Log, asked: PageQuestion, indexed: Indexed | None = None) -> LogPage:
    """One page. `indexed` is what the search said of its query, if it was asked already.

    Raises:
        BadData: the cursor is of another log, or there is more than one place to begin.
    """
    if asked.around is not None:
        if asked.cursor is not None or asked.offset:
            problem = "around says where the page is; leave out cursor and offset."
            raise BadData(problem, Detail(problem, "/query/around"))
        return _page_around(tx, log, asked, asked.around, indexed)
    found, total = _find(tx, log, asked, indexed)
    if asked.cursor is not None:
        asked.cursor.demand(found.epoch)
    ids = found.ids[: asked.limit]
    backwards = asked.cursor is not None and asked.cursor.side == "newer"
    if backwards:
        ids.reverse()
    links = _links(asked, found.epoch, ids, more=len(found.ids) > asked.limit or (bool(ids) and not found.complete))
    return _shown(tx, log, ids, total, links, complete=found.complete)


def _page_around(tx: Transaction, log: Log, asked: PageQuestion, event_id: int, indexed: Indexed | None) -> LogPage:
    """The event itself, if it matches, is the newest of the older half."""
    newer = log.search.find(tx, asked.query, log.visibility, limit=asked.limit // 2 + 1, after=event_id)
    ids = newer.ids[: asked.limit // 2][::-1]
    older, total = log.search.page(
        tx,
        asked.query,
        log.visibility,
        limit=asked.limit - len(ids) + 1,
        at_most=asked.at_most,
        log=indexed,
        before=event_id + 1,
    )
    more_newer, more_older = len(newer.ids) > len(ids), len(older.ids) > asked.limit - len(ids)
    ids += older.ids[: asked.limit - len(ids)]
    links = Links(
        _link(asked, Cursor("older", ids[-1], older.epoch)) if ids and more_older else None,
        _link(asked, Cursor("newer", ids[0], older.epoch)) if ids and more_newer else None,
    )
    return _shown(tx, log, ids, total, links, complete=newer.complete and older.complete)


def _shown(tx: Transaction, log: Log, ids: list[int], total: Total, links: Links, *, complete: bool) -> LogPage:
    return LogPage(
        # Those that are shown in full are the same, without parts.
        events=cast("list[ListedEvent]", log.shown(tx, ids)),
        total=Count(total.events, total.exact),
        next=links.next,
        prev=links.prev,
        incomplete=UNSET if complete else True,
    )


def _find(tx: Transaction, log: Log, asked: PageQuestion, indexed: Indexed | None) -> tuple[Found, Total]:
    """The ids of the page, and one more if there are more; and how many there are in all."""
    match asked.cursor:
        case Cursor("older", event_id):
            where = {"before": event_id}
        case Cursor("newer", event_id):
            where = {"after": event_id}
        case _:
            where = {}
    return log.search.page(
        tx,
        asked.query,
        log.visibility,
        limit=asked.limit + 1,
        offset=asked.offset,
        at_most=asked.at_most,
        log=indexed,
        **where,
    )


def _links(asked: PageQuestion, epoch: str, ids: list[int], *, more: bool) -> Links:
    if asked.cursor is None:
        older, newer = more, asked.offset > 0
    else:
        # Where we came from is the page on the other side.
        older, newer = (more, True) if asked.cursor.side == "older" else (True, more)
    if not ids:
        return _links_of_an_empty_page(asked, epoch)
    return Links(
        _link(asked, Cursor("older", ids[-1], epoch)) if older else None,
        _link(asked, Cursor("newer", ids[0], epoch)) if newer else None,
    )


def _links_of_an_empty_page(asked: PageQuestion, epoch: str) -> Links:
    """Back to where we came from, if that is known."""
    match asked.cursor:
        case Cursor("older", event_id):
            return Links(None, _link(asked, Cursor("newer", max(1, event_id - 1), epoch)))
        case Cursor("newer", event_id):
            return Links(_link(asked, Cursor("older", event_id + 1, epoch)), None)
    return Links(None, None)


def _link(asked: PageQuestion, cursor: Cursor) -> str:
    kept = [(name, value) for name, value in asked.parameters if name not in ("cursor", "offset", "around")]
    return f"{EVENTS_PATH}?{urlencode([*kept, ('cursor', str(cursor))], quote_via=quote)}"
