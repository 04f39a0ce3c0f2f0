"""Changing sign-up links, and signing up. A secret is returned once, by the command that makes it."""

import msgspec

from flagkeeper.eventlog.archive.replacement import Replacement
from flagkeeper.eventlog.catalogue.token import (
    InvitedUserData,
    PublicSignupTokenCreated,
    PublicSignupTokenUpdated,
    PublicSignupTokenUserAdded,
)
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.signups import queries, store
from flagkeeper.features.signups.model import SignupLink, check_name, expiry, hash_of, new_secret, shown
from flagkeeper.features.users import commands as users
from flagkeeper.features.users.model.user import User, UserDraft
from flagkeeper.kernel.clock import Millis
from flagkeeper.kernel.errors import LimitExceeded


def create(unit: Unit, name: str, expires_at: Millis) -> tuple[SignupLink, str]:
    """Makes a link and returns it with its secret. Raises `BadData` or `LimitExceeded`."""
    check_name(name)
    link_id, most = store.new_id(unit.tx), unit.limits.signup_tokens
    if store.count(unit.tx) >= most:
        raise LimitExceeded(f"There are {most} sign-up links already, which is the limit. Give an old one a new date.")
    secret = new_secret()
    link = SignupLink(
        id=link_id,
        name=name,
        shown=shown(secret),
        enabled=True,
        created_by=unit.actor.name,
        created_at=unit.now,
        expires_at=expiry(expires_at, unit.now),
    )
    store.add(unit.tx, link, hash_of(secret))
    unit.record(PublicSignupTokenCreated(data=link.payload([])), link.state())
    return link, secret


def update(unit: Unit, link_id: int, *, enabled: bool | None = None, expires_at: Millis | None = None) -> None:
    """Changes what is not None. Raises `NotFound`, or `BadData` for a time that is over."""
    old = store.load(unit.tx, link_id)
    until = old.expires_at if expires_at in (None, old.expires_at) else expiry(expires_at, unit.now)
    _save(unit, old, enabled=old.enabled if enabled is None else enabled, expires_at=until)


def restore(unit: Unit, link_id: int, *, enabled: bool, expires_at: Millis) -> None:
    """Makes a link what it was, also one that has expired since. Raises `NotFound`."""
    _save(unit, store.load(unit.tx, link_id), enabled=enabled, expires_at=expires_at)


def sign_up(unit: Unit, secret: str, draft: UserDraft, password_hash: str) -> User:
    """Creates a user by a link.

    Raises:
        BadData: the link does not work, or the username or e-mail address is taken.
    """
    link = queries.working(unit.tx, secret, unit.now)
    user = users.create(unit, draft, password_hash)
    store.join(unit.tx, link.id, user.id)
    unit.record(PublicSignupTokenUserAdded(data=InvitedUserData(id=link.id, name=link.name, user_id=user.id)))
    return user


def forget_creators(unit: Unit, replacement: Replacement, _position: int) -> None:
    """Puts the pseudonym in the place of a person's name (`eventlog.archive.pseudonymiser.Elsewhere`)."""
    for link, _ in queries.all_links(unit.tx):
        if replacement.is_name(link.created_by):
            unit.silent(f"invite-link/{link.id}", "a person is forgotten, and the event about that names no links")
            store.rename_creator(unit.tx, link.id, replacement.pseudonym)


def _save(unit: Unit, old: SignupLink, *, enabled: bool, expires_at: Millis) -> None:
    new = msgspec.structs.replace(old, enabled=enabled, expires_at=expires_at)
    if new == old:
        return
    store.save(unit.tx, old.id, enabled, expires_at)
    joined = queries.users_of(unit.tx, old.id)
    unit.record(PublicSignupTokenUpdated(data=new.payload(joined), pre_data=old.payload(joined)), new.state())
