"""Reading to what people belong. What they may do is answered by the view that lets them (`http.access`)."""

from collections.abc import Mapping, Sequence

import msgspec

from flagkeeper.eventlog.query import Visibility
from flagkeeper.features.access import queries as access
from flagkeeper.features.access.model import Role
from flagkeeper.features.environments import queries as environments
from flagkeeper.features.groups import queries as groups
from flagkeeper.features.groups.model import Group
from flagkeeper.features.projects import queries as projects
from flagkeeper.features.tokens.queries import last_seen
from flagkeeper.features.users import queries as users
from flagkeeper.features.users.queries import SeenUser
from flagkeeper.http.access import Access
from flagkeeper.kernel.clock import Millis
from flagkeeper.kernel.errors import NotFound
from flagkeeper.storage.transaction import Transaction


class RoleInProject(msgspec.Struct, frozen=True):
    """A role that somebody has in a project, by themselves or because they are in a group."""

    project: str
    role: Role
    group: Group | None


class Place(msgspec.Struct, frozen=True):
    """Where somebody may do something. None: outside of all projects; in every environment."""

    project: str | None = None
    environment: str | None = None


class Entitled(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody, and what gives them their permissions."""

    seen: SeenUser
    root_role: Role
    groups: Sequence[Group]
    in_projects: Sequence[RoleInProject]


class Belonging(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody, and to what they belong."""

    seen: SeenUser
    last_seen: Millis | None
    """When they logged in or one of their tokens was used."""
    root_role: Role
    groups: Sequence[Group]


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    root_role: Role
    groups: Sequence[Group]
    subscriptions: Sequence[str]
    has_password: bool


def everybody(tx: Transaction) -> tuple[list[SeenUser], list[Group]]:
    """All people, and all groups."""
    return users.all_users(tx), groups.all_groups(tx)


def profile(tx: Transaction, user_id: int) -> Profile:
    """Raises `NotFound`."""
    seen = users.user(tx, user_id)
    return Profile(
        root_role=access.role(tx, seen.user.root_role),
        groups=groups.of_user(tx, user_id),
        subscriptions=users.subscriptions(tx, user_id),
        has_password=bool(users.password_hashes(tx, user_id)),
    )


def entitled(tx: Transaction, user_id: int, place: Place, visibility: Visibility, *, service: bool = False) -> Entitled:
    """What gives somebody their permissions: in projects, in that of `place`, if it names one.

    Raises:
        NotFound: there is no such user (with `service`: service account), project or environment.
    """
    seen = users.user(tx, user_id)
    if service and not seen.user.is_service:
        raise NotFound(f"There is no service account with the id {user_id}.")
    if place.project is not None:
        projects.demand_visible(tx, place.project, visibility)
    if place.environment is not None:
        environments.environment(tx, place.environment)
    roles = {each.id: each for each in access.all_roles(tx)}
    belongs = groups.of_user(tx, user_id)
    return Entitled(
        seen=seen,
        root_role=roles[seen.user.root_role],
        groups=belongs,
        in_projects=_in_projects(tx, user_id, belongs, roles, place.project),
    )


def overview(tx: Transaction) -> list[Belonging]:
    """All people and service accounts, in the order of their ids."""
    roles = {each.id: each for each in access.all_roles(tx)}
    last, belong = last_seen(tx), groups.by_user(tx)
    everyone = [*users.all_users(tx), *users.service_accounts(tx)]
    return [
        Belonging(
            seen=seen,
            last_seen=last.get(seen.user.id),
            root_role=roles[seen.user.root_role],
            groups=belong.get(seen.user.id, ()),
        )
        for seen in sorted(everyone, key=lambda seen: seen.user.id)
    ]


def roles_held(tx: Transaction, who: Access, project: str) -> list[Role]:
    """The roles that somebody has in a project, by themselves or through groups."""
    held = who.members.get(project, ())
    return [each for each in access.all_roles(tx) if each.id in held]


def _in_projects(
    tx: Transaction, user_id: int, belongs: Sequence[Group], roles: Mapping[int, Role], project: str | None
) -> list[RoleInProject]:
    found = access.accesses(
        tx, [project] if project else access.projects_of(tx, user_id, [each.id for each in belongs])
    )
    return [
        RoleInProject(name, roles[role_id], group)
        for name, held in sorted(found.items())
        for group, ids in [(None, held.of_user(user_id)), *((each, held.of_group(each.id)) for each in belongs)]
        for role_id in ids
    ]
