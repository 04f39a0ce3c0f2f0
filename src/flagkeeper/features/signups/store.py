"""Loading and saving sign-up links, for commands. Private to this slice."""

from typing import Any

from sqlalchemy import bindparam, func, insert, select, update

from flagkeeper.features.signups.model import SignupLink
from flagkeeper.features.signups.tables import signup_link_users, signup_links
from flagkeeper.kernel.clock import Millis
from flagkeeper.kernel.errors import NotFound
from flagkeeper.storage.sequences import next_id
from flagkeeper.storage.statement import Query, Write
from flagkeeper.storage.transaction import Transaction

COLUMNS = (
    signup_links.c.id,
    signup_links.c.name,
    signup_links.c.shown,
    signup_links.c.enabled,
    signup_links.c.created_by,
    signup_links.c.created_at,
    signup_links.c.expires_at,
)


def to_link(
    id_: int, name: str, shown: str, enabled: bool, created_by: str, created_at: int, expires_at: int
) -> SignupLink:
    """A row of `COLUMNS` as a link."""
    return SignupLink(
        id=id_,
        name=name,
        shown=shown,
        enabled=enabled,
        created_by=created_by,
        created_at=created_at,
        expires_at=expires_at,
    )


_BY_ID = Query(select(*COLUMNS).where(signup_links.c.id == bindparam("id")).with_for_update(), to_link)
_COUNT = Query(select(func.count()).select_from(signup_links), int)
_INSERT = Write[Any](insert(signup_links))
_UPDATE = Write[Any](
    update(signup_links)
    .where(signup_links.c.id == bindparam("id"))
    .values(enabled=bindparam("enabled"), expires_at=bindparam("expires_at"))
)
_RENAME = Write[Any](
    update(signup_links).where(signup_links.c.id == bindparam("id")).values(created_by=bindparam("new_name"))
)
_JOIN = Write[Any](insert(signup_link_users))


def new_id(tx: Transaction) -> int:
    return next_id(tx, "signup_links")


def count(tx: Transaction) -> int:
    return tx.first(_COUNT) or 0


def load(tx: Transaction, link_id: int) -> SignupLink:
    """The link, locked until the unit ends. Raises `NotFound`."""
    found = tx.first(_BY_ID, id=link_id)
    if found is None:
        raise NotFound(f"There is no sign-up link with the id {link_id}.")
    return found


def add(tx: Transaction, link: SignupLink, secret_hash: str) -> None:
    tx.write(
        _INSERT,
        id=link.id,
        name=link.name,
        secret_hash=secret_hash,
        shown=link.shown,
        enabled=link.enabled,
        created_by=link.created_by,
        created_at=link.created_at,
        expires_at=link.expires_at,
    )


def save(tx: Transaction, link_id: int, enabled: bool, expires_at: Millis) -> None:
    tx.write(_UPDATE, id=link_id, enabled=enabled, expires_at=expires_at)


def rename_creator(tx: Transaction, link_id: int, created_by: str) -> None:
    tx.write(_RENAME, id=link_id, new_name=created_by)


def join(tx: Transaction, link_id: int, user_id: int) -> None:
    tx.write(_JOIN, link_id=link_id, user_id=user_id)
