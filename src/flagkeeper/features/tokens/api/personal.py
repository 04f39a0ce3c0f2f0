"""Personal access tokens: people make them for their own scripts."""

import msgspec
from litestar.params import FromPath

from flagkeeper.eventlog.unit import Units
from flagkeeper.features.tokens import commands, queries
from flagkeeper.features.tokens.schemas import NewPatBody, PatList, PatOut, shown_pat
from flagkeeper.http import route
from flagkeeper.http.caller import Caller, Kind
from flagkeeper.kernel.errors import Forbidden
from flagkeeper.storage.reader import Reader

TAG = "Personal access tokens"


def owner(caller: Caller) -> int:
    """The id of the person who calls.

    Raises:
        Forbidden: it is a token that belongs to nobody.
    """
    if caller.credential.kind is not Kind.USER:
        raise Forbidden("Only people have personal access tokens: log in, or use one of those you have.")
    return caller.credential.user_id


@route.get(
    "/api/admin/user/tokens",
    permission=route.ANYBODY,
    scope=route.OWN,
    tag=TAG,
    operation="getPats",
    summary="My personal access tokens, without their secrets",
)
async def list_pats(caller: Caller, reader: Reader) -> PatList:
    return PatList(pats=[shown_pat(pat) for pat in await reader.run(queries.pats_of, owner(caller))])


@route.post(
    "/api/admin/user/tokens",
    permission=route.ANYBODY,
    scope=route.OWN,
    tag=TAG,
    operation="createPat",
    summary="Make a personal access token; the answer is the only place that ever shows its secret",
    status=201,
    errors=(409,),
)
async def create_pat(data: NewPatBody, caller: Caller, units: Units) -> PatOut:
    pat, secret = await units.run(caller.actor, commands.create_pat, owner(caller), data.description, data.millis())
    return msgspec.structs.replace(shown_pat(pat), secret=secret)


@route.delete(
    "/api/admin/user/tokens/{pat_id:int}",
    permission=route.ANYBODY,
    scope=route.OWN,
    tag=TAG,
    operation="deletePat",
    summary="Revoke one of my personal access tokens. One that does not exist is no error",
    status=200,
)
async def delete_pat(pat_id: FromPath[int], caller: Caller, units: Units) -> None:
    await units.run(caller.actor, commands.delete_pat, owner(caller), pat_id)


ROUTES = [list_pats, create_pat, delete_pat]
