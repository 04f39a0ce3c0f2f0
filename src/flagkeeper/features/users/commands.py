"""Changing users, passwords and sessions: load, decide, write, record. Passwords come as hashes: hashing is slow."""

from collections.abc import Sequence

import msgspec

from flagkeeper.eventlog.catalogue.access import (
    PreferenceData,
    ServiceAccountCreated,
    ServiceAccountDeleted,
    ServiceAccountUpdated,
    UserCreated,
    UserDeleted,
    UserPreferenceUpdated,
    UserUpdated,
)
from flagkeeper.eventlog.catalogue.own import (
    EndedSessionsData,
    FlagkeeperUserPasswordChanged,
    FlagkeeperUserSessionsEnded,
    PasswordChangedData,
)
from flagkeeper.eventlog.unit import Unit
from flagkeeper.eventlog.version import Gone
from flagkeeper.features.access import commands as access
from flagkeeper.features.access.model import ADMIN
from flagkeeper.features.access.queries import demand_root_role
from flagkeeper.features.access_requests import commands as access_requests
from flagkeeper.features.attempts import commands as attempts
from flagkeeper.features.attempts.model import network_of
from flagkeeper.features.instance import commands as instance
from flagkeeper.features.logins import commands as logins
from flagkeeper.features.logins.model import Refusal, Visit
from flagkeeper.features.users import queries, store
from flagkeeper.features.users.model.notes import Answered, check_id, demand_room, demand_subscription
from flagkeeper.features.users.model.password import KEPT
from flagkeeper.features.users.model.session import MOST_NETWORKS, USUAL, SessionRules
from flagkeeper.features.users.model.user import (
    SERVICE,
    Inactivity,
    Provided,
    User,
    UserChange,
    UserDraft,
    UserState,
    changed,
    draft,
)
from flagkeeper.features.users.ports import GroupsOfUser, PatsSeen, SearchesOfUser, TokensOfUser
from flagkeeper.kernel.clock import Millis
from flagkeeper.kernel.errors import BadData, Conflict, Detail, InvalidOperation, NotFound, PasswordMismatch


class Proven(msgspec.Struct, frozen=True):
    """That somebody knows a password."""

    user_id: int
    hash: str
    """That it matched."""
    rehashed: str | None
    """A new one, where that is outdated."""
    account: str | None
    """For whom the attempt was counted as wrong, if it was."""


WRONG_LOGIN = "The username or the password is wrong."


def create(unit: Unit, wanted: UserDraft, password_hash: str | None = None) -> User:
    """Without a password the user cannot log in until one is set.

    Raises:
        BadData: the username or the e-mail address is taken.
    """
    user_id = store.new_id(unit.tx)
    user = User(
        id=user_id,
        username=wanted.username,
        email=wanted.email,
        name=wanted.name,
        root_role=wanted.root_role,
        created_at=unit.now,
        account_type=wanted.account_type,
    )
    _add(unit, user)
    if password_hash is not None:
        store.add_password(unit.tx, user_id, password_hash, KEPT, unit.now)
    return user


def restore(unit: Unit, state: UserState) -> None:
    """Brings a user who was deleted back, as they were and under their id. Passwords, sessions, tokens and roles in
    projects stay gone.

    Raises:
        BadData: it breaks a rule, a name is taken, or no user ever had this id.
        Conflict: the user is there.
    """
    user = state.restored(unit.now)
    store.lock_names(unit.tx)
    if not queries.was_user(unit.tx, user.id):
        raise BadData(f"No user ever had the id {user.id}.")
    if store.load(unit.tx, user.id) is not None:
        raise Conflict(f"There is a user with the id {user.id}.")
    _add(unit, user)


def demand_account(unit: Unit, user_id: int, account_type: str) -> None:
    """Raises `NotFound` when nobody has this id, or it is an account of the other type."""
    if _load(unit, user_id).account_type != account_type:
        raise _unknown(user_id)


def update(unit: Unit, user_id: int, change: UserChange, *, by_provider: bool = False) -> User:
    """Changes a user. `by_provider`: the identity provider asks that keeps them.

    Raises:
        NotFound, BadData: as they say.
        InvalidOperation: nobody would be an administrator any more; or the name or the address would change of
            somebody whom an identity provider keeps.
    """
    admins = store.with_root_role(unit.tx, ADMIN.id)
    old = _load(unit, user_id)
    new = changed(old, change)
    if new == old:
        return old
    if new.root_role != old.root_role:
        demand_root_role(unit.tx, new.root_role)
    if (new.name, new.email) != (old.name, old.email) and not by_provider:
        _demand_kept_here(unit, user_id)
    if new.root_role != ADMIN.id and not old.is_service:
        _demand_other_admin(admins, user_id)
    if new.email != old.email:
        store.lock_names(unit.tx)
        _demand_alone(unit, new)
    store.save(unit.tx, new)
    if new.is_service:
        event = ServiceAccountUpdated(data=new.service_payload(), pre_data=old.service_payload())
        unit.record(event, also={f"user/{user_id}": new.state()})
    else:
        unit.record(UserUpdated(data=new.payload(), pre_data=old.payload()), new.state())
    if new.email != old.email:
        _grant_request(unit, new)
    return new


def delete(
    unit: Unit,
    user_id: int,
    tokens_of_user: TokensOfUser,
    searches_of_user: SearchesOfUser,
    groups_of_user: GroupsOfUser,
) -> None:
    """Ends the user's sessions and tokens too, and private searches go along. Projects that they alone own go to an
    administrator (docs/adr/0547-projects-of-those-who-leave.md).

    Raises:
        NotFound: there is no such user.
        InvalidOperation: it is the actor, or the last administrator.
    """
    admins = store.with_root_role(unit.tx, ADMIN.id)
    user = _load(unit, user_id)
    if unit.actor.user_id == user_id:
        raise InvalidOperation("You cannot delete yourself. Ask another administrator.")
    if not user.is_service:
        _demand_other_admin(admins, user_id)
    tokens_of_user(unit, user_id)
    searches_of_user(unit, user_id)
    groups_of_user(unit, user_id)
    access.revoke_user(unit, user_id, _heir(unit, admins, user_id))
    store.remove(unit.tx, user_id)
    if user.is_service:
        unit.record(ServiceAccountDeleted(pre_data=user.service_payload()), also={f"user/{user_id}": Gone(UserState)})
    else:
        unit.record(UserDeleted(pre_data=user.payload()), Gone(UserState))


def delete_service(
    unit: Unit,
    account_id: int,
    tokens_of_user: TokensOfUser,
    searches_of_user: SearchesOfUser,
    groups_of_user: GroupsOfUser,
) -> None:
    """The same for what must be a service account. Raises `NotFound` or `InvalidOperation`."""
    demand_account(unit, account_id, SERVICE)
    delete(unit, account_id, tokens_of_user, searches_of_user, groups_of_user)


def delete_inactive(
    unit: Unit,
    ids: Sequence[int],
    inactivity: Inactivity,
    pats_seen: PatsSeen,
    tokens_of_user: TokensOfUser,
    searches_of_user: SearchesOfUser,
    groups_of_user: GroupsOfUser,
) -> None:
    """Deletes users who have not been seen for long: all of them, or nobody.

    Raises:
        Conflict: one of them has been seen since, or is gone.
        InvalidOperation: one is the actor, or the last administrator.
    """
    known = {each.user.id for each in queries.inactive(unit.tx, inactivity, pats_seen, unit.now)}
    if others := sorted(set(ids) - known):
        named = ", ".join(str(each) for each in others)
        raise Conflict(f"These users are not inactive, or are gone: {named}. Look at the list again.")
    for user_id in dict.fromkeys(ids):
        delete(unit, user_id, tokens_of_user, searches_of_user, groups_of_user)


def keep_for_provider(unit: Unit, provided: Provided) -> None:
    """Keeps what an identity provider says of somebody."""
    store.keep_for_provider(unit.tx, provided)


def no_longer_kept(unit: Unit, user_id: int) -> None:
    """Forgets it."""
    store.no_longer_kept(unit.tx, user_id)


def set_password(unit: Unit, user_id: int, password_hash: str, *, keep_session: str = "") -> None:
    """Sets a password and ends all sessions, save the one with the hash `keep_session`.

    Raises:
        NotFound: there is no such user.
        InvalidOperation: it is a service account.
    """
    user = _load(unit, user_id)
    if user.is_service:
        raise InvalidOperation("A service account has no password. Make a token for it.")
    store.add_password(unit.tx, user_id, password_hash, KEPT, unit.now)
    store.end_sessions(unit.tx, user_id, but=keep_session)
    unit.record(FlagkeeperUserPasswordChanged(data=PasswordChangedData(id=user.id, name=user.log_name())))


def rescue(unit: Unit, name: str, password_hash: str) -> User:
    """The way back in for whoever runs the server: somebody of this username is an administrator with this password,
    and passwords open the door.

    Raises:
        BadData: nobody has the name, and it can be no username.
    """
    user_id = queries.id_of(unit.tx, name)
    if user_id is None:
        user = create(unit, draft(username=name, root_role=ADMIN.id))
    else:
        user = update(unit, user_id, UserChange(root_role=ADMIN.id))
    set_password(unit, user.id, password_hash)
    instance.toggle_passwords(unit, disabled=False)
    return user


def log_in(unit: Unit, proven: Proven, session_hash: str, visit: Visit, rules: SessionRules = USUAL) -> int:
    """Opens a session for somebody who knew the password; returns how many older ones it ended.

    Raises:
        PasswordMismatch: the user was deleted or the password changed meanwhile.
    """
    user_id = proven.user_id
    if store.load(unit.tx, user_id) is None or store.password_hash(unit.tx, user_id) != proven.hash:
        raise PasswordMismatch(WRONG_LOGIN)
    if proven.account is not None:
        attempts.was_right(unit, proven.account)
    if proven.rehashed is not None:
        store.rehash_password(unit.tx, user_id, proven.rehashed)
    return open_session(unit, user_id, session_hash, visit, rules)


def open_session(unit: Unit, user_id: int, session_hash: str, visit: Visit, rules: SessionRules = USUAL) -> int:
    """Opens a session for somebody who has shown who they are; returns how many older ones it ended. Raises
    `NotFound`."""
    user = _load(unit, user_id)
    logins.note(unit, user.log_name(), visit)
    store.logged_in(unit.tx, user_id, unit.now)
    store.see_network(unit.tx, user_id, network_of(visit.ip), unit.now, MOST_NETWORKS)
    return store.add_session(unit.tx, user_id, session_hash, visit, unit.now, unit.now + rules.lifetime, rules.most)


def login_failed(unit: Unit, user_id: int, visit: Visit) -> None:
    """Keeps that a password was wrong. For an id that nobody has, only that somebody tried."""
    user = store.load(unit.tx, user_id)
    if user is None:
        logins.note(unit, None, visit, Refusal.NOBODY)
    else:
        store.login_failed(unit.tx, user_id)
        logins.note(unit, user.log_name(), visit, Refusal.WRONG_PASSWORD)


def login_refused(unit: Unit, name: str, visit: Visit, reason: str) -> None:
    """Keeps that somebody who gave this name was not let in, whatever they know."""
    user_id = queries.id_of(unit.tx, name)
    logins.note(unit, None if user_id is None else queries.name_of(unit.tx, user_id), visit, reason)


def login_unproven(unit: Unit, visit: Visit, reason: str) -> None:
    """Keeps that somebody came from a provider without showing who they are."""
    logins.note(unit, None, visit, reason)


def end_session(unit: Unit, user_id: int, session_id: str) -> None:
    """Ends one session of a user.

    Raises:
        NotFound: the user has no such session.
    """
    user = _load(unit, user_id)
    if session_id not in store.open_sessions(unit.tx, user_id):
        raise NotFound("This user has no such session. It may have ended already.")
    store.end_session(unit.tx, session_id)
    _record_ended(unit, user, 1)


def end_sessions(unit: Unit, user_id: int, *, but: str = "") -> None:
    """Ends all sessions of a user, or all but one. Raises `NotFound`."""
    user = _load(unit, user_id)
    number = len([each for each in store.open_sessions(unit.tx, user_id) if each != but])
    store.end_sessions(unit.tx, user_id, but=but)
    if number:
        _record_ended(unit, user, number)


def see_splash(unit: Unit, user_id: int, splash_id: str) -> None:
    """Raises `BadData`."""
    check_id(splash_id, "/path/id")
    known = store.splashes(unit.tx, user_id)
    if splash_id not in known:
        demand_room(len(known))
        store.see_splash(unit.tx, user_id, splash_id)


def set_subscription(unit: Unit, user_id: int, subscription: str, *, wanted: bool) -> None:
    """Whether somebody wants a kind of mail. Raises `NotFound`."""
    demand_subscription(subscription)
    change, action = (store.subscribe, "subscribed") if wanted else (store.unsubscribe, "unsubscribed")
    if change(unit.tx, user_id, subscription):
        data = PreferenceData(user_id=user_id, subscription=subscription, action=action)
        unit.record(UserPreferenceUpdated(data=data))


def answer(
    unit: Unit, user_id: int, feedback_id: str, *, never_show: bool | None, given_at: Millis | None = None
) -> Answered:
    """Keeps what somebody was asked, and what they said to that; None: as before. Raises `BadData`."""
    check_id(feedback_id, "/body/feedbackId")
    known = {each.feedback_id: each for each in store.answered(unit.tx, user_id)}
    old = known.get(feedback_id)
    if old is None:
        demand_room(len(known))
        old = Answered(feedback_id, None, never_show=False)
    kept = Answered(
        feedback_id,
        old.given_at if given_at is None else given_at,
        never_show=old.never_show if never_show is None else never_show,
    )
    store.save_answered(unit.tx, user_id, kept)
    return kept


def log_out(unit: Unit, user_id: int) -> None:
    """Ends all sessions of a user."""
    store.end_sessions(unit.tx, user_id)


def _record_ended(unit: Unit, user: User, sessions: int) -> None:
    """What people do with their own sessions is use, and no change."""
    if unit.actor.user_id != user.id:
        data = EndedSessionsData(id=user.id, name=user.log_name(), ended=sessions)
        unit.record(FlagkeeperUserSessionsEnded(data=data))


def _add(unit: Unit, user: User) -> None:
    demand_root_role(unit.tx, user.root_role)
    _demand_alone(unit, user)
    store.add(unit.tx, user)
    if user.is_service:
        unit.record(ServiceAccountCreated(data=user.service_payload()), also={f"user/{user.id}": user.state()})
    else:
        unit.record(UserCreated(data=user.payload()), user.state())
    _grant_request(unit, user)


def _grant_request(unit: Unit, user: User) -> None:
    """Nobody waits for access who has it, whoever gave it and how."""
    if user.email is not None:
        access_requests.grant(unit, user.email)


def _load(unit: Unit, user_id: int) -> User:
    user = store.load(unit.tx, user_id)
    if user is None:
        raise _unknown(user_id)
    return user


def _unknown(user_id: int) -> NotFound:
    return NotFound(f"There is no user with the id {user_id}.")


def _demand_alone(unit: Unit, user: User) -> None:
    if any(other != user.id for other in store.alike(unit.tx, user)):
        message = "A user with this username or e-mail address exists already."
        raise BadData(message, Detail(message, "/body/email" if user.email else "/body/username"))


def _demand_kept_here(unit: Unit, user_id: int) -> None:
    if store.is_kept_by_provider(unit.tx, user_id):
        raise InvalidOperation("The identity provider keeps the name and the address of this user. Change them there.")


def _heir(unit: Unit, admins: list[int], user_id: int) -> int | None:
    """Who gets the projects of somebody who is deleted: the administrator who does it, else the first one."""
    others = sorted(set(admins) - {user_id})
    return unit.actor.user_id if unit.actor.user_id in others else next(iter(others), None)


def _demand_other_admin(admins: list[int], user_id: int) -> None:
    if admins == [user_id]:
        raise InvalidOperation("This is the last administrator. Make somebody else one first.")
