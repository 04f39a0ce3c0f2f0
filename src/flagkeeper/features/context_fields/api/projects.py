"""Context fields of one project, which only its people need."""

from urllib.parse import quote

from litestar import Response
from msgspec import UNSET
from msgspec.structs import replace

from flagkeeper.eventlog.catalogue.context import LegalValue
from flagkeeper.eventlog.query import Visibility
from flagkeeper.eventlog.unit import Units
from flagkeeper.features.context_fields import commands, queries
from flagkeeper.features.context_fields.api.instance import TAG, Include
from flagkeeper.features.context_fields.model import ContextFieldChange, ContextFieldDraft, check_name
from flagkeeper.features.context_fields.ports import FieldConstraints, FieldSegments, FieldUses
from flagkeeper.features.context_fields.schemas import (
    ContextFieldName,
    ContextFieldOut,
    ContextFieldStrategies,
    shown,
)
from flagkeeper.http import route
from flagkeeper.http.caller import Caller
from flagkeeper.http.permissions import Permission
from flagkeeper.kernel.errors import NameExists
from flagkeeper.storage.reader import Reader

FIELDS = "/api/admin/projects/{project:str}/context"
FIELD = FIELDS + "/{context_field:str}"
MAY_CREATE = (Permission.CREATE_CONTEXT_FIELD, Permission.UPDATE_PROJECT_CONTEXT)
MAY_UPDATE = (Permission.UPDATE_CONTEXT_FIELD, Permission.UPDATE_PROJECT_CONTEXT)
MAY_DELETE = (Permission.DELETE_CONTEXT_FIELD, Permission.UPDATE_PROJECT_CONTEXT)


@route.get(
    FIELDS,
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="getContextFieldsForProject",
    summary="The context fields of a project",
    errors=(404,),
    query={"include": "`global`: those that every project may use as well"},
)
async def list_fields(
    project: str, reader: Reader, field_uses: FieldUses, visibility: Visibility, include: Include = ""
) -> list[ContextFieldOut]:
    more = include == "global"
    found = await reader.run(queries.fields, field_uses, visibility, of_all=more, of_projects=True, project=project)
    return [shown(field, uses) for field, uses in found]


@route.post(
    FIELDS,
    permission=MAY_CREATE,
    scope=route.PROJECT,
    tag=TAG,
    operation="createContextFieldForProject",
    summary="Create a context field of a project",
    status=201,
    errors=(404, 409),
)
async def create_field(
    project: str, data: ContextFieldDraft, caller: Caller, units: Units
) -> Response[ContextFieldOut]:
    made = await units.run(caller.actor, commands.create, replace(data, project=project))
    return Response(shown(made), headers={"Location": f"context/{quote(made.name, safe='')}"})


@route.post(
    FIELDS + "/validate",
    permission=MAY_UPDATE,
    scope=route.PROJECT,
    tag=TAG,
    operation="validateContextFieldNameForProject",
    summary="Is this name possible and free?",
    status=200,
    errors=(404, 409),
)
async def validate_name(project: str, data: ContextFieldName, reader: Reader) -> None:  # noqa: ARG001 - of the path
    check_name(data.name)
    if await reader.run(queries.name_is_taken, data.name):
        raise NameExists(f"There is a context field called {data.name!r} already.")


@route.get(
    FIELD,
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="getContextFieldForProject",
    summary="One context field of a project",
    errors=(404,),
)
async def get_field(project: str, context_field: str, reader: Reader, visibility: Visibility) -> ContextFieldOut:
    return shown(await reader.run(queries.visible_field, context_field, visibility, project))


@route.put(
    FIELD,
    permission=MAY_UPDATE,
    scope=route.PROJECT,
    tag=TAG,
    operation="updateContextFieldForProject",
    summary="Change a context field of a project; what is left out stays",
    status=200,
    errors=(404, 409),
)
async def update_field(
    project: str,
    context_field: str,
    data: ContextFieldChange,
    caller: Caller,
    units: Units,
    field_uses: FieldUses,
    field_segments: FieldSegments,
    field_constraints: FieldConstraints,
) -> None:
    """It stays the project's own: giving it to others takes the permission for all fields."""
    change = replace(data, project=UNSET)
    asked = (field_uses, field_segments, field_constraints)
    await units.run(caller.actor, commands.update, context_field, change, *asked, project)


@route.delete(
    FIELD,
    permission=MAY_DELETE,
    scope=route.PROJECT,
    tag=TAG,
    operation="deleteContextFieldForProject",
    summary="Delete a context field of a project that no constraint is about",
    status=200,
    errors=(404, 409),
)
async def delete_field(
    project: str, context_field: str, caller: Caller, units: Units, field_constraints: FieldConstraints
) -> None:
    await units.run(caller.actor, commands.delete, context_field, field_constraints, project)


@route.post(
    FIELD + "/legal-values",
    permission=MAY_UPDATE,
    scope=route.PROJECT,
    tag=TAG,
    operation="updateContextFieldLegalValueForProject",
    summary="Add a legal value, or change its description",
    status=200,
    errors=(404,),
)
async def set_legal_value(project: str, context_field: str, data: LegalValue, caller: Caller, units: Units) -> None:
    await units.run(caller.actor, commands.set_legal_value, context_field, data, project)


@route.delete(
    FIELD + "/legal-values/{legal_value:path}",
    permission=MAY_UPDATE,
    scope=route.PROJECT,
    tag=TAG,
    operation="deleteContextFieldLegalValueForProject",
    summary="Remove a legal value that no constraint compares with",
    status=200,
    errors=(404, 409),
)
async def remove_legal_value(
    project: str,
    context_field: str,
    legal_value: str,
    caller: Caller,
    units: Units,
    field_constraints: FieldConstraints,
) -> None:
    value = legal_value.removeprefix("/")
    await units.run(caller.actor, commands.remove_legal_value, context_field, value, field_constraints, project)


@route.get(
    FIELD + "/strategies",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag="Strategies",
    operation="getStrategiesByContextFieldForProject",
    summary="The strategies of a project with constraints on a context field",
    errors=(404,),
)
async def list_strategies(
    project: str, context_field: str, reader: Reader, field_uses: FieldUses, visibility: Visibility
) -> ContextFieldStrategies:
    found = await reader.run(queries.strategies_with, context_field, field_uses, visibility, project)
    return ContextFieldStrategies(strategies=found)


ROUTES = [
    list_fields,
    create_field,
    validate_name,
    get_field,
    update_field,
    delete_field,
    set_legal_value,
    remove_legal_value,
    list_strategies,
]
