"""Reading projects and their environments, for everybody."""

from collections.abc import Mapping, Set

import msgspec
from sqlalchemy import bindparam, func, select

from flagkeeper.evaluation.constraint import Constraint
from flagkeeper.eventlog.archive.store import newest_of
from flagkeeper.eventlog.catalogue.project import DefaultStrategyData
from flagkeeper.eventlog.query import Visibility
from flagkeeper.eventlog.tables import events
from flagkeeper.features.access.model import OWNER, hidden_projects, is_hidden
from flagkeeper.features.access.tables import group_roles, user_roles
from flagkeeper.features.environments.model import Environment
from flagkeeper.features.environments.ports import EnvironmentUses
from flagkeeper.features.environments.queries import all_environments
from flagkeeper.features.environments.tables import environments
from flagkeeper.features.groups.tables import group_users, groups
from flagkeeper.features.projects.model import FavoriteProjectState, Project, ProjectEnvironment
from flagkeeper.features.projects.ports import FlagCounts, Progress, ProjectFlags, ProjectProgress
from flagkeeper.features.projects.store import COLUMNS, favorite_of, to_project, to_strategy
from flagkeeper.features.projects.tables import favorite_projects, project_environments, projects
from flagkeeper.features.users.tables import users
from flagkeeper.kernel.clock import Millis
from flagkeeper.kernel.errors import NotFound
from flagkeeper.storage.dialects import any_of, none_of
from flagkeeper.storage.statement import Query, columns
from flagkeeper.storage.transaction import Transaction


class Owner(msgspec.Struct, frozen=True):
    """A person who has the role of an owner in a project."""

    project: str
    user_id: int
    name: str | None
    username: str | None
    email: str | None


class OwningGroup(msgspec.Struct, frozen=True):
    """A group that has the role of an owner in a project."""

    project: str
    name: str


class ListedProject(msgspec.Struct, frozen=True, kw_only=True):
    """A project in a list."""

    project: Project
    flags: FlagCounts
    owners: list[Owner | OwningGroup]
    members: int
    """People who have a role in it."""
    last_updated_at: Millis
    """Of the project or anything in it: when its last event happened."""
    favorite: bool
    """Of whoever looks."""
    progress: Progress


class SeenEnvironment(msgspec.Struct, frozen=True, kw_only=True):
    """An environment as a project sees it, and what the project has there."""

    environment: Environment
    attached: bool
    default_strategy: DefaultStrategyData | None
    tokens: int
    enabled_flags: int


def _to_project_environment(
    name: str, type_: str, sort_order: int, enabled: bool, protected: bool, approvals: int | None, strategy: str | None
) -> ProjectEnvironment:
    return ProjectEnvironment(
        name=name,
        type=type_,
        sort_order=sort_order,
        enabled=enabled,
        protected=protected,
        required_approvals=approvals,
        default_strategy=to_strategy(strategy),
    )


_ACTIVE = Query(select(*COLUMNS).where(projects.c.archived_at.is_(None)).order_by(projects.c.id), to_project)
_ARCHIVED = Query(select(*COLUMNS).where(projects.c.archived_at.is_not(None)).order_by(projects.c.id), to_project)
_BY_ID = Query(select(*COLUMNS).where(projects.c.id == bindparam("id"), projects.c.archived_at.is_(None)), to_project)
SHARED = Query(
    select(*COLUMNS)
    .where(projects.c.id == bindparam("id"), projects.c.archived_at.is_(None))
    .with_for_update(read=True),
    to_project,
)
ENVIRONMENTS = Query(
    select(
        environments.c.name,
        environments.c.type,
        environments.c.sort_order,
        environments.c.enabled,
        environments.c.protected,
        environments.c.required_approvals,
        project_environments.c.default_strategy,
    )
    .join(project_environments, project_environments.c.environment == environments.c.name)
    .where(project_environments.c.project == bindparam("project"))
    .order_by(environments.c.sort_order, environments.c.name),
    _to_project_environment,
)
_LAST_EVENT = Query(
    select(
        projects.c.id,
        select(events.c.created_at)
        .where(events.c.project == projects.c.id)
        .order_by(events.c.id.desc())
        .limit(1)
        .scalar_subquery(),
    ).where(any_of(projects.c.id, "ids")),
    columns,
)
_OWNERS = Query(
    select(user_roles.c.project, users.c.id, users.c.name, users.c.username, users.c.email)
    .join(users, users.c.id == user_roles.c.user_id)
    .where(any_of(user_roles.c.project, "ids"), user_roles.c.role_id == OWNER.id)
    .order_by(users.c.id),
    Owner,
)
_OWNING_GROUPS = Query(
    select(group_roles.c.project, groups.c.name)
    .join(groups, groups.c.id == group_roles.c.group_id)
    .where(any_of(group_roles.c.project, "ids"), group_roles.c.role_id == OWNER.id)
    .order_by(groups.c.id),
    OwningGroup,
)
_BELONG = (
    select(user_roles.c.project, user_roles.c.user_id)
    .where(any_of(user_roles.c.project, "ids"))
    .union(
        select(group_roles.c.project, group_users.c.user_id)
        .join(group_users, group_users.c.group_id == group_roles.c.group_id)
        .where(any_of(group_roles.c.project, "ids"))
    )
    .subquery()
)
_MEMBERS = Query(select(_BELONG.c.project, func.count()).group_by(_BELONG.c.project), columns)
_FAVORITES = Query(select(favorite_projects.c.project).where(favorite_projects.c.user_id == bindparam("user_id")), str)
_DEFAULT_STRATEGIES = Query(
    select(project_environments.c.project, project_environments.c.environment, project_environments.c.default_strategy)
    .where(project_environments.c.default_strategy.is_not(None))
    .order_by(project_environments.c.project, project_environments.c.environment),
    lambda project, environment, stored: (str(project), str(environment), to_strategy(stored)),
)
_BY_IDS = Query(select(*COLUMNS).where(any_of(projects.c.id, "ids")), to_project)
_EVERY = Query(select(*COLUMNS).order_by(projects.c.id), to_project)
_ATTACHED = Query(
    select(
        project_environments.c.project, project_environments.c.environment, project_environments.c.default_strategy
    ).where(any_of(project_environments.c.project, "projects")),
    lambda project, environment, stored: (str(project), str(environment), to_strategy(stored)),
)
_PER_ENVIRONMENT = (
    select(project_environments.c.environment, func.count())
    .join(projects, projects.c.id == project_environments.c.project)
    .where(projects.c.archived_at.is_(None), none_of(projects.c.id, "hidden"))
    .group_by(project_environments.c.environment)
)
_COUNTS = Query(_PER_ENVIRONMENT, columns)
_COUNTS_OF_ONE = Query(_PER_ENVIRONMENT.where(projects.c.id == bindparam("project")), columns)


def all_projects(tx: Transaction, *, archived: bool = False) -> list[Project]:
    """Those in use, or those in the archive."""
    return tx.all(_ARCHIVED if archived else _ACTIVE)


def project(tx: Transaction, project_id: str) -> Project:
    """Raises `NotFound` when there is no such project, or it is archived."""
    return _found(tx.first(_BY_ID, id=project_id), project_id)


def demand_visible(tx: Transaction, project_id: str, visibility: Visibility) -> None:
    """Raises `NotFound` when there is no such project, it is archived, or the reader may not know of it."""
    _found(None if is_hidden(project_id, visibility) else tx.first(_BY_ID, id=project_id), project_id)


def demanded(found: list[Project], project_id: str) -> Project:
    """What `SHARED` found, for those who ask for more in the same round trip. Raises `NotFound`."""
    return _found(found[0] if found else None, project_id)


def lock_shared(tx: Transaction, project_id: str) -> Project:
    """The project, which nobody may change, nor its environments, until the unit ends; many may hold it at once.

    Raises:
        NotFound: there is no such project, or it is archived.
    """
    return _found(tx.first(SHARED, id=project_id), project_id)


def id_is_taken(tx: Transaction, project_id: str) -> bool:
    """Archived projects keep theirs."""
    return bool(projects_among(tx, [project_id]))


def environments_of(tx: Transaction, project_id: str) -> list[ProjectEnvironment]:
    """The environments that the project has, in the order in which people see them."""
    return tx.all(ENVIRONMENTS, project=project_id)


def environment_of(tx: Transaction, project_id: str, environment: str) -> ProjectEnvironment:
    """Raises `NotFound` when the project does not have the environment."""
    for found in environments_of(tx, project_id):
        if found.name == environment:
            return found
    raise NotFound(f"The project {project_id!r} has no environment called {environment!r}.")


def default_strategies_with(tx: Transaction, segment_id: int) -> list[tuple[str, str]]:
    """Project and environment of each default strategy that uses the segment; archived projects count."""
    return [
        (project, environment)
        for project, environment, strategy in tx.all(_DEFAULT_STRATEGIES)
        if strategy is not None and segment_id in strategy.segments
    ]


def default_constraints_on(tx: Transaction, field: str) -> list[Constraint]:
    """The constraints of default strategies on a context field; archived projects count."""
    return [
        constraint
        for _, _, strategy in tx.all(_DEFAULT_STRATEGIES)
        if strategy is not None
        for constraint in strategy.constraints
        if constraint.context_name == field
    ]


def count_by_environment(tx: Transaction, project: str | None, visibility: Visibility) -> Mapping[str, int]:
    """How many projects have each environment; archived and hidden ones do not count. With `project`, that one
    alone."""
    hidden = sorted(hidden_projects(visibility))
    if project is None:
        return dict(tx.all(_COUNTS, hidden=hidden))
    return dict(tx.all(_COUNTS_OF_ONE, project=project, hidden=hidden))


def listed(
    tx: Transaction,
    flags: ProjectFlags,
    progress: ProjectProgress,
    visibility: Visibility,
    user_id: int,
    *,
    archived: bool = False,
) -> list[ListedProject]:
    """All projects in use, or all in the archive, as a list shows them to a user: favourites first; without those that
    are hidden."""
    favorites = favorite_projects_of(tx, user_id)
    found = [each for each in all_projects(tx, archived=archived) if not is_hidden(each.id, visibility)]
    found.sort(key=lambda each: each.id not in favorites)
    ids = [each.id for each in found]
    counts, made = flags(tx, ids), progress(tx, ids)
    members = members_of(tx, ids)
    owners = owners_of(tx, ids)
    of_archive = {name: at for name, _, at in newest_of(tx, "project")}
    last_events: dict[str, Millis] = {name: at or of_archive.get(name, 0) for name, at in tx.all(_LAST_EVENT, ids=ids)}
    return [
        ListedProject(
            project=each,
            flags=counts.get(each.id, FlagCounts()),
            owners=[owner for owner in owners if owner.project == each.id],
            members=members.get(each.id, 0),
            last_updated_at=max(each.updated_at, last_events.get(each.id, 0)),
            favorite=each.id in favorites,
            progress=made[each.id],
        )
        for each in found
    ]


def members_of(tx: Transaction, ids: list[str]) -> Mapping[str, int]:
    """How many people and service accounts have roles in each of these projects, by themselves or through groups; one
    that has nobody may be left out."""
    return dict(tx.all(_MEMBERS, ids=ids))


def owners_of(tx: Transaction, ids: list[str]) -> list[Owner | OwningGroup]:
    """Who owns these projects: people, then groups."""
    return [*tx.all(_OWNERS, ids=ids), *tx.all(_OWNING_GROUPS, ids=ids)]


def favorite_projects_of(tx: Transaction, user_id: int) -> Set[str]:
    """The favourites of a person; nothing for tokens, which are nobody's."""
    return frozenset(tx.all(_FAVORITES, user_id=user_id)) if user_id > 0 else frozenset()


def favorite_states(tx: Transaction, projects: list[str]) -> Mapping[str, FavoriteProjectState]:
    """By subject; a project that is nobody's favourite is left out."""
    users = ((project, favorite_of(tx, project)) for project in projects)
    return {f"favorite-project/{project}": FavoriteProjectState(users=found) for project, found in users if found}


def environments_seen_by(
    tx: Transaction, project_id: str, uses: EnvironmentUses, visibility: Visibility
) -> list[SeenEnvironment]:
    """Every environment as a project sees it, those that it does not have too.

    Raises:
        NotFound: there is no such project, or it is archived.
    """
    project(tx, project_id)
    own = {each.name: each for each in environments_of(tx, project_id)}
    tokens = uses.tokens(tx, project_id, visibility)
    flags = uses.enabled_flags(tx, project_id, visibility)
    return [
        SeenEnvironment(
            environment=each,
            attached=each.name in own,
            default_strategy=own[each.name].default_strategy if each.name in own else None,
            tokens=tokens.get(each.name, 0),
            enabled_flags=flags.get(each.name, 0),
        )
        for each in all_environments(tx)
    ]


def projects_among(tx: Transaction, ids: list[str]) -> list[Project]:
    """Those of `ids` that exist, archived ones too."""
    return tx.all(_BY_IDS, ids=ids)


def attached_to(tx: Transaction, ids: list[str]) -> list[tuple[str, str, DefaultStrategyData | None]]:
    """Project, environment and default strategy of whatever these projects have; None: the built-in one."""
    return tx.all(_ATTACHED, projects=ids)


def everything(tx: Transaction) -> list[Project]:
    """Every project, archived ones too."""
    return tx.all(_EVERY)


def _found(project: Project | None, project_id: str) -> Project:
    if project is None:
        raise NotFound(f"There is no project with the id {project_id!r}.")
    return project
