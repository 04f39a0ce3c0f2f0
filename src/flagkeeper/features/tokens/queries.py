"""Reading tokens, for everybody. Nothing here knows a secret."""

from collections import Counter
from collections.abc import Mapping, Sequence

from msgspec.structs import replace
from sqlalchemy import bindparam, exists, func, or_, select

from flagkeeper.eventlog.query import Visibility
from flagkeeper.features.access.model import is_hidden
from flagkeeper.features.tokens.model import ALL, ApiToken, Pat, TokenDraft, hash_of
from flagkeeper.features.tokens.store import select_pats, select_tokens, to_pat, to_token
from flagkeeper.features.tokens.tables import api_tokens, personal_access_tokens, token_last_seen
from flagkeeper.features.tokens.tables import cdn_tokens as made_for_cdn
from flagkeeper.features.users.queries import logins_seen
from flagkeeper.kernel.clock import Millis
from flagkeeper.kernel.errors import BadData, Detail
from flagkeeper.storage.dialects import any_of
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction

_ANY = Query(select(api_tokens.c.id).limit(1), int)
_ALL = Query(select_tokens(), to_token)
_CDN = Query(select_tokens(exists().where(made_for_cdn.c.token_id == api_tokens.c.id)), to_token)
_BY_NAME = Query(select_tokens(api_tokens.c.name == bindparam("name")), to_token)
_BY_HASH = Query(select_tokens(api_tokens.c.secret_hash == bindparam("secret_hash")), to_token)
_BY_HANDLE = Query(
    select_tokens(or_(api_tokens.c.shown == bindparam("shown"), api_tokens.c.id == bindparam("id"))), to_token
)
_BY_IDS = Query(select_tokens(any_of(api_tokens.c.id, "ids")), to_token)
_PATS_BY_IDS = Query(select_pats(any_of(personal_access_tokens.c.id, "ids")), to_pat)
_PATS_OF = Query(select_pats(personal_access_tokens.c.user_id == bindparam("user_id")), to_pat)
_PATS_SEEN = Query(
    select(personal_access_tokens.c.user_id, func.max(token_last_seen.c.seen_at))
    .join(token_last_seen, token_last_seen.c.secret_hash == personal_access_tokens.c.secret_hash)
    .group_by(personal_access_tokens.c.user_id),
    lambda user_id, seen_at: (int(user_id), int(seen_at)),
)


def any_token(tx: Transaction) -> bool:
    return tx.first(_ANY) is not None


def count_unknown(tx: Transaction, secrets: Sequence[str]) -> int:
    """How many of these secrets belong to no API token."""
    return sum(tx.first(_BY_HASH, secret_hash=hash_of(secret)) is None for secret in secrets)


def all_tokens(tx: Transaction, visibility: Visibility) -> list[ApiToken]:
    """Those that open a project of which the reader may know; without the names of others."""
    return _visible(tx.all(_ALL), visibility)


def cdn_tokens(tx: Transaction, visibility: Visibility) -> list[ApiToken]:
    """Those of `all_tokens` that were made for a content delivery network."""
    return _visible(tx.all(_CDN), visibility)


def tokens_named(tx: Transaction, name: str, visibility: Visibility) -> list[ApiToken]:
    """Those of `all_tokens` that have the name."""
    return _visible(tx.all(_BY_NAME, name=name), visibility)


def tokens_of_project(tx: Transaction, project: str, visibility: Visibility) -> list[ApiToken]:
    """Those of `all_tokens` that open the project, by its name or because they open all."""
    return [token for token in all_tokens(tx, visibility) if token.projects == [ALL] or project in token.projects]


def find(tx: Transaction, text: str, visibility: Visibility) -> ApiToken | None:
    """The token with this secret, this id, or this way of being shown, with all its projects. None: there is none, or
    it opens only projects of which the reader may not know.

    Raises:
        BadData: several tokens are shown like that.
    """
    by_secret = tx.first(_BY_HASH, secret_hash=hash_of(text))
    likely = [by_secret] if by_secret else tx.all(_BY_HANDLE, shown=text, id=_id(text))
    found = [token for token in likely if _seen_projects(token, visibility)]
    if len(found) > 1:
        ids = ", ".join(str(token.id) for token in found)
        raise BadData(
            f"Several tokens look like that. Name one by its id: {ids}.", Detail("It is ambiguous.", "/path/token")
        )
    return found[0] if found else None


def check_visible(draft: TokenDraft, visibility: Visibility) -> None:
    """Raises `BadData` for a project of which the reader may not know, as for one that is not there."""
    for project in draft.projects:
        if is_hidden(project, visibility):
            message = f"There is no project with the id {project!r}."
            raise BadData(message, Detail(message, "/body/projects"))


def count_by_environment(tx: Transaction, project: str | None, visibility: Visibility) -> Mapping[str, int]:
    """How many tokens of SDKs read each environment: all of `all_tokens`, or those that open `project`."""
    found = all_tokens(tx, visibility) if project is None else tokens_of_project(tx, project, visibility)
    return Counter(token.environment for token in found if token.environment != ALL)


def pats_of(tx: Transaction, user_id: int) -> list[Pat]:
    return tx.all(_PATS_OF, user_id=user_id)


def pats_seen(tx: Transaction) -> Mapping[int, Millis]:
    """When a personal access token of each user was last used (`users.ports.PatsSeen`)."""
    return dict(tx.all(_PATS_SEEN))


def last_seen(tx: Transaction) -> Mapping[int, Millis]:
    """When each person or service account last logged in or used a token, by their id; without those who never did."""
    used, logged_in = pats_seen(tx), logins_seen(tx)
    return {user_id: max(used.get(user_id, 0), logged_in.get(user_id, 0)) for user_id in {*used, *logged_in}}


def _seen_projects(token: ApiToken, visibility: Visibility) -> list[str]:
    return [project for project in token.projects if not is_hidden(project, visibility)]


def _visible(tokens: list[ApiToken], visibility: Visibility) -> list[ApiToken]:
    return [replace(token, projects=seen) for token in tokens if (seen := _seen_projects(token, visibility))]


def _id(text: str) -> int:
    """The id that `text` is, or one that no token has."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else -1


def tokens_of(tx: Transaction, ids: Sequence[int]) -> list[ApiToken]:
    """The API tokens among `ids` that exist."""
    return tx.all(_BY_IDS, ids=list(ids))


def pats_with(tx: Transaction, ids: Sequence[int]) -> list[Pat]:
    """The personal access tokens among `ids` that exist."""
    return tx.all(_PATS_BY_IDS, ids=list(ids))
