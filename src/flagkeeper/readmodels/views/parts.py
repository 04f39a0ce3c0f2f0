"""An event told in parts, for whoever lays it out: the words of its summary, and what changed, field by field."""

from itertools import islice
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from flagkeeper.eventlog.catalogue import about
from flagkeeper.eventlog.catalogue.sentence import NamedObject, Sentence, sentence_of
from flagkeeper.eventlog.catalogue.tone import Tone
from flagkeeper.eventlog.catalogue.wording import fill_subject
from flagkeeper.eventlog.diff import NARROW, WIDE, FieldChange, Room, fields
from flagkeeper.eventlog.read import EventRow
from flagkeeper.readmodels.views.changes import both_sides


class Extent(msgspec.Struct, frozen=True):
    """How much is told of changes."""

    fields: int
    room: Room
    known: bool
    """Whether also fields are shown that say what the words say: an id, the name of what was created."""


NOTHING, SOME, ALL = Extent(0, NARROW, False), Extent(3, NARROW, False), Extent(200, WIDE, True)
"""Of an event that is mentioned, in a list, and of one that is looked at."""


class EventParts(Sentence, frozen=True, kw_only=True, rename="camel"):
    """An event in parts. No link in it names this server."""

    tone: Tone
    changes: list[FieldChange] | UnsetType = UNSET
    """What differs between `preData` and `data`: in lists of events the first 3 fields, of a single event 200."""
    more_changes: int | UnsetType = UNSET
    """How many more fields differ."""


class _Told(msgspec.Struct, frozen=True):
    """What subjects are made of (`catalogue.event.About.subject`)."""

    feature_name: str | None
    project: str | None
    environment: str | None
    data: Any
    pre_data: Any


_MAIN = "parameters.rollout"
"""The change that people look for first: a list that has room for three shows it."""


def parts_of(row: EventRow, extent: Extent) -> EventParts:
    """The parts of the event."""
    known = about(row.type)
    named = known is not None and "{" in known.subject
    sentence = sentence_of(row.summary, row.created_by, subject_of(row) if named else "")
    told = EventParts(**msgspec.structs.asdict(sentence), tone=known.tone if known else "neutral")
    if not extent.fields:
        return told
    found = fields(*both_sides(row), extent.room)
    if not extent.known:
        found = (each for each in found if not _is_said(each, sentence.object))
    ordered = iter(sorted(found, key=lambda each: each.path != _MAIN))
    shown = list(islice(ordered, extent.fields))
    return msgspec.structs.replace(told, changes=shown, more_changes=sum(1 for _ in ordered))


def _is_said(change: FieldChange, named: NamedObject | None) -> bool:
    """Whether the words say it already: an id, or the name of what was created or deleted."""
    sides = [each for each in (change.before, change.after) if each is not UNSET]
    return len(sides) == 1 and (change.path == "id" or (named is not None and sides[0] in (named.id, named.name)))


def subject_of(row: EventRow) -> str:
    """What the event is about; empty for a type that this version does not know."""
    known = about(row.type)
    if known is None:
        return ""
    payloads = [None if text is None else _decode(text) for text in (row.data, row.pre_data)]
    return fill_subject(known.subject, _Told(row.feature_name, row.project, row.environment, *payloads))


_decode = msgspec.json.Decoder().decode
