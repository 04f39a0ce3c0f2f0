"""What a project is, and the rules for changing one (facts: platform-model.md, section 4). Pure."""

from enum import StrEnum
from typing import ClassVar

import msgspec

from flagkeeper.eventlog.catalogue.payload import FeatureNaming, LinkTemplate, ProjectData
from flagkeeper.eventlog.catalogue.project import DefaultStrategyData
from flagkeeper.eventlog.version import Snapshot
from flagkeeper.features.environments.model import Environment
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import BadData, Detail

DEFAULT_PROJECT = "default"
DEFAULT_STICKINESS = "default"
DEFAULT_STRATEGY = "flexibleRollout"
"""The only strategy that may be a default one."""


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


class ProjectEnvironment(Environment, frozen=True, kw_only=True):
    """An environment as one project has it."""

    default_strategy: DefaultStrategyData | None
    """None: the built-in one."""


class ProjectState(Snapshot, frozen=True, kw_only=True):
    kind: ClassVar = "project"
    project: ProjectData | None
    """None: it was deleted."""


class ProjectEnvironmentState(Snapshot, frozen=True, kw_only=True):
    kind: ClassVar = "project-environment"
    attached: bool
    default_strategy: DefaultStrategyData | None


def first_project(now: clock.Millis) -> Project:
    """What a new server starts with."""
    return Project(
        id=DEFAULT_PROJECT,
        name="Default",
        description="Where flags live until there are other projects",
        mode=Mode.OPEN,
        default_stickiness=DEFAULT_STICKINESS,
        feature_limit=None,
        feature_naming=FeatureNaming(pattern=None, example=None, description=None),
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


def strategy_for(project: Project, given: DefaultStrategyData | None, feature_name: str) -> DefaultStrategyData:
    """The strategy that a flag gets when it is switched on without one: the project's own for that environment
    (`given`), else everybody; what it leaves open is filled in (facts: platform-model.md, section 3)."""
    strategy = given or DefaultStrategyData(
        name=DEFAULT_STRATEGY,
        title=None,
        disabled=False,
        constraints=[],
        parameters={},
        variants=[],
        segments=[],
    )
    filled = {"rollout": "100", "stickiness": project.default_stickiness, "groupId": feature_name}
    chosen = {name: value for name, value in strategy.parameters.items() if value}
    return msgspec.structs.replace(strategy, parameters=filled | chosen)


def check_default_strategy(strategy: DefaultStrategyData) -> None:
    """Raises `BadData` unless it is a gradual rollout."""
    if strategy.name != DEFAULT_STRATEGY:
        raise BadData(
            f"Only {DEFAULT_STRATEGY} can be a default strategy.",
            Detail(f"Use {DEFAULT_STRATEGY}, not {strategy.name!r}.", "/body/name"),
        )
