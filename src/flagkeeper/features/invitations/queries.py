"""Reading links and mails."""

from sqlalchemy import bindparam, func, select

from flagkeeper.features.invitations.model import Kind, Link, Mail, hash_of
from flagkeeper.features.invitations.store import MAIL_COLUMNS, to_mail
from flagkeeper.features.invitations.tables import account_links, mails
from flagkeeper.features.users.tables import passwords
from flagkeeper.kernel.clock import Millis
from flagkeeper.kernel.errors import InvalidLink
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction

_LAST_PASSWORD = (
    select(func.coalesce(func.max(passwords.c.created_at), 0))
    .where(passwords.c.user_id == account_links.c.user_id)
    .scalar_subquery()
)
_LINK = Query(
    select(account_links.c.user_id, account_links.c.kind, account_links.c.created_by).where(
        account_links.c.id_hash == bindparam("id_hash"),
        account_links.c.expires_at > bindparam("now"),
        account_links.c.created_at >= _LAST_PASSWORD,
    ),
    lambda user_id, kind, created_by: Link(int(user_id), Kind(kind), created_by),
)
_MAILS = Query(select(*MAIL_COLUMNS).order_by(mails.c.created_at.desc(), mails.c.recipient, mails.c.kind), to_mail)
_DUE = Query(
    select(*MAIL_COLUMNS).where(mails.c.next_at <= bindparam("now")).order_by(mails.c.next_at).limit(bindparam("most")),
    to_mail,
)


def link(tx: Transaction, token: str, now: Millis) -> Link:
    """What a link is good for.

    Raises:
        InvalidLink: nobody was given it, it has expired or been used, or another password was set since.
    """
    found = tx.first(_LINK, id_hash=hash_of(token), now=now)
    if found is None:
        raise InvalidLink("This link does not work, or no longer. Ask for a new one.")
    return found


def all_mails(tx: Transaction) -> list[Mail]:
    """Those that are still to be sent, or could not be; the newest first."""
    return tx.all(_MAILS)


def due(tx: Transaction, now: Millis, most: int) -> list[Mail]:
    """Those whose time has come, longest waiting first."""
    return tx.all(_DUE, now=now, most=most)
