"""API tokens of one project."""

from litestar import Response
from litestar.params import FromPath

from flagkeeper.eventlog.query import Visibility
from flagkeeper.eventlog.unit import Units
from flagkeeper.features.projects import queries as projects
from flagkeeper.features.tokens import commands, queries
from flagkeeper.features.tokens.model import TokenType
from flagkeeper.features.tokens.schemas import NewTokenBody, TokenList, TokenOut, shown, shown_once
from flagkeeper.http import route
from flagkeeper.http.caller import Caller
from flagkeeper.http.permissions import Permission
from flagkeeper.kernel.errors import BadData, NotFound
from flagkeeper.storage.reader import Reader

TAG = "Projects"


@route.get(
    "/api/admin/projects/{project:str}/api-tokens",
    permission=Permission.READ_PROJECT_API_TOKEN,
    scope=route.PROJECT,
    tag=TAG,
    operation="getProjectApiTokens",
    summary="API tokens that open a project, without their secrets",
    errors=(404,),
)
async def list_tokens(project: FromPath[str], caller: Caller, reader: Reader, visibility: Visibility) -> TokenList:
    await reader.run(projects.project, project)
    found = await reader.run(queries.tokens_of_project, project, visibility)
    return TokenList(tokens=[shown(token) for token in found if token.type is not TokenType.ADMIN or caller.is_admin])


@route.post(
    "/api/admin/projects/{project:str}/api-tokens",
    permission=Permission.CREATE_PROJECT_API_TOKEN,
    scope=route.PROJECT,
    tag=TAG,
    operation="createProjectApiToken",
    summary="Make an API token for one project; the answer is the only place that ever shows its secret",
    status=201,
    errors=(404,),
)
async def create_token(
    project: FromPath[str],
    data: NewTokenBody,
    caller: Caller,
    units: Units,
    reader: Reader,
) -> Response[TokenOut]:
    await reader.run(projects.project, project)
    token, secret = await units.run(caller.actor, commands.create, data.draft_of(project))
    return Response(shown_once(token, secret, data.type), headers={"Location": "api-tokens"})


@route.delete(
    "/api/admin/projects/{project:str}/api-tokens/{token:str}",
    permission=Permission.DELETE_PROJECT_API_TOKEN,
    scope=route.PROJECT,
    tag=TAG,
    operation="deleteProjectApiToken",
    summary="Revoke an API token that opens this project only; name it by its secret or its id",
    status=200,
    errors=(404,),
)
async def delete_token(
    project: FromPath[str],
    token: FromPath[str],
    caller: Caller,
    units: Units,
    reader: Reader,
    visibility: Visibility,
) -> None:
    found = await reader.run(queries.find, token, visibility)
    if found is None:
        raise NotFound("There is no such token.")
    if found.projects != [project]:
        raise BadData("The token opens more than this project. Delete it where all API tokens are.")
    await units.run(caller.actor, commands.delete, found.id)


ROUTES = [list_tokens, create_token, delete_token]
