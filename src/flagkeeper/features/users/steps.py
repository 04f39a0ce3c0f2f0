"""Changes of users as steps. There is none for passwords: steps are stored, and may hold no secret."""

from typing import Any

import msgspec
from msgspec.structs import asdict

from flagkeeper.eventlog.step import Demand, Op
from flagkeeper.features.users import commands
from flagkeeper.features.users.model.user import UserChange, UserDraft, UserState, draft
from flagkeeper.features.users.ports import GROUPS_OF_USER, SEARCHES_OF_USER, TOKENS_OF_USER
from flagkeeper.http.permissions import Permission


class Update(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    change: UserChange


class Delete(msgspec.Struct, frozen=True, kw_only=True):
    id: int


def _demands(_wanted: Any) -> tuple[tuple[Demand, ...], ...]:
    return ((Demand(Permission.ADMIN),),)


CREATE = Op(
    name="user.create",
    payload=UserDraft,
    run=lambda unit, wanted, _ports: commands.create(unit, draft(**asdict(wanted))),
    demands=_demands,
    operation="createUser",
)
RESTORE = Op(
    name="user.restore",
    payload=UserState,
    run=lambda unit, state, _ports: commands.restore(unit, state),
    demands=_demands,
    operation="createUser",
)
UPDATE = Op(
    name="user.update",
    payload=Update,
    run=lambda unit, wanted, _ports: commands.update(unit, wanted.id, wanted.change),
    demands=_demands,
    operation="updateUser",
)
DELETE = Op(
    name="user.delete",
    payload=Delete,
    run=lambda unit, wanted, ports: commands.delete(
        unit, wanted.id, ports.answer(TOKENS_OF_USER), ports.answer(SEARCHES_OF_USER), ports.answer(GROUPS_OF_USER)
    ),
    demands=_demands,
    operation="deleteUser",
)
OPS = (CREATE, RESTORE, UPDATE, DELETE)
