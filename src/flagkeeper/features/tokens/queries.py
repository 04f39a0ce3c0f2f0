"""Reading tokens, for everybody. Nothing here knows a secret."""

from collections import Counter
from collections.abc import Mapping

from sqlalchemy import bindparam, or_, select

from flagkeeper.features.tokens.model import ALL, ApiToken, Pat, hash_of
from flagkeeper.features.tokens.store import select_pats, select_tokens, to_pat, to_token
from flagkeeper.features.tokens.tables import api_tokens, personal_access_tokens
from flagkeeper.kernel.errors import BadData, Detail
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction

_ANY = Query(select(api_tokens.c.id).limit(1), int)
_ALL = Query(select_tokens(), to_token)
_BY_NAME = Query(select_tokens(api_tokens.c.name == bindparam("name")), to_token)
_BY_HASH = Query(select_tokens(api_tokens.c.secret_hash == bindparam("secret_hash")), to_token)
_BY_HANDLE = Query(
    select_tokens(or_(api_tokens.c.shown == bindparam("shown"), api_tokens.c.id == bindparam("id"))), to_token
)
_PATS_OF = Query(select_pats(personal_access_tokens.c.user_id == bindparam("user_id")), to_pat)


def any_token(tx: Transaction) -> bool:
    return tx.first(_ANY) is not None


def all_tokens(tx: Transaction) -> list[ApiToken]:
    return tx.all(_ALL)


def tokens_named(tx: Transaction, name: str) -> list[ApiToken]:
    return tx.all(_BY_NAME, name=name)


def tokens_of_project(tx: Transaction, project: str) -> list[ApiToken]:
    """Those that open the project, by its name or because they open all."""
    return [token for token in all_tokens(tx) if token.projects == [ALL] or project in token.projects]


def find(tx: Transaction, text: str) -> ApiToken | None:
    """The token with this secret, this id, or this way of being shown.

    Raises:
        BadData: several tokens are shown like that.
    """
    by_secret = tx.first(_BY_HASH, secret_hash=hash_of(text))
    if by_secret is not None:
        return by_secret
    found = tx.all(_BY_HANDLE, shown=text, id=_id(text))
    if len(found) > 1:
        ids = ", ".join(str(token.id) for token in found)
        raise BadData(
            f"Several tokens look like that. Name one by its id: {ids}.", Detail("It is ambiguous.", "/path/token")
        )
    return found[0] if found else None


def count_by_environment(tx: Transaction, project: str | None) -> Mapping[str, int]:
    """How many tokens of SDKs read each environment: all of them, or those that open `project`."""
    found = all_tokens(tx) if project is None else tokens_of_project(tx, project)
    return Counter(token.environment for token in found if token.environment != ALL)


def pats_of(tx: Transaction, user_id: int) -> list[Pat]:
    return tx.all(_PATS_OF, user_id=user_id)


def _id(text: str) -> int:
    """The id that `text` is, or one that no token has."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else -1
