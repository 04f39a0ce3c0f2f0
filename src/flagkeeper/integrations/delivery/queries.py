"""Reading deliveries and attempts, for people."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, bindparam, false, func, or_, select

from flagkeeper.eventlog.query import EVERYTHING, Visibility
from flagkeeper.eventlog.query.evaluate import visible
from flagkeeper.eventlog.read import EventRow, LogRows, log_position
from flagkeeper.eventlog.tables import events
from flagkeeper.integrations.config.model import Integration, IntegrationDraft, definition_of, problems_of_query
from flagkeeper.integrations.config.queries import integration, visible_integration
from flagkeeper.integrations.delivery.model import DeliveryState
from flagkeeper.integrations.delivery.store import SOME
from flagkeeper.integrations.delivery.tables import IS_DEAD, IS_DONE, IS_WAITING, deliveries, integration_events
from flagkeeper.kernel.clock import Millis
from flagkeeper.kernel.errors import BadData, NotFound
from flagkeeper.kernel.paging import Page
from flagkeeper.storage.dialects import any_of, none_of
from flagkeeper.storage.statement import Query, columns
from flagkeeper.storage.transaction import Transaction

SAMPLES = 5
NO_EVENT = 2**62
"""Larger than any id: every event is older."""


class AttemptRow(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt, and the event that was to be delivered."""

    id: int
    integration_id: int
    event_id: int
    created_at: Millis
    state: str
    state_details: str
    details: str
    event: EventRow


class DeliveryRow(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery as people see it."""

    event_id: int
    event_type: str
    state: DeliveryState
    attempts: int
    due_at: Millis
    message_id: str
    since: Millis


class Backlog(msgspec.Struct, frozen=True):
    """What is waiting and what was given up, of all integrations."""

    waiting: int
    oldest: Millis | None
    dead: int


class ReplayFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which deliveries to replay: all that are in one of `states`, narrowed down by what else is given."""

    states: tuple[DeliveryState, ...]
    types: tuple[str, ...] = ()
    since: Millis | None = None
    """Of events that happened at this time or later."""
    until: Millis | None = None
    """Of events that happened before this time."""
    visibility: Visibility = EVERYTHING
    """Of events that the caller may see."""


class DryRun(msgspec.Struct, frozen=True, kw_only=True):
    """What an integration would have been sent."""

    by_type: dict[str, int]
    samples: list[EventRow]
    """The newest of each kind, where a kind is a type, a project and an environment; the latest kinds first."""


_ATTEMPTS = Query(
    select(*integration_events.c)
    .where(integration_events.c.integration_id == bindparam("integration"))
    .order_by(integration_events.c.id.desc())
    .limit(bindparam("limit"))
    .offset(bindparam("offset")),
    columns,
)


def attempts(tx: Transaction, rows: LogRows, integration_id: int, page: Page) -> list[AttemptRow]:
    """The newest first; for administrators only.

    Raises:
        NotFound: there is no such integration.
        Unavailable: an event is archived, and the archive is out of reach.
    """
    integration(tx, integration_id)
    found = tx.all(_ATTEMPTS, integration=integration_id, limit=page.limit, offset=page.offset)
    events_of = _events_of(tx, rows, {event_id for _, _, event_id, *_ in found})
    return [
        AttemptRow(
            id=id_,
            integration_id=owner,
            event_id=event_id,
            created_at=at,
            state=state,
            state_details=state_details,
            details=details,
            event=events_of[event_id],
        )
        for id_, owner, event_id, at, state, state_details, details in found
    ]


def _events_of(tx: Transaction, rows: LogRows, ids: set[int]) -> dict[int, EventRow]:
    return {row.id: row for row in rows.of(tx, sorted(ids))} if ids else {}


_OF_INTEGRATION = deliveries.c.integration_id == bindparam("integration")
_ROW = (
    deliveries.c.event_id,
    deliveries.c.state,
    deliveries.c.attempt,
    deliveries.c.due_at,
    deliveries.c.message_id,
    deliveries.c.since,
)
_IN_SPAN = (deliveries.c.event_id > bindparam("after"), deliveries.c.event_id <= bindparam("last"))
_IN_STATE: dict[DeliveryState | None, list[ColumnElement[bool]]] = {
    None: [],
    DeliveryState.WAITING: [IS_WAITING],
    DeliveryState.DEAD: [IS_DEAD],
    DeliveryState.DONE: [IS_DONE],
}
_PAGES = {
    state: Query(
        select(*_ROW)
        .where(_OF_INTEGRATION, *_IN_SPAN, *conditions)
        .order_by(deliveries.c.event_id.desc())
        .limit(bindparam("limit"))
        .offset(bindparam("offset")),
        columns,
    )
    for state, conditions in _IN_STATE.items()
}
_COUNTS = {
    state: Query(select(func.count()).select_from(deliveries).where(_OF_INTEGRATION, *_IN_SPAN, *conditions), int)
    for state, conditions in _IN_STATE.items()
}
_ONE = Query(select(*_ROW).where(_OF_INTEGRATION, deliveries.c.event_id == bindparam("event")), columns)


_VISIBLE = {
    state: Query(
        select(deliveries.c.event_id)
        .join(events, events.c.id == deliveries.c.event_id)
        .where(
            _OF_INTEGRATION,
            *_IN_SPAN,
            *conditions,
            events.c.project.is_not(None),
            none_of(events.c.project, "hidden"),
        ),
        int,
    )
    for state, conditions in _IN_STATE.items()
}
_OF_ARCHIVED = {
    state: Query(
        select(deliveries.c.event_id).where(
            _OF_INTEGRATION,
            *_IN_SPAN,
            *conditions,
            ~select(events.c.id).where(events.c.id == deliveries.c.event_id).exists(),
        ),
        int,
    )
    for state, conditions in _IN_STATE.items()
}
_THESE = Query(
    select(*_ROW).where(_OF_INTEGRATION, any_of(deliveries.c.event_id, "ids")).order_by(deliveries.c.event_id.desc()),
    columns,
)


def page_of_deliveries(
    tx: Transaction,
    rows: LogRows,
    integration_id: int,
    state: DeliveryState | None,
    page: Page,
    visibility: Visibility,
    since: Millis | None = None,
    until: Millis | None = None,
) -> tuple[list[DeliveryRow], int]:
    """The newest events first, and how many there are; of events that the reader may see, and that happened from
    `since` on and before `until`.

    Raises:
        NotFound: there is no such integration.
        Unavailable: an event is archived, and the archive is out of reach.
    """
    visible_integration(tx, integration_id, visibility)
    span = _span(tx, rows, since, until)
    if not visibility.everything:
        ids = sorted(_visible_ids(tx, rows, integration_id, state, visibility, span), reverse=True)
        wanted = ids[page.offset : page.offset + page.limit]
        return _with_types(tx, rows, tx.all(_THESE, integration=integration_id, ids=wanted)), len(ids)
    after, last = span
    found = tx.all(
        _PAGES[state], integration=integration_id, after=after, last=last, limit=page.limit, offset=page.offset
    )
    total = tx.first(_COUNTS[state], integration=integration_id, after=after, last=last) or 0
    return _with_types(tx, rows, found), total


def _visible_ids(
    tx: Transaction,
    rows: LogRows,
    integration_id: int,
    state: DeliveryState | None,
    visibility: Visibility,
    span: tuple[int, int],
) -> list[int]:
    """The events, of all deliveries, that the reader may see: what project one belongs to stands in the log alone."""
    after, last = span
    hidden = sorted(visibility.hidden_projects)
    found = tx.all(_VISIBLE[state], integration=integration_id, after=after, last=last, hidden=hidden)
    archived = tx.all(_OF_ARCHIVED[state], integration=integration_id, after=after, last=last)
    for start in range(0, len(archived), SOME):
        found += _visible_of(tx, rows, archived[start : start + SOME], visibility)
    return found


def _visible_of(tx: Transaction, rows: LogRows, ids: Sequence[int], visibility: Visibility) -> list[int]:
    return [row.id for row in _events_of(tx, rows, set(ids)).values() if visible(row, visibility)]


def delivery(tx: Transaction, rows: LogRows, integration_id: int, event_id: int, visibility: Visibility) -> DeliveryRow:
    """Raises `NotFound`, also when the reader may not see the event, or `Unavailable` as above."""
    visible_integration(tx, integration_id, visibility)
    found = tx.all(_ONE, integration=integration_id, event=event_id)
    if not found or not _visible_of(tx, rows, [event_id], visibility):
        raise NotFound(f"There is no delivery of event {event_id} to integration {integration_id}.")
    return _with_types(tx, rows, found)[0]


def _with_types(tx: Transaction, rows: LogRows, found: list[Any]) -> list[DeliveryRow]:
    events_of = _events_of(tx, rows, {event_id for event_id, *_ in found})
    return [
        DeliveryRow(
            event_id=event_id,
            event_type=events_of[event_id].type,
            state=DeliveryState(state),
            attempts=attempt,
            due_at=due_at,
            message_id=message_id,
            since=since,
        )
        for event_id, state, attempt, due_at, message_id, since in found
    ]


@lru_cache(maxsize=64)
def _matching(states: frozenset[DeliveryState]) -> Query[int]:
    wanted = select(deliveries.c.event_id).where(
        _OF_INTEGRATION,
        or_(false(), *(condition for state in sorted(states) for condition in _IN_STATE[state])),
        deliveries.c.event_id > bindparam("after"),
        deliveries.c.event_id <= bindparam("last"),
    )
    return Query(wanted.order_by(deliveries.c.event_id).limit(SOME), int)


_LAST_EVENT = Query(select(func.max(deliveries.c.event_id)).where(_OF_INTEGRATION), lambda event_id: int(event_id or 0))


def last_event(tx: Transaction, integration_id: int) -> int:
    """The newest event that there is a delivery of; 0 when there is none."""
    return tx.first(_LAST_EVENT, integration=integration_id) or 0


def span_of(tx: Transaction, rows: LogRows, wanted: ReplayFilter, last: int) -> tuple[int, int]:
    """The events of the time that is wanted, up to `last`: those after the first number, up to the second one."""
    after, end = _span(tx, rows, wanted.since, wanted.until)
    return after, min(last, end)


def _span(tx: Transaction, rows: LogRows, since: Millis | None, until: Millis | None) -> tuple[int, int]:
    first = 1 if since is None else rows.first_id(tx, since) or NO_EVENT
    end = NO_EVENT if until is None else rows.first_id(tx, until) or NO_EVENT
    return first - 1, end - 1


def matching(
    tx: Transaction, rows: LogRows, integration_id: int, wanted: ReplayFilter, after: int, last: int
) -> tuple[list[int], int]:
    """Some events of matching deliveries, in order, among those that follow `after`, up to `last`; and the last event
    that was looked at."""
    found = tx.all(_matching(frozenset(wanted.states)), integration=integration_id, after=after, last=last)
    if not found:
        return [], last
    if not wanted.types and wanted.visibility.everything:
        return found, found[-1]
    events_of = _events_of(tx, rows, set(found))
    return [
        event_id
        for event_id in found
        if (not wanted.types or events_of[event_id].type in wanted.types)
        and visible(events_of[event_id], wanted.visibility)
    ], found[-1]


_FIRST_WITH = {
    table: Query(
        select(table.c.integration_id)
        .where(table.c.integration_id > bindparam("after"))
        .order_by(table.c.integration_id)
        .limit(1),
        int,
    )
    for table in (deliveries, integration_events)
}


def integrations_with_rows(tx: Transaction) -> set[int]:
    """The integrations, also deleted ones, of which there is a delivery or an attempt. Leaps from one to the next."""
    found: set[int] = set()
    for query in _FIRST_WITH.values():
        last: int | None = 0
        while (last := tx.first(query, after=last)) is not None:
            found.add(last)
    return found


_WAITING = Query(select(func.count(), func.min(deliveries.c.since)).where(IS_WAITING), columns)
_DEAD = Query(select(func.count()).select_from(deliveries).where(IS_DEAD), int)


def backlog(tx: Transaction) -> Backlog:
    waiting, oldest = tx.first(_WAITING) or (0, None)
    return Backlog(waiting, oldest, tx.first(_DEAD) or 0)


_KINDS = Query(
    select(events.c.type, events.c.project, events.c.environment, func.count(), func.max(events.c.id))
    .where(events.c.id >= bindparam("first"), any_of(events.c.type, "types"))
    .group_by(events.c.type, events.c.project, events.c.environment),
    columns,
)
_OLDEST = Query(select(func.min(events.c.id)), lambda event_id: int(event_id or NO_EVENT))
_Kind = tuple[str, str | None, str | None]


def _kinds(tx: Transaction, rows: LogRows, there: Integration, first: int) -> dict[_Kind, tuple[int, int]]:
    """Of the events from `first` on, archived or not, how many there are of each kind, and the newest. Where they must
    match a query, all are read; else the database counts those that are not archived."""
    found: dict[_Kind, tuple[int, int]] = {}
    end = log_position(tx).last_id + 1
    if not there.query:
        for kind, project, at, count, newest in tx.all(_KINDS, first=first, types=there.events):
            found[kind, project, at] = (count, newest)
        end = min(end, tx.first(_OLDEST) or NO_EVENT)
    while first < end:
        last = min(first + SOME, end) - 1
        for event in rows.between(tx, first, last):
            if event.type in there.events and there.finds(event):
                kind = (event.type, event.project, event.environment)
                count, newest = found.get(kind, (0, 0))
                found[kind] = (count + 1, max(newest, event.id))
        first = last + 1
    return found


def dry_run(tx: Transaction, rows: LogRows, wanted: IntegrationDraft, since: Millis, visibility: Visibility) -> DryRun:
    """What an integration would have been sent since then, if it had been there, of all that the reader may see.
    Raises `BadData`."""
    definition_of(wanted.provider)
    if problems := problems_of_query(wanted.query):
        raise BadData(problems[0].message, *problems)
    there = Integration(
        id=0,
        provider=wanted.provider,
        description=None,
        enabled=True,
        parameters={},
        events=wanted.events,
        projects=wanted.projects,
        environments=wanted.environments,
        query=wanted.query,
    )
    first = rows.first_id(tx, since)
    by_type: dict[str, int] = {}
    newest: list[int] = []
    kinds = _kinds(tx, rows, there, first) if first is not None else {}
    for (event_type, project, environment), (number, last) in kinds.items():
        seen = visibility.everything or (project is not None and project not in visibility.hidden_projects)
        if seen and there.wants(event_type, project, environment):
            by_type[event_type] = by_type.get(event_type, 0) + number
            newest.append(last)
    samples = sorted(newest, reverse=True)[:SAMPLES]
    return DryRun(by_type=dict(sorted(by_type.items())), samples=rows.of(tx, samples) if samples else [])
