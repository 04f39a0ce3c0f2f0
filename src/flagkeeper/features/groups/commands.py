"""Changing groups: load, decide, write, record."""

from collections.abc import Collection

from msgspec.structs import replace

from flagkeeper.eventlog.archive.replacement import Replacement
from flagkeeper.eventlog.catalogue.access import (
    GroupCreated,
    GroupDeleted,
    GroupUpdated,
    GroupUserAdded,
    GroupUserRemoved,
    MembershipData,
    ScimGroupsDeleted,
)
from flagkeeper.eventlog.unit import Unit
from flagkeeper.eventlog.version import Gone
from flagkeeper.features.access import commands as access
from flagkeeper.features.access.queries import demand_root_role
from flagkeeper.features.groups import queries, store
from flagkeeper.features.groups.model import Group, GroupDraft, GroupState, check, with_users
from flagkeeper.features.users import queries as users
from flagkeeper.kernel.clock import Millis
from flagkeeper.kernel.errors import BadData, Conflict, Detail, InvalidOperation, NameExists


def create(unit: Unit, draft: GroupDraft, scim_id: str | None = None) -> Group:
    """`scim_id`: what the identity provider calls it that will keep it. Raises `BadData` or `NameExists`."""
    check(draft)
    group = _group(unit, store.new_id(unit.tx), draft, scim_id, unit.actor.name, unit.now)
    _add(unit, group)
    return group


def restore(unit: Unit, state: GroupState) -> None:
    """Brings a group that was deleted back, as it was and under its id. Roles in projects stay gone.

    Raises:
        BadData: a member or its root role is gone.
        NameExists: another group has its name.
        Conflict: the group is there, or never was.
    """
    check(state.draft())
    if queries.find(unit.tx, state.id) is not None or not store.was_given(unit.tx, state.id):
        raise Conflict(f"There is a group with the id {state.id}, or never was one.")
    _add(unit, _group(unit, state.id, state.draft(), state.scim_id, state.created_by, state.created_at))


def update(unit: Unit, group_id: int, draft: GroupDraft, *, by_provider: bool = False) -> Group:
    """Makes a group what the draft says. `by_provider`: the identity provider asks that keeps it.

    Raises:
        NotFound: there is no such group.
        BadData: the draft breaks a rule, or names somebody who does not exist.
        NameExists: another group has the name.
        InvalidOperation: the name or the members change of a group that an identity provider keeps.
    """
    old = queries.group(unit.tx, group_id)
    check(draft)
    new = _with(unit, old, draft)
    if old.scim_id is not None and not by_provider and (new.name, new.users) != (old.name, old.users):
        raise InvalidOperation("The identity provider keeps the name and the members of this group. Change them there.")
    _save(unit, old, new)
    return new


def set_scim_id(unit: Unit, group_id: int, scim_id: str | None) -> None:
    """Gives a group to an identity provider to keep, or takes it back. Raises `NotFound`."""
    old = queries.group(unit.tx, group_id)
    _save(unit, old, replace(old, scim_id=scim_id))


def reset(unit: Unit, state: GroupState) -> None:
    """Makes a group what it was. Raises `NotFound`, `BadData` or `NameExists`."""
    old = queries.group(unit.tx, state.id)
    check(state.draft())
    _save(unit, old, replace(_with(unit, old, state.draft()), scim_id=state.scim_id))


def delete(unit: Unit, group_id: int) -> None:
    """Takes its roles in projects too. Raises `NotFound`."""
    group = queries.group(unit.tx, group_id)
    access.revoke_group(unit, group_id)
    store.remove(unit.tx, group_id)
    unit.record(GroupDeleted(pre_data=group.payload()), Gone(GroupState))


def delete_kept_by_provider(unit: Unit) -> None:
    """Deletes all groups that an identity provider keeps."""
    kept = [each.id for each in queries.all_groups(unit.tx) if each.scim_id is not None]
    for group_id in kept:
        delete(unit, group_id)
    if kept:
        unit.record(ScimGroupsDeleted())


def add_user(unit: Unit, group_id: int, user_id: int) -> None:
    """Brings one user into a group, as signing in does. Raises `NotFound`, or `BadData` when there is no such user."""
    old = queries.group(unit.tx, group_id)
    if user_id not in old.users:
        demand_users(unit, [user_id])
        new = replace(old, members=with_users(old.members, [*old.users, user_id], unit.actor.name, unit.now))
        store.save(unit.tx, old, new)
        unit.record(GroupUserAdded(data=MembershipData(group_id=group_id, user_id=user_id)), new.state())


def remove_user(unit: Unit, group_id: int, user_id: int) -> None:
    """Takes one user out of a group. Raises `NotFound`."""
    old = queries.group(unit.tx, group_id)
    if user_id in old.users:
        new = replace(old, members=tuple(each for each in old.members if each.user_id != user_id))
        store.save(unit.tx, old, new)
        unit.record(GroupUserRemoved(pre_data=MembershipData(group_id=group_id, user_id=user_id)), new.state())


def leave_all(unit: Unit, user_id: int) -> None:
    """Takes a user who is about to be deleted out of all groups (`users.ports.GroupsOfUser`)."""
    for group in queries.of_user(unit.tx, user_id):
        remove_user(unit, group.id, user_id)


def demand_users(unit: Unit, ids: Collection[int]) -> None:
    """Raises `BadData` when one of them does not exist."""
    known = {each.user.id for each in users.users_of(unit.tx, list(ids))}
    if missing := sorted(set(ids) - known):
        named = ", ".join(map(str, missing))
        raise BadData(f"There are no users with these ids: {named}.", Detail(f"Unknown: {named}.", "/body/users"))


def forget_creators(unit: Unit, replacement: Replacement, _position: int) -> None:
    """Puts the pseudonym in the place of a person's name (`eventlog.archive.pseudonymiser.Elsewhere`)."""
    for group in queries.all_groups(unit.tx):
        brought = [each.user_id for each in group.members if replacement.is_name(each.created_by)]
        if not brought and not replacement.is_name(group.created_by):
            continue
        unit.silent(f"group/{group.id}", "a person is forgotten, and the event about that names no groups")
        if replacement.is_name(group.created_by):
            store.rename_creator(unit.tx, group.id, replacement.pseudonym)
        for user_id in brought:
            store.rename_inviter(unit.tx, group.id, user_id, replacement.pseudonym)


def _group(unit: Unit, id_: int, draft: GroupDraft, scim_id: str | None, by: str, at: Millis) -> Group:
    return Group(
        id=id_,
        name=draft.name,
        description=draft.description,
        mappings_sso=draft.mappings_sso,
        root_role=draft.root_role,
        scim_id=scim_id,
        created_by=by,
        created_at=at,
        members=with_users((), draft.users, unit.actor.name, unit.now),
    )


def _with(unit: Unit, old: Group, draft: GroupDraft) -> Group:
    return replace(
        old,
        name=draft.name,
        description=draft.description,
        mappings_sso=draft.mappings_sso,
        root_role=draft.root_role,
        members=with_users(old.members, draft.users, unit.actor.name, unit.now),
    )


def _add(unit: Unit, group: Group) -> None:
    _demand_possible(unit, group)
    store.add(unit.tx, group)
    unit.record(GroupCreated(data=group.payload()), group.state())


def _save(unit: Unit, old: Group, new: Group) -> None:
    if new == old:
        return
    _demand_possible(unit, new)
    store.save(unit.tx, old, new)
    unit.record(GroupUpdated(data=new.payload(), pre_data=old.payload()), new.state())


def _demand_possible(unit: Unit, group: Group) -> None:
    if queries.id_of_name(unit.tx, group.name) not in (None, group.id):
        raise NameExists(f"There is a group called {group.name!r} already.")
    if group.scim_id is not None and queries.id_of_scim(unit.tx, group.scim_id) not in (None, group.id):
        raise Conflict(f"There is a group that the identity provider calls {group.scim_id!r} already.")
    if group.root_role is not None:
        demand_root_role(unit.tx, group.root_role)
    demand_users(unit, group.users)
