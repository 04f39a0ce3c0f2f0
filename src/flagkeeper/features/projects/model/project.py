"""What a project is. Pure."""

from enum import StrEnum
from typing import ClassVar

import msgspec
from msgspec import UNSET, UnsetType

from flagkeeper.eventlog.catalogue.payload import FeatureNaming, LinkTemplate, ProjectData
from flagkeeper.eventlog.version import Snapshot
from flagkeeper.kernel import clock

DEFAULT_PROJECT = "default"
DEFAULT_STICKINESS = "default"
NO_NAMING = FeatureNaming(pattern=None, example=None, description=None)


class Mode(StrEnum):
    """Who may work in a project besides its members."""

    OPEN = "open"
    """Everybody whose root role allows it."""
    PROTECTED = "protected"
    """Nobody; others only look."""
    PRIVATE = "private"
    """Nobody; those who may only look do not even see it."""


class Project(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    description: str | None
    mode: Mode
    default_stickiness: str
    feature_limit: int | None
    feature_naming: FeatureNaming
    link_templates: list[LinkTemplate]
    created_at: clock.Millis
    updated_at: clock.Millis
    archived_at: clock.Millis | None

    def payload(self, health: int) -> ProjectData:
        """How events show it."""
        return ProjectData(
            id=self.id,
            name=self.name,
            description=self.description,
            mode=self.mode,
            default_stickiness=self.default_stickiness,
            feature_limit=self.feature_limit,
            feature_naming=self.feature_naming,
            link_templates=self.link_templates,
            health=health,
            created_at=clock.to_iso(self.created_at),
            updated_at=clock.to_iso(self.updated_at),
            archived_at=None if self.archived_at is None else clock.to_iso(self.archived_at),
        )

    def state(self) -> "ProjectState":
        return ProjectState(
            id=self.id,
            name=self.name,
            description=self.description,
            mode=self.mode,
            default_stickiness=self.default_stickiness,
            feature_limit=self.feature_limit,
            feature_naming=self.feature_naming,
            link_templates=self.link_templates,
            created_at=clock.to_iso(self.created_at),
            archived_at=None if self.archived_at is None else clock.to_iso(self.archived_at),
        )


class ProjectDraft(msgspec.Struct, frozen=True, kw_only=True):
    """What a new project is to be, or what an import wants one to be."""

    id: str
    name: str
    description: str | None
    mode: Mode
    default_stickiness: str
    feature_limit: int | None
    feature_naming: FeatureNaming
    link_templates: list[LinkTemplate]
    created_at: clock.Millis | None
    """None: now, or what it was."""

    def project(self, now: clock.Millis) -> Project:
        """A new one."""
        given = msgspec.structs.asdict(self)
        return Project(**{**given, "created_at": self.created_at or now}, updated_at=now, archived_at=None)

    def applied_to(self, project: Project) -> Project:
        given = msgspec.structs.asdict(self)
        return msgspec.structs.replace(project, **{**given, "created_at": self.created_at or project.created_at})


class NewProject(msgspec.Struct, frozen=True, kw_only=True):
    """A project as somebody asks for it."""

    id: str | None = None
    """None: one is made of its name."""
    name: str
    description: str | None = None
    mode: Mode = Mode.OPEN
    default_stickiness: str = DEFAULT_STICKINESS
    feature_limit: int | None = None
    environments: list[str] | None = None
    """None: all that are offered."""

    def draft(self, project_id: str) -> ProjectDraft:
        return ProjectDraft(
            id=project_id,
            name=self.name,
            description=self.description,
            mode=self.mode,
            default_stickiness=self.default_stickiness,
            feature_limit=self.feature_limit,
            feature_naming=NO_NAMING,
            link_templates=[],
            created_at=None,
        )


class ProjectChange(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants of a project to change; what is left out stays."""

    name: str | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    mode: Mode | UnsetType = UNSET
    default_stickiness: str | UnsetType = UNSET
    feature_limit: int | UnsetType | None = UNSET
    feature_naming: FeatureNaming | UnsetType = UNSET
    link_templates: list[LinkTemplate] | UnsetType = UNSET

    def applied_to(self, project: Project) -> Project:
        given = {name: value for name in self.__struct_fields__ if (value := getattr(self, name)) is not UNSET}
        return msgspec.structs.replace(project, **given)


class ProjectState(Snapshot, frozen=True, kw_only=True):
    """A version of a project, without what follows from other things: its health, and when it was last updated."""

    kind: ClassVar = "project"
    schema: ClassVar = 2
    upcasters: ClassVar = {1: lambda state: state["project"]}
    id: str
    name: str
    description: str | None
    mode: str
    default_stickiness: str
    feature_limit: int | None
    feature_naming: FeatureNaming | None
    link_templates: list[LinkTemplate]
    created_at: str
    archived_at: str | None

    def restored(self, now: clock.Millis) -> Project:
        """The project as it was."""
        return Project(
            id=self.id,
            name=self.name,
            description=self.description,
            mode=Mode(self.mode),
            default_stickiness=self.default_stickiness,
            feature_limit=self.feature_limit,
            feature_naming=self.feature_naming or NO_NAMING,
            link_templates=self.link_templates,
            created_at=clock.from_iso(self.created_at),
            updated_at=now,
            archived_at=None if self.archived_at is None else clock.from_iso(self.archived_at),
        )

    def change_from(self, other: "ProjectState") -> ProjectChange:
        """What makes a project that is `other` equal to this one, beside the archive."""
        same = {"id", "created_at", "archived_at"}
        changed = {
            name: getattr(self, name)
            for name in self.__struct_fields__
            if name not in same and getattr(self, name) != getattr(other, name)
        }
        if "mode" in changed:
            changed["mode"] = Mode(self.mode)
        if "feature_naming" in changed:
            changed["feature_naming"] = self.feature_naming or NO_NAMING
        return ProjectChange(**changed)


def first_project(now: clock.Millis) -> Project:
    """What a new server starts with."""
    return Project(
        id=DEFAULT_PROJECT,
        name="Default",
        description="Where flags live until there are other projects",
        mode=Mode.OPEN,
        default_stickiness=DEFAULT_STICKINESS,
        feature_limit=None,
        feature_naming=NO_NAMING,
        link_templates=[],
        created_at=now,
        updated_at=now,
        archived_at=None,
    )


def health(*, flags: int, stale: int, potentially_stale: int) -> int:
    """0 to 100: the share of flags that are neither stale nor potentially stale. 100 for a project without flags."""
    if not flags:
        return 100
    return max(0, round(100 - 100 * (stale + potentially_stale) / flags))
