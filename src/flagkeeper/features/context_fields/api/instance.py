"""Context fields of the whole server. A field of one project is found here too, by whoever may see it."""

from typing import Annotated
from urllib.parse import quote

from litestar import Response
from litestar.params import QueryParameter

from flagkeeper.eventlog.catalogue.context import LegalValue
from flagkeeper.eventlog.query import Visibility
from flagkeeper.eventlog.unit import Units
from flagkeeper.features.context_fields import commands, queries
from flagkeeper.features.context_fields.model import ContextFieldChange, ContextFieldDraft, check_name
from flagkeeper.features.context_fields.ports import FieldConstraints, FieldSegments, FieldUses
from flagkeeper.features.context_fields.schemas import (
    ContextFieldName,
    ContextFieldOut,
    ContextFieldStrategies,
    shown,
)
from flagkeeper.features.projects import queries as projects
from flagkeeper.http import route
from flagkeeper.http.caller import Caller
from flagkeeper.http.permissions import Permission
from flagkeeper.kernel.errors import NameExists
from flagkeeper.storage.reader import Reader

TAG = "Context"
FIELDS = "/api/admin/context"
FIELD = FIELDS + "/{context_field:str}"
Include = Annotated[str, QueryParameter(name="include")]


@route.get(
    FIELDS,
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="getContextFields",
    summary="The context fields that every project may use",
    query={"include": "`project`: those of single projects as well"},
)
async def list_fields(
    reader: Reader, field_uses: FieldUses, visibility: Visibility, include: Include = ""
) -> list[ContextFieldOut]:
    more = include == "project"
    found = await reader.run(queries.fields, field_uses, visibility, of_all=True, of_projects=more, project=None)
    return [shown(field, uses) for field, uses in found]


@route.post(
    FIELDS,
    permission=Permission.CREATE_CONTEXT_FIELD,
    scope=route.PROJECT,
    tag=TAG,
    operation="createContextField",
    summary="Create a context field",
    status=201,
    errors=(404, 409),
)
async def create_field(
    data: ContextFieldDraft, caller: Caller, units: Units, reader: Reader, visibility: Visibility
) -> Response[ContextFieldOut]:
    if data.project:
        await reader.run(projects.demand_visible, data.project, visibility)
    made = await units.run(caller.actor, commands.create, data)
    return Response(shown(made), headers={"Location": f"context/{quote(made.name, safe='')}"})


@route.post(
    FIELDS + "/validate",
    permission=Permission.UPDATE_CONTEXT_FIELD,
    scope=route.INSTANCE,
    tag=TAG,
    operation="validateContextFieldName",
    summary="Is this name possible and free?",
    status=200,
    errors=(409,),
)
async def validate_name(data: ContextFieldName, reader: Reader) -> None:
    check_name(data.name)
    if await reader.run(queries.name_is_taken, data.name):
        raise NameExists(f"There is a context field called {data.name!r} already.")


@route.get(
    FIELD,
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="getContextField",
    summary="One context field",
    errors=(404,),
)
async def get_field(context_field: str, reader: Reader, visibility: Visibility) -> ContextFieldOut:
    return shown(await reader.run(queries.visible_field, context_field, visibility))


@route.put(
    FIELD,
    permission=Permission.UPDATE_CONTEXT_FIELD,
    scope=route.PROJECT,
    tag=TAG,
    operation="updateContextField",
    summary="Change a context field; what is left out stays",
    status=200,
    errors=(404, 409),
)
async def update_field(
    context_field: str,
    data: ContextFieldChange,
    caller: Caller,
    units: Units,
    reader: Reader,
    field_uses: FieldUses,
    field_segments: FieldSegments,
    field_constraints: FieldConstraints,
    visibility: Visibility,
) -> None:
    await reader.run(queries.visible_field, context_field, visibility)
    if data.project:
        await reader.run(projects.demand_visible, data.project, visibility)
    await units.run(caller.actor, commands.update, context_field, data, field_uses, field_segments, field_constraints)


@route.delete(
    FIELD,
    permission=Permission.DELETE_CONTEXT_FIELD,
    scope=route.PROJECT,
    tag=TAG,
    operation="deleteContextField",
    summary="Delete a context field that no constraint is about",
    status=200,
    errors=(404, 409),
)
async def delete_field(
    context_field: str,
    caller: Caller,
    units: Units,
    reader: Reader,
    field_constraints: FieldConstraints,
    visibility: Visibility,
) -> None:
    await reader.run(queries.visible_field, context_field, visibility)
    await units.run(caller.actor, commands.delete, context_field, field_constraints)


@route.post(
    FIELD + "/legal-values",
    permission=Permission.UPDATE_CONTEXT_FIELD,
    scope=route.PROJECT,
    tag=TAG,
    operation="updateContextFieldLegalValue",
    summary="Add a legal value, or change its description",
    status=200,
    errors=(404,),
)
async def set_legal_value(
    context_field: str, data: LegalValue, caller: Caller, units: Units, reader: Reader, visibility: Visibility
) -> None:
    await reader.run(queries.visible_field, context_field, visibility)
    await units.run(caller.actor, commands.set_legal_value, context_field, data)


@route.delete(
    FIELD + "/legal-values/{legal_value:path}",
    permission=Permission.UPDATE_CONTEXT_FIELD,
    scope=route.PROJECT,
    tag=TAG,
    operation="deleteContextFieldLegalValue",
    summary="Remove a legal value that no constraint compares with",
    status=200,
    errors=(404, 409),
)
async def remove_legal_value(
    context_field: str,
    legal_value: str,
    caller: Caller,
    units: Units,
    reader: Reader,
    field_constraints: FieldConstraints,
    visibility: Visibility,
) -> None:
    await reader.run(queries.visible_field, context_field, visibility)
    value = legal_value.removeprefix("/")
    await units.run(caller.actor, commands.remove_legal_value, context_field, value, field_constraints)


@route.get(
    FIELD + "/strategies",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag="Strategies",
    operation="getStrategiesByContextField",
    summary="The strategies with constraints on a context field",
    errors=(404,),
)
async def list_strategies(
    context_field: str, reader: Reader, field_uses: FieldUses, visibility: Visibility
) -> ContextFieldStrategies:
    found = await reader.run(queries.strategies_with, context_field, field_uses, visibility)
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
