"""What an identity provider changes: load, decide, write, record. Users and groups change by their own commands."""

from collections.abc import Sequence

import msgspec
from msgspec import UNSET

from flagkeeper.eventlog.catalogue.access import ScimUsersDeleted
from flagkeeper.eventlog.catalogue.system import SettingDetails
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.access.model import VIEWER
from flagkeeper.features.groups import commands as groups
from flagkeeper.features.groups import queries as seen_groups
from flagkeeper.features.groups.model import Group, GroupDraft
from flagkeeper.features.instance import commands as instance
from flagkeeper.features.instance.model import SCIM
from flagkeeper.features.instance.queries import settings_of
from flagkeeper.features.scim import queries
from flagkeeper.features.scim.model.error import ScimError, bad_value
from flagkeeper.features.scim.model.patch import Operation, patched
from flagkeeper.features.scim.model.resource import (
    OWN_EXTERNAL_ID,
    READ_ONLY,
    Kept,
    ScimGroup,
    ScimUser,
    given_id,
    read_group,
    read_user,
)
from flagkeeper.features.users import commands as users
from flagkeeper.features.users import queries as seen_users
from flagkeeper.features.users.model.user import Provided, UserChange, UserDraft, UserState, draft
from flagkeeper.features.users.ports import GroupsOfUser, SearchesOfUser, TokensOfUser
from flagkeeper.kernel import clock
from flagkeeper.kernel.ids import new_ulid


class Leaving(msgspec.Struct, frozen=True):
    """What goes along with a user."""

    tokens_of_user: TokensOfUser
    searches_of_user: SearchesOfUser
    groups_of_user: GroupsOfUser


def set_enabled(unit: Unit, *, enabled: bool) -> None:
    """Lets an identity provider keep users and groups, or not; its token stays."""
    old = settings_of(unit.tx, [SCIM]).get(SCIM, SettingDetails())
    if enabled or old != SettingDetails():
        instance.put(unit, SCIM, msgspec.structs.replace(old, enabled=enabled))


def set_token(unit: Unit, token_hash: str) -> None:
    """Takes another token, in place of the one before."""
    old = settings_of(unit.tx, [SCIM]).get(SCIM, SettingDetails(enabled=False))
    instance.put(unit, SCIM, msgspec.structs.replace(old, sealed_since=clock.to_iso(unit.now)), token_hash)


def create_user(unit: Unit, wanted: ScimUser) -> int:
    """Makes somebody a user, or takes over who has that address or name already; returns the id.

    Raises:
        ScimError: the provider keeps somebody of that name.
        BadData: a rule for users is broken.
    """
    if queries.with_name(unit.tx, wanted.key) is not None:
        raise ScimError(409, "There is a user with this userName.", "uniqueness")
    known = seen_users.id_of(unit.tx, wanted.email() or wanted.user_name)
    if known is not None and seen_users.user(unit.tx, known).scim_id is not None:
        raise ScimError(409, "There is a user with this e-mail address.", "uniqueness")
    if known is None:
        user = users.create(unit, _draft(wanted, VIEWER.id))
    else:
        user = users.update(unit, known, _change(wanted), by_provider=True)
    made = Kept(
        user_id=user.id,
        content=msgspec.structs.replace(wanted, active=True),
        root_role=user.root_role,
        groups=[],
        created_at=unit.now,
        changed_at=unit.now,
    )
    _save(unit, made)
    return user.id


def replace_user(unit: Unit, id_: str, wanted: ScimUser, leaving: Leaving) -> None:
    """Makes a user what the provider says, also active or not.

    Raises:
        ScimError: there is no such user, or another of that name.
        BadData, InvalidOperation: a rule for users is broken; the last administrator stays.
    """
    old = queries.kept(unit.tx, id_)
    other = queries.with_name(unit.tx, wanted.key)
    if other is not None and other.user_id != old.user_id:
        raise ScimError(409, "There is a user with this userName.", "uniqueness")
    if wanted == old.content:
        return
    if seen_users.id_of(unit.tx, wanted.email() or wanted.user_name) not in (None, old.user_id):
        raise ScimError(409, "There is a user with this e-mail address.", "uniqueness")
    new = msgspec.structs.replace(old, content=wanted, changed_at=unit.now)
    if not wanted.is_active:
        _save(unit, _left(unit, new, leaving) if old.content.is_active else new)
        return
    if not old.content.is_active:
        new = _came_back(unit, new)
    user = users.update(unit, old.user_id, _change(wanted), by_provider=True)
    _save(unit, msgspec.structs.replace(new, root_role=user.root_role))


def patch_user(unit: Unit, id_: str, operations: Sequence[Operation], leaving: Leaving) -> None:
    """Raises as `replace_user` does."""
    now = msgspec.to_builtins(queries.kept(unit.tx, id_).content)
    replace_user(unit, id_, read_user(patched(now, operations, READ_ONLY)), leaving)


def delete_user(unit: Unit, id_: str, leaving: Leaving) -> None:
    """Raises `ScimError`, or `InvalidOperation` for the last administrator."""
    found = queries.kept(unit.tx, id_)
    if found.content.is_active:
        users.delete(unit, found.user_id, *msgspec.structs.astuple(leaving))
    users.no_longer_kept(unit, found.user_id)


def delete_some(unit: Unit, ids: Sequence[int], leaving: Leaving, *, last: bool) -> None:
    """Deletes users whom a provider keeps, a few at a time; the last ones end it."""
    for user_id in ids:
        if any(each.user_id == user_id for each in queries.all_kept(unit.tx)):
            delete_user(unit, str(user_id), leaving)
    if last:
        unit.record(ScimUsersDeleted())


def create_group(unit: Unit, wanted: ScimGroup) -> int:
    """Makes a group, or takes over the one of that name; returns the id.

    Raises:
        ScimError: the provider keeps one of that name, or a member is nobody.
        BadData: a rule for groups is broken.
    """
    scim_id = wanted.external_id or f"{OWN_EXTERNAL_ID}{new_ulid()}"
    known = seen_groups.id_of_name(unit.tx, wanted.display_name)
    if known is None:
        return groups.create(unit, GroupDraft(name=wanted.display_name, users=_members(unit, wanted)), scim_id).id
    if seen_groups.group(unit.tx, known).scim_id is not None:
        raise ScimError(409, "There is a group with this displayName.", "uniqueness")
    groups.set_scim_id(unit, known, scim_id)
    _save_group(unit, seen_groups.group(unit.tx, known), wanted)
    return known


def replace_group(unit: Unit, id_: str, wanted: ScimGroup) -> None:
    """Raises `ScimError`; `BadData` or `NameExists` as groups do."""
    old = queries.group(unit.tx, id_)
    kept_id = wanted.external_id or (f"{OWN_EXTERNAL_ID}{new_ulid()}" if given_id(old.scim_id or "") else old.scim_id)
    groups.set_scim_id(unit, old.id, kept_id)
    _save_group(unit, old, wanted)


def patch_group(unit: Unit, id_: str, operations: Sequence[Operation]) -> None:
    """Raises as `replace_group` does."""
    old = queries.group(unit.tx, id_)
    members = [{"value": str(each)} for each in old.users]
    now = {"displayName": old.name, "members": members, **given_id(old.scim_id or "")}
    replace_group(unit, id_, read_group(patched(now, operations, READ_ONLY)))


def delete_group(unit: Unit, id_: str) -> None:
    """Raises `ScimError`."""
    groups.delete(unit, queries.group(unit.tx, id_).id)


def _save(unit: Unit, kept: Kept) -> None:
    provided = Provided(
        user_id=kept.user_id,
        user_name=kept.content.key,
        external_id=kept.content.external_id,
        root_role=kept.root_role,
        content=msgspec.json.encode(kept.content).decode(),
        groups=msgspec.json.encode(kept.groups).decode(),
        created_at=kept.created_at,
        changed_at=kept.changed_at,
    )
    users.keep_for_provider(unit, provided)


def _save_group(unit: Unit, old: Group, wanted: ScimGroup) -> None:
    draft_ = GroupDraft(
        name=wanted.display_name,
        description=old.description,
        mappings_sso=old.mappings_sso,
        root_role=old.root_role,
        users=_members(unit, wanted, old.id),
    )
    groups.update(unit, old.id, draft_, by_provider=True)


def _members(unit: Unit, wanted: ScimGroup, group_id: int | None = None) -> list[int]:
    """The users among the members. Who is not active joins when they come back."""
    kept = {str(each.user_id): each for each in queries.all_kept(unit.tx)}
    named = list(dict.fromkeys(each.value for each in wanted.members))
    if missing := [each for each in named if each not in kept]:
        raise bad_value(f"There are no users with these ids: {', '.join(missing[:20])}.")
    if group_id is not None:
        for each in kept.values():
            joins, waits = str(each.user_id) in named, group_id in each.groups
            if not each.content.is_active and joins != waits:
                waiting = [*each.groups, group_id] if joins else [id_ for id_ in each.groups if id_ != group_id]
                _save(unit, msgspec.structs.replace(each, groups=waiting))
    return [kept[each].user_id for each in named if kept[each].content.is_active]


def _left(unit: Unit, kept: Kept, leaving: Leaving) -> Kept:
    """Somebody who is not active any more: no user, with all that belongs to one, but remembered."""
    user = seen_users.user(unit.tx, kept.user_id).user
    belongs = [each.id for each in seen_groups.of_user(unit.tx, user.id) if each.scim_id is not None]
    users.delete(unit, user.id, *msgspec.structs.astuple(leaving))
    return msgspec.structs.replace(kept, root_role=user.root_role, groups=belongs)


def _came_back(unit: Unit, kept: Kept) -> Kept:
    """Somebody who is active again, under the same id and in the groups that the provider keeps."""
    wanted = _draft(kept.content, kept.root_role)
    state = UserState(id=kept.user_id, created_at=kept.created_at, **msgspec.structs.asdict(wanted))
    users.restore(unit, state)
    for group_id in kept.groups:
        if seen_groups.find(unit.tx, group_id) is not None:
            groups.add_user(unit, group_id, kept.user_id)
    return msgspec.structs.replace(kept, groups=[])


def _draft(wanted: ScimUser, root_role: int) -> UserDraft:
    email = wanted.email()
    username = None if email is not None else wanted.user_name
    return draft(username=username, email=email, name=wanted.shown_name(), root_role=root_role)


def _change(wanted: ScimUser) -> UserChange:
    email = wanted.email()
    return UserChange(email=UNSET if email is None else email, name=wanted.shown_name())
