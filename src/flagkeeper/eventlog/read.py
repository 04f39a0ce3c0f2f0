"""Reading the log: events by id, wherever they are. Payloads are spliced into answers as they are stored."""

from collections.abc import Sequence
from typing import Annotated, Protocol

import msgspec
from sqlalchemy import bindparam, func, select

from flagkeeper.eventlog.catalogue.event import Tag
from flagkeeper.eventlog.catalogue.wording import BASE_URL
from flagkeeper.eventlog.more import read_more
from flagkeeper.eventlog.tables import events, log_head
from flagkeeper.kernel import clock
from flagkeeper.kernel.change_context import Cause
from flagkeeper.kernel.errors import Unavailable
from flagkeeper.storage.dialects import any_of
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction

_MOST_KNOWN = 20_000
"""Moments of which it is remembered which event is the first since: two years of hours, some 3 MB."""


PAYLOAD = msgspec.Meta(extra_json_schema={"type": ["object", "null"]})
TAGS = msgspec.Meta(extra_json_schema={"type": "array", "items": msgspec.json.schema_components([Tag])[1]["Tag"]})


class EventOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An event. Keys that do not apply are null; `ip`, `groupType` and all that follow are left out where they do not
    apply, and `ip` is shown to administrators only. Payloads are still text."""

    id: Annotated[int, msgspec.Meta(ge=1)]
    type: str
    created_at: clock.Iso
    created_by: str
    created_by_user_id: int | None
    data: Annotated[msgspec.Raw, PAYLOAD]
    pre_data: Annotated[msgspec.Raw, PAYLOAD]
    tags: Annotated[msgspec.Raw, TAGS]
    feature_name: str | None
    project: str | None
    environment: str | None
    label: str
    summary: str
    ip: str | msgspec.UnsetType
    group_type: str | msgspec.UnsetType
    group_id: str | msgspec.UnsetType
    reason: str | msgspec.UnsetType = msgspec.UNSET
    """Why somebody made the change, in their words."""
    ticket: str | msgspec.UnsetType = msgspec.UNSET
    cause: Cause | msgspec.UnsetType = msgspec.UNSET
    """What led to the change."""
    actor_kind: str | msgspec.UnsetType = msgspec.UNSET
    """`user`, `pat`, `token`, `sdk`, `operator`, `system` or `none`."""
    credential_id: str | msgspec.UnsetType = msgspec.UNSET
    """The id of the token that was used."""
    trace_id: str | msgspec.UnsetType = msgspec.UNSET
    """The trace that the request belonged to, or the id that its answer has in `X-Request-Id`."""


class View(msgspec.Struct, frozen=True):
    """How a reader sees events: where links in summaries lead, and whether addresses are shown (admins only)."""

    base_url: str
    with_ip: bool
    brief: bool = False
    """Whether lists leave out payloads."""


class EventRow(msgspec.Struct, frozen=True):
    """An event as it is stored. Its fields are the columns that every read, file and segment has, in their order."""

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
    more: str | None

    def shown(self, view: View) -> EventOut:
        more = read_more(self.more)
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
            reason=more.reason or msgspec.UNSET,
            ticket=more.ticket or msgspec.UNSET,
            cause=more.cause or msgspec.UNSET,
            actor_kind=more.actor_kind or msgspec.UNSET,
            credential_id=more.credential_id or msgspec.UNSET,
            trace_id=more.trace_id or msgspec.UNSET,
        )


class LogEvent(EventRow, frozen=True):
    """An event as followers get it: with what the log keeps beside what is shown."""

    subject: str
    reach: int


EVENT_COLUMNS = [events.c[name] for name in EventRow.__struct_fields__]
LOG_COLUMNS = [events.c[name] for name in LogEvent.__struct_fields__]


_NULL = msgspec.Raw(b"null")


def _raw(text: str | None) -> msgspec.Raw:
    return _NULL if text is None else msgspec.Raw(text.encode())


class ArchivedLog(Protocol):
    """Where events are that have left the table. Each method raises `Unavailable` when that is out of reach or damaged:
    an answer is never silently shorter."""

    def rows(self, tx: Transaction, ids: Sequence[int]) -> list[EventRow]:
        """The archived ones among `ids`, the oldest first."""
        ...

    def between(self, tx: Transaction, first: int, last: int) -> list[EventRow]:
        """The archived events `first` to `last` (both included), the oldest first."""
        ...

    def log_events(self, tx: Transaction, first: int, last: int) -> list[LogEvent]:
        """The same, as followers get them."""
        ...

    def first_id(self, tx: Transaction, moment: clock.Millis) -> int | None:
        """The oldest archived event at `moment` or later."""
        ...


class LogRows:
    """Events by id, wherever they are. Every reader of events gets them here."""

    def __init__(self, archive: ArchivedLog | None = None) -> None:
        self._archive = archive
        self._known: tuple[str, dict[clock.Millis, int]] = ("", {})
        """By moment, the first event since; and of which log that is true."""

    def of(self, tx: Transaction, ids: Sequence[int]) -> list[EventRow]:
        """The events `ids`, in this order.

        Raises:
            Unavailable: one of them cannot be read, though the log has given out its id.
        """
        found = {row.id: row for row in tx.all(_BY_ID, ids=list(ids))}
        if self._archive is not None and len(found) < len(ids):
            missing = sorted(set(ids) - found.keys())
            found.update((row.id, row) for row in self._archive.rows(tx, missing))
        if len(found) < len(ids) and (missing := sorted(set(ids) - found.keys())):
            raise Unavailable(f"Event {missing[0]} is neither in the database nor in the archive.")
        return [found[event_id] for event_id in ids]

    def between(self, tx: Transaction, first: int, last: int) -> list[EventRow]:
        """The events `first` to `last` (both included) as far as the log goes, the oldest first.

        Raises:
            Unavailable: one of them cannot be read, though the log has given out its id.
        """
        found = tx.all(_BETWEEN, first=first, last=last)
        if self._archive is not None and len(found) < last - first + 1:
            live = {row.id for row in found}
            found += [row for row in self._archive.between(tx, first, last) if row.id not in live]
            found.sort(key=lambda row: row.id)
        for expected, row in enumerate(found, max(first, 1)):
            if row.id != expected:
                raise Unavailable(f"Event {expected} is neither in the database nor in the archive.")
        return found

    def archived(self, tx: Transaction, first: int, last: int) -> list[LogEvent]:
        """The events `first` to `last` (both included), all of which have left the database, as followers get them.

        Raises:
            Unavailable: one of them cannot be read, though the log has given out its id.
        """
        found = self._archive.log_events(tx, first, last) if self._archive is not None else []
        if [event.id for event in found] != list(range(first, last + 1)):
            raise Unavailable(f"Events {first} to {last} are neither in the database nor in the archive.")
        return found

    def first_id(self, tx: Transaction, moment: clock.Millis) -> int | None:
        """The oldest event at `moment` or later: ids follow time, so a range of dates is a range of ids."""
        (found,) = self._look_up(tx, [tx.all(_FIRST_ID, moment=moment)], [moment])
        return found

    def first_ids(
        self, tx: Transaction, moments: Sequence[clock.Millis], head: "LogPosition | None" = None
    ) -> list[int | None]:
        """The same for many moments, in one round trip, or two when the `head` of the log is not known. It stays what
        it is as soon as there is such an event, so that of full hours it is remembered."""
        log = (head or log_position(tx)).epoch
        about, known = self._known
        if about != log or len(known) > _MOST_KNOWN:
            known = {}
            self._known = (log, known)
        unknown = [moment for moment in moments if moment not in known]
        live = tx.together(*((_FIRST_ID, {"moment": moment}) for moment in unknown)) if unknown else []
        found = dict(zip(unknown, self._look_up(tx, live, unknown), strict=True))
        known.update((moment, event_id) for moment, event_id in found.items() if event_id and moment % clock.HOUR == 0)
        return [known.get(moment) or found.get(moment) for moment in moments]

    def _look_up(self, tx: Transaction, live: list[list[int]], moments: Sequence[clock.Millis]) -> list[int | None]:
        """Looks also into the archive where the database has no event, or its oldest one."""
        found = [each[0] if each else None for each in live]
        archive = self._archive
        if archive is None or not (open_ := {None, tx.first(_OLDEST)}.intersection(found)):
            return found
        return [
            (archive.first_id(tx, moment) or event_id) if event_id in open_ else event_id
            for event_id, moment in zip(found, moments, strict=True)
        ]


_BY_ID = Query(select(*EVENT_COLUMNS).where(any_of(events.c.id, "ids")), EventRow)
_BETWEEN = Query(
    select(*EVENT_COLUMNS)
    .where(events.c.id >= bindparam("first"), events.c.id <= bindparam("last"))
    .order_by(events.c.id),
    EventRow,
)
_OLDEST = Query(select(func.min(events.c.id)), lambda event_id: event_id and int(event_id))


class LogPosition(msgspec.Struct, frozen=True):
    """Which log this is (`epoch` changes when a backup is restored) and how far it reaches."""

    epoch: str
    last_id: int


LOG_POSITION = Query(select(log_head.c.epoch, log_head.c.last_id), LogPosition)


def log_position(tx: Transaction) -> LogPosition:
    found = tx.first(LOG_POSITION)
    if found is None:
        raise LookupError("the log has no head: the database was not migrated")
    return found


# Ids follow time, so a date is an id: a range of dates costs one search in an index.
_FIRST_ID = Query(
    select(events.c.id)
    .where(events.c.created_at >= bindparam("moment"))
    .order_by(events.c.created_at, events.c.id)
    .limit(1),
    lambda event_id: int(event_id),
)
