"""Changes of roles as steps."""

from typing import Any

import msgspec

from flagkeeper.eventlog.step import Demand, Op
from flagkeeper.features.access import commands
from flagkeeper.features.access.model import RoleDraft, RoleState
from flagkeeper.features.access.ports import ENVIRONMENT_NAMES, ROOT_ROLE_USES
from flagkeeper.http.permissions import Permission


class Update(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    draft: RoleDraft


class Delete(msgspec.Struct, frozen=True, kw_only=True):
    id: int


def _demands(_wanted: Any) -> tuple[tuple[Demand, ...], ...]:
    return ((Demand(Permission.ADMIN),),)


CREATE = Op(
    name="role.create",
    payload=RoleDraft,
    run=lambda unit, draft, ports: commands.create_role(unit, draft, ports.answer(ENVIRONMENT_NAMES)),
    demands=_demands,
    operation="createRole",
)
RESTORE = Op(
    name="role.restore",
    payload=RoleState,
    run=lambda unit, state, ports: commands.restore_role(unit, state, ports.answer(ENVIRONMENT_NAMES)),
    demands=_demands,
    operation="createRole",
)
UPDATE = Op(
    name="role.update",
    payload=Update,
    run=lambda unit, wanted, ports: commands.update_role(
        unit, wanted.id, wanted.draft, ports.answer(ENVIRONMENT_NAMES)
    ),
    demands=_demands,
    operation="updateRole",
)
DELETE = Op(
    name="role.delete",
    payload=Delete,
    run=lambda unit, wanted, ports: commands.delete_role(unit, wanted.id, ports.answer(ROOT_ROLE_USES)),
    demands=_demands,
    operation="deleteRole",
)
OPS = (CREATE, RESTORE, UPDATE, DELETE)
