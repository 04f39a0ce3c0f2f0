"""Loading and saving users, their passwords and their sessions, for commands. Private to this slice."""

from typing import Any

from msgspec.structs import asdict
from sqlalchemy import bindparam, delete, func, insert, or_, select, true, update

from flagkeeper.features.logins.model import Visit
from flagkeeper.features.users.model.notes import Answered
from flagkeeper.features.users.model.session import LONGEST_AGENT
from flagkeeper.features.users.model.user import PERSON, Provided, User
from flagkeeper.features.users.tables import (
    login_networks,
    passwords,
    scim_users,
    sessions,
    user_feedback,
    user_logins,
    user_splashes,
    user_subscriptions,
    users,
)
from flagkeeper.kernel.clock import Millis
from flagkeeper.storage.dialects import upsert
from flagkeeper.storage.sequences import next_id, sequences
from flagkeeper.storage.statement import Query, Write
from flagkeeper.storage.transaction import Transaction

COLUMNS = (
    users.c.id,
    users.c.username,
    users.c.email,
    users.c.name,
    users.c.root_role,
    users.c.created_at,
    users.c.account_type,
)
SCIM_ID = func.coalesce(scim_users.c.external_id, scim_users.c.user_name)


def to_user(
    id_: int,
    username: str | None,
    email: str | None,
    name: str | None,
    root_role: int,
    created_at: int,
    account_type: str = PERSON,
) -> User:
    """A row of `COLUMNS` as a user."""
    return User(
        id=id_,
        username=username,
        email=email,
        name=name,
        root_role=root_role,
        created_at=created_at,
        account_type=account_type,
    )


_BY_ID = Query(select(*COLUMNS).where(users.c.id == bindparam("id")).with_for_update(), to_user)
_WITH_ROLE = Query(
    select(users.c.id)
    .where(users.c.root_role == bindparam("role_id"), users.c.account_type == PERSON)
    .order_by(users.c.id)
    .with_for_update(),
    int,
)
_LIKE = Query(
    select(users.c.id).where(
        or_(
            users.c.username == bindparam("username"),
            users.c.email == bindparam("email"),
            users.c.email == bindparam("username_as_email"),
            func.lower(users.c.username) == bindparam("email"),
        )
    ),
    int,
)
_INSERT = Write[Any](insert(users))
_UPDATE = Write[Any](
    update(users)
    .where(users.c.id == bindparam("id"))
    .values(
        username=bindparam("username"),
        email=bindparam("email"),
        name=bindparam("name"),
        root_role=bindparam("root_role"),
    )
)
_IS_KEPT = Query(select(scim_users.c.user_id).where(scim_users.c.user_id == bindparam("user_id")), int)
_KEEP = Write[Any](
    upsert(
        scim_users,
        key=["user_id"],
        update=["user_name", "external_id", "root_role", "content", "groups", "changed_at"],
    )
)
_NO_LONGER_KEPT = Write[Any](delete(scim_users).where(scim_users.c.user_id == bindparam("owner")))
_DELETE = Write[Any](delete(users).where(users.c.id == bindparam("id")))

_LAST_PASSWORD = Query(
    select(passwords.c.number, passwords.c.hash)
    .where(passwords.c.user_id == bindparam("user_id"))
    .order_by(passwords.c.number.desc())
    .limit(1),
    lambda number, password_hash: (int(number), str(password_hash)),
)
_ADD_PASSWORD = Write[Any](insert(passwords))
_REPLACE_PASSWORD = Write[Any](
    update(passwords)
    .where(passwords.c.user_id == bindparam("owner"), passwords.c.number == bindparam("which"))
    .values(hash=bindparam("password_hash"))
)
_FORGET_PASSWORDS = Write[Any](
    delete(passwords).where(passwords.c.user_id == bindparam("owner"), passwords.c.number <= bindparam("number"))
)

_SESSIONS_OF = Query(
    select(sessions.c.id_hash)
    .where(sessions.c.user_id == bindparam("user_id"))
    .order_by(sessions.c.created_at.desc(), sessions.c.id_hash),
    str,
)
_ADD_SESSION = Write[Any](insert(sessions))
_END_SESSION = Write[Any](delete(sessions).where(sessions.c.id_hash == bindparam("session")))
_END_OTHER_SESSIONS = Write[Any](
    delete(sessions).where(sessions.c.user_id == bindparam("owner"), sessions.c.id_hash != bindparam("session"))
)
_END_EXPIRED = Write[Any](delete(sessions).where(sessions.c.expires_at <= bindparam("now")))

_SEE_NETWORK = Write[Any](upsert(login_networks, key=["user_id", "network"], update=["seen_at"]))
_NETWORKS_OF = Query(
    select(login_networks.c.network)
    .where(login_networks.c.user_id == bindparam("user_id"))
    .order_by(login_networks.c.seen_at.desc(), login_networks.c.network),
    str,
)
_FORGET_NETWORK = Write[Any](
    delete(login_networks).where(
        login_networks.c.user_id == bindparam("owner"), login_networks.c.network == bindparam("which")
    )
)
_LOGGED_IN = Write[Any](upsert(user_logins, key=["user_id"], update=["seen_at", "attempts"]))
_LOGIN_KNOWN = Write[Any](upsert(user_logins, key=["user_id"]))
_LOGIN_FAILED = Write[Any](
    update(user_logins).where(user_logins.c.user_id == bindparam("owner")).values(attempts=user_logins.c.attempts + 1)
)
_LOCK_NAMES = Query(select(sequences.c.last).where(sequences.c.name == "users").with_for_update(), int)
_SEE_SPLASH = Write[Any](upsert(user_splashes, key=["user_id", "splash_id"], update=["seen"]))
_ANSWER = Write[Any](upsert(user_feedback, key=["user_id", "feedback_id"], update=["given_at", "never_show"]))
SPLASHES = Query(
    select(user_splashes.c.splash_id)
    .where(user_splashes.c.user_id == bindparam("user_id"), user_splashes.c.seen.is_(true()))
    .order_by(user_splashes.c.splash_id),
    str,
)
SUBSCRIPTIONS = Query(
    select(user_subscriptions.c.subscription)
    .where(user_subscriptions.c.user_id == bindparam("user_id"))
    .order_by(user_subscriptions.c.subscription),
    str,
)
_SUBSCRIBE = Write[Any](upsert(user_subscriptions, key=["user_id", "subscription"]))
_UNSUBSCRIBE = Write[Any](
    delete(user_subscriptions).where(
        user_subscriptions.c.user_id == bindparam("owner"), user_subscriptions.c.subscription == bindparam("which")
    )
)
ANSWERED = Query(
    select(user_feedback.c.feedback_id, user_feedback.c.given_at, user_feedback.c.never_show)
    .where(user_feedback.c.user_id == bindparam("user_id"))
    .order_by(user_feedback.c.feedback_id),
    Answered,
)


def new_id(tx: Transaction) -> int:
    """Also takes the lock under which names of users are compared."""
    return next_id(tx, "users")


def lock_names(tx: Transaction) -> None:
    """Takes that lock by itself."""
    tx.first(_LOCK_NAMES)


def load(tx: Transaction, user_id: int) -> User | None:
    """The user, locked until the unit ends."""
    return tx.first(_BY_ID, id=user_id)


def with_root_role(tx: Transaction, role_id: int) -> list[int]:
    """The ids of all users with this root role, locked until the unit ends."""
    return tx.all(_WITH_ROLE, role_id=role_id)


def alike(tx: Transaction, user: User) -> list[int]:
    """The ids of those who have the same username or e-mail address, or whose username is the address of the other:
    people log in with either, so a name that is somebody's address would keep them out."""
    as_email = None if user.username is None else user.username.strip().lower()
    return tx.all(_LIKE, username=user.username, email=user.email, username_as_email=as_email)


def add(tx: Transaction, user: User) -> None:
    tx.write(_INSERT, **_row(user), created_at=user.created_at, account_type=user.account_type)


def save(tx: Transaction, user: User) -> None:
    tx.write(_UPDATE, **_row(user))


def is_kept_by_provider(tx: Transaction, user_id: int) -> bool:
    """Whether an identity provider keeps this user, by SCIM."""
    return tx.first(_IS_KEPT, user_id=user_id) is not None


def keep_for_provider(tx: Transaction, provided: Provided) -> None:
    tx.write(_KEEP, **asdict(provided))


def no_longer_kept(tx: Transaction, user_id: int) -> None:
    tx.write(_NO_LONGER_KEPT, owner=user_id)


def remove(tx: Transaction, user_id: int) -> None:
    """With the user go passwords and sessions, and what an identity provider said of them."""
    no_longer_kept(tx, user_id)
    tx.write(_DELETE, id=user_id)


def password_hash(tx: Transaction, user_id: int) -> str | None:
    """The hash of the present password."""
    found = tx.first(_LAST_PASSWORD, user_id=user_id)
    return found[1] if found else None


def add_password(tx: Transaction, user_id: int, new_hash: str, kept: int, now: Millis) -> None:
    """Makes it the present password, and forgets all but the last `kept`."""
    found = tx.first(_LAST_PASSWORD, user_id=user_id)
    number = found[0] + 1 if found else 1
    tx.write(_ADD_PASSWORD, user_id=user_id, number=number, hash=new_hash, created_at=now)
    tx.write(_FORGET_PASSWORDS, owner=user_id, number=number - kept)


def rehash_password(tx: Transaction, user_id: int, new_hash: str) -> None:
    """The same password under another hash."""
    found = tx.first(_LAST_PASSWORD, user_id=user_id)
    if found:
        tx.write(_REPLACE_PASSWORD, owner=user_id, which=found[0], password_hash=new_hash)


def add_session(
    tx: Transaction, user_id: int, id_hash: str, visit: Visit, now: Millis, expires_at: Millis, most: int
) -> int:
    """Opens a session and ends the oldest ones beyond `most`; returns how many those were."""
    tx.write(_END_EXPIRED, now=now)
    dropped = tx.all(_SESSIONS_OF, user_id=user_id)[most - 1 :]
    for session in dropped:
        tx.write(_END_SESSION, session=session)
    tx.write(
        _ADD_SESSION,
        id_hash=id_hash,
        user_id=user_id,
        created_at=now,
        expires_at=expires_at,
        ip=visit.ip,
        user_agent=visit.user_agent[:LONGEST_AGENT],
        auth_type=visit.auth_type,
    )
    return len(dropped)


def open_sessions(tx: Transaction, user_id: int) -> list[str]:
    """Their ids, also of those that have expired since the last login."""
    return tx.all(_SESSIONS_OF, user_id=user_id)


def end_session(tx: Transaction, id_hash: str) -> None:
    tx.write(_END_SESSION, session=id_hash)


def end_sessions(tx: Transaction, user_id: int, *, but: str = "") -> None:
    """Ends all sessions of a user, or all but one."""
    tx.write(_END_OTHER_SESSIONS, owner=user_id, session=but)


def logged_in(tx: Transaction, user_id: int, now: Millis) -> None:
    tx.write(_LOGGED_IN, user_id=user_id, seen_at=now, attempts=0)


def see_network(tx: Transaction, user_id: int, network: str, now: Millis, most: int) -> None:
    """Keeps where somebody logged in, and forgets the oldest ones beyond `most`."""
    tx.write(_SEE_NETWORK, user_id=user_id, network=network, seen_at=now)
    for each in tx.all(_NETWORKS_OF, user_id=user_id)[most:]:
        tx.write(_FORGET_NETWORK, owner=user_id, which=each)


def splashes(tx: Transaction, user_id: int) -> list[str]:
    """The ids of those that a user has seen."""
    return tx.all(SPLASHES, user_id=user_id)


def see_splash(tx: Transaction, user_id: int, splash_id: str) -> None:
    tx.write(_SEE_SPLASH, user_id=user_id, splash_id=splash_id, seen=True)


def subscribe(tx: Transaction, user_id: int, subscription: str) -> bool:
    """False: nothing changed."""
    return tx.write(_SUBSCRIBE, user_id=user_id, subscription=subscription) > 0


def unsubscribe(tx: Transaction, user_id: int, subscription: str) -> bool:
    """False: nothing changed."""
    return tx.write(_UNSUBSCRIBE, owner=user_id, which=subscription) > 0


def answered(tx: Transaction, user_id: int) -> list[Answered]:
    """What a user has been asked."""
    return tx.all(ANSWERED, user_id=user_id)


def save_answered(tx: Transaction, user_id: int, kept: Answered) -> None:
    tx.write(_ANSWER, user_id=user_id, feedback_id=kept.feedback_id, given_at=kept.given_at, never_show=kept.never_show)


def login_failed(tx: Transaction, user_id: int) -> None:
    tx.write(_LOGIN_KNOWN, user_id=user_id, seen_at=None, attempts=0)
    tx.write(_LOGIN_FAILED, owner=user_id)


def _row(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "username": user.username,
        "email": user.email,
        "name": user.name,
        "root_role": user.root_role,
    }
