"""Events in lists: whole, or in brief with parts in place of payloads."""

from enum import StrEnum
from typing import Annotated

import msgspec
from litestar.params import QueryParameter
from msgspec import UNSET, UnsetType

from flagkeeper.eventlog.read import PAYLOAD, TAGS, EventOut, EventRow, View
from flagkeeper.readmodels.views.parts import SOME, EventParts, parts_of


class Detail(StrEnum):
    """How much of an event a list shows."""

    FULL = "full"
    BRIEF = "brief"
    """`parts` in place of `data`, `preData`, `tags` and `summary`: about a third of the bytes, however large payloads
    are."""


Shown = Annotated[
    Detail, QueryParameter(name="view", description="`brief`: `parts` instead of payloads, tags and summary.")
]


class ListedEvent(EventOut, frozen=True, kw_only=True, rename="camel"):
    """An event in a list. With `view=brief` it has `parts`, and neither `data`, `preData`, `tags`, `summary`,
    `groupType`, `credentialId` nor `traceId`."""

    data: Annotated[msgspec.Raw | UnsetType, PAYLOAD] = UNSET  # type: ignore[assignment]  # left out
    pre_data: Annotated[msgspec.Raw | UnsetType, PAYLOAD] = UNSET  # type: ignore[assignment]  # left out
    tags: Annotated[msgspec.Raw | UnsetType, TAGS] = UNSET  # type: ignore[assignment]  # left out
    summary: str | UnsetType = UNSET  # type: ignore[assignment]  # left out
    parts: EventParts | UnsetType = UNSET


def listed(row: EventRow, view: View) -> EventOut:
    """The event, as `view` wants it."""
    whole = row.shown(view)
    if not view.brief:
        return whole
    shown = {name: getattr(whole, name) for name in _KEPT}
    return ListedEvent(**shown, group_type=UNSET, parts=parts_of(row, SOME))


_LEFT_OUT = ("data", "pre_data", "tags", "summary", "group_type", "credential_id", "trace_id")
_KEPT = [name for name in EventOut.__struct_fields__ if name not in _LEFT_OUT]
