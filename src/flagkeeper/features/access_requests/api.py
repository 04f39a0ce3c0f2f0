"""The API of those who decide on requests for access. People ask where they sign in (`features.sso.api.asking`)."""

from litestar.params import FromPath

from flagkeeper.eventlog.unit import Units
from flagkeeper.features.access_requests import commands, queries
from flagkeeper.features.access_requests.ports import Admit
from flagkeeper.features.access_requests.schemas import AccessRequestList, AdmissionBody, ApprovedOut, shown
from flagkeeper.features.instance.model import ServerFacts
from flagkeeper.http import route
from flagkeeper.http.caller import Caller
from flagkeeper.http.permissions import Permission
from flagkeeper.storage.reader import Reader

TAG = "Users"


@route.get(
    "/api/admin/user-access-requests",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="getUserAccessRequests",
    summary="Who asks for access, and has not been answered",
)
async def list_requests(reader: Reader) -> AccessRequestList:
    return AccessRequestList(requests=[shown(each) for each in await reader.run(queries.open_requests)])


@route.post(
    "/api/admin/user-access-requests/{request_id:str}/approve",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="approveUserAccessRequest",
    summary="Make whoever asked for access a user, who can sign in by the same provider",
    status=200,
    errors=(404, 409),
)
async def approve_request(
    request_id: FromPath[str],
    caller: Caller,
    units: Units,
    admit: Admit,
    server_facts: ServerFacts,
    data: AdmissionBody | None = None,
) -> ApprovedOut:
    role, by_mail = (data or AdmissionBody()).role_id(), server_facts.sends_mails
    user_id = await units.run(caller.actor, commands.approve, request_id, role, admit, by_mail=by_mail)
    return ApprovedOut(user_id=user_id)


@route.delete(
    "/api/admin/user-access-requests/{request_id:str}",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="rejectUserAccessRequest",
    summary="Refuse access to whoever asked for it; they may ask again",
    status=200,
    errors=(404,),
)
async def reject_request(request_id: FromPath[str], caller: Caller, units: Units) -> None:
    await units.run(caller.actor, commands.reject, request_id)


ROUTES = [list_requests, approve_request, reject_request]
