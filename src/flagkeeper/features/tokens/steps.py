"""Changes of tokens as steps. What makes a token returns it with its secret, which no step holds."""

import msgspec

from flagkeeper.eventlog.step import Demand, Op, Ports
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.tokens import commands
from flagkeeper.features.tokens.model import ALL, ApiToken, TokenDraft, TokenType, draft
from flagkeeper.http.permissions import Permission
from flagkeeper.kernel import clock

READ = {
    TokenType.CLIENT: Permission.READ_CLIENT_API_TOKEN,
    TokenType.FRONTEND: Permission.READ_FRONTEND_API_TOKEN,
    TokenType.ADMIN: Permission.ADMIN,
}
CREATE = {
    TokenType.CLIENT: Permission.CREATE_CLIENT_API_TOKEN,
    TokenType.FRONTEND: Permission.CREATE_FRONTEND_API_TOKEN,
}
UPDATE = {
    TokenType.CLIENT: Permission.UPDATE_CLIENT_API_TOKEN,
    TokenType.FRONTEND: Permission.UPDATE_FRONTEND_API_TOKEN,
    TokenType.ADMIN: Permission.ADMIN,
}
DELETE = {
    TokenType.CLIENT: Permission.DELETE_CLIENT_API_TOKEN,
    TokenType.FRONTEND: Permission.DELETE_FRONTEND_API_TOKEN,
    TokenType.ADMIN: Permission.ADMIN,
}
"""What one needs to do something to a token of each type."""


class NewToken(TokenDraft, frozen=True, kw_only=True):
    def __post_init__(self) -> None:
        if self.type is TokenType.ADMIN:
            raise ValueError("admin tokens are made by the operator only")


class NewProjectToken(NewToken, frozen=True, kw_only=True):
    """Of one project, whose people may make it."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.projects) != 1 or self.projects == [ALL]:
            raise ValueError("a token of a project opens this one project")


class SetExpiry(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    type: TokenType
    """The type that it has, which decides who may change it."""
    expires_at: clock.Millis | None


class Delete(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    type: TokenType
    """The type that it has, which decides who may delete it."""


class DeleteInProject(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    project: str
    """The only one that it opens, whose people may delete it."""


class NewPat(msgspec.Struct, frozen=True, kw_only=True):
    """Of whoever runs the step: nobody makes one for somebody else."""

    description: str
    expires_at: clock.Millis


class DeletePat(msgspec.Struct, frozen=True, kw_only=True):
    """Of whoever runs the step: nobody takes one from somebody else."""

    id: int


Demands = tuple[tuple[Demand, ...], ...]


def _create(unit: Unit, wanted: NewToken, _ports: Ports) -> tuple[ApiToken, str]:
    checked = draft(wanted.name, wanted.type, wanted.environment, wanted.projects, wanted.expires_at)
    return commands.create(unit, checked)


def _set_expiry(unit: Unit, wanted: SetExpiry, _ports: Ports) -> None:
    commands.demand_type(unit, wanted.id, wanted.type)
    commands.set_expiry(unit, wanted.id, wanted.expires_at)


def _delete(unit: Unit, wanted: Delete, _ports: Ports) -> None:
    commands.demand_type(unit, wanted.id, wanted.type)
    commands.delete(unit, wanted.id)


def _delete_in_project(unit: Unit, wanted: DeleteInProject, _ports: Ports) -> None:
    commands.demand_only_project(unit, wanted.id, wanted.project)
    commands.delete(unit, wanted.id)


def _delete_pat(unit: Unit, wanted: DeletePat, _ports: Ports) -> None:
    commands.demand_own_pat(unit, wanted.id)
    commands.delete_pat(unit, unit.actor.user_id, wanted.id)


CREATE_TOKEN = Op(
    name="api-token.create",
    payload=NewToken,
    run=_create,
    demands=lambda wanted: ((Demand(CREATE[wanted.type]),),),
    operation="createApiToken",
)
CREATE_PROJECT_TOKEN = Op(
    name="api-token.create-in-project",
    payload=NewProjectToken,
    run=_create,
    demands=lambda wanted: ((Demand(Permission.CREATE_PROJECT_API_TOKEN, wanted.projects[0]),),),
    operation="createProjectApiToken",
)
SET_EXPIRY = Op(
    name="api-token.set-expiry",
    payload=SetExpiry,
    run=_set_expiry,
    demands=lambda wanted: ((Demand(UPDATE[wanted.type]),),),
    operation="updateApiToken",
)
DELETE_TOKEN = Op(
    name="api-token.delete",
    payload=Delete,
    run=_delete,
    demands=lambda wanted: ((Demand(DELETE[wanted.type]),),),
    operation="deleteApiToken",
)
DELETE_PROJECT_TOKEN = Op(
    name="api-token.delete-in-project",
    payload=DeleteInProject,
    run=_delete_in_project,
    demands=lambda wanted: ((Demand(Permission.DELETE_PROJECT_API_TOKEN, wanted.project),),),
    operation="deleteProjectApiToken",
)
CREATE_PAT = Op(
    name="pat.create",
    payload=NewPat,
    run=lambda unit, wanted, _ports: commands.create_pat(
        unit, unit.actor.user_id, wanted.description, wanted.expires_at
    ),
    demands=lambda _wanted: (),
    operation="createPat",
)
DELETE_PAT = Op(
    name="pat.delete",
    payload=DeletePat,
    run=_delete_pat,
    demands=lambda _wanted: (),
    operation="deletePat",
)
OPS = (
    CREATE_TOKEN,
    CREATE_PROJECT_TOKEN,
    SET_EXPIRY,
    DELETE_TOKEN,
    DELETE_PROJECT_TOKEN,
    CREATE_PAT,
    DELETE_PAT,
)
