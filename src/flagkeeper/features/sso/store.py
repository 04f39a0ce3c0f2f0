"""Loading and saving whom identity providers know, and what they have said. Private to this slice."""

from typing import Any

import msgspec
from sqlalchemy import bindparam, delete, null, select, update

from flagkeeper.features.sso.model.person import Answered, Linked, Person
from flagkeeper.features.sso.tables import saml_answers, user_identities
from flagkeeper.kernel.clock import Millis
from flagkeeper.storage.dialects import upsert
from flagkeeper.storage.statement import Query, Write
from flagkeeper.storage.transaction import Transaction


class _Kept(msgspec.Struct, frozen=True):
    request_id: str
    person: str


_FIND = Query(
    select(user_identities.c.user_id, user_identities.c.admitted).where(
        user_identities.c.issuer == bindparam("issuer"), user_identities.c.subject == bindparam("subject")
    ),
    Linked,
)
_SAVE = Write[Any](upsert(user_identities, key=["issuer", "subject"], update=["user_id", "admitted"]))
_KEEP = Write[Any](upsert(saml_answers, key=["id"]))
_FETCH = Query(
    select(saml_answers.c.request_id, saml_answers.c.person).where(
        saml_answers.c.code == bindparam("code"), saml_answers.c.person.is_not(None)
    ),
    _Kept,
)
_FETCHED = Write[Any](
    update(saml_answers)
    .where(saml_answers.c.code == bindparam("fetched"), saml_answers.c.person.is_not(None))
    .values(person=null())
)
_FORGET = Write[Any](delete(saml_answers).where(saml_answers.c.ends_at <= bindparam("now")))


def linked(tx: Transaction, issuer: str, subject: str) -> Linked | None:
    return tx.first(_FIND, issuer=issuer, subject=subject)


def link(tx: Transaction, issuer: str, subject: str, wanted: Linked) -> None:
    tx.write(_SAVE, issuer=issuer, subject=subject, user_id=wanted.user_id, admitted=wanted.admitted)


def keep(tx: Transaction, id_: str, code: str, answered: Answered, ends_at: Millis) -> bool:
    """Whether it was not there yet."""
    person = msgspec.json.encode(answered.person).decode()
    return tx.write(_KEEP, id=id_, code=code, request_id=answered.request_id, person=person, ends_at=ends_at) > 0


def fetch(tx: Transaction, code: str) -> Answered | None:
    """What was kept by this code, once."""
    found = tx.first(_FETCH, code=code)
    if found is None or tx.write(_FETCHED, fetched=code) == 0:
        return None
    return Answered(found.request_id, msgspec.json.decode(found.person, type=Person))


def forget(tx: Transaction, now: Millis) -> None:
    tx.write(_FORGET, now=now)
