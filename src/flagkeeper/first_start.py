"""The first start: everything that a new server has before anybody has used it, in one unit, with its events."""

import asyncio
import secrets
import string
import sys
from collections.abc import Mapping, Sequence

import structlog
from sqlalchemy import select

from flagkeeper.eventlog.tables import log_head
from flagkeeper.eventlog.unit import Unit, Units
from flagkeeper.features.access.model import ADMIN
from flagkeeper.features.tokens import commands as tokens
from flagkeeper.features.tokens.model import TokenType
from flagkeeper.features.tokens.queries import any_token, count_unknown
from flagkeeper.features.users import commands as users
from flagkeeper.features.users.model.password import hash_password
from flagkeeper.features.users.model.user import UserDraft, draft
from flagkeeper.features.users.queries import any_user
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.kernel.errors import BadData
from flagkeeper.settings import Settings
from flagkeeper.slices import SLICES
from flagkeeper.storage.reader import Reader
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction

_LOCK = Query(select(log_head.c.id).with_for_update(), int)

Secrets = Mapping[TokenType, Sequence[str]]

_VARIABLES = {
    TokenType.ADMIN: "INIT_ADMIN_API_TOKENS",
    TokenType.CLIENT: "INIT_BACKEND_API_TOKENS",
    TokenType.FRONTEND: "INIT_FRONTEND_API_TOKENS",
}
_TOO_LATE = (
    "{number} of its tokens do not exist. They are made where there is no token yet, so that one that was revoked does "
    "not come back. Make them in the web interface, or with flagkeeper token create."
)

log = structlog.get_logger("flagkeeper.server")


async def first_start(units: Units, reader: Reader, settings: Settings) -> None:
    """Fills a database in which there is no user, and makes the tokens of `INIT_*` where there is no token.

    Of several servers that start at once on one database, exactly one does it. A password that was made up is printed
    once, after it was stored. Tokens that were set later are not made, which is said.

    Raises:
        BadData: the administrator's name, or one of the tokens, cannot be; the message says why.
    """
    chosen = {
        TokenType.ADMIN: settings.admin_tokens,
        TokenType.CLIENT: settings.backend_tokens,
        TokenType.FRONTEND: settings.frontend_tokens,
    }
    if await reader.run(_is_done, chosen):
        for variable, number in await reader.run(_missing, chosen):
            log.warning("setting_does_nothing", variable=variable, why=_TOO_LATE.format(number=number))
        return
    password = settings.admin_password or new_password()
    admin = draft(username=settings.admin_username, name=None, root_role=ADMIN.id)
    password_hash = await asyncio.to_thread(hash_password, password)
    filled = await units.run(SYSTEM, _fill, admin, password_hash, chosen)
    if filled and settings.admin_password is None:
        sys.stdout.write(_announcement(settings.admin_username, password))
        sys.stdout.flush()


def new_password() -> str:
    """A random password of 20 characters that is strong enough by our own rules."""
    kinds = (string.ascii_lowercase, string.ascii_uppercase, string.digits)
    return "-".join("".join(secrets.choice(kinds[i % 3]) for i in range(6)) for _ in range(3))


def _is_done(tx: Transaction, chosen: Secrets) -> bool:
    return any_user(tx) and (any_token(tx) or not any(chosen.values()))


def _missing(tx: Transaction, chosen: Secrets) -> list[tuple[str, int]]:
    """The variables that name tokens which do not exist, and how many of them."""
    numbers = {type_: count_unknown(tx, secrets_) for type_, secrets_ in chosen.items()}
    return [(_VARIABLES[type_], number) for type_, number in numbers.items() if number]


def _fill(unit: Unit, admin: UserDraft, password_hash: str, chosen: Secrets) -> bool:
    """True when the database was empty. The lock of the log makes servers that start at once take turns."""
    unit.tx.first(_LOCK)
    empty = not any_user(unit.tx)
    if empty:
        for each in SLICES:
            if each.seed is not None:
                each.seed(unit)
        users.create(unit, admin, password_hash)
    if not any_token(unit.tx):
        _make_tokens(unit, chosen)
    return empty


def _make_tokens(unit: Unit, chosen: Secrets) -> None:
    for type_, secrets_ in chosen.items():
        try:
            tokens.seed(unit, type_, secrets_)
        except BadData as error:
            raise BadData(f"{_VARIABLES[type_]} cannot be used. {error.message}") from error


def _announcement(username: str, password: str) -> str:
    line = "=" * 72
    return (
        f"{line}\nThis is the first start. Log in with\n\n    username: {username}\n    password: {password}\n\n"
        f"It is shown only this once. Change it after you have logged in.\n{line}\n"
    )
