"""Changing users, passwords and sessions: load, decide, write, record. Passwords come as hashes: hashing is slow."""

from flagkeeper.eventlog.catalogue.access import UserCreated, UserDeleted, UserUpdated
from flagkeeper.eventlog.catalogue.own import FlagkeeperUserPasswordChanged, PasswordChangedData
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.access import commands as access
from flagkeeper.features.access.model import ADMIN
from flagkeeper.features.users import store
from flagkeeper.features.users.model.password import KEPT
from flagkeeper.features.users.model.session import LIFETIME, MOST_SESSIONS
from flagkeeper.features.users.model.user import User, UserChange, UserDraft, UserState, changed
from flagkeeper.features.users.ports import SearchesOfUser, TokensOfUser
from flagkeeper.kernel.errors import BadData, Detail, InvalidOperation, NotFound, PasswordMismatch

WRONG_LOGIN = "The username or the password is wrong."


def create(unit: Unit, draft: UserDraft, password_hash: str | None = None) -> User:
    """Without a password the user cannot log in until one is set.

    Raises:
        BadData: the username or the e-mail address is taken.
    """
    user_id = store.new_id(unit.tx)
    user = User(
        id=user_id,
        username=draft.username,
        email=draft.email,
        name=draft.name,
        root_role=draft.root_role,
        created_at=unit.now,
    )
    _demand_alone(unit, user)
    store.add(unit.tx, user)
    if password_hash is not None:
        store.add_password(unit.tx, user_id, password_hash, KEPT, unit.now)
    unit.record(UserCreated(data=user.payload()), user.state())
    return user


def update(unit: Unit, user_id: int, change: UserChange) -> User:
    """Raises `NotFound`, `BadData`, or `InvalidOperation` when nobody would be an administrator any more."""
    admins = store.with_root_role(unit.tx, ADMIN.id)
    old = _load(unit, user_id)
    new = changed(old, change)
    if new == old:
        return old
    if new.root_role != ADMIN.id:
        _demand_other_admin(admins, user_id)
    if new.email != old.email:
        store.lock_names(unit.tx)
        _demand_alone(unit, new)
    store.save(unit.tx, new)
    unit.record(UserUpdated(data=new.payload(), pre_data=old.payload()), new.state())
    return new


def delete(unit: Unit, user_id: int, tokens_of_user: TokensOfUser, searches_of_user: SearchesOfUser) -> None:
    """Ends the user's sessions and tokens too, and private searches go along.

    Raises:
        NotFound: there is no such user.
        InvalidOperation: it is the actor, or the last administrator.
    """
    admins = store.with_root_role(unit.tx, ADMIN.id)
    user = _load(unit, user_id)
    if unit.actor.user_id == user_id:
        raise InvalidOperation("You cannot delete yourself. Ask another administrator.")
    _demand_other_admin(admins, user_id)
    tokens_of_user(unit, user_id)
    searches_of_user(unit, user_id)
    access.revoke_user(unit, user_id)
    store.remove(unit.tx, user_id)
    unit.record(UserDeleted(pre_data=user.payload()), UserState(user=None))


def set_password(unit: Unit, user_id: int, password_hash: str, *, keep_session: str = "") -> None:
    """Sets a password and ends all sessions, save the one with the hash `keep_session`.

    Raises:
        NotFound: there is no such user.
    """
    user = _load(unit, user_id)
    store.add_password(unit.tx, user_id, password_hash, KEPT, unit.now)
    store.end_sessions(unit.tx, user_id, but=keep_session)
    unit.record(
        FlagkeeperUserPasswordChanged(
            data=PasswordChangedData(id=user.id, name=user.email or user.username or str(user.id))
        )
    )


def log_in(unit: Unit, user_id: int, verified_hash: str, session_hash: str, rehashed: str | None) -> int:
    """Opens a session for somebody whose password matched `verified_hash`; returns how many older ones it ended.

    Raises:
        PasswordMismatch: the user was deleted or the password changed meanwhile.
    """
    if store.load(unit.tx, user_id) is None or store.password_hash(unit.tx, user_id) != verified_hash:
        raise PasswordMismatch(WRONG_LOGIN)
    if rehashed is not None:
        store.rehash_password(unit.tx, user_id, rehashed)
    store.logged_in(unit.tx, user_id, unit.now)
    return store.add_session(unit.tx, user_id, session_hash, unit.now, unit.now + LIFETIME, MOST_SESSIONS)


def login_failed(unit: Unit, user_id: int) -> None:
    """Counts a wrong password. For an id that nobody has it does nothing."""
    if store.load(unit.tx, user_id) is not None:
        store.login_failed(unit.tx, user_id)


def log_out(unit: Unit, user_id: int) -> None:
    """Ends all sessions of a user."""
    store.end_sessions(unit.tx, user_id)


def _load(unit: Unit, user_id: int) -> User:
    user = store.load(unit.tx, user_id)
    if user is None:
        raise NotFound(f"There is no user with the id {user_id}.")
    return user


def _demand_alone(unit: Unit, user: User) -> None:
    if any(other != user.id for other in store.alike(unit.tx, user)):
        message = "A user with this username or e-mail address exists already."
        raise BadData(message, Detail(message, "/body/email" if user.email else "/body/username"))


def _demand_other_admin(admins: list[int], user_id: int) -> None:
    if admins == [user_id]:
        raise InvalidOperation("This is the last administrator. Make somebody else one first.")
