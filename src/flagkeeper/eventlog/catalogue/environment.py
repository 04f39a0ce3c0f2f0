"""Events of environments."""

from typing import ClassVar

from flagkeeper.eventlog.catalogue.event import About, Concern, Event
from flagkeeper.eventlog.catalogue.payload import EnvironmentData, NameData
from flagkeeper.eventlog.catalogue.wording import fill_summary, value_at

GROUP = "Environment"


def _what_changed(event: Event, actor: str) -> str:
    before, after = value_at(event, "pre_data.enabled"), value_at(event, "data.enabled")
    if before == after:
        return fill_summary("{actor} changed environment {environment}", event, actor)
    return fill_summary(f"{{actor}} turned environment {{environment}} {'on' if after else 'off'}", event, actor)


class EnvironmentCreated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="environment-created",
        label="Environment created",
        summary="{actor} created environment {environment}",
        subject="environment/{environment}",
        group=GROUP,
        seeds=frozenset({1}),
    )
    environment: str
    data: EnvironmentData
    pre_data: None = None


class EnvironmentUpdated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="environment-updated",
        label="Environment updated",
        summary=_what_changed,
        subject="environment/{environment}",
        group=GROUP,
        concerns=Concern.CLIENTS,
        seeds=frozenset({1}),
    )
    environment: str
    data: EnvironmentData
    pre_data: EnvironmentData


class EnvironmentDeleted(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="environment-deleted",
        label="Environment deleted",
        summary="{actor} deleted environment {environment}",
        subject="environment/{environment}",
        group=GROUP,
        concerns=Concern.CLIENTS,
        seeds=frozenset({1}),
    )
    environment: str
    data: None = None
    pre_data: EnvironmentData


class EnvironmentImport(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="environment-import",
        label="Environment imported",
        summary="{actor} imported environment {data.name}",
        subject="environment/{data.name}",
        group=GROUP,
        concerns=Concern.CLIENTS,
        seeds=frozenset({1, 2, 3}),
    )
    data: EnvironmentData
    pre_data: None = None


class DropEnvironments(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="drop-environments",
        label="All environments dropped",
        summary="{actor} dropped all environments before an import",
        subject="all-environments",
        group=GROUP,
        concerns=Concern.CLIENTS,
        seeds=frozenset({1, 2, 3}),
    )
    data: NameData
    pre_data: None = None
