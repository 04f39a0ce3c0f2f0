"""Loading and saving tokens, for commands. Private to this slice."""

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, bindparam, delete, func, insert, select, update

from flagkeeper.features.tokens.model import ApiToken, Pat, TokenType
from flagkeeper.features.tokens.tables import api_tokens, cdn_tokens, personal_access_tokens, token_last_seen
from flagkeeper.kernel.clock import Millis
from flagkeeper.storage.dialects import upsert
from flagkeeper.storage.sequences import next_id
from flagkeeper.storage.statement import Query, Write
from flagkeeper.storage.transaction import Transaction


def to_token(
    id_: int,
    name: str,
    type_: str,
    environment: str,
    projects: str,
    shown: str,
    created_at: int,
    expires_at: int | None,
    seen_at: int | None,
) -> ApiToken:
    """A row of `select_tokens` as a token."""
    return ApiToken(
        id=id_,
        name=name,
        type=TokenType(type_),
        environment=environment,
        projects=msgspec.json.decode(projects, type=list[str]),
        shown=shown,
        created_at=created_at,
        expires_at=expires_at,
        seen_at=seen_at,
    )


def to_pat(id_: int, user_id: int, description: str, created_at: int, expires_at: int, seen_at: int | None) -> Pat:
    """A row of `select_pats` as a personal access token."""
    return Pat(
        id=id_,
        user_id=user_id,
        description=description,
        created_at=created_at,
        expires_at=expires_at,
        seen_at=seen_at,
    )


def select_tokens(*conditions: ColumnElement[bool]) -> Select[Any]:
    return (
        select(
            *(api_tokens.c[name] for name in ("id", "name", "type", "environment", "projects", "shown")),
            api_tokens.c.created_at,
            api_tokens.c.expires_at,
            token_last_seen.c.seen_at,
        )
        .outerjoin(token_last_seen, token_last_seen.c.secret_hash == api_tokens.c.secret_hash)
        .where(*conditions)
        .order_by(api_tokens.c.id)
    )


def select_pats(*conditions: ColumnElement[bool]) -> Select[Any]:
    return (
        select(
            *(personal_access_tokens.c[name] for name in ("id", "user_id", "description", "created_at", "expires_at")),
            token_last_seen.c.seen_at,
        )
        .outerjoin(token_last_seen, token_last_seen.c.secret_hash == personal_access_tokens.c.secret_hash)
        .where(*conditions)
        .order_by(personal_access_tokens.c.id)
    )


_BY_ID = Query(select_tokens(api_tokens.c.id == bindparam("id")).with_for_update(of=api_tokens), to_token)
_OF_ENVIRONMENT = Query(
    select_tokens(api_tokens.c.environment == bindparam("environment")).with_for_update(of=api_tokens), to_token
)
_ALL = Query(select_tokens().with_for_update(of=api_tokens), to_token)
_COUNT = Query(select(func.count()).select_from(api_tokens), int)
_INSERT = Write[Any](insert(api_tokens))
_SET_EXPIRY = Write[Any](
    update(api_tokens).where(api_tokens.c.id == bindparam("id")).values(expires_at=bindparam("expires_at"))
)
_SET_PROJECTS = Write[Any](
    update(api_tokens).where(api_tokens.c.id == bindparam("id")).values(projects=bindparam("projects"))
)
_DELETE = Write[Any](delete(api_tokens).where(api_tokens.c.id == bindparam("id")))

_PATS_OF = Query(
    select_pats(personal_access_tokens.c.user_id == bindparam("user_id")).with_for_update(of=personal_access_tokens),
    to_pat,
)
_PAT_BY_ID = Query(
    select_pats(personal_access_tokens.c.id == bindparam("id")).with_for_update(of=personal_access_tokens), to_pat
)
_INSERT_PAT = Write[Any](insert(personal_access_tokens))
_DELETE_PAT = Write[Any](delete(personal_access_tokens).where(personal_access_tokens.c.id == bindparam("id")))
_FORGET_USE = Write[Any](
    delete(token_last_seen).where(
        token_last_seen.c.secret_hash
        == select(api_tokens.c.secret_hash).where(api_tokens.c.id == bindparam("token_id")).scalar_subquery()
    )
)
_FORGET_PAT_USE = Write[Any](
    delete(token_last_seen).where(
        token_last_seen.c.secret_hash
        == select(personal_access_tokens.c.secret_hash)
        .where(personal_access_tokens.c.id == bindparam("pat_id"))
        .scalar_subquery()
    )
)
_SEEN = Write[Any](upsert(token_last_seen, key=["secret_hash"], update=["seen_at"]))


_MARK_CDN = Write[Any](insert(cdn_tokens))


def mark_cdn(tx: Transaction, token_id: int) -> None:
    """It was made for a content delivery network."""
    tx.write(_MARK_CDN, token_id=token_id)


def new_id(tx: Transaction) -> int:
    """Also takes the lock under which tokens are made and counted."""
    return next_id(tx, "api_tokens")


def load(tx: Transaction, token_id: int) -> ApiToken | None:
    """The token, locked until the unit ends."""
    return tx.first(_BY_ID, id=token_id)


def of_environment(tx: Transaction, environment: str) -> list[ApiToken]:
    """Locked until the unit ends."""
    return tx.all(_OF_ENVIRONMENT, environment=environment)


def of_project(tx: Transaction, project: str) -> list[ApiToken]:
    """Those that name the project, locked until the unit ends."""
    return [token for token in tx.all(_ALL) if project in token.projects]


def count(tx: Transaction) -> int:
    return tx.first(_COUNT) or 0


def add(tx: Transaction, token: ApiToken, secret_hash: str) -> None:
    tx.write(
        _INSERT,
        id=token.id,
        name=token.name,
        type=token.type,
        environment=token.environment,
        projects=msgspec.json.encode(token.projects).decode(),
        secret_hash=secret_hash,
        shown=token.shown,
        created_at=token.created_at,
        expires_at=token.expires_at,
    )


def set_expiry(tx: Transaction, token_id: int, expires_at: Millis | None) -> None:
    tx.write(_SET_EXPIRY, id=token_id, expires_at=expires_at)


def set_projects(tx: Transaction, token_id: int, projects: list[str]) -> None:
    tx.write(_SET_PROJECTS, id=token_id, projects=msgspec.json.encode(projects).decode())


def remove(tx: Transaction, token_id: int) -> None:
    tx.write(_FORGET_USE, token_id=token_id)
    tx.write(_DELETE, id=token_id)


def new_pat_id(tx: Transaction) -> int:
    """Also takes the lock under which personal access tokens are made and counted."""
    return next_id(tx, "personal_access_tokens")


def load_pat(tx: Transaction, pat_id: int) -> Pat | None:
    """The token, locked until the unit ends."""
    return tx.first(_PAT_BY_ID, id=pat_id)


def pats_of(tx: Transaction, user_id: int) -> list[Pat]:
    """The user's personal access tokens, locked until the unit ends."""
    return tx.all(_PATS_OF, user_id=user_id)


def add_pat(tx: Transaction, pat: Pat, secret_hash: str) -> None:
    tx.write(
        _INSERT_PAT,
        id=pat.id,
        user_id=pat.user_id,
        description=pat.description,
        secret_hash=secret_hash,
        created_at=pat.created_at,
        expires_at=pat.expires_at,
    )


def remove_pat(tx: Transaction, pat_id: int) -> None:
    tx.write(_FORGET_PAT_USE, pat_id=pat_id)
    tx.write(_DELETE_PAT, id=pat_id)


def save_seen(tx: Transaction, seen: Mapping[str, Millis]) -> None:
    """Sorted, so that two replicas that write the same tokens wait for each other and do not deadlock."""
    rows = [{"secret_hash": secret_hash, "seen_at": seen[secret_hash]} for secret_hash in sorted(seen)]
    tx.write_many(_SEEN, rows)
