"""Reading users, for everybody. Only `login_of` and `password_hashes` see hashes of passwords."""

import asyncio
from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy import ColumnElement, Select, bindparam, func, or_, select

from flagkeeper.features.access.model import ADMIN
from flagkeeper.features.users.model.notes import Answered
from flagkeeper.features.users.model.password import demand_strong, hash_password, matches
from flagkeeper.features.users.model.session import NETWORK_KNOWN, Session
from flagkeeper.features.users.model.user import PERSON, SERVICE, Inactive, Inactivity, User
from flagkeeper.features.users.ports import PatsSeen
from flagkeeper.features.users.store import ANSWERED, COLUMNS, SCIM_ID, SPLASHES, SUBSCRIPTIONS, to_user
from flagkeeper.features.users.tables import login_networks, passwords, scim_users, sessions, user_logins, users
from flagkeeper.kernel.clock import Millis
from flagkeeper.kernel.errors import BadData, Detail, NotFound
from flagkeeper.storage.dialects import any_of
from flagkeeper.storage.reader import Reader
from flagkeeper.storage.sequences import last_id
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction


class SeenUser(msgspec.Struct, frozen=True):
    """A user, and how it went with logging in."""

    user: User
    seen_at: Millis | None
    attempts: int
    """Wrong passwords since the last login."""
    scim_id: str | None = None
    """What the identity provider calls them that keeps their name and address. None: they are kept here."""


class Login(msgspec.Struct, frozen=True):
    """Who wants to log in, and the hash that the password must match."""

    user_id: int
    password_hash: str | None
    at_home: bool
    """They have logged in from this network before."""
    has_session: bool
    """They come with a session of theirs."""


class AdminCounts(msgspec.Struct, frozen=True):
    """How many administrators can log in, and how many have no password yet."""

    password: int
    no_password: int


_DIGITS = 19
"""Of a number that is too large to be an id."""


def _select(*conditions: ColumnElement[bool]) -> Select[tuple[object, ...]]:
    return (
        select(*COLUMNS, user_logins.c.seen_at, user_logins.c.attempts, SCIM_ID)
        .outerjoin(user_logins, user_logins.c.user_id == users.c.id)
        .outerjoin(scim_users, scim_users.c.user_id == users.c.id)
        .where(*conditions)
        .order_by(users.c.id)
    )


def _to_seen(
    id_: int,
    username: str | None,
    email: str | None,
    name: str | None,
    root_role: int,
    created_at: int,
    account_type: str,
    seen_at: int | None,
    attempts: int | None,
    scim_id: str | None,
) -> SeenUser:
    user = to_user(id_, username, email, name, root_role, created_at, account_type)
    return SeenUser(user, seen_at, attempts or 0, scim_id)


_PASSWORD = (
    select(passwords.c.hash)
    .where(passwords.c.user_id == users.c.id)
    .order_by(passwords.c.number.desc())
    .limit(1)
    .scalar_subquery()
)
_LOGINS_SEEN = Query(
    select(user_logins.c.user_id, user_logins.c.seen_at).where(user_logins.c.seen_at.is_not(None)),
    lambda user_id, at: (int(user_id), int(at)),
)
_ANY = Query(select(users.c.id).limit(1), int)
_ALL = Query(_select(users.c.account_type == PERSON), _to_seen)
_SERVICES = Query(_select(users.c.account_type == SERVICE), _to_seen)
_BY_ID = Query(_select(users.c.id == bindparam("id")), _to_seen)
_BY_EMAIL = Query(_select(users.c.email == bindparam("email")), _to_seen)
_BY_IDS = Query(_select(any_of(users.c.id, "ids")), _to_seen)
_LIKE = Query(
    _select(
        users.c.account_type == PERSON,
        or_(
            *(
                func.lower(column).like(bindparam("text"), escape="\\")
                for column in (users.c.username, users.c.email, users.c.name)
            )
        ),
    ),
    _to_seen,
)
_AT_HOME = (
    select(login_networks.c.user_id)
    .where(
        login_networks.c.user_id == users.c.id,
        login_networks.c.network == bindparam("network"),
        login_networks.c.seen_at > bindparam("since"),
    )
    .exists()
)
_HAS_SESSION = (
    select(sessions.c.user_id)
    .where(
        sessions.c.user_id == users.c.id,
        sessions.c.id_hash == bindparam("session"),
        sessions.c.expires_at > bindparam("now"),
    )
    .exists()
)
_LOGIN = Query(
    select(users.c.id, _PASSWORD, _AT_HOME, _HAS_SESSION)
    .where(or_(users.c.username == bindparam("username"), users.c.email == bindparam("email")))
    .order_by((users.c.username == bindparam("username")).desc())
    .limit(1),
    lambda user_id, password_hash, *known: Login(int(user_id), password_hash, *map(bool, known)),
)
_HASHES = Query(
    select(passwords.c.hash).where(passwords.c.user_id == bindparam("user_id")).order_by(passwords.c.number.desc()),
    str,
)
_PASSWORDS_OF_ROLE = Query(
    select(_PASSWORD.is_not(None))
    .select_from(users)
    .where(users.c.root_role == bindparam("role_id"), users.c.account_type == PERSON),
    bool,
)
_WITH_ROLE = Query(select(func.count()).where(users.c.root_role == bindparam("role_id")), int)
_OPEN = Query(
    select(
        sessions.c.id_hash,
        sessions.c.created_at,
        sessions.c.expires_at,
        sessions.c.ip,
        sessions.c.user_agent,
        sessions.c.auth_type,
    )
    .where(sessions.c.user_id == bindparam("user_id"), sessions.c.expires_at > bindparam("now"))
    .order_by(sessions.c.created_at.desc(), sessions.c.id_hash),
    Session,
)
_SESSIONS = Query(
    select(func.count())
    .select_from(sessions)
    .where(sessions.c.user_id == bindparam("user_id"), sessions.c.expires_at > bindparam("now")),
    int,
)
_USER_OF_SESSION = Query(
    select(sessions.c.user_id).where(
        sessions.c.id_hash == bindparam("id_hash"), sessions.c.expires_at > bindparam("now")
    ),
    int,
)
_USERS_OF_SESSIONS = Query(
    select(sessions.c.id_hash, sessions.c.user_id).where(
        any_of(sessions.c.id_hash, "id_hashes"), sessions.c.expires_at > bindparam("now")
    ),
    lambda id_hash, user_id: (str(id_hash), int(user_id)),
)
_NAMES = Query(
    select(users.c.username, users.c.email).where(
        or_(any_of(users.c.username, "names"), any_of(users.c.email, "names"))
    ),
    lambda username, email: (str(username), str(email)),
)


def any_user(tx: Transaction) -> bool:
    """False in a new database: no server ever has no administrator."""
    return tx.first(_ANY) is not None


def all_users(tx: Transaction) -> list[SeenUser]:
    """All people."""
    return tx.all(_ALL)


def service_accounts(tx: Transaction) -> list[SeenUser]:
    return tx.all(_SERVICES)


def user(tx: Transaction, user_id: int) -> SeenUser:
    """Raises `NotFound`."""
    found = tx.first(_BY_ID, id=user_id)
    if found is None:
        raise NotFound(f"There is no user with the id {user_id}.")
    return found


def inactive(tx: Transaction, inactivity: Inactivity, pats_seen: PatsSeen, now: Millis) -> list[Inactive]:
    """Those who were created long ago, and have neither logged in nor used a token since then."""
    used, since = pats_seen(tx), now - inactivity.after
    found = (
        Inactive(user=each.user, seen_at=each.seen_at, pat_seen_at=used.get(each.user.id)) for each in all_users(tx)
    )
    return [each for each in found if max(each.user.created_at, each.seen_at or 0, each.pat_seen_at or 0) <= since]


def logins_seen(tx: Transaction) -> Mapping[int, Millis]:
    """When each user last logged in, by their id; without those who never did."""
    return dict(tx.all(_LOGINS_SEEN))


def count_with_root_role(tx: Transaction, role_id: int) -> int:
    return tx.first(_WITH_ROLE, role_id=role_id) or 0


def search(tx: Transaction, text: str) -> list[SeenUser]:
    """Those whose username, e-mail address or name contains `text`, whatever the case."""
    escaped = text.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return tx.all(_LIKE, text=f"%{escaped}%")


def login_of(tx: Transaction, name: str, network: str, session: str, now: Millis) -> Login | None:
    """The user with this username or, if nobody has it, e-mail address. Whoever gives this name comes from `network`
    with a session whose hash is `session`."""
    email = name.strip().lower()
    since = now - NETWORK_KNOWN
    return tx.first(_LOGIN, username=name, email=email, network=network, session=session, now=now, since=since)


def id_of(tx: Transaction, name: str) -> int | None:
    """The id of the user with this username or, if nobody has it, e-mail address."""
    found = login_of(tx, name, "", "", 0)
    return None if found is None else found.user_id


def with_email(tx: Transaction, email: str) -> User | None:
    """The user who has this address, in lower case."""
    found = tx.first(_BY_EMAIL, email=email)
    return None if found is None else found.user


def named(tx: Transaction, name: str) -> User:
    """The user with this username, e-mail address or id, whichever comes first.

    Raises:
        NotFound: there is none.
    """
    user_id = id_of(tx, name)
    if user_id is None and name.isascii() and name.isdigit() and len(name) < _DIGITS:
        user_id = int(name)
    if user_id is None:
        raise NotFound("There is no user of this name.")
    return user(tx, user_id).user


def name_of(tx: Transaction, user_id: int) -> str | None:
    """What the log calls a user; None: there is none with this id."""
    found = tx.first(_BY_ID, id=user_id)
    return None if found is None else found.user.log_name()


def password_hashes(tx: Transaction, user_id: int) -> list[str]:
    """Of the present password, then of those before it, the newest first."""
    return tx.all(_HASHES, user_id=user_id)


async def hash_of_chosen(password: str, user_id: int | None, reader: Reader) -> str:
    """Checks and hashes the password that was chosen for a user, which takes a while; None: for one to be.

    Raises:
        WeakPassword: it is too weak.
        BadData: the user had it before.
    """
    demand_strong(password)
    used = [] if user_id is None else await reader.run(password_hashes, user_id)
    if await asyncio.to_thread(_any_matches, password, used):
        raise BadData("This password was used before. Choose another one.", Detail("Used before.", "/body/password"))
    return await asyncio.to_thread(hash_password, password)


def _any_matches(password: str, hashes: list[str]) -> bool:
    return any(matches(password, each) for each in hashes)


def count_admins(tx: Transaction) -> AdminCounts:
    with_password = tx.all(_PASSWORDS_OF_ROLE, role_id=ADMIN.id)
    return AdminCounts(password=sum(with_password), no_password=len(with_password) - sum(with_password))


def open_sessions(tx: Transaction, user_id: int, now: Millis) -> list[Session]:
    """Where a user is logged in, the newest first. Raises `NotFound`."""
    return tx.all(_OPEN, user_id=user(tx, user_id).user.id, now=now)


def count_sessions(tx: Transaction, user_id: int, now: Millis) -> int:
    return tx.first(_SESSIONS, user_id=user_id, now=now) or 0


def user_of_session(tx: Transaction, id_hash: str, now: Millis) -> int | None:
    return tx.first(_USER_OF_SESSION, id_hash=id_hash, now=now)


def users_of_sessions(tx: Transaction, id_hashes: list[str], now: Millis) -> dict[str, int]:
    """Those of the sessions that are open."""
    return dict(tx.all(_USERS_OF_SESSIONS, id_hashes=id_hashes, now=now))


def names_in_use(tx: Transaction, names: Sequence[str]) -> set[str]:
    """Those among `names` that are the username or the e-mail address of somebody."""
    wanted = {name: name for name in names} | {name.lower(): name for name in names}
    return {wanted[name] for pair in tx.all(_NAMES, names=list(wanted)) for name in pair if name in wanted}


def exists(tx: Transaction, user_id: int) -> bool:
    return tx.first(_BY_ID, id=user_id) is not None


def is_service(tx: Transaction, user_id: int) -> bool:
    """Whether it is a service account that has this id."""
    found = tx.first(_BY_ID, id=user_id)
    return found is not None and found.user.is_service


def was_user(tx: Transaction, user_id: int) -> bool:
    """Whether this id was ever given out, also to somebody who was deleted."""
    return 0 < user_id <= last_id(tx, "users")


def users_of(tx: Transaction, ids: Sequence[int]) -> list[SeenUser]:
    """Those of `ids` that exist."""
    return tx.all(_BY_IDS, ids=list(ids))


def notes_of(tx: Transaction, user_id: int) -> tuple[list[str], list[Answered]]:
    """The splash screens that a user has seen, and the questions for feedback that they were asked."""
    return tx.all(SPLASHES, user_id=user_id), tx.all(ANSWERED, user_id=user_id)


def subscriptions(tx: Transaction, user_id: int) -> list[str]:
    """Which kinds of mails somebody wants."""
    return tx.all(SUBSCRIPTIONS, user_id=user_id)
