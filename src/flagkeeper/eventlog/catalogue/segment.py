"""Events of segments."""

from typing import ClassVar

from flagkeeper.eventlog.catalogue.event import About, Concern, Event
from flagkeeper.eventlog.catalogue.offer import SLACK_APP
from flagkeeper.eventlog.catalogue.payload import NoData, SegmentData

GROUP = "Segment"


class SegmentCreated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="segment-created",
        label="Segment created",
        summary="{actor} created segment {data.name}",
        subject="segment/{data.id}",
        group=GROUP,
        concerns=Concern.CLIENTS,
        offered_to=SLACK_APP,
        seeds=frozenset({1, 2, 3}),
    )
    project: str | None = None
    data: SegmentData
    pre_data: None = None


class SegmentUpdated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="segment-updated",
        label="Segment updated",
        summary="{actor} changed segment {data.name}",
        subject="segment/{data.id}",
        group=GROUP,
        concerns=Concern.CLIENTS,
        timeline=True,
        offered_to=SLACK_APP,
        seeds=frozenset({1, 2, 3}),
    )
    project: str | None = None
    data: SegmentData
    pre_data: SegmentData


class SegmentDeleted(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="segment-deleted",
        label="Segment deleted",
        summary="{actor} deleted segment {pre_data.name}",
        subject="segment/{pre_data.id}",
        group=GROUP,
        concerns=Concern.CLIENTS,
        timeline=True,
        offered_to=SLACK_APP,
        seeds=frozenset({1, 2, 3}),
    )
    project: str | None = None
    data: NoData = NoData()
    pre_data: SegmentData


class SegmentImport(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="segment-import",
        label="Segment imported",
        summary="{actor} imported segment {data.name}",
        subject="segment/{data.id}",
        group=GROUP,
        concerns=Concern.CLIENTS,
        seeds=frozenset({1}),
    )
    data: SegmentData
    pre_data: None = None
