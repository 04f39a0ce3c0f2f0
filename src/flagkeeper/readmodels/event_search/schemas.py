"""Events on the wire, for the documentation (answers are spliced from stored text), and request bodies."""

from typing import Annotated, Any

import msgspec

from flagkeeper.eventlog.catalogue.event import Tag


class EventDocument(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An event. Keys that do not apply are null; `ip`, `groupType` and `groupId` are left out where they do not apply,
    and `ip` is shown to administrators only."""

    id: Annotated[int, msgspec.Meta(ge=1)]
    type: str
    created_at: str
    created_by: str
    created_by_user_id: int | None
    data: dict[str, Any] | None
    pre_data: dict[str, Any] | None
    tags: list[Tag]
    feature_name: str | None
    project: str | None
    environment: str | None
    label: str | None
    summary: str | None
    ip: str | msgspec.UnsetType = msgspec.UNSET
    group_type: str | msgspec.UnsetType = msgspec.UNSET
    group_id: str | msgspec.UnsetType = msgspec.UNSET


class EventsDocument(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    version: int
    events: list[EventDocument]
    total_events: int


class FeatureEventsDocument(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    version: int
    toggle_name: str
    events: list[EventDocument]
    total_events: int


class SearchDocument(msgspec.Struct, frozen=True, kw_only=True):
    events: list[EventDocument]
    total: int
    incomplete: bool = False
    """True: so many values contain the text that the search ended early; older events may match too."""


class SearchBody(msgspec.Struct, frozen=True, kw_only=True):
    """The older search: plain values, all of which must hold."""

    type: str | None = None
    project: str | None = None
    feature: str | None = None
    query: str | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 100
    offset: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] = 0
