"""What people read of usage."""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from flagkeeper.features.usage.model import LONGEST_NAME, MOST_STRATEGIES, Notes
from flagkeeper.features.usage.queries import (
    Application,
    ApplicationUse,
    FlagUsage,
    Instance,
    Overview,
    PlaceOverview,
    ProjectApplication,
    SeenFlag,
    UnknownFlag,
)
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import BadData, Detail
from flagkeeper.kernel.text import check_line

LONGEST_DESCRIPTION = 2_000
Name = Annotated[str, Meta(max_length=LONGEST_NAME)]


class UsageOut(msgspec.Struct, frozen=True, kw_only=True):
    """The environments in which an application reads a project."""

    project: str
    environments: list[str]


class ApplicationOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    app_name: str
    created_at: clock.Iso
    updated_at: clock.Iso
    description: str | None
    strategies: list[str]
    created_by: str
    url: str | None
    color: str | None
    icon: str | None
    usage: list[UsageOut]


class ApplicationsOut(msgspec.Struct, frozen=True, kw_only=True):
    applications: list[ApplicationOut]
    total: int


class InstanceOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    app_name: str
    instance_id: str
    sdk_version: str | None
    sdk_type: str
    client_ip: str
    last_seen: clock.Iso
    created_at: clock.Iso
    environment: str


class SeenFlagOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    name: str
    description: str | None
    type: str
    project: str
    stale: bool
    created_at: clock.Iso
    impression_data: bool
    archived: bool


class LinksOut(msgspec.Struct, frozen=True, kw_only=True):
    self: str


class OneApplicationOut(ApplicationOut, frozen=True, kw_only=True):
    """An application with its instances and the flags that it reads."""

    instances: list[InstanceOut]
    seen_toggles: list[SeenFlagOut]
    links: LinksOut


class CountOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    feature_name: str
    app_name: str
    environment: str
    timestamp: clock.Iso
    yes: int
    no: int
    variants: dict[str, int] | UnsetType = UNSET


class FlagMetricsOut(msgspec.Struct, frozen=True, kw_only=True):
    version: int = 1
    maturity: str = "stable"
    data: list[CountOut]


class HourOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    feature_name: str
    environment: str
    timestamp: clock.Iso
    yes: int
    no: int


class FlagUsageOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    version: int = 1
    maturity: str = "stable"
    feature_name: str
    last_hour_usage: list[HourOut]
    seen_applications: list[str]


class ApplicationBody(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody says of an application; what is left out stays as it is."""

    strategies: Annotated[list[Name], Meta(max_length=MOST_STRATEGIES)] | UnsetType = UNSET
    description: Annotated[str, Meta(max_length=LONGEST_DESCRIPTION)] | UnsetType = UNSET
    url: Annotated[str, Meta(max_length=LONGEST_DESCRIPTION)] | UnsetType = UNSET
    color: Name | UnsetType = UNSET
    icon: Name | UnsetType = UNSET

    def notes(self) -> Notes:
        """Raises `BadData` for what does not fit on one line, and for an address that no browser should follow."""
        for name in ("description", "url", "color", "icon"):
            check_line(getattr(self, name) or "", f"/body/{name}")
        strategies = None if self.strategies is UNSET else tuple(self.strategies)
        for each in strategies or ():
            check_line(each, "/body/strategies")
        if self.url and not self.url.startswith(("https://", "http://")):
            message = "An address begins with https:// or http://."
            raise BadData(message, Detail(message, "/body/url"))
        return Notes(
            strategies=strategies,
            description=self.description or None,
            url=self.url or None,
            color=self.color or None,
            icon=self.icon or None,
        )


class PlaceIssuesOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    missing_features: list[str]
    outdated_sdks: list[str]


class PlaceOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An application in an environment."""

    name: str
    instance_count: int
    sdks: list[str]
    frontend_sdks: list[str]
    backend_sdks: list[str]
    last_seen: clock.Iso | None
    issues: PlaceIssuesOut


class IssuesOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    missing_strategies: list[str]


class OverviewOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    projects: list[str]
    feature_count: int
    environments: list[PlaceOut]
    issues: IssuesOut


class SeenInstanceOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    instance_id: str
    client_ip: str
    sdk_version: str | None
    last_seen: clock.Iso


class InstancesOut(msgspec.Struct, frozen=True, kw_only=True):
    instances: list[SeenInstanceOut]


class OutdatedSdkOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    sdk_version: str
    applications: list[str]


class OutdatedSdksOut(msgspec.Struct, frozen=True, kw_only=True):
    sdks: list[OutdatedSdkOut]


class AskedInOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    environment: str
    seen_at: clock.Iso


class AskedByOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    app_name: str
    environments: list[AskedInOut]


class UnknownFlagOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    name: str
    last_seen_at: clock.Iso
    last_event_at: clock.Iso | None
    """Of a flag that there was: when it last changed."""
    reports: list[AskedByOut]


class UnknownFlagsOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    unknown_flags: list[UnknownFlagOut]


class SdkVersionsOut(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    versions: list[str]


class ProjectApplicationOut(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    environments: list[str]
    instances: list[str]
    sdks: list[SdkVersionsOut]


class ProjectApplicationsOut(msgspec.Struct, frozen=True, kw_only=True):
    applications: list[ProjectApplicationOut]
    total: int


def shown_overview(overview: Overview) -> OverviewOut:
    return OverviewOut(
        projects=overview.projects,
        feature_count=overview.flags,
        environments=[_place(each) for each in overview.places],
        issues=IssuesOut(missing_strategies=overview.missing_strategies),
    )


def shown_instances(instances: list[Instance]) -> InstancesOut:
    return InstancesOut(
        instances=[
            SeenInstanceOut(
                instance_id=each.instance_id,
                client_ip=each.client_ip,
                sdk_version=each.sdk_version,
                last_seen=clock.to_iso(each.seen_at),
            )
            for each in instances
        ]
    )


def shown_sdks(outdated: list[tuple[str, list[str]]]) -> OutdatedSdksOut:
    return OutdatedSdksOut(sdks=[OutdatedSdkOut(sdk_version=sdk, applications=names) for sdk, names in outdated])


def shown_unknown(flag: UnknownFlag) -> UnknownFlagOut:
    return UnknownFlagOut(
        name=flag.name,
        last_seen_at=clock.to_iso(flag.seen_at),
        last_event_at=_iso(flag.last_event_at),
        reports=[
            AskedByOut(
                app_name=name,
                environments=[AskedInOut(environment=place, seen_at=clock.to_iso(at)) for place, at in places.items()],
            )
            for name, places in flag.reports.items()
        ],
    )


def shown_in_project(application: ProjectApplication) -> ProjectApplicationOut:
    return ProjectApplicationOut(
        name=application.name,
        environments=application.environments,
        instances=application.instances,
        sdks=[SdkVersionsOut(name=name, versions=versions) for name, versions in application.sdks.items()],
    )


def shown_application(application: Application, uses: list[ApplicationUse]) -> ApplicationOut:
    return ApplicationOut(**_application(application, uses))


def shown_in_full(
    application: Application, uses: list[ApplicationUse], instances: list[Instance], flags: list[SeenFlag]
) -> OneApplicationOut:
    return OneApplicationOut(
        **_application(application, uses),
        instances=[_instance(application.app_name, each) for each in instances],
        seen_toggles=[_seen_flag(each) for each in flags],
        links=LinksOut(self=f"/api/applications/{application.app_name}"),
    )


def shown_hours(flag: str, counts: list[FlagUsage], readers: list[str]) -> FlagUsageOut:
    """The applications of an environment taken together."""
    total: dict[tuple[str, int], HourOut] = {}
    for count in counts:
        key = count.environment, count.start
        known = total.get(key) or HourOut(
            feature_name=flag, environment=key[0], timestamp=clock.to_iso(key[1]), yes=0, no=0
        )
        total[key] = msgspec.structs.replace(known, yes=known.yes + count.yes, no=known.no + count.no)
    return FlagUsageOut(feature_name=flag, last_hour_usage=list(total.values()), seen_applications=readers)


def shown_count(flag: str, count: FlagUsage) -> CountOut:
    return CountOut(
        feature_name=flag,
        app_name=count.app_name,
        environment=count.environment,
        timestamp=clock.to_iso(count.start),
        yes=count.yes,
        no=count.no,
        variants=count.variants or UNSET,
    )


def _application(application: Application, uses: list[ApplicationUse]) -> dict[str, Any]:
    environments: dict[str, list[str]] = {}
    for use in uses:
        environments.setdefault(use.project, []).append(use.environment)
    return {
        "app_name": application.app_name,
        "created_at": clock.to_iso(application.created_at),
        "updated_at": clock.to_iso(application.seen_at),
        "description": application.description,
        "strategies": msgspec.json.decode(application.strategies, type=list[str]),
        "created_by": application.created_by,
        "url": application.url,
        "color": application.color,
        "icon": application.icon,
        "usage": [UsageOut(project=project, environments=names) for project, names in environments.items()],
    }


def _place(place: PlaceOverview) -> PlaceOut:
    return PlaceOut(
        name=place.name,
        instance_count=len(place.instances),
        sdks=place.sdks("frontend", "backend"),
        frontend_sdks=place.sdks("frontend"),
        backend_sdks=place.sdks("backend"),
        last_seen=_iso(place.last_seen_at),
        issues=PlaceIssuesOut(missing_features=place.missing_flags, outdated_sdks=place.outdated_sdks),
    )


def _iso(at: clock.Millis | None) -> str | None:
    return None if at is None else clock.to_iso(at)


def _instance(app_name: str, instance: Instance) -> InstanceOut:
    return InstanceOut(
        app_name=app_name,
        instance_id=instance.instance_id,
        sdk_version=instance.sdk_version,
        sdk_type=instance.sdk_type,
        client_ip=instance.client_ip,
        last_seen=clock.to_iso(instance.seen_at),
        created_at=clock.to_iso(instance.created_at),
        environment=instance.environment,
    )


def _seen_flag(flag: SeenFlag) -> SeenFlagOut:
    return SeenFlagOut(
        name=flag.name,
        description=flag.description,
        type=flag.type,
        project=flag.project,
        stale=flag.stale,
        created_at=clock.to_iso(flag.created_at),
        impression_data=flag.impression_data,
        archived=flag.archived_at is not None,
    )
