"""Reading sign-up links."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import bindparam, or_, select

from flagkeeper.features.signups.model import SignupLink, hash_of
from flagkeeper.features.signups.store import COLUMNS, to_link
from flagkeeper.features.signups.tables import signup_link_users, signup_links
from flagkeeper.features.users import queries as users
from flagkeeper.features.users.queries import SeenUser
from flagkeeper.kernel.clock import Millis
from flagkeeper.kernel.errors import BadData, Detail, NotFound
from flagkeeper.storage.dialects import any_of
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction

_DIGITS = 19
"""Of a number that is too large to be an id."""

_ALL = Query(select(*COLUMNS).order_by(signup_links.c.id), to_link)
_BY_IDS = Query(select(*COLUMNS).where(any_of(signup_links.c.id, "ids")), to_link)
_BY_HASH = Query(select(*COLUMNS).where(signup_links.c.secret_hash == bindparam("secret_hash")), to_link)
_BY_HANDLE = Query(
    select(*COLUMNS).where(or_(signup_links.c.shown == bindparam("shown"), signup_links.c.id == bindparam("id"))),
    to_link,
)
_JOINED = Query(
    select(signup_link_users.c.link_id, signup_link_users.c.user_id)
    .where(any_of(signup_link_users.c.link_id, "ids"))
    .order_by(signup_link_users.c.user_id),
    lambda link_id, user_id: (int(link_id), int(user_id)),
)

Joined = tuple[SignupLink, list[SeenUser]]
"""A link, with those who came by it and are still there."""


def all_links(tx: Transaction) -> list[Joined]:
    found = tx.all(_ALL)
    users = _users_of(tx, [link.id for link in found])
    return [(link, users[link.id]) for link in found]


def link(tx: Transaction, text: str) -> Joined:
    """The link with this secret, this id, or this way of being shown.

    Raises:
        NotFound: there is none.
        BadData: several links are shown like that.
    """
    by_secret = tx.first(_BY_HASH, secret_hash=hash_of(text))
    found = [by_secret] if by_secret else tx.all(_BY_HANDLE, shown=text, id=_id(text))
    if not found:
        raise NotFound("There is no such sign-up link.")
    if len(found) > 1:
        ids = ", ".join(str(each.id) for each in found)
        raise BadData(
            f"Several links look like that. Name one by its id: {ids}.", Detail("It is ambiguous.", "/path/token")
        )
    return found[0], _users_of(tx, [found[0].id])[found[0].id]


def working(tx: Transaction, secret: str, now: Millis) -> SignupLink:
    """The link with this secret, which can be used now.

    Raises:
        BadData: there is none, it is disabled, or it has expired.
    """
    found = tx.first(_BY_HASH, secret_hash=hash_of(secret))
    if found is None or not found.works(now):
        raise BadData("This link does not work, or no longer. Ask an administrator for a new one.")
    return found


def users_of(tx: Transaction, link_id: int) -> list[int]:
    """The ids of those who came by a link and are still there."""
    return [user_id for _, user_id in tx.all(_JOINED, ids=[link_id])]


def links_of(tx: Transaction, ids: Sequence[int]) -> list[SignupLink]:
    """Those of `ids` that exist."""
    return tx.all(_BY_IDS, ids=list(ids))


def _users_of(tx: Transaction, ids: Sequence[int]) -> Mapping[int, list[SeenUser]]:
    joined = tx.all(_JOINED, ids=list(ids))
    seen = {each.user.id: each for each in users.users_of(tx, [user_id for _, user_id in joined])}
    found: defaultdict[int, list[SeenUser]] = defaultdict(list)
    for link_id, user_id in joined:
        found[link_id].append(seen[user_id])
    return found


def _id(text: str) -> int:
    """The id that `text` is, or one that no link has."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < _DIGITS else -1
