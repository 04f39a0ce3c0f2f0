"""Loading and saving what Edge asked for. Private to this slice."""

from typing import Any

from sqlalchemy import bindparam, delete, select

from flagkeeper.features.edge.tables import edge_nonces, edge_tokens
from flagkeeper.kernel.clock import Millis
from flagkeeper.storage.dialects import upsert
from flagkeeper.storage.statement import Query, Write
from flagkeeper.storage.transaction import Transaction

_FIND = Query(
    select(edge_tokens.c.token_id, edge_tokens.c.salt).where(
        edge_tokens.c.environment == bindparam("environment"), edge_tokens.c.projects == bindparam("projects")
    ),
    lambda token_id, salt: (int(token_id), str(salt)),
)
_SAVE = Write[Any](upsert(edge_tokens, key=["environment", "projects"], update=["token_id", "salt"]))
_TAKE = Write[Any](upsert(edge_nonces, key=["nonce"]))
_FORGET = Write[Any](delete(edge_nonces).where(edge_nonces.c.seen_at <= bindparam("until")))


def find(tx: Transaction, environment: str, projects: str) -> tuple[int, str] | None:
    """The id of a token that was issued, and the salt of its secret."""
    return tx.first(_FIND, environment=environment, projects=projects)


def save(tx: Transaction, environment: str, projects: str, token_id: int, salt: str) -> None:
    tx.write(_SAVE, environment=environment, projects=projects, token_id=token_id, salt=salt)


def take_nonce(tx: Transaction, nonce: str, now: Millis, until: Millis) -> bool:
    """Whether it is new; forgets those that were seen until then."""
    tx.write(_FORGET, until=until)
    return tx.write(_TAKE, nonce=nonce, seen_at=now) == 1
