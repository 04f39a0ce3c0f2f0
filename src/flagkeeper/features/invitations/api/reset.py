"""Choosing a password without being logged in."""

from typing import Annotated

from litestar.params import QueryParameter

from flagkeeper.eventlog.unit import Units
from flagkeeper.features.access import queries as access
from flagkeeper.features.attempts.model import Tried
from flagkeeper.features.attempts.ports import Attempts
from flagkeeper.features.invitations import commands, queries
from flagkeeper.features.invitations.jobs import Mailer
from flagkeeper.features.invitations.model import Kind, Link
from flagkeeper.features.invitations.schemas import EmailBody, LinkOwner, NewPasswordBody, shown_owner
from flagkeeper.features.users import queries as users
from flagkeeper.features.users.model.user import User
from flagkeeper.http import route
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import SYSTEM, Actor, ActorKind
from flagkeeper.storage.reader import Reader
from flagkeeper.storage.transaction import Transaction

TAG = "Auth"

Token = Annotated[str, QueryParameter()]


@route.get(
    "/auth/reset/validate",
    permission=route.PUBLIC,
    scope=route.INSTANCE,
    tag=TAG,
    operation="validateToken",
    summary="Whose password can be chosen with this link?",
    errors=(401,),
)
async def validate_link(token: Token, reader: Reader) -> LinkOwner:
    link, user = await reader.run(_owner, token)
    creator = None if link.created_by is None else await reader.run(users.name_of, link.created_by)
    role = await reader.run(access.role, user.root_role)
    return shown_owner(user, role, token, creator)


@route.post(
    "/auth/reset/password",
    permission=route.PUBLIC,
    scope=route.OWN,
    tag=TAG,
    operation="changePassword",
    summary="Choose a password with a link, which ends the user's links and sessions",
    errors=(401,),
)
async def choose_password(data: NewPasswordBody, units: Units, reader: Reader, client_address: str) -> None:
    link, user = await reader.run(_owner, data.token)
    password_hash = await users.hash_of_chosen(data.password, link.user_id, reader)
    actor = Actor(user.log_name(), user.id, client_address, ActorKind.USER)
    await units.run(actor, commands.use_link, data.token, password_hash)


@route.post(
    "/auth/reset/password-email",
    permission=route.PUBLIC,
    scope=route.OWN,
    tag=TAG,
    operation="sendResetPasswordEmail",
    summary="Send a link to choose a password, if somebody has this address; the answer does not tell whether",
    errors=(404, 429),
)
async def send_reset_mail(
    data: EmailBody, units: Units, mailer: Mailer, attempts: Attempts, client_address: str
) -> None:
    mailer.demand()
    recipient = data.address()
    await attempts.count(Tried.RESET_MAIL, client_address)
    await units.run(SYSTEM, commands.ask_reset_mail, recipient)
    mailer.soon(recipient, Kind.RESET)


def _owner(tx: Transaction, token: str) -> tuple[Link, User]:
    """Raises `InvalidLink`."""
    link = queries.link(tx, token, clock.now())
    return link, users.user(tx, link.user_id).user


ROUTES = [validate_link, choose_password, send_reset_mail]
