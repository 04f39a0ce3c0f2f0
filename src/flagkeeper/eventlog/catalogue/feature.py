"""Events of a flag itself: its life from creation to deletion."""

from typing import ClassVar

from msgspec import UNSET, UnsetType

from flagkeeper.eventlog.catalogue.event import About, Concern, Event
from flagkeeper.eventlog.catalogue.offer import EVERY_PROVIDER, MONITORING, SLACK, SLACK_APP, TEAMS, WEBHOOK
from flagkeeper.eventlog.catalogue.payload import FlagData, Payload
from flagkeeper.eventlog.catalogue.wording import bold, fill_summary, value_at

GROUP = "Feature flag"

_METADATA = ("description", "type", "impression_data", "stale", "project", "archived")


class ProjectChangeData(Payload, frozen=True, kw_only=True):
    new_project: str
    old_project: str


class FlagTypeData(Payload, frozen=True, kw_only=True):
    id: str
    name: str
    description: str
    lifetime_days: int | None
    """After how many days a flag of the type may be stale. None: never."""


class CompletionData(Payload, frozen=True, kw_only=True):
    status: str
    """`kept` or `discarded`."""
    status_value: str | UnsetType = UNSET
    """The variant that was kept."""
    kept: bool


def _what_changed(event: Event, actor: str) -> str:
    """Names the metadata that differ."""
    changed = [
        key.replace("_", " ")
        for key in _METADATA
        if value_at(event, f"data.{key}") != value_at(event, f"pre_data.{key}")
    ]
    what = " and ".join(changed) or "details"
    return fill_summary(f"{{actor}} changed the {what} of {{flag}} in project {{project}}", event, actor)


def _lifetime(event: Event, actor: str) -> str:
    before, after = (value_at(event, f"{state}.lifetime_days") for state in ("pre_data", "data"))
    change = " to ".join(bold("unlimited" if days is None else f"{days} days") for days in (before, after))
    return fill_summary("{actor} changed the lifetime of flags of type {data.id}", event, actor) + f" from {change}"


class FeatureCreated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="feature-created",
        label="Flag created",
        summary="{actor} created {flag} in project {project}",
        subject="flag/{feature_name}",
        group=GROUP,
        concerns=Concern.CLIENTS,
        timeline=True,
        offered_to=EVERY_PROVIDER,
        seeds=frozenset({0, 1, 2, 3}),
    )
    feature_name: str
    project: str
    data: FlagData
    pre_data: None = None


class FeatureUpdated(Event, frozen=True, kw_only=True):
    """Only the version 4 routes cause it; the documents say that it has no previous state."""

    about: ClassVar = About(
        type="feature-updated",
        label="Flag updated (old route)",
        summary="{actor} updated {flag} in project {project}",
        subject="flag/{feature_name}",
        group=GROUP,
        concerns=Concern.CLIENTS,
        timeline=True,
        offered_to=WEBHOOK | SLACK | TEAMS | MONITORING,
        seeds=frozenset({1, 2, 3}),
    )
    feature_name: str
    project: str
    data: FlagData
    pre_data: None = None


class FeatureDeleted(Event, frozen=True, kw_only=True):
    """Carries the flag's tags explicitly: once it is gone nobody can read them."""

    about: ClassVar = About(
        type="feature-deleted",
        label="Flag deleted",
        summary="{actor} deleted {flag_name} from project {project}",
        subject="flag/{feature_name}",
        group=GROUP,
        concerns=Concern.CLIENTS,
        offered_to=SLACK_APP,
        seeds=frozenset({1, 2, 3}),
    )
    feature_name: str
    project: str
    data: None = None
    pre_data: FlagData


class FeatureArchived(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="feature-archived",
        label="Flag archived",
        summary="{actor} moved {archived_flag} to the archive of project {project}",
        subject="flag/{feature_name}",
        group=GROUP,
        concerns=Concern.CLIENTS,
        timeline=True,
        offered_to=EVERY_PROVIDER,
        seeds=frozenset({1, 2, 3}),
    )
    feature_name: str
    project: str
    data: None = None
    pre_data: None = None


class FeatureRevived(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="feature-revived",
        label="Flag revived",
        summary="{actor} brought {flag} back into project {project}",
        subject="flag/{feature_name}",
        group=GROUP,
        concerns=Concern.CLIENTS,
        timeline=True,
        offered_to=EVERY_PROVIDER,
        seeds=frozenset({1, 2, 3}),
    )
    feature_name: str
    project: str
    data: None = None
    pre_data: None = None


class FeatureMetadataUpdated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="feature-metadata-updated",
        label="Flag details changed",
        summary=_what_changed,
        subject="flag/{feature_name}",
        group=GROUP,
        concerns=Concern.CLIENTS,
        offered_to=EVERY_PROVIDER,
        seeds=frozenset({1, 2, 3}),
    )
    feature_name: str
    project: str
    data: FlagData
    pre_data: FlagData


class FeatureProjectChange(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="feature-project-change",
        label="Flag moved to a new project",
        summary="{actor} moved {flag} from project {data.old_project} to project {project}",
        subject="flag/{feature_name}",
        group=GROUP,
        concerns=Concern.CLIENTS,
        offered_to=EVERY_PROVIDER,
        seeds=frozenset({1, 2, 3}),
    )
    feature_name: str
    project: str
    data: ProjectChangeData
    pre_data: None = None


class FeatureStaleOn(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="feature-stale-on",
        label="Flag marked stale",
        summary="{actor} marked {flag} in project {project} as stale",
        subject="flag/{feature_name}",
        group=GROUP,
        concerns=Concern.CLIENTS,
        offered_to=EVERY_PROVIDER,
        seeds=frozenset({1, 2, 3}),
    )
    feature_name: str
    project: str
    data: None = None
    pre_data: None = None


class FeatureStaleOff(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="feature-stale-off",
        label="Flag no longer stale",
        summary="{actor} marked {flag} in project {project} as no longer stale",
        subject="flag/{feature_name}",
        group=GROUP,
        concerns=Concern.CLIENTS,
        offered_to=EVERY_PROVIDER,
        seeds=frozenset({1, 2, 3}),
    )
    feature_name: str
    project: str
    data: None = None
    pre_data: None = None


class FeaturePotentiallyStaleOn(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="feature-potentially-stale-on",
        label="Flag may be stale",
        summary="{flag} in project {project} has outlived the expected lifetime of its type",
        subject="flag/{feature_name}",
        group=GROUP,
        concerns=Concern.CLIENTS,
        offered_to=EVERY_PROVIDER,
        seeds=frozenset({1, 2}),
    )
    feature_name: str
    project: str
    data: None = None
    pre_data: None = None


class FeatureEnvironmentEnabled(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="feature-environment-enabled",
        label="Flag enabled",
        summary="{actor} enabled {flag} {where}",
        subject="flag/{feature_name}/{environment}",
        group=GROUP,
        concerns=Concern.CLIENTS,
        timeline=True,
        offered_to=EVERY_PROVIDER,
        seeds=frozenset({1, 2, 3}),
    )
    feature_name: str
    project: str
    environment: str
    data: None = None
    pre_data: None = None


class FeatureEnvironmentDisabled(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="feature-environment-disabled",
        label="Flag disabled",
        summary="{actor} disabled {flag} {where}",
        subject="flag/{feature_name}/{environment}",
        group=GROUP,
        concerns=Concern.CLIENTS,
        timeline=True,
        offered_to=EVERY_PROVIDER,
        seeds=frozenset({1, 2, 3}),
    )
    feature_name: str
    project: str
    environment: str
    data: None = None
    pre_data: None = None


class FeatureCompleted(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="feature-completed",
        label="Flag marked completed",
        summary="{actor} marked {flag} in project {project} as completed: {data.status}",
        subject="flag/{feature_name}",
        group=GROUP,
        concerns=Concern.CLIENTS,
        offered_to=WEBHOOK,
        seeds=frozenset({1}),
    )
    feature_name: str
    project: str
    data: CompletionData
    pre_data: None = None


class FeatureUncompleted(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="feature-uncompleted",
        label="Flag completion undone",
        summary="{actor} took back the completion of {flag} in project {project}",
        subject="flag/{feature_name}",
        group=GROUP,
        concerns=Concern.CLIENTS,
        seeds=frozenset({1}),
    )
    feature_name: str
    project: str
    data: None = None
    pre_data: None = None


class FeatureTypeUpdated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="feature-type-updated",
        label="Flag type changed",
        summary=_lifetime,
        subject="flag-type/{data.id}",
        group=GROUP,
        seeds=frozenset({1}),
    )
    data: FlagTypeData
    pre_data: FlagTypeData
