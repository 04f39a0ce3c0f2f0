"""Who has roles in a project, as far as these change one by one, and the events that say so. Pure."""

from collections.abc import Iterable
from typing import Protocol

import msgspec

from flagkeeper.eventlog.catalogue.event import Event
from flagkeeper.eventlog.catalogue.project_access import (
    ChangedGroupRoleData,
    GroupRoleData,
    ProjectGroupAdded,
    ProjectGroupRemoved,
    ProjectGroupRoleChanged,
    ProjectUserAdded,
    ProjectUserRemoved,
    ProjectUserRoleChanged,
    UserRoleData,
)
from flagkeeper.features.access.model import ProjectAccess, Role


class RoleHolder(Protocol):
    """A user or a group."""

    @property
    def called(self) -> str:
        """How a sentence names them."""
        ...

    def held(self, access: ProjectAccess) -> list[int]:
        """The roles that they have."""
        ...

    def holding(self, access: ProjectAccess, roles: Iterable[int]) -> ProjectAccess:
        """The same access, where they have exactly these roles."""
        ...

    def got(self, project: str, role: Role) -> Event: ...
    def lost(self, project: str, role: Role) -> Event: ...
    def exchanged(self, project: str, old: Role, new: Role) -> Event: ...


class UserHolder(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    email: str | None
    """None: they have none, as service accounts."""

    @property
    def called(self) -> str:
        return f"user {self.id}"

    def held(self, access: ProjectAccess) -> list[int]:
        return access.of_user(self.id)

    def holding(self, access: ProjectAccess, roles: Iterable[int]) -> ProjectAccess:
        return access.with_user(self.id, roles)

    def got(self, project: str, role: Role) -> Event:
        return ProjectUserAdded(project=project, data=self._payload(role))

    def lost(self, project: str, role: Role) -> Event:
        return ProjectUserRemoved(project=project, pre_data=self._payload(role))

    def exchanged(self, project: str, old: Role, new: Role) -> Event:
        return ProjectUserRoleChanged(project=project, data=self._payload(new), pre_data=self._payload(old))

    def _payload(self, role: Role) -> UserRoleData:
        return UserRoleData(role_id=role.id, user_id=self.id, role_name=role.name, email=self.email)


class GroupHolder(msgspec.Struct, frozen=True, kw_only=True):
    id: int

    @property
    def called(self) -> str:
        return f"group {self.id}"

    def held(self, access: ProjectAccess) -> list[int]:
        return access.of_group(self.id)

    def holding(self, access: ProjectAccess, roles: Iterable[int]) -> ProjectAccess:
        return access.with_group(self.id, roles)

    def got(self, project: str, role: Role) -> Event:
        return ProjectGroupAdded(project=project, data=self._payload(project, role))

    def lost(self, project: str, role: Role) -> Event:
        return ProjectGroupRemoved(project=project, pre_data=self._payload(project, role))

    def exchanged(self, project: str, old: Role, new: Role) -> Event:
        return ProjectGroupRoleChanged(project=project, data=self._changed(new), pre_data=self._changed(old))

    def _payload(self, project: str, role: Role) -> GroupRoleData:
        return GroupRoleData(group_id=self.id, project_id=project, role_name=role.name)

    def _changed(self, role: Role) -> ChangedGroupRoleData:
        return ChangedGroupRoleData(user_id=self.id, group_id=self.id, role_id=role.id, role_name=role.name)
