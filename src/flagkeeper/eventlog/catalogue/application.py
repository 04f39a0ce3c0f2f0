"""Events that SDK clients cause. Recorded sparingly, never with a flag."""

from typing import ClassVar

from flagkeeper.eventlog.catalogue.event import About, Event
from flagkeeper.eventlog.catalogue.payload import Payload
from flagkeeper.eventlog.catalogue.wording import bold, fill_summary

GROUP = "Application"


class ApplicationData(Payload, frozen=True, kw_only=True):
    app_name: str
    created_at: str
    updated_at: str
    last_seen: str | None
    description: str | None
    strategies: list[str]
    created_by: str | None
    url: str | None
    color: str | None
    icon: str | None
    announced: bool
    projects: list[str]
    environment: str | None


class ApplicationNotes(Payload, frozen=True, kw_only=True):
    """What people can say of an application."""

    app_name: str
    description: str | None
    strategies: list[str]
    url: str | None
    color: str | None
    icon: str | None


class SdkMetadata(Payload, frozen=True, kw_only=True):
    platform_name: str | None
    platform_version: str | None
    yggdrasil_version: str | None
    spec_version: str | None


class RegistrationData(Payload, frozen=True, kw_only=True):
    app_name: str
    environment: str
    sdk_name: str | None
    sdk_version: str | None
    metadata: SdkMetadata


class MetricsBucket(Payload, frozen=True, kw_only=True):
    start: str
    stop: str


class MetricsData(Payload, frozen=True, kw_only=True):
    app_name: str
    environment: str
    bucket: MetricsBucket
    toggles: int
    """How many flags the bucket counts."""


class MetricsRow(Payload, frozen=True, kw_only=True):
    feature_name: str
    app_name: str
    environment: str
    timestamp: str
    """The start of the hour."""
    yes: int
    no: int
    variants: dict[str, int]


def _rows(event: Event, actor: str) -> str:
    rows = event.data if isinstance(event.data, list) else []
    return fill_summary("{actor} stored ", event, actor) + bold(len(rows)) + " rows of client metrics"


class ApplicationCreated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="application-created",
        label="Application registered",
        summary="{actor} registered application {data.app_name}",
        subject="application/{data.app_name}",
        group=GROUP,
        seeds=frozenset({1}),
    )
    data: ApplicationData
    pre_data: None = None


class FlagkeeperApplicationUpdated(Event, frozen=True, kw_only=True):
    """Unleash records nothing of it."""

    about: ClassVar = About(
        type="flagkeeper-application-updated",
        label="Application updated",
        summary="{actor} updated application {data.app_name}",
        subject="application/{data.app_name}",
        group=GROUP,
        ours=True,
    )
    data: ApplicationNotes
    pre_data: ApplicationNotes


class FlagkeeperApplicationDeleted(Event, frozen=True, kw_only=True):
    """Unleash records nothing of it."""

    about: ClassVar = About(
        type="flagkeeper-application-deleted",
        label="Application deleted",
        summary="{actor} deleted application {pre_data.app_name} with its instances",
        subject="application/{pre_data.app_name}",
        group=GROUP,
        ours=True,
    )
    data: None = None
    pre_data: ApplicationNotes


class ClientRegister(Event, frozen=True, kw_only=True):
    """At most one per application, environment and day."""

    about: ClassVar = About(
        type="client-register",
        label="Client registered",
        summary="Client {data.app_name} registered in {data.environment} with SDK {data.sdk_name} {data.sdk_version}",
        subject="application/{data.app_name}",
        group=GROUP,
        seeds=frozenset({1}),
    )
    data: RegistrationData
    pre_data: None = None


class ClientMetrics(Event, frozen=True, kw_only=True):
    """At most one per application, environment and day."""

    about: ClassVar = About(
        type="client-metrics",
        label="Client metrics received",
        summary="Client {data.app_name} reported metrics of {data.toggles} flags in environment {data.environment}",
        subject="application/{data.app_name}",
        group=GROUP,
        seeds=frozenset({1}),
    )
    data: MetricsData
    pre_data: None = None


class ClientMetricsAdded(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="client-metrics-added",
        label="Client metrics stored",
        summary=_rows,
        subject="client-metrics",
        group=GROUP,
    )
    data: list[MetricsRow]
    pre_data: None = None
