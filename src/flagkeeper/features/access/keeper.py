"""The states of roles and of access to projects. No operation changes them by itself."""

from collections.abc import Iterable, Mapping, Sequence

from flagkeeper.eventlog.keeper import names
from flagkeeper.eventlog.step import Step
from flagkeeper.features.access import queries
from flagkeeper.features.access.model import ProjectAccessState, RoleState
from flagkeeper.kernel.errors import InvalidOperation
from flagkeeper.storage.transaction import Transaction


class RoleKeeper:
    """Of all roles, `role/{id}`."""

    pattern = "role/{id}"
    state = RoleState

    def read(self, tx: Transaction, paths: Sequence[str]) -> Mapping[str, RoleState]:
        found = {f"role/{role.id}": role.state() for role in queries.all_roles(tx)}
        return {path: found[path] for path in paths if path in found}

    def refers(self, _path: str, state: RoleState) -> Iterable[str]:
        return sorted({f"environment/{each.environment}" for each in state.role.permissions if each.environment})

    def steps(self, path: str, now: RoleState | None, then: RoleState | None) -> list[Step]:
        if now == then:
            return []
        raise InvalidOperation(
            f"The role {names(path, 1)[0]} comes with the server and cannot be changed. Give people another role."
        )


class ProjectAccessKeeper:
    """Of who has which role in a project, `project-access/{project}`."""

    pattern = "project-access/{project}"
    state = ProjectAccessState

    def read(self, tx: Transaction, paths: Sequence[str]) -> Mapping[str, ProjectAccessState]:
        found = queries.accesses(tx, [names(path, 1)[0] for path in paths])
        return {
            f"project-access/{project}": ProjectAccessState(members=list(each.members), groups=list(each.groups))
            for project, each in found.items()
        }

    def refers(self, path: str, state: ProjectAccessState) -> Iterable[str]:
        users = {f"user/{each.user_id}" for each in state.members}
        groups = {f"group/{each.group_id}" for each in state.groups}
        held = {each.role_id for each in state.members} | {each.role_id for each in state.groups}
        return [
            f"project/{names(path, 1)[0]}",
            *sorted(users),
            *sorted(groups),
            *(f"role/{each}" for each in sorted(held)),
        ]

    def steps(self, path: str, now: ProjectAccessState | None, then: ProjectAccessState | None) -> list[Step]:
        if now == then:
            return []
        raise InvalidOperation(
            f"Roles in the project {names(path, 1)[0]} change only together with it and with its members: whoever "
            "creates a project owns it, and a user who is deleted leaves it. Change the root role of a user instead."
        )


KEEPERS = (RoleKeeper(), ProjectAccessKeeper())
