"""API tokens of all projects."""

from litestar import Response
from litestar.params import FromPath

from flagkeeper.eventlog.query import Visibility
from flagkeeper.eventlog.unit import Units
from flagkeeper.features.tokens import commands, queries
from flagkeeper.features.tokens.model import ApiToken
from flagkeeper.features.tokens.schemas import (
    ExpiryBody,
    NewTokenBody,
    TokenList,
    TokenOut,
    shown,
    shown_once,
)
from flagkeeper.features.tokens.steps import CREATE, DELETE, READ, UPDATE
from flagkeeper.http import route
from flagkeeper.http.caller import Caller
from flagkeeper.http.permissions import Permission
from flagkeeper.storage.reader import Reader

TAG = "API tokens"


def readable(tokens: list[ApiToken], caller: Caller) -> TokenList:
    """Those of a type that the caller may see."""
    return TokenList(tokens=[shown(token) for token in tokens if caller.may(READ[token.type])])


@route.get(
    "/api/admin/api-tokens",
    permission=(Permission.READ_CLIENT_API_TOKEN, Permission.READ_FRONTEND_API_TOKEN),
    scope=route.PROJECT,
    tag=TAG,
    operation="getAllApiTokens",
    summary="All API tokens that you may see, without their secrets",
)
async def list_tokens(caller: Caller, reader: Reader, visibility: Visibility) -> TokenList:
    return readable(await reader.run(queries.all_tokens, visibility), caller)


@route.get(
    "/api/admin/api-tokens/{name:str}",
    permission=(Permission.READ_CLIENT_API_TOKEN, Permission.READ_FRONTEND_API_TOKEN),
    scope=route.PROJECT,
    tag=TAG,
    operation="getApiTokensByName",
    summary="API tokens of one name",
)
async def list_tokens_named(name: FromPath[str], caller: Caller, reader: Reader, visibility: Visibility) -> TokenList:
    return readable(await reader.run(queries.tokens_named, name, visibility), caller)


@route.post(
    "/api/admin/api-tokens",
    permission=(Permission.CREATE_CLIENT_API_TOKEN, Permission.CREATE_FRONTEND_API_TOKEN),
    scope=route.PROJECT,
    tag=TAG,
    operation="createApiToken",
    summary="Make an API token; the answer is the only place that ever shows its secret",
    status=201,
)
async def create_token(
    data: NewTokenBody,
    caller: Caller,
    units: Units,
    visibility: Visibility,
) -> Response[TokenOut]:
    draft = data.draft()
    caller.demand(CREATE[draft.type])
    queries.check_visible(draft, visibility)
    token, secret = await units.run(caller.actor, commands.create, draft)
    return Response(shown_once(token, secret, data.type), headers={"Location": "api-tokens"})


@route.put(
    "/api/admin/api-tokens/{token:str}",
    permission=(Permission.UPDATE_CLIENT_API_TOKEN, Permission.UPDATE_FRONTEND_API_TOKEN),
    scope=route.PROJECT,
    tag=TAG,
    operation="updateApiToken",
    summary="Change when an API token expires; name it by its secret or its id",
)
async def update_token(
    token: FromPath[str],
    data: ExpiryBody,
    caller: Caller,
    units: Units,
    reader: Reader,
    visibility: Visibility,
) -> None:
    found = await reader.run(queries.find, token, visibility)
    if found is not None:
        caller.demand(UPDATE[found.type])
        await units.run(caller.actor, commands.set_expiry, found.id, data.millis())


@route.delete(
    "/api/admin/api-tokens/{token:str}",
    permission=(Permission.DELETE_CLIENT_API_TOKEN, Permission.DELETE_FRONTEND_API_TOKEN),
    scope=route.PROJECT,
    tag=TAG,
    operation="deleteApiToken",
    summary="Revoke an API token; name it by its secret or its id. One that does not exist is no error",
    status=200,
)
async def delete_token(
    token: FromPath[str],
    caller: Caller,
    units: Units,
    reader: Reader,
    visibility: Visibility,
) -> None:
    found = await reader.run(queries.find, token, visibility)
    if found is not None:
        caller.demand(DELETE[found.type])
        await units.run(caller.actor, commands.delete, found.id)


ROUTES = [list_tokens, list_tokens_named, create_token, update_token, delete_token]
