"""Reading the log: filters, pages, counts and streams. Payloads are spliced into answers as they are stored."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, Protocol

import msgspec
from sqlalchemy import ColumnElement, Select, bindparam, func, or_, select

from flagkeeper.eventlog.catalogue.wording import BASE_URL
from flagkeeper.eventlog.tables import events, log_head
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import Unavailable
from flagkeeper.kernel.paging import Page
from flagkeeper.storage.dialects import any_of
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction

BATCH = 200
"""Events per read while a whole list is streamed: some 200 KB, however long the list."""


_MOST_MOMENTS = 10_000
"""Moments of which it is remembered where in the archive they are."""


class EventOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An event on the wire (facts: events.md, section 1), its payloads still as text."""

    id: int
    type: str
    created_at: str
    created_by: str
    created_by_user_id: int | None
    data: msgspec.Raw
    pre_data: msgspec.Raw
    tags: msgspec.Raw
    feature_name: str | None
    project: str | None
    environment: str | None
    label: str
    summary: str
    ip: str | msgspec.UnsetType
    group_type: str | msgspec.UnsetType
    group_id: str | msgspec.UnsetType


class View(msgspec.Struct, frozen=True):
    """How a reader sees events: where links in summaries lead, and whether addresses are shown (admins only)."""

    base_url: str
    with_ip: bool


class EventFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which events to find. None (or an empty text) filters nothing; lists mean "one of these"; all must hold."""

    ids: tuple[int, ...] | None = None
    types: tuple[str, ...] | None = None
    projects: tuple[str, ...] | None = None
    environments: tuple[str, ...] | None = None
    features: tuple[str, ...] | None = None
    creators: tuple[int, ...] | None = None
    group_ids: tuple[str, ...] | None = None
    since: clock.Millis | None = None
    """Created at this time or later."""
    until: clock.Millis | None = None
    """Created before this time."""
    text: str | None = None
    """A substring of `data`, `preData` or `tags`, whatever the case."""
    of_projects_only: bool = False
    """Only events that have a project: what people who are no admins may see."""
    hidden_projects: tuple[str, ...] = ()
    """Private projects of which the reader is no member."""


_LISTS: dict[str, ColumnElement[Any]] = {
    "ids": events.c.id,
    "types": events.c.type,
    "projects": events.c.project,
    "environments": events.c.environment,
    "features": events.c.feature_name,
    "creators": events.c.created_by_user_id,
    "group_ids": events.c.group_id,
}
_COLUMNS = [
    events.c[name]
    for name in (
        "id", "type", "created_at", "created_by", "created_by_user_id", "project", "environment", "feature_name",
        "data", "pre_data", "tags", "label", "summary", "ip", "group_type", "group_id",
    )
]  # fmt: skip


class EventRow(msgspec.Struct, frozen=True):
    """An event as it is stored; the fields are in the order of `_COLUMNS`."""

    id: int
    type: str
    created_at: clock.Millis
    created_by: str
    created_by_user_id: int | None
    project: str | None
    environment: str | None
    feature_name: str | None
    data: str | None
    pre_data: str | None
    tags: str
    label: str
    summary: str
    ip: str
    group_type: str | None
    group_id: str | None

    def shown(self, view: View) -> EventOut:
        return EventOut(
            id=self.id,
            type=self.type,
            created_at=clock.to_iso(self.created_at),
            created_by=self.created_by,
            created_by_user_id=self.created_by_user_id,
            data=_raw(self.data),
            pre_data=_raw(self.pre_data),
            tags=_raw(self.tags),
            feature_name=self.feature_name,
            project=self.project,
            environment=self.environment,
            label=self.label,
            summary=self.summary.replace(BASE_URL, view.base_url),
            ip=self.ip if view.with_ip else msgspec.UNSET,
            group_type=self.group_type or msgspec.UNSET,
            group_id=self.group_id or msgspec.UNSET,
        )


_NULL = msgspec.Raw(b"null")


def _raw(text: str | None) -> msgspec.Raw:
    return _NULL if text is None else msgspec.Raw(text.encode())


def find(tx: Transaction, wanted: EventFilter, page: Page) -> list[EventRow]:
    """The newest matching events first."""
    shape, parameters = _shape(tx, wanted)
    return tx.all(_page_query(shape), **parameters, limit=page.limit, offset=page.offset)


def count(tx: Transaction, wanted: EventFilter, before: int | None = None) -> int:
    """The exact number of matching events (older than the event `before`)."""
    shape, parameters = _shape(tx, wanted)
    if before is not None:
        shape, parameters = (*shape, "before"), {**parameters, "before": before}
    found = tx.first(_count_query(shape), **parameters)
    return found or 0


def next_batch(tx: Transaction, wanted: EventFilter, before: int) -> list[EventRow]:
    """The next `BATCH` of a stream: the newest matching events older than the event `before`."""
    shape, parameters = _shape(tx, wanted)
    return tx.all(_page_query((*shape, "before")), **parameters, before=before, limit=BATCH, offset=0)


class Cold(Protocol):
    """Where events are that have left the table. Each method raises `Unavailable` when that is out of reach or damaged:
    an answer is never silently shorter."""

    def rows(self, tx: Transaction, ids: Sequence[int]) -> list[EventRow]:
        """The archived ones among `ids`, the oldest first."""
        ...

    def between(self, tx: Transaction, first: int, last: int) -> list[EventRow]:
        """The archived events `first` to `last` (both included), the oldest first."""
        ...

    def first_id(self, tx: Transaction, moment: clock.Millis) -> int | None:
        """The oldest archived event at `moment` or later."""
        ...


class LogRows:
    """Events by id, wherever they are. Every reader of events gets them here."""

    def __init__(self, cold: Cold | None = None) -> None:
        self._cold = cold
        self._archived_ids: dict[clock.Millis, int] = {}

    def of(self, tx: Transaction, ids: Sequence[int]) -> list[EventRow]:
        """The events `ids`, in this order.

        Raises:
            Unavailable: one of them cannot be read, though the log has given out its id.
        """
        found = {row.id: row for row in tx.all(_BY_ID, ids=list(ids))}
        if self._cold is not None and len(found) < len(ids):
            missing = sorted(set(ids) - found.keys())
            found.update((row.id, row) for row in self._cold.rows(tx, missing))
        if len(found) < len(ids) and (missing := sorted(set(ids) - found.keys())):
            raise Unavailable(f"Event {missing[0]} is neither in the database nor in the archive.")
        return [found[event_id] for event_id in ids]

    def between(self, tx: Transaction, first: int, last: int) -> list[EventRow]:
        """The events `first` to `last` (both included), the oldest first.

        Raises:
            Unavailable: as with `of`.
        """
        found = tx.all(_BETWEEN, first=first, last=last)
        if self._cold is not None and len(found) < last - first + 1:
            hot = {row.id for row in found}
            found += [row for row in self._cold.between(tx, first, last) if row.id not in hot]
            found.sort(key=lambda row: row.id)
        return found

    def first_id(self, tx: Transaction, moment: clock.Millis) -> int | None:
        """The oldest event at `moment` or later: ids follow time, so a range of dates is a range of ids."""
        (found,) = self.first_ids(tx, [moment])
        return found

    def first_ids(self, tx: Transaction, moments: Sequence[clock.Millis]) -> list[int | None]:
        """The same for many moments, in one round trip."""
        asked = tx.together(*((_FIRST_ID, {"moment": moment}) for moment in moments)) if moments else []
        hot: list[int | None] = [found[0] if found else None for found in asked]
        if self._cold is None or not (open_ := {None, tx.first(_OLDEST)}.intersection(hot)):
            return hot
        archive = self._cold
        return [
            (self._archived(archive, tx, moment) or event_id) if event_id in open_ else event_id
            for event_id, moment in zip(hot, moments, strict=True)
        ]

    def _archived(self, archive: Cold, tx: Transaction, moment: clock.Millis) -> int | None:
        """The oldest archived event at `moment` or later. Looked up once: what is archived keeps its id and time."""
        found = self._archived_ids.get(moment)
        if found is None and (found := archive.first_id(tx, moment)) is not None:
            if len(self._archived_ids) >= _MOST_MOMENTS:
                self._archived_ids.clear()
            self._archived_ids[moment] = found
        return found


_BY_ID = Query(select(*_COLUMNS).where(any_of(events.c.id, "ids")), EventRow)
_BETWEEN = Query(
    select(*_COLUMNS).where(events.c.id >= bindparam("first"), events.c.id <= bindparam("last")).order_by(events.c.id),
    EventRow,
)
_OLDEST = Query(select(func.min(events.c.id)), lambda event_id: event_id and int(event_id))


class Creator(msgspec.Struct, frozen=True):
    """Somebody who caused events."""

    id: int
    name: str


_NAMES = Query(select(events.c.created_by_user_id, events.c.created_by).where(any_of(events.c.id, "ids")), Creator)


def creators(tx: Transaction, wanted: EventFilter) -> list[Creator]:
    """Everybody who caused a matching event, by id, with the name that their newest one has."""
    shape, parameters = _shape(tx, wanted)
    newest = tx.all(_creators_query(shape), **parameters)
    return sorted(tx.all(_NAMES, ids=newest), key=lambda creator: creator.id)


class Epoch(msgspec.Struct, frozen=True):
    """Which log this is (`epoch` changes when a backup is restored) and how far it reaches."""

    epoch: str
    last_id: int


_EPOCH = Query(select(log_head.c.epoch, log_head.c.last_id), Epoch)


def epoch(tx: Transaction) -> Epoch:
    found = tx.first(_EPOCH)
    if found is None:
        raise LookupError("the log has no head: the database was not migrated")
    return found


def _shape(tx: Transaction, wanted: EventFilter) -> tuple[tuple[str, ...], dict[str, Any]]:
    """Which conditions a search has (its shape, for which SQL is written once), and their values."""
    parameters: dict[str, Any] = {}
    for name in _LISTS:
        values = getattr(wanted, name)
        if values is not None and len(values) == 1:
            # Plain equality: PostgreSQL then reads the index on (column, id) in order and stops after one page.
            parameters[f"one_of_{name}"] = values[0]
        elif values is not None:
            parameters[name] = list(values)
    if wanted.since is not None:
        parameters["first_id"] = tx.first(_FIRST_ID, moment=wanted.since) or _NO_ID
    if wanted.until is not None:
        parameters["end_id"] = tx.first(_FIRST_ID, moment=wanted.until) or _NO_ID
    if wanted.text:
        parameters["text"] = f"%{_escape_like(wanted.text)}%"
    if wanted.hidden_projects:
        parameters["hidden"] = list(wanted.hidden_projects)
    shape = tuple(sorted(parameters))
    return ((*shape, "of_projects") if wanted.of_projects_only else shape), parameters


_NO_ID = 2**62
"""Larger than any id: a moment that no event has reached yet."""

# Ids follow time, so a date is an id: a range of dates costs one look into an index (facts: stack.md, section 3).
_FIRST_ID = Query(
    select(events.c.id)
    .where(events.c.created_at >= bindparam("moment"))
    .order_by(events.c.created_at, events.c.id)
    .limit(1),
    lambda event_id: int(event_id),
)


def _escape_like(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_").lower()


def _conditions(shape: Sequence[str]) -> Iterator[ColumnElement[bool]]:
    for name in shape:
        match name:
            case "first_id":
                yield events.c.id >= bindparam("first_id")
            case "end_id":
                yield events.c.id < bindparam("end_id")
            case "before":
                yield events.c.id < bindparam("before")
            case "text":
                yield or_(
                    *(
                        func.lower(column).like(bindparam("text"), escape="\\")
                        for column in (events.c.data, events.c.pre_data, events.c.tags)
                    )
                )
            case "of_projects":
                yield events.c.project.is_not(None)
            case "hidden":
                yield or_(events.c.project.is_(None), ~any_of(events.c.project, "hidden"))
            case name if name.startswith("one_of_"):
                yield _LISTS[name.removeprefix("one_of_")] == bindparam(name)
            case _:
                yield any_of(_LISTS[name], name)


@lru_cache(maxsize=512)
def _page_query(shape: tuple[str, ...]) -> Query[EventRow]:
    wanted: Select[Any] = select(*_COLUMNS).where(*_conditions(shape))
    return Query(wanted.order_by(events.c.id.desc()).limit(bindparam("limit")).offset(bindparam("offset")), EventRow)


@lru_cache(maxsize=512)
def _count_query(shape: tuple[str, ...]) -> Query[int]:
    return Query(select(func.count()).select_from(events).where(*_conditions(shape)), lambda number: int(number))


@lru_cache(maxsize=64)
def _creators_query(shape: tuple[str, ...]) -> Query[int]:
    newest = (
        select(func.max(events.c.id))
        .where(events.c.created_by_user_id.is_not(None), *_conditions(shape))
        .group_by(events.c.created_by_user_id)
    )
    return Query(newest, lambda event_id: int(event_id))
