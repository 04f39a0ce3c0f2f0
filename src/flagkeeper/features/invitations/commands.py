"""Making and using links, and what becomes of mails. A link is returned once, by the command that makes it."""

from flagkeeper.eventlog.archive.replacement import Replacement
from flagkeeper.eventlog.catalogue.own import FlagkeeperPasswordLinkCreated, PasswordLinkData
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.invitations import queries, store
from flagkeeper.features.invitations.model import (
    CLAIM,
    KEPT,
    LEAST_BETWEEN,
    LIFETIME,
    LONGEST_ERROR,
    Kind,
    hash_of,
    new_token,
    next_attempt,
)
from flagkeeper.features.users import commands as users
from flagkeeper.features.users import queries as seen_users
from flagkeeper.features.users.model.user import User, UserDraft
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import SYSTEM_USER_ID


def create_user(unit: Unit, draft: UserDraft, password_hash: str | None, *, by_mail: bool) -> tuple[User, str]:
    """Creates a user with a link to choose a password, and asks for the mail if there is an address.

    Raises:
        BadData: the username or the e-mail address is taken.
    """
    user = users.create(unit, draft, password_hash)
    token = _add_link(unit, user.id, Kind.INVITATION, unit.actor.user_id)
    if by_mail and user.email is not None:
        store.put_mail(unit.tx, user.email, Kind.INVITATION, unit.actor.user_id, unit.now)
    return user, token


def make_reset_link(unit: Unit, name: str) -> str:
    """A link with which the user of this username, e-mail address or id can choose a password. Raises `NotFound`."""
    user = seen_users.named(unit.tx, name)
    token = _add_link(unit, user.id, Kind.RESET, unit.actor.user_id)
    data = PasswordLinkData(id=user.id, name=user.log_name(), expires_at=clock.to_iso(unit.now + LIFETIME))
    unit.record(FlagkeeperPasswordLinkCreated(data=data))
    return token


def ask_reset_mail(unit: Unit, recipient: str) -> None:
    """Asks for a mail with a link, whether or not somebody has this address: that is looked up when it is sent."""
    store.forget_mails(unit.tx, unit.now - KEPT)
    store.put_mail(unit.tx, recipient, Kind.RESET, None, unit.now)


def tell_of_access(unit: Unit, recipient: str) -> None:
    """Asks for a mail to somebody who asked for access and has it now."""
    store.put_mail(unit.tx, recipient, Kind.ACCESS, unit.actor.user_id, unit.now)


def use_link(unit: Unit, token: str, password_hash: str) -> None:
    """Sets the password of the user whose link it is, which ends all links and sessions of theirs. Raises
    `InvalidLink`."""
    found = queries.link(unit.tx, token, unit.now)
    users.set_password(unit, found.user_id, password_hash)
    store.end_links(unit.tx, found.user_id)


def claim(unit: Unit, recipient: str, kind: Kind) -> tuple[User, str] | None:
    """Takes a mail that is due, to send it: whom it is for, and the link that it carries, if its kind has one. None:
    there is nothing to send, for another server does, nobody has the address, or a mail was sent just now."""
    mail = store.mail(unit.tx, recipient, kind)
    if mail is None or mail.next_at is None or mail.next_at > unit.now:
        return None
    user = seen_users.with_email(unit.tx, recipient)
    if user is None or (mail.attempts == 0 and _was_asked_just_now(unit, user.id, kind)):
        store.remove_mail(unit.tx, recipient, kind)
        return None
    store.tried(unit.tx, recipient, kind, mail.attempts + 1, unit.now + CLAIM, mail.error)
    return user, _add_link(unit, user.id, kind, mail.created_by) if kind.has_link else ""


def was_sent(unit: Unit, recipient: str, kind: Kind) -> None:
    store.remove_mail(unit.tx, recipient, kind)


def was_not_sent(unit: Unit, recipient: str, kind: Kind, error: str, *, for_ever: bool) -> None:
    """Keeps why, and tries again later unless that is for ever."""
    mail = store.mail(unit.tx, recipient, kind)
    if mail is not None:
        next_at = None if for_ever else next_attempt(mail.attempts, unit.now)
        store.tried(unit.tx, recipient, kind, mail.attempts, next_at, error[:LONGEST_ERROR])


def forget_recipients(unit: Unit, replacement: Replacement, _position: int) -> None:
    """Mails to a person who is forgotten are forgotten too (`eventlog.archive.pseudonymiser.Elsewhere`)."""
    for recipient in store.recipients(unit.tx):
        if replacement.is_name(recipient):
            store.forget_recipient(unit.tx, recipient)


def _was_asked_just_now(unit: Unit, user_id: int, kind: Kind) -> bool:
    return kind is Kind.RESET and store.last_asked(unit.tx, user_id, kind) > unit.now - LEAST_BETWEEN


def _add_link(unit: Unit, user_id: int, kind: Kind, created_by: int | None) -> str:
    token = new_token()
    by = None if created_by == SYSTEM_USER_ID else created_by
    store.add_link(unit.tx, hash_of(token), user_id, kind, by, unit.now, unit.now + LIFETIME)
    return token
