"""The API of sign-up links, and of those who use one."""

import msgspec
from litestar import Response
from litestar.params import FromPath

from flagkeeper.eventlog.unit import Units
from flagkeeper.features.attempts.model import Tried
from flagkeeper.features.attempts.ports import Attempts
from flagkeeper.features.signups import commands, queries
from flagkeeper.features.signups.model import address
from flagkeeper.features.signups.schemas import (
    LinkBody,
    LinkList,
    LinkOut,
    NewLinkBody,
    SignUpBody,
    shown,
    shown_once,
)
from flagkeeper.features.users import queries as users
from flagkeeper.features.users.queries import SeenUser
from flagkeeper.features.users.schemas import UserOut, shown_with_role
from flagkeeper.http import route
from flagkeeper.http.caller import Caller
from flagkeeper.http.permissions import Permission
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.storage.reader import Reader

TAG = "Public signup tokens"


@route.get(
    "/api/admin/invite-link/tokens",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="getAllPublicSignupTokens",
    summary="All sign-up links, without their secrets",
)
async def list_links(reader: Reader) -> LinkList:
    return LinkList(tokens=[shown(*found) for found in await reader.run(queries.all_links)])


@route.post(
    "/api/admin/invite-link/tokens",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="createPublicSignupToken",
    summary="Make a sign-up link; the answer is the only place that ever shows it",
    status=201,
)
async def create_link(data: NewLinkBody, caller: Caller, units: Units, base_url: str) -> Response[LinkOut]:
    link, secret = await units.run(caller.actor, commands.create, data.name, data.millis())
    made = shown_once(link, secret, address(base_url, secret))
    return Response(made, headers={"Location": f"tokens/{link.id}"})


@route.get(
    "/api/admin/invite-link/tokens/{token:str}",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="getPublicSignupToken",
    summary="One sign-up link; name it by its secret, its id, or how lists show it",
    errors=(404,),
)
async def get_link(token: FromPath[str], reader: Reader) -> LinkOut:
    return shown(*await reader.run(queries.link, token))


@route.put(
    "/api/admin/invite-link/tokens/{token:str}",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="updatePublicSignupToken",
    summary="Enable or disable a sign-up link, or change when it expires",
    errors=(404,),
)
async def update_link(token: FromPath[str], data: LinkBody, caller: Caller, units: Units, reader: Reader) -> LinkOut:
    link, _ = await reader.run(queries.link, token)
    await units.run(caller.actor, commands.update, link.id, enabled=data.enabled, expires_at=data.millis())
    return shown(*await reader.run(queries.link, str(link.id)))


@route.get(
    "/invite/{token:str}/validate",
    permission=route.PUBLIC,
    scope=route.INSTANCE,
    tag=TAG,
    operation="validatePublicSignupToken",
    summary="Does this sign-up link work?",
)
async def validate_link(token: FromPath[str], reader: Reader) -> None:
    await reader.run(queries.working, token, clock.now())


@route.post(
    "/invite/{token:str}/signup",
    permission=route.PUBLIC,
    scope=route.OWN,
    tag=TAG,
    operation="addPublicSignupTokenUser",
    summary="Become a user by a sign-up link",
    status=201,
    errors=(429,),
)
async def sign_up(
    token: FromPath[str], data: SignUpBody, units: Units, reader: Reader, attempts: Attempts, client_address: str
) -> UserOut:
    await attempts.count(Tried.SIGN_UP, client_address)
    await reader.run(queries.working, token, clock.now())
    draft = data.draft()
    password_hash = await users.hash_of_chosen(data.password, None, reader)
    actor = msgspec.structs.replace(SYSTEM, ip=client_address)
    user = await units.run(actor, commands.sign_up, token, draft, password_hash)
    return shown_with_role(SeenUser(user, None, 0))


ROUTES = [list_links, create_link, get_link, update_link, validate_link, sign_up]
