"""Loading and saving whom identity providers know. Private to this slice."""

from typing import Any

from sqlalchemy import bindparam, select

from flagkeeper.features.sso.tables import user_identities
from flagkeeper.storage.dialects import upsert
from flagkeeper.storage.statement import Query, Write
from flagkeeper.storage.transaction import Transaction

_FIND = Query(
    select(user_identities.c.user_id).where(
        user_identities.c.issuer == bindparam("issuer"), user_identities.c.subject == bindparam("subject")
    ),
    int,
)
_SAVE = Write[Any](upsert(user_identities, key=["issuer", "subject"], update=["user_id"]))


def user_of(tx: Transaction, issuer: str, subject: str) -> int | None:
    return tx.first(_FIND, issuer=issuer, subject=subject)


def link(tx: Transaction, issuer: str, subject: str, user_id: int) -> None:
    tx.write(_SAVE, issuer=issuer, subject=subject, user_id=user_id)
