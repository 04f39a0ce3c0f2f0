"""Notifications on the wire."""

from typing import Annotated, Literal

import msgspec

from flagkeeper.kernel import clock
from flagkeeper.kernel.limits import AtOnce
from flagkeeper.readmodels.notifications.queries import Notification


class NotifierOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    username: str | None
    image_url: str | None = None


class NotificationOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    id: int
    """Of the event."""
    message: str
    """Markdown."""
    link: str
    """A path of the web interface."""
    notification_type: Literal["change-request", "toggle"]
    created_by: NotifierOut
    created_at: clock.Iso
    read_at: clock.Iso | None


class ReadBody(msgspec.Struct, frozen=True, kw_only=True):
    notifications: AtOnce[Annotated[int, msgspec.Meta(ge=0, le=2**53)]]


def shown(each: Notification) -> NotificationOut:
    event = each.event
    return NotificationOut(
        id=event.id,
        message=event.summary,
        link=f"/history/{event.id}",
        notification_type="toggle",
        created_by=NotifierOut(username=event.created_by),
        created_at=event.created_at,
        read_at=None if each.read_at is None else clock.to_iso(each.read_at),
    )
