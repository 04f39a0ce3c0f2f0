"""An event in few words, where its payloads would be in the way; and where the rest of it is."""

from typing import Annotated
from urllib.parse import quote, urlencode

import msgspec

from flagkeeper.eventlog.catalogue.wording import BASE_URL
from flagkeeper.eventlog.query import EventQuery
from flagkeeper.eventlog.read import EventRow, View
from flagkeeper.kernel import clock
from flagkeeper.readmodels.views.parts import NOTHING, EventParts, Extent, parts_of

EVENTS_PATH = "/api/admin/log/events"


class Mention(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An event without its payloads."""

    id: Annotated[int, msgspec.Meta(ge=1)]
    type: str
    label: str
    summary: str
    created_at: clock.Iso
    created_by: str
    project: str | None
    environment: str | None
    feature_name: str | None
    parts: EventParts
    """With changes only where what was different is asked for (`what-changed`)."""
    permalink: str
    """Where the whole event is, with all that changed."""


def mention(row: EventRow, view: View, extent: Extent = NOTHING) -> Mention:
    return Mention(
        id=row.id,
        type=row.type,
        label=row.label,
        summary=row.summary.replace(BASE_URL, view.base_url),
        created_at=clock.to_iso(row.created_at),
        created_by=row.created_by,
        project=row.project,
        environment=row.environment,
        feature_name=row.feature_name,
        parts=parts_of(row, extent),
        permalink=permalink(row.id, view),
    )


def permalink(event_id: int, view: View) -> str:
    """The event's address, which never changes."""
    return f"{view.base_url}{EVENTS_PATH}/{event_id}"


def listing(query: EventQuery) -> str:
    """Where all events that match are listed."""
    return f"{EVENTS_PATH}?{urlencode({'q': str(query)}, quote_via=quote)}"
