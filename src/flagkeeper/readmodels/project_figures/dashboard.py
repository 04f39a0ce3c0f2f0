"""What somebody looks at first: the projects that are theirs, and the flags that they made."""

import msgspec
from sqlalchemy import bindparam, select

from flagkeeper.eventlog.query import EventQuery, Visibility
from flagkeeper.eventlog.query.conditions import Field, condition
from flagkeeper.eventlog.read import EventOut
from flagkeeper.features.access.model import ADMIN, Role, hidden_projects
from flagkeeper.features.access.queries import all_roles
from flagkeeper.features.flags.model.flag import Flag
from flagkeeper.features.flags.queries import project_flags
from flagkeeper.features.flags.tables import features
from flagkeeper.features.projects.model import DEFAULT_PROJECT
from flagkeeper.features.projects.ports import FlagCounts, Onboarding
from flagkeeper.features.projects.queries import ListedProject, Owner, OwningGroup, demand_visible, listed, owners_of
from flagkeeper.features.users.queries import SeenUser, all_users
from flagkeeper.http.access import Access
from flagkeeper.readmodels.project_figures.queries import Window, counts_of, health_window, onboarding, progress
from flagkeeper.readmodels.views.log import Log
from flagkeeper.storage.dialects import none_of
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction

MOST_FLAGS = 100
"""Of those that somebody made, the newest."""
LATEST = 10
"""Events of a project."""


class Dashboard(msgspec.Struct, frozen=True, kw_only=True):
    projects: list[ListedProject]
    flags: list[Flag]
    owners: list[Owner]
    """The people who own these projects."""
    admins: list[SeenUser]


class ProjectDetails(msgspec.Struct, frozen=True, kw_only=True):
    """A project, as somebody with `roles` in it looks at it."""

    latest: list[EventOut]
    onboarding: Onboarding
    owners: list[Owner | OwningGroup]
    roles: list[Role]
    flags: FlagCounts
    health: Window


_MADE_BY = Query(
    select(*(features.c[name] for name in Flag.__struct_fields__))
    .where(
        features.c.created_by_user_id == bindparam("user_id"),
        features.c.archived_at.is_(None),
        none_of(features.c.project, "hidden"),
    )
    .order_by(features.c.created_at.desc(), features.c.name)
    .limit(MOST_FLAGS),
    Flag,
)


def dashboard(tx: Transaction, user_id: int, access: Access, visibility: Visibility) -> Dashboard:
    """The projects are those in which the user has a role, also through a group, and the default one."""
    mine = {*access.members, DEFAULT_PROJECT}
    projects = [each for each in listed(tx, project_flags, progress, visibility, user_id) if each.project.id in mine]
    owners = {owner.user_id: owner for each in projects for owner in each.owners if isinstance(owner, Owner)}
    return Dashboard(
        projects=projects,
        flags=tx.all(_MADE_BY, user_id=user_id, hidden=sorted(hidden_projects(visibility))),
        owners=list(owners.values()),
        admins=[each for each in all_users(tx) if each.user.root_role == ADMIN.id],
    )


def project_details(tx: Transaction, access: Access, project: str, visibility: Visibility, log: Log) -> ProjectDetails:
    """Raises `NotFound` when there is no such project, or the reader may not know of it."""
    demand_visible(tx, project, visibility)
    about_it = EventQuery(conditions=(condition(Field.PROJECT, project),))
    found = log.search.find(tx, about_it, log.visibility, limit=LATEST)
    return ProjectDetails(
        latest=log.shown(tx, found.ids),
        onboarding=onboarding(tx, project),
        owners=owners_of(tx, [project]),
        roles=[role for role in all_roles(tx) if role.id in access.members.get(project, ())],
        flags=counts_of(tx, project),
        health=health_window(tx, project),
    )
