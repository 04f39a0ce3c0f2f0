"""What a change of access to a project asks for, and what it may not leave behind. Pure."""

from collections.abc import Iterable, Mapping

import msgspec

from flagkeeper.features.access.model import OWNER, ProjectAccess, Role
from flagkeeper.kernel.errors import BadData, Detail, ProjectWithoutOwner


class AccessChange(msgspec.Struct, frozen=True, kw_only=True):
    """Who gets which roles."""

    roles: list[int]
    users: list[int]
    groups: list[int]


def demand_roles(known: Mapping[int, Role], ids: Iterable[int]) -> None:
    """Raises `BadData` when one is no role for projects."""
    if missing := sorted(set(ids).difference(known)):
        named = ", ".join(map(str, missing))
        message = f"There are no roles for projects with these ids: {named}."
        raise BadData(message, Detail(f"Unknown: {named}.", "/body/roles"))


def demand_owner(old: ProjectAccess, new: ProjectAccess) -> None:
    """Raises `ProjectWithoutOwner` when a project that has an owner would have none."""
    if OWNER.id in old.roles() and OWNER.id not in new.roles():
        raise ProjectWithoutOwner("A project needs an owner. Make somebody else one first.")
