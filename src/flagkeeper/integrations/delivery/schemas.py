"""Deliveries and attempts on the wire."""

from typing import Annotated, Any

import msgspec

from flagkeeper.eventlog.query import Visibility
from flagkeeper.eventlog.read import EventOut, View
from flagkeeper.integrations.delivery.model import DeliveryState
from flagkeeper.integrations.delivery.queries import AttemptRow, DeliveryRow, DryRun, ReplayFilter
from flagkeeper.integrations.protocol.verdict import State
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import BadData, Detail


class IntegrationEvent(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One attempt to deliver an event."""

    id: str
    """Digits; larger for later ones."""
    integration_id: int
    created_at: clock.Iso
    state: State
    state_details: str
    event: EventOut
    details: Annotated[msgspec.Raw, msgspec.Meta(extra_json_schema={"type": "object"})]


class IntegrationEventList(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    integration_events: list[IntegrationEvent]


class DeliveryOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    event_id: int
    event_type: str
    state: DeliveryState
    attempts: int
    """Since it was first sent, or replayed."""
    due_at: clock.Iso | None
    """When it is tried again. Null: at once, or never."""
    message_id: str
    """What receivers know it by, in every attempt."""
    since: clock.Iso
    """The event's time, or when it was replayed."""


class DeliveryList(msgspec.Struct, frozen=True, kw_only=True):
    deliveries: list[DeliveryOut]
    total: int


class ReplayBody(msgspec.Struct, frozen=True, kw_only=True):
    """Which deliveries to send once more."""

    states: tuple[DeliveryState, ...] = (DeliveryState.DEAD,)
    types: tuple[str, ...] = ()
    """Of events of these types; empty: of all."""
    since: str | None = msgspec.field(name="from", default=None)
    """Of events that happened at this time or later."""
    until: str | None = msgspec.field(name="to", default=None)
    """Of events that happened before this time."""

    def filter(self, visibility: Visibility) -> ReplayFilter:
        """What of all that the caller may see is meant. Raises `BadData`."""
        return ReplayFilter(
            states=self.states,
            types=self.types,
            since=read_moment(self.since, "/body/from"),
            until=read_moment(self.until, "/body/to"),
            visibility=visibility,
        )


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    replayed: int
    """How many deliveries are sent once more."""


class TestResult(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What became of a test message."""

    state: State
    state_details: str
    details: dict[str, Any]


class DryRunOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What an integration would have been sent in the last days."""

    days: int
    total: int
    by_type: dict[str, int]
    samples: list[EventOut]


def read_moment(text: str | None, path: str) -> clock.Millis | None:
    """A time that was sent, where there is one, as `path`. Raises `BadData`."""
    if text is None:
        return None
    try:
        return clock.from_iso(text)
    except ValueError as error:
        raise BadData(
            f"{path.rpartition('/')[2]} is a time such as 2026-11-22T10:00:00Z.", Detail(f"{text!r} is none.", path)
        ) from error


def shown_attempt(attempt: AttemptRow, view: View) -> IntegrationEvent:
    return IntegrationEvent(
        id=str(attempt.id),
        integration_id=attempt.integration_id,
        created_at=clock.to_iso(attempt.created_at),
        state=State(attempt.state),
        state_details=attempt.state_details,
        event=attempt.event.shown(view),
        details=msgspec.Raw(attempt.details.encode()),
    )


def shown_delivery(delivery: DeliveryRow) -> DeliveryOut:
    return DeliveryOut(
        event_id=delivery.event_id,
        event_type=delivery.event_type,
        state=delivery.state,
        attempts=delivery.attempts,
        due_at=clock.to_iso(delivery.due_at) if delivery.due_at else None,
        message_id=delivery.message_id,
        since=clock.to_iso(delivery.since),
    )


def shown_dry_run(found: DryRun, days: int, view: View) -> DryRunOut:
    return DryRunOut(
        days=days,
        total=sum(found.by_type.values()),
        by_type=found.by_type,
        samples=[event.shown(view) for event in found.samples],
    )
