"""Tokens for a content delivery network in front of the server: frontend tokens that are listed apart."""

from litestar import Response

from flagkeeper.eventlog.query import Visibility
from flagkeeper.eventlog.unit import Units
from flagkeeper.features.tokens import commands, queries
from flagkeeper.features.tokens.schemas import CdnTokenBody, CdnTokenList, TokenOut, shown_cdn, shown_once
from flagkeeper.http import route
from flagkeeper.http.caller import Caller
from flagkeeper.http.permissions import Permission
from flagkeeper.storage.reader import Reader

TAG = "API tokens"


@route.get(
    "/api/admin/cdn/tokens",
    permission=Permission.READ_FRONTEND_API_TOKEN,
    scope=route.PROJECT,
    tag=TAG,
    operation="getCDNTokens",
    summary="Frontend tokens that were made for a content delivery network, without their secrets",
)
async def list_cdn_tokens(reader: Reader, visibility: Visibility) -> CdnTokenList:
    return CdnTokenList(tokens=[shown_cdn(each) for each in await reader.run(queries.cdn_tokens, visibility)])


@route.post(
    "/api/admin/cdn/tokens",
    permission=Permission.CREATE_FRONTEND_API_TOKEN,
    scope=route.PROJECT,
    tag=TAG,
    operation="createCDNToken",
    summary="Make a frontend token for a content delivery network; the answer alone ever shows its secret",
    status=202,
)
async def create_cdn_token(
    data: CdnTokenBody, caller: Caller, units: Units, visibility: Visibility
) -> Response[TokenOut]:
    draft = data.draft()
    queries.check_visible(draft, visibility)
    token, secret = await units.run(caller.actor, commands.create_cdn, draft)
    return Response(shown_once(token, secret, token.type), headers={"Cache-Control": "no-store"})


ROUTES = [list_cdn_tokens, create_cdn_token]
