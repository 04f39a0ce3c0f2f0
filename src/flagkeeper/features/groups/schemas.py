"""Groups on the wire."""

from collections.abc import Mapping, Sequence

import msgspec

from flagkeeper.features.groups.model import Group, GroupDraft, GroupMember
from flagkeeper.features.users.queries import SeenUser
from flagkeeper.features.users.schemas import UserOut
from flagkeeper.features.users.schemas import shown as shown_user
from flagkeeper.kernel import clock
from flagkeeper.kernel.limits import AtOnce


class GroupUserOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Somebody in a group."""

    joined_at: clock.Iso
    created_by: str
    user: UserOut


class GroupOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    id: int
    name: str
    description: str | None
    mappings_sso: list[str] = msgspec.field(name="mappingsSSO")
    root_role: int | None
    created_by: str
    created_at: clock.Iso
    users: list[GroupUserOut]
    projects: list[str]
    """In which it has roles."""
    user_count: int
    scim_id: str | None
    """What the identity provider calls it that keeps its name and members. Null: they are kept here."""


class GroupList(msgspec.Struct, frozen=True, kw_only=True):
    groups: list[GroupOut]


class UserRef(msgspec.Struct, frozen=True, kw_only=True):
    id: int


class GroupUserBody(msgspec.Struct, frozen=True, kw_only=True):
    user: UserRef


class GroupBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What an administrator wants a group to be."""

    name: str
    description: str | None = None
    mappings_sso: AtOnce[str] = msgspec.field(name="mappingsSSO", default_factory=list)
    root_role: int | None = None
    users: AtOnce[GroupUserBody] = []

    def draft(self) -> GroupDraft:
        return GroupDraft(
            name=self.name,
            description=self.description,
            mappings_sso=self.mappings_sso,
            root_role=self.root_role,
            users=sorted({each.user.id for each in self.users}),
        )


def shown(group: Group, users: Mapping[int, SeenUser], projects: Sequence[str]) -> GroupOut:
    return GroupOut(
        id=group.id,
        name=group.name,
        description=group.description,
        mappings_sso=group.mappings_sso,
        root_role=group.root_role,
        created_by=group.created_by,
        created_at=clock.to_iso(group.created_at),
        users=[shown_member(each, users) for each in group.members],
        projects=list(projects),
        user_count=len(group.members),
        scim_id=group.scim_id,
    )


def shown_member(member: GroupMember, users: Mapping[int, SeenUser]) -> GroupUserOut:
    return GroupUserOut(
        joined_at=clock.to_iso(member.joined_at),
        created_by=member.created_by,
        user=shown_user(users[member.user_id]),
    )
