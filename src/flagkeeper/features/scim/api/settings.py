"""What administrators see and change of SCIM."""

from flagkeeper.eventlog.unit import Units
from flagkeeper.features.scim import commands, queries
from flagkeeper.features.scim.commands import Leaving
from flagkeeper.features.scim.model.token import hash_of, new_token
from flagkeeper.features.scim.schemas import ScimSettings, ScimSettingsBody, ScimToken
from flagkeeper.http import route
from flagkeeper.http.caller import Caller
from flagkeeper.http.permissions import Permission
from flagkeeper.storage.reader import Reader

TAG = "Auth"
SIGN_IN = (Permission.ADMIN, Permission.UPDATE_AUTH_CONFIGURATION)
AT_ONCE = 20
"""Users who are deleted in one unit: each takes tokens, groups and searches along."""


@route.get(
    "/api/admin/scim-settings",
    permission=SIGN_IN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="getScimSettings",
    summary="Does an identity provider keep users and groups?",
)
async def get_settings(reader: Reader) -> ScimSettings:
    enabled, token_hash = await reader.run(queries.settings)
    return ScimSettings(enabled=enabled, has_token=bool(token_hash))


@route.post(
    "/api/admin/scim-settings",
    permission=SIGN_IN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="setScimSettings",
    summary="Let an identity provider keep users and groups, or not",
)
async def set_settings(data: ScimSettingsBody, caller: Caller, units: Units) -> None:
    await units.run(caller.actor, commands.set_enabled, enabled=data.enabled)


@route.post(
    "/api/admin/scim-settings/generate-new-token",
    permission=SIGN_IN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="generateNewToken",
    summary="Make the token of the identity provider; the one before ends",
)
async def make_token(caller: Caller, units: Units) -> ScimToken:
    token = new_token()
    await units.run(caller.actor, commands.set_token, hash_of(token))
    return ScimToken(token=token)


@route.delete(
    "/api/admin/user-admin/scim-users",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag="Users",
    operation="deleteScimUsers",
    summary="Delete all users that an identity provider keeps",
    status=200,
)
async def delete_users(caller: Caller, units: Units, reader: Reader, leaving: Leaving) -> None:
    ids = [each.user_id for each in await reader.run(queries.all_kept)]
    for start in range(0, len(ids), AT_ONCE):
        last = start + AT_ONCE >= len(ids)
        await units.run(caller.actor, commands.delete_some, ids[start : start + AT_ONCE], leaving, last=last)


ROUTES = [get_settings, set_settings, make_token, delete_users]
