"""Events of projects and of their environments."""

from typing import ClassVar

from flagkeeper.evaluation.constraint import Constraint
from flagkeeper.eventlog.catalogue.event import About, Concern, Event
from flagkeeper.eventlog.catalogue.offer import SLACK_APP
from flagkeeper.eventlog.catalogue.payload import NameData, Payload, ProjectData, VariantData

GROUP = "Project"


class NewProjectEnvironment(Payload, frozen=True, kw_only=True):
    name: str
    required_approvals: int


class NewProjectData(ProjectData, frozen=True, kw_only=True):
    environments: list[str]
    change_request_environments: list[NewProjectEnvironment]
    """Those in which changes need approval from the start."""


class DefaultStrategyData(Payload, frozen=True, kw_only=True):
    """The strategy that a flag gets when it is enabled and has none."""

    name: str
    title: str | None
    disabled: bool
    constraints: list[Constraint]
    parameters: dict[str, str]
    variants: list[VariantData]
    segments: list[int]


class FavoriteProjectData(Payload, frozen=True, kw_only=True):
    project: str


class ProjectCreated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="project-created",
        label="Project created",
        summary="{actor} created project {project}",
        subject="project/{project}",
        group=GROUP,
        concerns=Concern.PROJECTS,
        offered_to=SLACK_APP,
        seeds=frozenset({1, 2, 3}),
    )
    project: str
    data: NewProjectData
    pre_data: None = None


class ProjectUpdated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="project-updated",
        label="Project updated",
        summary="{actor} changed project {project}",
        subject="project/{project}",
        group=GROUP,
        concerns=Concern.PROJECTS,
        seeds=frozenset({1, 2, 3}),
    )
    project: str
    data: ProjectData
    pre_data: ProjectData


class ProjectDeleted(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="project-deleted",
        label="Project deleted",
        summary="{actor} deleted project {project_name}",
        subject="project/{project}",
        group=GROUP,
        concerns=Concern.CLIENTS | Concern.PROJECTS | Concern.USERS,
        offered_to=SLACK_APP,
        seeds=frozenset({1, 2, 3}),
    )
    project: str
    data: None = None
    pre_data: None = None


class ProjectArchived(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="project-archived",
        label="Project archived",
        summary="{actor} archived project {project}",
        subject="project/{project}",
        group=GROUP,
        concerns=Concern.CLIENTS,
        offered_to=SLACK_APP,
        seeds=frozenset({1}),
    )
    project: str
    data: None = None
    pre_data: None = None


class ProjectRevived(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="project-revived",
        label="Project revived",
        summary="{actor} brought project {project} back from the archive",
        subject="project/{project}",
        group=GROUP,
        concerns=Concern.CLIENTS,
        seeds=frozenset({1}),
    )
    project: str
    data: None = None
    pre_data: None = None


class ProjectImport(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="project-import",
        label="Project imported",
        summary="{actor} imported project {data.name}",
        subject="project/{data.id}",
        group=GROUP,
        concerns=Concern.PROJECTS,
        seeds=frozenset({1, 2, 3}),
    )
    data: ProjectData
    pre_data: None = None


class DropProjects(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="drop-projects",
        label="All projects dropped",
        summary="{actor} dropped all projects before an import",
        subject="all-projects",
        group=GROUP,
        concerns=Concern.CLIENTS | Concern.PROJECTS | Concern.USERS,
        seeds=frozenset({1, 2, 3}),
    )
    data: NameData
    pre_data: None = None


class ProjectEnvironmentAdded(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="project-environment-added",
        label="Environment added to project",
        summary="{actor} added environment {environment} to project {project}",
        subject="project/{project}/{environment}",
        group=GROUP,
        concerns=Concern.CLIENTS,
        seeds=frozenset({1}),
    )
    project: str
    environment: str
    data: None = None
    pre_data: None = None


class ProjectEnvironmentRemoved(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="project-environment-removed",
        label="Environment removed from project",
        summary="{actor} removed environment {environment} from project {project}",
        subject="project/{project}/{environment}",
        group=GROUP,
        concerns=Concern.CLIENTS,
        seeds=frozenset({1}),
    )
    project: str
    environment: str
    data: None = None
    pre_data: None = None


class DefaultStrategyUpdated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="default-strategy-updated",
        label="Default strategy updated",
        summary="{actor} changed the default strategy {where}",
        subject="project/{project}/{environment}",
        group=GROUP,
        seeds=frozenset({1}),
    )
    project: str
    environment: str
    data: DefaultStrategyData | None
    """None: the built-in one again."""
    pre_data: DefaultStrategyData | None = None


class ProjectFavorited(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="project-favorited",
        label="Project favourited",
        summary="{actor} made project {project} a favourite",
        subject="favorite-project/{project}",
        group=GROUP,
        seeds=frozenset({1}),
    )
    project: str
    data: FavoriteProjectData
    pre_data: None = None


class ProjectUnfavorited(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="project-unfavorited",
        label="Project unfavourited",
        summary="{actor} removed project {project} from the favourites",
        subject="favorite-project/{project}",
        group=GROUP,
        seeds=frozenset({1}),
    )
    project: str
    data: FavoriteProjectData
    pre_data: None = None
