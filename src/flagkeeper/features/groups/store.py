"""Loading and saving groups, for commands. Private to this slice."""

from typing import Any

import msgspec
from sqlalchemy import bindparam, delete, insert, update

from flagkeeper.features.groups.model import Group, GroupMember
from flagkeeper.features.groups.tables import group_users, groups
from flagkeeper.storage.sequences import last_id, next_id
from flagkeeper.storage.statement import Write
from flagkeeper.storage.transaction import Transaction

COLUMNS = (
    groups.c.id,
    groups.c.name,
    groups.c.description,
    groups.c.mappings_sso,
    groups.c.root_role,
    groups.c.scim_id,
    groups.c.created_by,
    groups.c.created_at,
)


def to_group(
    id_: int,
    name: str,
    description: str | None,
    mappings_sso: str,
    root_role: int | None,
    scim_id: str | None,
    created_by: str,
    created_at: int,
) -> Group:
    """A row of `COLUMNS` as a group, without its members."""
    return Group(
        id=id_,
        name=name,
        description=description,
        mappings_sso=msgspec.json.decode(mappings_sso, type=list[str]),
        root_role=root_role,
        scim_id=scim_id,
        created_by=created_by,
        created_at=created_at,
        members=(),
    )


_INSERT = Write[Any](insert(groups))
_UPDATE = Write[Any](
    update(groups)
    .where(groups.c.id == bindparam("id"))
    .values(
        name=bindparam("name"),
        description=bindparam("description"),
        mappings_sso=bindparam("mappings_sso"),
        root_role=bindparam("root_role"),
        scim_id=bindparam("scim_id"),
    )
)
_DELETE = Write[Any](delete(groups).where(groups.c.id == bindparam("id")))
_ADD_MEMBER = Write[Any](insert(group_users))
_REMOVE_MEMBER = Write[Any](
    delete(group_users).where(
        group_users.c.group_id == bindparam("group_id"), group_users.c.user_id == bindparam("user")
    )
)
_REMOVE_MEMBERS = Write[Any](delete(group_users).where(group_users.c.group_id == bindparam("group_id")))
_RENAME = Write[Any](update(groups).where(groups.c.id == bindparam("id")).values(created_by=bindparam("new_name")))
_RENAME_IN_MEMBER = Write[Any](
    update(group_users)
    .where(group_users.c.group_id == bindparam("group_id"), group_users.c.user_id == bindparam("user"))
    .values(created_by=bindparam("new_name"))
)


def new_id(tx: Transaction) -> int:
    return next_id(tx, "groups")


def was_given(tx: Transaction, group_id: int) -> bool:
    """Whether a group ever had this id."""
    return 0 < group_id <= last_id(tx, "groups")


def add(tx: Transaction, group: Group) -> None:
    tx.write(_INSERT, **_row(group), created_by=group.created_by, created_at=group.created_at)
    tx.write_many(_ADD_MEMBER, [_member_row(group.id, each) for each in group.members])


def save(tx: Transaction, old: Group, new: Group) -> None:
    tx.write(_UPDATE, **_row(new))
    for gone in set(old.users).difference(new.users):
        tx.write(_REMOVE_MEMBER, group_id=new.id, user=gone)
    before = set(old.members)
    tx.write_many(_ADD_MEMBER, [_member_row(new.id, each) for each in new.members if each not in before])


def remove(tx: Transaction, group_id: int) -> None:
    tx.write(_REMOVE_MEMBERS, group_id=group_id)
    tx.write(_DELETE, id=group_id)


def rename_creator(tx: Transaction, group_id: int, created_by: str) -> None:
    tx.write(_RENAME, id=group_id, new_name=created_by)


def rename_inviter(tx: Transaction, group_id: int, user_id: int, created_by: str) -> None:
    tx.write(_RENAME_IN_MEMBER, group_id=group_id, user=user_id, new_name=created_by)


def _row(group: Group) -> dict[str, Any]:
    return {
        "id": group.id,
        "name": group.name,
        "description": group.description,
        "mappings_sso": msgspec.json.encode(group.mappings_sso).decode(),
        "root_role": group.root_role,
        "scim_id": group.scim_id,
    }


def _member_row(group_id: int, member: GroupMember) -> dict[str, Any]:
    return {
        "group_id": group_id,
        "user_id": member.user_id,
        "joined_at": member.joined_at,
        "created_by": member.created_by,
    }
