"""Reading what an identity provider keeps, as it is shown to it."""

from collections import defaultdict
from typing import Any

import msgspec
from sqlalchemy import bindparam, select

from flagkeeper.features.groups import queries as groups
from flagkeeper.features.groups.model import Group
from flagkeeper.features.instance.model import SCIM
from flagkeeper.features.instance.queries import secret_of, settings_of
from flagkeeper.features.scim.model.error import ScimError
from flagkeeper.features.scim.model.resource import Kept, ScimUser, group_document, user_document
from flagkeeper.features.users.tables import scim_users
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction

_DIGITS = 18
"""Of an id."""
_COLUMNS = (
    scim_users.c.user_id,
    scim_users.c.content,
    scim_users.c.root_role,
    scim_users.c.groups,
    scim_users.c.created_at,
    scim_users.c.changed_at,
)


def _to_kept(user_id: int, content: str, root_role: int, groups: str, created_at: int, changed_at: int) -> Kept:
    return Kept(
        user_id=user_id,
        content=msgspec.json.decode(content, type=ScimUser),
        root_role=root_role,
        groups=msgspec.json.decode(groups, type=list[int]),
        created_at=created_at,
        changed_at=changed_at,
    )


_ALL = Query(select(*_COLUMNS).order_by(scim_users.c.user_id), _to_kept)
_BY_ID = Query(select(*_COLUMNS).where(scim_users.c.user_id == bindparam("user_id")), _to_kept)
_BY_KEY = Query(select(*_COLUMNS).where(scim_users.c.user_name == bindparam("key")), _to_kept)


def settings(tx: Transaction) -> tuple[bool, str]:
    """Whether SCIM is on, and the hash of its token; empty: there is none."""
    found = settings_of(tx, [SCIM]).get(SCIM)
    return found is not None and found.enabled is True, secret_of(tx, SCIM)


def all_kept(tx: Transaction) -> list[Kept]:
    return tx.all(_ALL)


def with_name(tx: Transaction, key: str) -> Kept | None:
    """Who has a `userName`, by its key."""
    return tx.first(_BY_KEY, key=key)


def kept(tx: Transaction, id_: str) -> Kept:
    """Raises `ScimError`."""
    found = tx.first(_BY_ID, user_id=_number(id_))
    if found is None:
        raise ScimError(404, f"There is no user with the id {id_[:50]!r}.")
    return found


def group(tx: Transaction, id_: str) -> Group:
    """A group that a provider keeps. Raises `ScimError`."""
    found = groups.find(tx, _number(id_))
    if found is None or found.scim_id is None:
        raise ScimError(404, f"There is no group with the id {id_[:50]!r}.")
    return found


def user_documents(tx: Transaction, base_url: str) -> list[dict[str, Any]]:
    belongs: defaultdict[int, dict[int, str]] = defaultdict(dict)
    for each in groups.all_groups(tx):
        for user_id in each.users if each.scim_id is not None else ():
            belongs[user_id][each.id] = each.name
    return [user_document(each, belongs[each.user_id], base_url) for each in all_kept(tx)]


def one_user(tx: Transaction, id_: str, base_url: str) -> dict[str, Any]:
    """Raises `ScimError`."""
    found = kept(tx, id_)
    belongs = {each.id: each.name for each in groups.of_user(tx, found.user_id) if each.scim_id is not None}
    return user_document(found, belongs, base_url)


def group_documents(tx: Transaction, base_url: str) -> list[dict[str, Any]]:
    return [_shown(each, base_url) for each in groups.all_groups(tx) if each.scim_id is not None]


def one_group(tx: Transaction, id_: str, base_url: str) -> dict[str, Any]:
    """Raises `ScimError`."""
    return _shown(group(tx, id_), base_url)


def _shown(found: Group, base_url: str) -> dict[str, Any]:
    return group_document(found.id, found.name, found.scim_id or "", found.users, found.created_at, base_url)


def _number(id_: str) -> int:
    return int(id_) if id_.isascii() and id_.isdigit() and len(id_) <= _DIGITS else 0
