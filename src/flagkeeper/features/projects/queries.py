"""Reading projects and their environments, for everybody."""

from collections.abc import Mapping

import msgspec
from sqlalchemy import bindparam, func, select

from flagkeeper.eventlog.archive.store import newest_of
from flagkeeper.eventlog.catalogue.project import DefaultStrategyData
from flagkeeper.eventlog.tables import events
from flagkeeper.features.access.tables import user_roles
from flagkeeper.features.environments.model import Environment
from flagkeeper.features.environments.ports import EnvironmentUses
from flagkeeper.features.environments.queries import all_environments
from flagkeeper.features.environments.tables import environments
from flagkeeper.features.projects.model import Project, ProjectEnvironment
from flagkeeper.features.projects.ports import FlagCounts, ProjectFlags
from flagkeeper.features.projects.store import COLUMNS, to_project, to_strategy
from flagkeeper.features.projects.tables import project_environments, projects
from flagkeeper.kernel.clock import Millis
from flagkeeper.kernel.errors import NotFound
from flagkeeper.storage.dialects import any_of
from flagkeeper.storage.statement import Query, columns
from flagkeeper.storage.transaction import Transaction


class ListedProject(msgspec.Struct, frozen=True, kw_only=True):
    """A project in a list."""

    project: Project
    flags: FlagCounts
    members: int
    """People who have a role in it."""
    last_updated_at: Millis
    """Of the project or anything in it: when its last event happened."""


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
_SHARED = Query(
    select(*COLUMNS)
    .where(projects.c.id == bindparam("id"), projects.c.archived_at.is_(None))
    .with_for_update(read=True),
    to_project,
)
_ENVIRONMENTS = Query(
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
_MEMBERS = Query(
    select(user_roles.c.project, func.count(user_roles.c.user_id.distinct()))
    .where(any_of(user_roles.c.project, "ids"))
    .group_by(user_roles.c.project),
    columns,
)
_PER_ENVIRONMENT = (
    select(project_environments.c.environment, func.count())
    .join(projects, projects.c.id == project_environments.c.project)
    .where(projects.c.archived_at.is_(None))
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


def lock_shared(tx: Transaction, project_id: str) -> Project:
    """The project, which nobody may change, nor its environments, until the unit ends; many may hold it at once.

    Raises:
        NotFound: there is no such project, or it is archived.
    """
    return _found(tx.first(_SHARED, id=project_id), project_id)


def environments_of(tx: Transaction, project_id: str) -> list[ProjectEnvironment]:
    """The environments that the project has, in the order in which people see them."""
    return tx.all(_ENVIRONMENTS, project=project_id)


def environment_of(tx: Transaction, project_id: str, environment: str) -> ProjectEnvironment:
    """Raises `NotFound` when the project does not have the environment."""
    for found in environments_of(tx, project_id):
        if found.name == environment:
            return found
    raise NotFound(f"The project {project_id!r} has no environment called {environment!r}.")


def count_by_environment(tx: Transaction, project: str | None) -> Mapping[str, int]:
    """How many projects have each environment; archived ones do not count. With `project`, that one alone."""
    return dict(tx.all(_COUNTS) if project is None else tx.all(_COUNTS_OF_ONE, project=project))


def listed(tx: Transaction, flags: ProjectFlags, *, archived: bool = False) -> list[ListedProject]:
    """All projects in use, or all in the archive, as a list shows them."""
    found = all_projects(tx, archived=archived)
    ids = [each.id for each in found]
    counts = flags(tx, ids)
    members: dict[str, int] = dict(tx.all(_MEMBERS, ids=ids))
    cold = {name: at for name, _, at in newest_of(tx, "project")}
    last_events: dict[str, Millis] = {name: at or cold.get(name, 0) for name, at in tx.all(_LAST_EVENT, ids=ids)}
    return [
        ListedProject(
            project=each,
            flags=counts.get(each.id, FlagCounts()),
            members=members.get(each.id, 0),
            last_updated_at=max(each.updated_at, last_events.get(each.id, 0)),
        )
        for each in found
    ]


def environments_seen_by(tx: Transaction, project_id: str, uses: EnvironmentUses) -> list[SeenEnvironment]:
    """Every environment as a project sees it, those that it does not have too.

    Raises:
        NotFound: there is no such project, or it is archived.
    """
    project(tx, project_id)
    own = {each.name: each for each in environments_of(tx, project_id)}
    tokens, flags = uses.tokens(tx, project_id), uses.enabled_flags(tx, project_id)
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


def _found(project: Project | None, project_id: str) -> Project:
    if project is None:
        raise NotFound(f"There is no project with the id {project_id!r}.")
    return project
