"""What a group is, and the rules for changing one. Pure."""

from collections.abc import Collection, Sequence
from typing import ClassVar

import msgspec

from flagkeeper.eventlog.catalogue.access import GroupData
from flagkeeper.eventlog.version import Snapshot
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import BadData, Detail
from flagkeeper.kernel.text import check_line

LONGEST_NAME = 250
LONGEST_DESCRIPTION = 10_000


class GroupMember(msgspec.Struct, frozen=True, order=True, rename="camel"):
    """Who belongs to a group, and since when."""

    user_id: int
    joined_at: clock.Millis
    created_by: str
    """Who brought them in."""


class GroupDraft(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What somebody wants a group to be."""

    name: str
    description: str | None = None
    mappings_sso: list[str] = []
    """Names of groups at the identity provider: whoever is in one of them there, is in this group."""
    root_role: int | None = None
    """What its members may do outside of projects, beside their own root role."""
    users: list[int] = []


class Group(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    name: str
    description: str | None
    mappings_sso: list[str]
    root_role: int | None
    scim_id: str | None
    """What the identity provider calls it that keeps it, by SCIM. None: it is kept here."""
    created_by: str
    created_at: clock.Millis
    members: tuple[GroupMember, ...]
    """In order of users."""

    @property
    def users(self) -> list[int]:
        return [each.user_id for each in self.members]

    def payload(self) -> GroupData:
        """How events show it."""
        return GroupData(
            id=self.id,
            name=self.name,
            description=self.description,
            mappings_sso=self.mappings_sso,
            root_role=self.root_role,
            users=self.users,
            created_at=clock.to_iso(self.created_at),
            created_by=self.created_by,
            scim_id=self.scim_id,
        )

    def state(self) -> "GroupState":
        return GroupState(
            id=self.id,
            name=self.name,
            description=self.description,
            mappings_sso=self.mappings_sso,
            root_role=self.root_role,
            scim_id=self.scim_id,
            created_by=self.created_by,
            created_at=self.created_at,
            users=self.users,
        )


class GroupState(Snapshot, frozen=True, kw_only=True):
    """A version of a group. It does not say since when each user belongs to it: who comes back, joins again."""

    kind: ClassVar = "group"
    schema: ClassVar = 1
    id: int
    name: str
    description: str | None
    mappings_sso: list[str]
    root_role: int | None
    scim_id: str | None
    created_by: str
    created_at: clock.Millis
    users: list[int]
    """In order."""

    def draft(self) -> GroupDraft:
        """What a person would have to ask for, to get it."""
        return GroupDraft(
            name=self.name,
            description=self.description,
            mappings_sso=self.mappings_sso,
            root_role=self.root_role,
            users=self.users,
        )


def check(draft: GroupDraft) -> None:
    """Checks a draft by itself.

    Raises:
        BadData: it breaks a rule.
    """
    if not draft.name.strip() or len(draft.name) > LONGEST_NAME:
        raise BadData("A group needs a name.", Detail(f"1 to {LONGEST_NAME} characters are allowed.", "/body/name"))
    check_line(draft.name, "/body/name")
    if draft.description is not None and len(draft.description) > LONGEST_DESCRIPTION:
        raise BadData(
            "The description is too long.", Detail(f"At most {LONGEST_DESCRIPTION} characters.", "/body/description")
        )
    for number, each in enumerate(draft.mappings_sso):
        check_line(each, f"/body/mappingsSSO/{number}")
        if not each.strip() or len(each) > LONGEST_NAME:
            raise BadData(
                "That is no name of a group at an identity provider.",
                Detail(f"1 to {LONGEST_NAME} characters are allowed.", f"/body/mappingsSSO/{number}"),
            )


def with_users(
    members: Sequence[GroupMember], users: Collection[int], by: str, now: clock.Millis
) -> tuple[GroupMember, ...]:
    """The members when exactly these users belong to it: those who did already, since when they did."""
    known = {each.user_id: each for each in members}
    return tuple(known.get(user_id) or GroupMember(user_id, now, by) for user_id in sorted(set(users)))
