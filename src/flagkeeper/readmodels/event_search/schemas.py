"""Events on the wire, for the documentation (answers are spliced from stored text), and request bodies."""

from typing import Annotated

import msgspec

from flagkeeper.eventlog.read import EventOut


class EventsDocument(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    version: int
    events: list[EventOut]
    total_events: int


class FeatureEventsDocument(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    version: int
    toggle_name: str
    events: list[EventOut]
    total_events: int


class SearchDocument(msgspec.Struct, frozen=True, kw_only=True):
    events: list[EventOut]
    total: int
    incomplete: bool = False
    """True: so many values contain the text that the search ended early; older events may match too."""


class SearchBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The older search: plain values, all of which must hold. A name that it does not know would be a condition that
    nobody looks at."""

    type: str | None = None
    project: str | None = None
    feature: str | None = None
    query: str | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 100
    offset: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] = 0
