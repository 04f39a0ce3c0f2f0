"""The API of service accounts: parse, run, answer. All of it is for administrators."""

import msgspec
from litestar import Response
from litestar.params import FromPath

from flagkeeper.eventlog.unit import Units
from flagkeeper.features.access import queries as access
from flagkeeper.features.access.schemas import shown as shown_role
from flagkeeper.features.service_accounts import commands, queries
from flagkeeper.features.service_accounts.schemas import (
    NewServiceAccountBody,
    ServiceAccountBody,
    ServiceAccountList,
    ServiceAccountOut,
    shown,
)
from flagkeeper.features.tokens.schemas import NewPatBody, PatList, PatOut, shown_pat
from flagkeeper.features.users import commands as users
from flagkeeper.http import route
from flagkeeper.http.caller import Caller
from flagkeeper.http.permissions import Permission
from flagkeeper.storage.reader import Reader

TAG = "Service Accounts"


@route.get(
    "/api/admin/service-account",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="getServiceAccounts",
    summary="All service accounts",
)
async def list_accounts(reader: Reader) -> ServiceAccountList:
    return ServiceAccountList(
        service_accounts=[shown(each) for each in await reader.run(queries.all_accounts)],
        root_roles=[shown_role(each) for each in await reader.run(access.root_roles)],
    )


@route.post(
    "/api/admin/service-account",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="createServiceAccount",
    summary="Make a service account",
    status=201,
)
async def create_account(
    data: NewServiceAccountBody, caller: Caller, units: Units, reader: Reader
) -> Response[ServiceAccountOut]:
    made = await units.run(caller.actor, users.create, data.draft())
    found = shown(await reader.run(queries.account, made.id))
    return Response(found, headers={"Location": f"service-account/{made.id}"})


@route.put(
    "/api/admin/service-account/{account_id:int}",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="updateServiceAccount",
    summary="Change the name or the root role of a service account",
    errors=(404,),
)
async def update_account(
    account_id: FromPath[int], data: ServiceAccountBody, caller: Caller, units: Units, reader: Reader
) -> ServiceAccountOut:
    await units.run(caller.actor, commands.update, account_id, data.change())
    return shown(await reader.run(queries.account, account_id))


@route.get(
    "/api/admin/service-account/{account_id:int}/token",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="getServiceAccountTokens",
    summary="The tokens of a service account, without their secrets",
    errors=(404,),
)
async def list_tokens(account_id: FromPath[int], reader: Reader) -> PatList:
    _, tokens = await reader.run(queries.account, account_id)
    return PatList(pats=[shown_pat(each) for each in tokens])


@route.post(
    "/api/admin/service-account/{account_id:int}/token",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="createServiceAccountToken",
    summary="Make a token for a service account; the answer is the only place that ever shows its secret",
    status=201,
    errors=(404, 409),
)
async def create_token(account_id: FromPath[int], data: NewPatBody, caller: Caller, units: Units) -> PatOut:
    pat, secret = await units.run(caller.actor, commands.create_token, account_id, data.description, data.millis())
    return msgspec.structs.replace(shown_pat(pat), secret=secret)


@route.delete(
    "/api/admin/service-account/{account_id:int}/token/{token_id:int}",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="deleteServiceAccountToken",
    summary="Revoke a token of a service account",
    status=200,
    errors=(404,),
)
async def delete_token(account_id: FromPath[int], token_id: FromPath[int], caller: Caller, units: Units) -> None:
    await units.run(caller.actor, commands.delete_token, account_id, token_id)


ROUTES = [list_accounts, create_account, update_account, list_tokens, create_token, delete_token]
