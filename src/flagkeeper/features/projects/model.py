"""What a project is, and the rules for changing one. Pure."""

import re
from enum import StrEnum
from typing import ClassVar

import msgspec
import re2

from flagkeeper.evaluation.constraint import is_safe_word
from flagkeeper.eventlog.catalogue.payload import FeatureNaming, LinkTemplate, ProjectData
from flagkeeper.eventlog.catalogue.project import DefaultStrategyData
from flagkeeper.eventlog.version import Gone, Snapshot, State
from flagkeeper.features.environments.model import Environment
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import Actor
from flagkeeper.kernel.errors import BadData, Detail, Forbidden
from flagkeeper.kernel.text import check_line

LONGEST_NAME = 100
LARGEST_LIMIT = 2**31 - 1
DEFAULT_PROJECT = "default"
DEFAULT_STICKINESS = "default"
DEFAULT_STRATEGY = "flexibleRollout"
"""The only strategy that may be a default one."""

_ID = re.compile(rf"[A-Za-z0-9\-_.!~*'()]{{1,{LONGEST_NAME}}}")


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
    """What an import wants a project to be."""

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


class ProjectEnvironment(Environment, frozen=True, kw_only=True):
    """An environment as one project has it."""

    default_strategy: DefaultStrategyData | None
    """None: the built-in one."""


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


class ProjectEnvironmentState(Snapshot, frozen=True, kw_only=True):
    """A version of what a project has in an environment, beside its flags."""

    kind: ClassVar = "project-environment"
    schema: ClassVar = 2
    upcasters: ClassVar = {1: lambda state: state if state["attached"] else None}
    default_strategy: DefaultStrategyData | None


class FavoriteProjectState(Snapshot, frozen=True, kw_only=True):
    """A version of who has a project among their favourites; when nobody has, there is no such subject."""

    kind: ClassVar = "favorite-project"
    users: list[int]
    """Their ids, sorted."""


def favorite_state(users: list[int]) -> State:
    return FavoriteProjectState(users=users) if users else Gone(FavoriteProjectState)


def person_of(actor: Actor) -> int:
    """The id of the user that `actor` is, for what is a person's own. Raises `Forbidden` for a token of nobody's."""
    if actor.user_id <= 0:
        raise Forbidden("Favourites are a person's own. Log in, or use a personal access token.")
    return actor.user_id


def demand_own(actor: Actor, user_id: int) -> None:
    """Raises `Forbidden` unless the actor is that user."""
    if person_of(actor) != user_id:
        raise Forbidden("Favourites are a person's own: nobody else can make or remove them.")


def check(draft: ProjectDraft) -> None:
    """Checks a draft by itself.

    Raises:
        BadData: it breaks a rule.
    """
    if not _ID.fullmatch(draft.id) or draft.id in (".", ".."):
        message = f"The id of a project has 1 to {LONGEST_NAME} of the characters A-Z a-z 0-9 - _ . ! ~ * ' ( )."
        raise BadData(message, Detail(message, "/body/id"))
    if not draft.name.strip() or len(draft.name) > LONGEST_NAME:
        message = f"The name of a project has 1 to {LONGEST_NAME} characters."
        raise BadData(message, Detail(message, "/body/name"))
    check_line(draft.name, "/body/name")
    check_line(draft.default_stickiness, "/body/defaultStickiness")
    if not draft.default_stickiness or not is_safe_word(draft.default_stickiness):
        message = "The default stickiness must be the name of a context field."
        raise BadData(message, Detail(message, "/body/defaultStickiness"))
    if draft.feature_limit is not None and not 0 < draft.feature_limit <= LARGEST_LIMIT:
        message = f"The limit of flags is a number from 1 to {LARGEST_LIMIT}."
        raise BadData(message, Detail(message, "/body/featureLimit"))
    if (pattern := draft.feature_naming.pattern) is not None:
        _check_pattern(pattern)


def _check_pattern(pattern: str) -> None:
    try:
        re2.compile(pattern)
    except re2.error as error:
        message = f"The naming pattern {pattern!r} is no regular expression."
        raise BadData(message, Detail(message, "/body/featureNaming/pattern")) from error


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
    (`given`), else everybody; what it leaves open is filled in."""
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
