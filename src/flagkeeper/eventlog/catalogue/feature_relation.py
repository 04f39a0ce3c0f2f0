"""Events of what hangs on a flag: tags, dependencies, favourites and links."""

from typing import ClassVar

from msgspec import UNSET, UnsetType

from flagkeeper.eventlog.catalogue.event import About, Concern, Event
from flagkeeper.eventlog.catalogue.offer import SLACK_APP, WEBHOOK
from flagkeeper.eventlog.catalogue.payload import Payload, TagData
from flagkeeper.eventlog.catalogue.wording import fill_summary, value_at

GROUP = "Feature flag"


class DependencyData(Payload, frozen=True, kw_only=True):
    feature: str
    """The parent."""
    enabled: bool
    """The state that the parent must have."""
    variants: list[str] | UnsetType = UNSET
    """The variants of the parent of which one must be given. Left out: any."""


class ParentData(Payload, frozen=True, kw_only=True):
    feature: str


class DependenciesData(Payload, frozen=True, kw_only=True):
    dependencies: list[DependencyData]


class FavoriteFlagData(Payload, frozen=True, kw_only=True):
    feature: str


class LinkData(Payload, frozen=True, kw_only=True):
    url: str
    title: str | None


def _dependency(event: Event, actor: str) -> str:
    state = "disabled" if value_at(event, "data.enabled") is False else "enabled"
    wording = "{actor} made {flag} in project {project} depend on {data.feature} being " + state
    return fill_summary(wording, event, actor)


class FeatureTagged(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="feature-tagged",
        label="Flag tagged",
        summary="{actor} tagged {flag} in project {project} with {data.type}:{data.value}",
        subject="flag/{feature_name}",
        group=GROUP,
        concerns=Concern.CLIENTS,
        offered_to=WEBHOOK | SLACK_APP,
        seeds=frozenset({1, 2, 3}),
    )
    feature_name: str
    project: str
    data: TagData
    pre_data: None = None


class FeatureUntagged(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="feature-untagged",
        label="Flag untagged",
        summary="{actor} removed tag {data.type}:{data.value} from {flag} in project {project}",
        subject="flag/{feature_name}",
        group=GROUP,
        concerns=Concern.CLIENTS,
        offered_to=WEBHOOK | SLACK_APP,
        seeds=frozenset({1, 2, 3}),
    )
    feature_name: str
    project: str
    data: TagData
    pre_data: None = None


class FeatureDependencyAdded(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="feature-dependency-added",
        label="Flag dependency added",
        summary=_dependency,
        subject="flag/{feature_name}",
        group=GROUP,
        concerns=Concern.CLIENTS,
        seeds=frozenset({1}),
    )
    feature_name: str
    project: str
    data: DependencyData
    pre_data: None = None


class FeatureDependencyRemoved(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="feature-dependency-removed",
        label="Flag dependency removed",
        summary="{actor} removed the dependency of {flag} in project {project} on {data.feature}",
        subject="flag/{feature_name}",
        group=GROUP,
        concerns=Concern.CLIENTS,
        seeds=frozenset({1}),
    )
    feature_name: str
    project: str
    data: ParentData
    pre_data: DependencyData


class FeatureDependenciesRemoved(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="feature-dependencies-removed",
        label="All flag dependencies removed",
        summary="{actor} removed all dependencies of {flag} in project {project}",
        subject="flag/{feature_name}",
        group=GROUP,
        concerns=Concern.CLIENTS,
        seeds=frozenset({1}),
    )
    feature_name: str
    project: str
    data: None = None
    pre_data: DependenciesData


class FeatureFavorited(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="feature-favorited",
        label="Flag favourited",
        summary="{actor} made {flag} a favourite",
        subject="favorite-flag/{feature_name}",
        group=GROUP,
        seeds=frozenset({1}),
    )
    feature_name: str
    data: FavoriteFlagData
    pre_data: None = None


class FeatureUnfavorited(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="feature-unfavorited",
        label="Flag unfavourited",
        summary="{actor} removed {flag} from the favourites",
        subject="favorite-flag/{feature_name}",
        group=GROUP,
        seeds=frozenset({1}),
    )
    feature_name: str
    data: FavoriteFlagData
    pre_data: None = None


class FeatureLinkAdded(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="feature-link-added",
        label="Flag link added",
        summary="{actor} added link {data.title|data.url} to {flag} in project {project}",
        subject="flag/{feature_name}",
        group=GROUP,
    )
    feature_name: str
    project: str
    data: LinkData
    pre_data: None = None


class FeatureLinkUpdated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="feature-link-updated",
        label="Flag link updated",
        summary="{actor} changed link {data.title|data.url} of {flag} in project {project}",
        subject="flag/{feature_name}",
        group=GROUP,
    )
    feature_name: str
    project: str
    data: LinkData
    pre_data: LinkData


class FeatureLinkRemoved(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="feature-link-removed",
        label="Flag link removed",
        summary="{actor} removed link {pre_data.title|pre_data.url} from {flag} in project {project}",
        subject="flag/{feature_name}",
        group=GROUP,
    )
    feature_name: str
    project: str
    data: None = None
    pre_data: LinkData
