"""Changes of groups as steps."""

from typing import Any

import msgspec

from flagkeeper.eventlog.step import Demand, Op
from flagkeeper.features.groups import commands
from flagkeeper.features.groups.model import GroupDraft, GroupState
from flagkeeper.http.permissions import Permission


class Delete(msgspec.Struct, frozen=True, kw_only=True):
    id: int


def _demands(_wanted: Any) -> tuple[tuple[Demand, ...], ...]:
    return ((Demand(Permission.ADMIN),),)


CREATE = Op(
    name="group.create",
    payload=GroupDraft,
    run=lambda unit, draft, _ports: commands.create(unit, draft),
    demands=_demands,
    operation="createGroup",
)
RESTORE = Op(
    name="group.restore",
    payload=GroupState,
    run=lambda unit, state, _ports: commands.restore(unit, state),
    demands=_demands,
    operation="createGroup",
)
RESET = Op(
    name="group.reset",
    payload=GroupState,
    run=lambda unit, state, _ports: commands.reset(unit, state),
    demands=_demands,
    operation="updateGroup",
)
DELETE = Op(
    name="group.delete",
    payload=Delete,
    run=lambda unit, wanted, _ports: commands.delete(unit, wanted.id),
    demands=_demands,
    operation="deleteGroup",
)
OPS = (CREATE, RESTORE, RESET, DELETE)
