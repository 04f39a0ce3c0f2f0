"""Loading and saving links and mails, for commands. Private to this slice."""

from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, update

from flagkeeper.features.invitations.model import Kind, Mail
from flagkeeper.features.invitations.tables import account_links, mails
from flagkeeper.kernel.clock import Millis
from flagkeeper.storage.dialects import upsert
from flagkeeper.storage.statement import Query, Write
from flagkeeper.storage.transaction import Transaction

MAIL_COLUMNS = (
    mails.c.recipient,
    mails.c.kind,
    mails.c.created_by,
    mails.c.created_at,
    mails.c.attempts,
    mails.c.next_at,
    mails.c.error,
)


def to_mail(
    recipient: str,
    kind: str,
    created_by: int | None,
    created_at: int,
    attempts: int,
    next_at: int | None,
    error: str | None,
) -> Mail:
    """A row of `MAIL_COLUMNS` as a mail."""
    return Mail(
        recipient=recipient,
        kind=Kind(kind),
        created_by=created_by,
        created_at=created_at,
        attempts=attempts,
        next_at=next_at,
        error=error,
    )


_ADD_LINK = Write[Any](insert(account_links))
_END_EXPIRED = Write[Any](delete(account_links).where(account_links.c.expires_at <= bindparam("now")))
_END_OF_USER = Write[Any](delete(account_links).where(account_links.c.user_id == bindparam("owner")))
_LAST_ASKED = Query(
    select(func.max(account_links.c.created_at)).where(
        account_links.c.user_id == bindparam("user_id"),
        account_links.c.kind == bindparam("kind"),
        account_links.c.created_by.is_(None),
    ),
    lambda moment: 0 if moment is None else int(moment),
)
_PUT_MAIL = Write[Any](
    upsert(mails, key=["recipient", "kind"], update=["created_by", "created_at", "attempts", "next_at", "error"])
)
_MAIL = Query(
    select(*MAIL_COLUMNS)
    .where(mails.c.recipient == bindparam("recipient"), mails.c.kind == bindparam("kind"))
    .with_for_update(),
    to_mail,
)
_TRIED = Write[Any](
    update(mails)
    .where(mails.c.recipient == bindparam("whose"), mails.c.kind == bindparam("which"))
    .values(attempts=bindparam("attempts"), next_at=bindparam("next_at"), error=bindparam("error"))
)
_REMOVE_MAIL = Write[Any](
    delete(mails).where(mails.c.recipient == bindparam("recipient"), mails.c.kind == bindparam("kind"))
)
_RECIPIENTS = Query(select(mails.c.recipient).distinct(), str)
_FORGET_RECIPIENT = Write[Any](delete(mails).where(mails.c.recipient == bindparam("whom")))
_FORGET_MAILS = Write[Any](delete(mails).where(mails.c.created_at <= bindparam("until")))


def add_link(
    tx: Transaction, id_hash: str, user_id: int, kind: Kind, created_by: int | None, now: Millis, expires_at: Millis
) -> None:
    """Also ends the links of all that have expired."""
    tx.write(_END_EXPIRED, now=now)
    tx.write(
        _ADD_LINK,
        id_hash=id_hash,
        user_id=user_id,
        kind=kind,
        created_by=created_by,
        created_at=now,
        expires_at=expires_at,
    )


def end_links(tx: Transaction, user_id: int) -> None:
    """Ends all links of a user."""
    tx.write(_END_OF_USER, owner=user_id)


def last_asked(tx: Transaction, user_id: int, kind: Kind) -> Millis:
    """When somebody who was not logged in last asked for such a link; 0: not lately."""
    return tx.first(_LAST_ASKED, user_id=user_id, kind=kind) or 0


def put_mail(tx: Transaction, recipient: str, kind: Kind, created_by: int | None, now: Millis) -> None:
    """A mail that is due now; in the place of an earlier one of its kind."""
    tx.write(
        _PUT_MAIL,
        recipient=recipient,
        kind=kind,
        created_by=created_by,
        created_at=now,
        attempts=0,
        next_at=now,
        error=None,
    )


def mail(tx: Transaction, recipient: str, kind: Kind) -> Mail | None:
    """The mail, locked until the unit ends."""
    return tx.first(_MAIL, recipient=recipient, kind=kind)


def tried(
    tx: Transaction, recipient: str, kind: Kind, attempts: int, next_at: Millis | None, error: str | None
) -> None:
    tx.write(_TRIED, whose=recipient, which=kind, attempts=attempts, next_at=next_at, error=error)


def remove_mail(tx: Transaction, recipient: str, kind: Kind) -> None:
    tx.write(_REMOVE_MAIL, recipient=recipient, kind=kind)


def forget_mails(tx: Transaction, until: Millis) -> None:
    """Forgets those that were asked for until then."""
    tx.write(_FORGET_MAILS, until=until)


def recipients(tx: Transaction) -> list[str]:
    """To whom there are mails."""
    return tx.all(_RECIPIENTS)


def forget_recipient(tx: Transaction, recipient: str) -> None:
    """Forgets all mails to an address."""
    tx.write(_FORGET_RECIPIENT, whom=recipient)
