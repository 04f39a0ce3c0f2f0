"""What people read of usage (facts: platform-model.md, section 14)."""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from flagkeeper.features.usage.queries import Application, ApplicationUse, FlagUsage, Instance, SeenFlag
from flagkeeper.kernel import clock


class UsageOut(msgspec.Struct, frozen=True, kw_only=True):
    """The environments in which an application reads a project."""

    project: str
    environments: list[str]


class ApplicationOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    app_name: str
    created_at: str
    updated_at: str
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
    last_seen: str
    created_at: str
    environment: str


class SeenFlagOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    name: str
    description: str | None
    type: str
    project: str
    stale: bool
    created_at: str
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
    timestamp: str
    yes: int
    no: int
    variants: dict[str, int] | UnsetType = UNSET


class FlagMetricsOut(msgspec.Struct, frozen=True, kw_only=True):
    version: int = 1
    maturity: str = "stable"
    data: list[CountOut]


class HourOut(msgspec.Struct, frozen=True, kw_only=True):
    environment: str
    timestamp: str
    yes: int
    no: int


class FlagUsageOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    version: int = 1
    maturity: str = "stable"
    feature_name: str
    last_hour_usage: list[HourOut]
    seen_applications: list[str]


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
        known = total.get(key) or HourOut(environment=key[0], timestamp=clock.to_iso(key[1]), yes=0, no=0)
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
