"""Events of release templates and release plans."""

from typing import ClassVar

from flagkeeper.evaluation.constraint import Constraint
from flagkeeper.eventlog.catalogue.event import About, Concern, Event
from flagkeeper.eventlog.catalogue.offer import SLACK, SLACK_APP, TEAMS, WEBHOOK
from flagkeeper.eventlog.catalogue.payload import Payload, VariantData

GROUP = "Release plan"


class TransitionCondition(Payload, frozen=True, kw_only=True):
    interval_minutes: int


class MilestoneStrategyData(Payload, frozen=True, kw_only=True):
    id: str
    strategy_name: str
    title: str | None
    disabled: bool
    constraints: list[Constraint]
    parameters: dict[str, str]
    variants: list[VariantData]
    sort_order: int
    segments: list[int]


class MilestoneData(Payload, frozen=True, kw_only=True):
    id: str
    name: str
    sort_order: int
    strategies: list[MilestoneStrategyData]
    transition_condition: TransitionCondition | None = None
    started_at: str | None = None
    """Of milestones of a plan, not of a template."""


class ReleaseTemplateData(Payload, frozen=True, kw_only=True):
    id: str
    discriminator: str = "template"
    name: str
    description: str | None
    created_by_user_id: int
    created_at: str
    milestones: list[MilestoneData]
    archived_at: str | None


class ReleasePlanData(Payload, frozen=True, kw_only=True):
    id: str
    name: str
    description: str | None
    feature_name: str
    environment: str
    active_milestone_id: str | None
    milestones: list[MilestoneData]
    release_plan_template_id: str
    created_by_user_id: int
    created_at: str


class StartedMilestoneData(Payload, frozen=True, kw_only=True):
    name: str
    """Of the plan."""
    milestone_name: str | None
    """None: no milestone had started."""
    milestone_id: str | None


class PausedPlanData(Payload, frozen=True, kw_only=True):
    plan_id: str
    safeguard_id: str


class ResumedPlanData(Payload, frozen=True, kw_only=True):
    plan_id: str


class ProgressionData(Payload, frozen=True, kw_only=True):
    source_milestone: str
    target_milestone: str
    transition_condition: TransitionCondition


_WAIT = "{data.transition_condition.interval_minutes}"
_FOLLOWS = "{actor} made a milestone of {flag} {where} start " + _WAIT + " minutes after the one before it"


class ReleasePlanTemplateCreated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="release-plan-template-created",
        label="Release template created",
        summary="{actor} created release template {data.name}",
        subject="release-plan-template/{data.id}",
        group=GROUP,
    )
    project: str | None = None
    data: ReleaseTemplateData
    pre_data: None = None


class ReleasePlanTemplateUpdated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="release-plan-template-updated",
        label="Release template updated",
        summary="{actor} changed release template {data.name}",
        subject="release-plan-template/{data.id}",
        group=GROUP,
    )
    project: str | None = None
    data: ReleaseTemplateData
    pre_data: ReleaseTemplateData


class ReleasePlanTemplateDeleted(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="release-plan-template-deleted",
        label="Release template deleted",
        summary="{actor} deleted release template {pre_data.name}",
        subject="release-plan-template/{pre_data.id}",
        group=GROUP,
    )
    project: str | None = None
    data: None = None
    pre_data: ReleaseTemplateData


class ReleasePlanTemplateArchived(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="release-plan-template-archived",
        label="Release template archived",
        summary="{actor} archived release template {data.name}",
        subject="release-plan-template/{data.id}",
        group=GROUP,
    )
    project: str | None = None
    data: ReleaseTemplateData
    pre_data: ReleaseTemplateData


class ReleasePlanAdded(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="release-plan-added",
        label="Release plan added",
        summary="{actor} added release plan {data.name} to {flag} {where}",
        subject="flag/{feature_name}/{environment}",
        group=GROUP,
        concerns=Concern.CLIENTS,
        timeline=True,
    )
    feature_name: str
    project: str
    environment: str
    data: ReleasePlanData
    pre_data: None = None


class ReleasePlanRemoved(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="release-plan-removed",
        label="Release plan removed",
        summary="{actor} removed release plan {pre_data.name} from {flag} {where}",
        subject="flag/{feature_name}/{environment}",
        group=GROUP,
        concerns=Concern.CLIENTS,
        timeline=True,
    )
    feature_name: str
    project: str
    environment: str
    data: None = None
    pre_data: ReleasePlanData


class ReleasePlanMilestoneStarted(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="release-plan-milestone-started",
        label="Milestone started",
        summary="{actor} started milestone {data.milestone_name} of release plan {data.name} of {flag} {where}",
        subject="flag/{feature_name}/{environment}",
        group=GROUP,
        concerns=Concern.CLIENTS,
        timeline=True,
    )
    feature_name: str
    project: str
    environment: str
    data: StartedMilestoneData
    pre_data: StartedMilestoneData


class ReleasePlanProgressionsPaused(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="release-plan-progressions-paused",
        label="Progression paused",
        summary="A safeguard paused the release plan of {flag} {where}",
        subject="flag/{feature_name}/{environment}",
        group=GROUP,
        concerns=Concern.CLIENTS,
        offered_to=WEBHOOK | SLACK | SLACK_APP | TEAMS,
    )
    feature_name: str
    project: str
    environment: str
    data: PausedPlanData
    pre_data: None = None


class ReleasePlanProgressionsResumed(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="release-plan-progressions-resumed",
        label="Progression resumed",
        summary="{actor} resumed the release plan of {flag} {where}",
        subject="flag/{feature_name}/{environment}",
        group=GROUP,
        concerns=Concern.CLIENTS,
        offered_to=WEBHOOK | SLACK | SLACK_APP | TEAMS,
    )
    feature_name: str
    project: str
    environment: str
    data: ResumedPlanData
    pre_data: None = None


class MilestoneProgressionCreated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="milestone-progression-created",
        label="Milestone progression created",
        summary=_FOLLOWS,
        subject="flag/{feature_name}/{environment}",
        group=GROUP,
        concerns=Concern.CLIENTS,
    )
    feature_name: str
    project: str
    environment: str
    data: ProgressionData
    pre_data: None = None


class MilestoneProgressionUpdated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="milestone-progression-updated",
        label="Milestone progression updated",
        summary=_FOLLOWS,
        subject="flag/{feature_name}/{environment}",
        group=GROUP,
        concerns=Concern.CLIENTS,
    )
    feature_name: str
    project: str
    environment: str
    data: ProgressionData
    pre_data: ProgressionData


class MilestoneProgressionChanged(Event, frozen=True, kw_only=True):
    """Took the place of the two types above."""

    about: ClassVar = About(
        type="milestone-progression-changed",
        label="Milestone progression changed",
        summary=_FOLLOWS,
        subject="flag/{feature_name}/{environment}",
        group=GROUP,
        concerns=Concern.CLIENTS,
    )
    feature_name: str
    project: str
    environment: str
    data: ProgressionData
    pre_data: ProgressionData | None = None


class MilestoneProgressionDeleted(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="milestone-progression-deleted",
        label="Milestone progression deleted",
        summary="{actor} made the milestones of {flag} {where} no longer follow each other by time",
        subject="flag/{feature_name}/{environment}",
        group=GROUP,
        concerns=Concern.CLIENTS,
    )
    feature_name: str
    project: str
    environment: str
    data: None = None
    pre_data: ProgressionData
