"""What administrators do to let people in."""

import msgspec
from litestar import Response

from flagkeeper.eventlog.unit import Units
from flagkeeper.features.attempts.model import Tried
from flagkeeper.features.attempts.ports import Attempts
from flagkeeper.features.invitations import commands, queries
from flagkeeper.features.invitations.jobs import Mailer
from flagkeeper.features.invitations.model import Kind, address
from flagkeeper.features.invitations.schemas import MailList, ResetLink, UserNameBody, shown_mail
from flagkeeper.features.users import queries as users
from flagkeeper.features.users.model.user import User
from flagkeeper.features.users.queries import SeenUser
from flagkeeper.features.users.schemas import NewUserBody, UserOut, shown_with_role
from flagkeeper.http import route
from flagkeeper.http.caller import Caller
from flagkeeper.http.permissions import Permission
from flagkeeper.storage.reader import Reader

TAG = "Users"


@route.post(
    "/api/admin/user-admin",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="createUser",
    summary="Create a user; the answer is the only place that shows the link to choose a password, besides the mail",
    status=201,
    errors=(429,),
)
async def create_user(
    data: NewUserBody,
    caller: Caller,
    units: Units,
    reader: Reader,
    attempts: Attempts,
    client_address: str,
    mailer: Mailer,
    base_url: str,
) -> Response[UserOut]:
    draft = data.draft()
    await attempts.count(Tried.NEW_USER, client_address)
    password_hash = None if data.password is None else await users.hash_of_chosen(data.password, None, reader)
    by_mail = mailer.is_there and data.send_email
    user, token = await units.run(caller.actor, commands.create_user, draft, password_hash, by_mail=by_mail)
    sent = by_mail and user.email is not None and await mailer.deliver(user.email, Kind.INVITATION)
    link = address(base_url, Kind.INVITATION, token)
    return Response(_made(user, link, email_sent=sent), headers={"Location": str(user.id)})


@route.post(
    "/api/admin/user-admin/reset-password",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="resetUserPassword",
    summary="Make a link with which a user can choose a new password; the answer is the only place that shows it",
    errors=(404,),
)
async def make_reset_link(data: UserNameBody, caller: Caller, units: Units, base_url: str) -> ResetLink:
    token = await units.run(caller.actor, commands.make_reset_link, data.id)
    return ResetLink(reset_password_url=address(base_url, Kind.RESET, token))


@route.get(
    "/api/admin/mails",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="getMails",
    summary="Mails to people that are still to be sent, or could not be, and why",
)
async def list_mails(reader: Reader) -> MailList:
    return MailList(mails=[shown_mail(mail) for mail in await reader.run(queries.all_mails)])


def _made(user: User, link: str, *, email_sent: bool) -> UserOut:
    made = shown_with_role(SeenUser(user, None, 0))
    return msgspec.structs.replace(made, invite_link=link, email_sent=email_sent)


ROUTES = [create_user, make_reset_link, list_mails]
