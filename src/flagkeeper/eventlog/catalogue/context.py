"""Events of context fields."""

from typing import ClassVar

from msgspec import UNSET, UnsetType

from flagkeeper.eventlog.catalogue.event import About, Event
from flagkeeper.eventlog.catalogue.offer import SLACK_APP
from flagkeeper.eventlog.catalogue.payload import NameData, Payload

GROUP = "Context field"


class LegalValue(Payload, frozen=True, kw_only=True):
    value: str
    description: str | UnsetType = UNSET


class ContextFieldData(Payload, frozen=True, kw_only=True):
    name: str
    description: str | None
    legal_values: list[LegalValue]
    stickiness: bool
    sort_order: int
    project: str | None = None
    """Of fields that only one project knows."""


class ContextFieldCreated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="context-field-created",
        label="Context field created",
        summary="{actor} created context field {data.name}",
        subject="context-field/{data.name}",
        group=GROUP,
        offered_to=SLACK_APP,
        seeds=frozenset({1, 2, 3}),
    )
    data: ContextFieldData
    pre_data: None = None


class ContextFieldUpdated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="context-field-updated",
        label="Context field updated",
        summary="{actor} changed context field {data.name}",
        subject="context-field/{data.name}",
        group=GROUP,
        offered_to=SLACK_APP,
        seeds=frozenset({1, 2, 3}),
    )
    data: ContextFieldData
    pre_data: ContextFieldData


class ContextFieldDeleted(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="context-field-deleted",
        label="Context field deleted",
        summary="{actor} deleted context field {data.name}",
        subject="context-field/{data.name}",
        group=GROUP,
        offered_to=SLACK_APP,
        seeds=frozenset({1, 2, 3}),
    )
    data: NameData
    pre_data: ContextFieldData
