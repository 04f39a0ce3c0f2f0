"""Loading and saving requests for access, for commands. Private to this slice."""

from typing import Any

import msgspec
from sqlalchemy import bindparam, delete, func, insert, select, update

from flagkeeper.features.access_requests.model import AccessRequest, Asker
from flagkeeper.features.access_requests.tables import access_requests
from flagkeeper.features.logins.model import AuthType
from flagkeeper.kernel.errors import NotFound
from flagkeeper.storage.statement import Query, Write
from flagkeeper.storage.transaction import Transaction

COLUMNS = (
    access_requests.c.id,
    access_requests.c.email,
    access_requests.c.name,
    access_requests.c.auth_type,
    access_requests.c.issuer,
    access_requests.c.subject,
    access_requests.c.created_at,
)


def to_request(
    id_: str, email: str, name: str | None, auth_type: str, issuer: str, subject: str, created_at: int
) -> AccessRequest:
    """A row of `COLUMNS` as a request."""
    asker = Asker(email=email, name=name, auth_type=AuthType(auth_type), issuer=issuer, subject=subject)
    return AccessRequest(id=id_, asker=asker, created_at=created_at)


_BY_ID = Query(select(*COLUMNS).where(access_requests.c.id == bindparam("id")).with_for_update(), to_request)
_OF_ADDRESS = Query(select(*COLUMNS).where(access_requests.c.email == bindparam("email")).with_for_update(), to_request)
_COUNT = Query(select(func.count()).select_from(access_requests), int)
_INSERT = Write[Any](insert(access_requests))
_REMOVE = Write[Any](delete(access_requests).where(access_requests.c.id == bindparam("id")))
_RENAME = Write[Any](
    update(access_requests).where(access_requests.c.id == bindparam("id")).values(name=bindparam("new_name"))
)


def load(tx: Transaction, request_id: str) -> AccessRequest:
    """The request, locked until the unit ends. Raises `NotFound`."""
    found = tx.first(_BY_ID, id=request_id)
    if found is None:
        raise NotFound("There is no open request for access with this id: it has been decided on, or never was.")
    return found


def of_address(tx: Transaction, email: str) -> AccessRequest | None:
    """The request of an address, locked until the unit ends."""
    return tx.first(_OF_ADDRESS, email=email)


def count(tx: Transaction) -> int:
    return tx.first(_COUNT) or 0


def add(tx: Transaction, made: AccessRequest) -> None:
    tx.write(_INSERT, id=made.id, created_at=made.created_at, **msgspec.structs.asdict(made.asker))


def remove(tx: Transaction, request_id: str) -> None:
    tx.write(_REMOVE, id=request_id)


def rename(tx: Transaction, request_id: str, name: str) -> None:
    tx.write(_RENAME, id=request_id, new_name=name)
