"""Reading deliveries and attempts, for people."""

from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, bindparam, func, select

from flagkeeper.eventlog.read import EventFilter, EventRow, find
from flagkeeper.eventlog.tables import events
from flagkeeper.integrations.config_model import Integration, IntegrationDraft, definition_of
from flagkeeper.integrations.config_queries import integration
from flagkeeper.integrations.delivery_model import DeliveryState
from flagkeeper.integrations.delivery_store import SOME
from flagkeeper.integrations.delivery_tables import IS_DEAD, IS_WAITING, deliveries, integration_events
from flagkeeper.kernel.clock import Millis
from flagkeeper.kernel.errors import NotFound
from flagkeeper.kernel.paging import Page
from flagkeeper.storage.dialects import any_of
from flagkeeper.storage.statement import Query, columns
from flagkeeper.storage.transaction import Transaction

EVENT_COLUMNS = [events.c[name] for name in EventRow.__struct_fields__]
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
    event: EventRow | None
    """None: it is no longer in the log."""


class DeliveryRow(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery as people see it."""

    event_id: int
    event_type: str | None
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


class DryRun(msgspec.Struct, frozen=True, kw_only=True):
    """What an integration would have been sent."""

    by_type: dict[str, int]
    samples: list[EventRow]
    """The newest of each kind, where a kind is a type, a project and an environment; the latest kinds first."""


def _to_attempt(
    id_: int, integration_id: int, event_id: int, at: int, state: str, state_details: str, details: str, *event: Any
) -> AttemptRow:
    return AttemptRow(
        id=id_,
        integration_id=integration_id,
        event_id=event_id,
        created_at=at,
        state=state,
        state_details=state_details,
        details=details,
        event=None if event[0] is None else EventRow(*event),
    )


_ATTEMPTS = Query(
    select(*integration_events.c, *EVENT_COLUMNS)
    .select_from(integration_events.outerjoin(events, events.c.id == integration_events.c.event_id))
    .where(integration_events.c.integration_id == bindparam("integration"))
    .order_by(integration_events.c.id.desc())
    .limit(bindparam("limit"))
    .offset(bindparam("offset")),
    _to_attempt,
)


def attempts(tx: Transaction, integration_id: int, page: Page) -> list[AttemptRow]:
    """The newest first. Raises `NotFound` when there is no such integration."""
    integration(tx, integration_id)
    return tx.all(_ATTEMPTS, integration=integration_id, limit=page.limit, offset=page.offset)


def _to_row(
    event_id: int, state: str, attempt: int, due_at: int, message_id: str, since: int, event_type: str | None
) -> DeliveryRow:
    return DeliveryRow(
        event_id=event_id,
        event_type=event_type,
        state=DeliveryState(state),
        attempts=attempt,
        due_at=due_at,
        message_id=message_id,
        since=since,
    )


_OF_INTEGRATION = deliveries.c.integration_id == bindparam("integration")
_ROW = (
    deliveries.c.event_id,
    deliveries.c.state,
    deliveries.c.attempt,
    deliveries.c.due_at,
    deliveries.c.message_id,
    deliveries.c.since,
    events.c.type,
)
_IN_STATE: dict[DeliveryState | None, list[ColumnElement[bool]]] = {
    None: [],
    DeliveryState.WAITING: [IS_WAITING],
    DeliveryState.DEAD: [IS_DEAD],
    DeliveryState.DONE: [deliveries.c.state == DeliveryState.DONE.value],
}
_PAGES = {
    state: Query(
        select(*_ROW)
        .select_from(deliveries.outerjoin(events, events.c.id == deliveries.c.event_id))
        .where(_OF_INTEGRATION, *conditions)
        .order_by(deliveries.c.event_id.desc())
        .limit(bindparam("limit"))
        .offset(bindparam("offset")),
        _to_row,
    )
    for state, conditions in _IN_STATE.items()
}
_COUNTS = {
    state: Query(select(func.count()).select_from(deliveries).where(_OF_INTEGRATION, *conditions), int)
    for state, conditions in _IN_STATE.items()
}
_ONE = Query(
    select(*_ROW)
    .select_from(deliveries.outerjoin(events, events.c.id == deliveries.c.event_id))
    .where(_OF_INTEGRATION, deliveries.c.event_id == bindparam("event")),
    _to_row,
)


def page_of_deliveries(
    tx: Transaction, integration_id: int, state: DeliveryState | None, page: Page
) -> tuple[list[DeliveryRow], int]:
    """The newest events first, and how many there are. Raises `NotFound` when there is no such integration."""
    integration(tx, integration_id)
    found = tx.all(_PAGES[state], integration=integration_id, limit=page.limit, offset=page.offset)
    return found, tx.first(_COUNTS[state], integration=integration_id) or 0


def delivery(tx: Transaction, integration_id: int, event_id: int) -> DeliveryRow:
    """Raises `NotFound`."""
    found = tx.first(_ONE, integration=integration_id, event=event_id)
    if found is None:
        raise NotFound(f"There is no delivery of event {event_id} to integration {integration_id}.")
    return found


@lru_cache(maxsize=16)
def _matching(shape: tuple[str, ...]) -> Query[int]:
    conditions: dict[str, ColumnElement[bool]] = {
        "types": any_of(events.c.type, "types"),
        "since": events.c.created_at >= bindparam("since"),
        "until": events.c.created_at < bindparam("until"),
    }
    source = deliveries.join(events, events.c.id == deliveries.c.event_id) if shape else deliveries
    wanted = select(deliveries.c.event_id).select_from(source)
    wanted = wanted.where(
        _OF_INTEGRATION,
        any_of(deliveries.c.state, "states"),
        deliveries.c.event_id > bindparam("after"),
        deliveries.c.event_id <= bindparam("last"),
        *(conditions[name] for name in shape),
    )
    return Query(wanted.order_by(deliveries.c.event_id).limit(SOME), int)


_LAST_EVENT = Query(select(func.max(deliveries.c.event_id)).where(_OF_INTEGRATION), lambda event_id: int(event_id or 0))


def last_event(tx: Transaction, integration_id: int) -> int:
    """The newest event that there is a delivery of; 0 when there is none."""
    return tx.first(_LAST_EVENT, integration=integration_id) or 0


def matching(tx: Transaction, integration_id: int, wanted: ReplayFilter, after: int, last: int) -> list[int]:
    """Some events of matching deliveries, in order: those that follow `after`, up to `last`."""
    given = {"types": list(wanted.types), "since": wanted.since, "until": wanted.until}
    given = {name: value for name, value in given.items() if value not in (None, [])}
    states = [state.value for state in wanted.states]
    return tx.all(_matching(tuple(given)), integration=integration_id, states=states, after=after, last=last, **given)


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


_FIRST_SINCE = Query(
    select(events.c.id)
    .where(events.c.created_at >= bindparam("moment"))
    .order_by(events.c.created_at, events.c.id)
    .limit(1),
    int,
)
_KINDS = Query(
    select(events.c.type, events.c.project, events.c.environment, func.count(), func.max(events.c.id))
    .where(events.c.id >= bindparam("first"), any_of(events.c.type, "types"))
    .group_by(events.c.type, events.c.project, events.c.environment),
    columns,
)


def first_event_since(tx: Transaction, moment: Millis) -> int | None:
    """The first event of this time or later."""
    return tx.first(_FIRST_SINCE, moment=moment)


def dry_run(tx: Transaction, wanted: IntegrationDraft, since: Millis) -> DryRun:
    """What an integration would have been sent since then, if it had been there. Raises `BadData`."""
    definition_of(wanted.provider)
    there = Integration(
        id=0,
        provider=wanted.provider,
        description=None,
        enabled=True,
        parameters={},
        events=wanted.events,
        projects=wanted.projects,
        environments=wanted.environments,
    )
    first = first_event_since(tx, since)
    by_type: dict[str, int] = {}
    newest: list[int] = []
    for event_type, project, environment, number, last in tx.all(
        _KINDS, first=first if first is not None else NO_EVENT, types=wanted.events
    ):
        if there.wants(event_type, project, environment):
            by_type[event_type] = by_type.get(event_type, 0) + number
            newest.append(last)
    shown = EventFilter(ids=tuple(sorted(newest)[-SAMPLES:]))
    return DryRun(by_type=dict(sorted(by_type.items())), samples=find(tx, shown, Page(SAMPLES)) if newest else [])
