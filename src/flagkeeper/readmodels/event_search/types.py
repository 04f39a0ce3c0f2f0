"""The types of events, for filters, colours and completion."""

from typing import Literal

import msgspec

from flagkeeper.eventlog.catalogue import EVENTS, Reach
from flagkeeper.eventlog.catalogue.tone import Tone
from flagkeeper.eventlog.query.conditions import Field
from flagkeeper.readmodels.views.log import Log
from flagkeeper.storage.transaction import Transaction


class EventTypeOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A type of event."""

    type: str
    label: str
    group: str
    """The heading under which filters show it."""
    tone: Tone
    reach: Literal["none", "clients"]
    """`clients`: SDKs may receive something else after it."""
    timeline: bool
    """Whether the timeline shows it."""
    newest_id: int | None
    """The newest event of the type that you may see. Null: there is none, so a search for it finds nothing."""


class EventTypes(msgspec.Struct, frozen=True):
    """All types that this version knows, in the order of the documentation, and last what newer versions wrote."""

    types: list[EventTypeOut]


def event_types(tx: Transaction, log: Log) -> EventTypes:
    newest = log.search.newest_of(tx, log.visibility, Field.TYPE)
    known = [
        EventTypeOut(
            type=name,
            label=kind.about.label,
            group=kind.about.group,
            tone=kind.about.tone,
            reach="clients" if kind.about.reach is Reach.CLIENTS else "none",
            timeline=kind.about.timeline,
            newest_id=newest.get(name),
        )
        for name, kind in EVENTS.items()
    ]
    others = [
        EventTypeOut(
            type=name, label=name, group="Other", tone="neutral", reach="none", timeline=False, newest_id=newest[name]
        )
        for name in sorted(newest.keys() - EVENTS.keys())
    ]
    return EventTypes([*known, *others])
