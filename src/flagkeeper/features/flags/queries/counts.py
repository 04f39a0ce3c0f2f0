"""Counting flags, for projects and environments."""

from collections.abc import Mapping

from msgspec.structs import replace
from sqlalchemy import and_, bindparam, case, func, select

from flagkeeper.eventlog.query import Visibility
from flagkeeper.features.access.model import hidden_projects
from flagkeeper.features.flags.tables import feature_environments, feature_last_seen, features
from flagkeeper.features.projects.ports import FlagCounts
from flagkeeper.storage.dialects import any_of, none_of
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction

_IN_USE = features.c.archived_at.is_(None)
_ENABLED = (
    select(feature_environments.c.environment, func.count())
    .join(features, features.c.name == feature_environments.c.feature_name)
    .where(feature_environments.c.enabled, _IN_USE, none_of(features.c.project, "hidden"))
    .group_by(feature_environments.c.environment)
)
_ENABLED_ANYWHERE = Query(_ENABLED, lambda environment, number: (str(environment), int(number)))
_ENABLED_IN_PROJECT = Query(
    _ENABLED.where(features.c.project == bindparam("project")),
    lambda environment, number: (str(environment), int(number)),
)
_OF_PROJECTS = Query(
    select(
        features.c.project,
        func.sum(case((_IN_USE, 1), else_=0)),
        func.sum(case((and_(_IN_USE, features.c.stale), 1), else_=0)),
        func.sum(case((and_(_IN_USE, features.c.potentially_stale), 1), else_=0)),
        func.sum(case((_IN_USE, 0), else_=1)),
    )
    .where(any_of(features.c.project, "projects"))
    .group_by(features.c.project),
    lambda project, active, stale, potentially, archived: (
        str(project),
        FlagCounts(active=int(active), stale=int(stale), potentially_stale=int(potentially), archived=int(archived)),
    ),
)
_LAST_SEEN = Query(
    select(features.c.project, func.max(feature_last_seen.c.at))
    .join(feature_last_seen, feature_last_seen.c.feature_name == features.c.name)
    .where(_IN_USE, any_of(features.c.project, "projects"))
    .group_by(features.c.project),
    lambda project, at: (str(project), int(at)),
)


def enabled_flags(tx: Transaction, project: str | None, visibility: Visibility) -> Mapping[str, int]:
    """By environment: how many flags in use are on there, in all projects that are not hidden or in one."""
    hidden = sorted(hidden_projects(visibility))
    if project is None:
        return dict(tx.all(_ENABLED_ANYWHERE, hidden=hidden))
    return dict(tx.all(_ENABLED_IN_PROJECT, project=project, hidden=hidden))


def project_flags(tx: Transaction, projects: list[str]) -> Mapping[str, FlagCounts]:
    """The flags of each project by their state; a project without flags is left out."""
    seen = dict(tx.all(_LAST_SEEN, projects=projects))
    return {
        project: replace(counts, last_seen_at=seen.get(project))
        for project, counts in tx.all(_OF_PROJECTS, projects=projects)
    }
