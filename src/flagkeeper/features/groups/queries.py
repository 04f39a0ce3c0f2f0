"""Reading groups, for everybody."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from msgspec.structs import replace
from sqlalchemy import bindparam, func, select

from flagkeeper.features.access.queries import projects_of_groups
from flagkeeper.features.groups.model import Group, GroupMember
from flagkeeper.features.groups.store import COLUMNS, to_group
from flagkeeper.features.groups.tables import group_users, groups
from flagkeeper.features.users import queries as users
from flagkeeper.features.users.queries import SeenUser
from flagkeeper.kernel.errors import NotFound
from flagkeeper.storage.dialects import any_of
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction

_ALL = Query(select(*COLUMNS).order_by(groups.c.id), to_group)
_BY_IDS = Query(select(*COLUMNS).where(any_of(groups.c.id, "ids")).order_by(groups.c.id), to_group)
_MEMBERS = Query(
    select(group_users.c.group_id, group_users.c.user_id, group_users.c.joined_at, group_users.c.created_by)
    .where(any_of(group_users.c.group_id, "ids"))
    .order_by(group_users.c.group_id, group_users.c.user_id),
    lambda group_id, user_id, joined_at, by: (int(group_id), GroupMember(user_id, joined_at, by)),
)
_OF_USER = Query(
    select(group_users.c.group_id)
    .where(group_users.c.user_id == bindparam("user_id"))
    .order_by(group_users.c.group_id),
    int,
)
_ID_OF_NAME = Query(select(groups.c.id).where(groups.c.name == bindparam("name")), int)
_WITH_ROLE = Query(select(func.count()).where(groups.c.root_role == bindparam("role_id")), int)
_ID_OF_SCIM = Query(select(groups.c.id).where(groups.c.scim_id == bindparam("scim_id")), int)


def all_groups(tx: Transaction) -> list[Group]:
    return _with_members(tx, tx.all(_ALL))


def groups_of(tx: Transaction, ids: Sequence[int]) -> list[Group]:
    """Those of `ids` that exist."""
    return _with_members(tx, tx.all(_BY_IDS, ids=list(ids)))


def find(tx: Transaction, group_id: int) -> Group | None:
    return next(iter(groups_of(tx, [group_id])), None)


def group(tx: Transaction, group_id: int) -> Group:
    """Raises `NotFound`."""
    found = find(tx, group_id)
    if found is None:
        raise NotFound(f"There is no group with the id {group_id}.")
    return found


def of_user(tx: Transaction, user_id: int) -> list[Group]:
    """The groups that a user belongs to."""
    return groups_of(tx, tx.all(_OF_USER, user_id=user_id))


def by_user(tx: Transaction) -> Mapping[int, list[Group]]:
    """The groups of everybody who is in one."""
    found: defaultdict[int, list[Group]] = defaultdict(list)
    for each in all_groups(tx):
        for user_id in each.users:
            found[user_id].append(each)
    return found


def root_role_uses(tx: Transaction, role_id: int) -> int:
    """How many users and groups have a root role (`access.ports.RootRoleUses`)."""
    return users.count_with_root_role(tx, role_id) + (tx.first(_WITH_ROLE, role_id=role_id) or 0)


def id_of_name(tx: Transaction, name: str) -> int | None:
    return tx.first(_ID_OF_NAME, name=name)


def id_of_scim(tx: Transaction, scim_id: str) -> int | None:
    return tx.first(_ID_OF_SCIM, scim_id=scim_id)


def with_scim_id(tx: Transaction, scim_id: str) -> Group | None:
    """The group that an identity provider calls so."""
    found = id_of_scim(tx, scim_id)
    return None if found is None else group(tx, found)


Shown = tuple[Group, Mapping[int, SeenUser], Sequence[str]]
"""A group, its members by id, and the projects in which it has roles."""


def all_shown(tx: Transaction) -> list[Shown]:
    return _shown(tx, all_groups(tx))


def one_shown(tx: Transaction, group_id: int) -> Shown:
    """Raises `NotFound`."""
    return _shown(tx, [group(tx, group_id)])[0]


def some_shown(tx: Transaction, ids: Sequence[int]) -> list[Shown]:
    """Those of `ids` that exist."""
    return _shown(tx, groups_of(tx, ids))


def _shown(tx: Transaction, found: list[Group]) -> list[Shown]:
    ids = {user_id for each in found for user_id in each.users}
    known = {seen.user.id: seen for seen in users.users_of(tx, sorted(ids))}
    projects = projects_of_groups(tx, [each.id for each in found])
    return [(each, known, projects.get(each.id, [])) for each in found]


def _with_members(tx: Transaction, found: list[Group]) -> list[Group]:
    members: defaultdict[int, list[GroupMember]] = defaultdict(list)
    for group_id, member in tx.all(_MEMBERS, ids=[each.id for each in found]):
        members[group_id].append(member)
    return [replace(each, members=tuple(members[each.id])) for each in found]
