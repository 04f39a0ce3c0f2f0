"""Changing users, passwords and sessions, on both databases."""

from concurrent.futures import ThreadPoolExecutor, wait

import pytest

from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.access import commands as access
from flagkeeper.features.groups.commands import leave_all
from flagkeeper.features.logins.model import Visit
from flagkeeper.features.searches.commands import leave_shared_of
from flagkeeper.features.tokens.commands import delete_pats_of
from flagkeeper.features.users import commands, queries
from flagkeeper.features.users.commands import Proven
from flagkeeper.features.users.model.password import KEPT
from flagkeeper.features.users.model.session import LIFETIME, MOST_NETWORKS, MOST_SESSIONS, NETWORK_KNOWN
from flagkeeper.features.users.model.user import User, UserChange, draft
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import SYSTEM, Actor
from flagkeeper.kernel.errors import BadData, FlagkeeperError, InvalidOperation, NotFound, PasswordMismatch
from tests.log import Log

HOME = "192.0.2.1"


@pytest.fixture
def seeded(log: Log) -> Log:
    log.run(access.seed)
    return log


def make(log: Log, username: str, root_role: int = 3, password_hash: str | None = None) -> User:
    user: User = log.run(commands.create, draft(username=username, root_role=root_role), password_hash)
    return user


def delete(log: Log, user_id: int) -> None:
    log.units.run_now(SYSTEM, commands.delete, user_id, delete_pats_of, leave_shared_of, leave_all)


def events(log: Log) -> list[str]:
    return [event.type for event in reversed(log.events(limit=100))][6:]


def test_ids_are_never_given_again(seeded: Log) -> None:
    make(seeded, "ada")
    delete(seeded, make(seeded, "eve").id)
    assert make(seeded, "eve").id == 3
    assert events(seeded) == ["user-created", "user-created", "user-deleted", "user-created"]


def test_names_are_taken_once(seeded: Log) -> None:
    seeded.run(commands.create, draft(username="ada", email="ada@example.com", root_role=3))
    for wanted in (draft(username="ada", root_role=3), draft(email="ADA@example.com", root_role=3)):
        with pytest.raises(BadData):
            seeded.run(commands.create, wanted)
    make(seeded, "eve")
    with pytest.raises(BadData):
        seeded.run(commands.update, 2, UserChange(email="ada@example.com"))
    seeded.run(commands.update, 1, UserChange(email="ada@example.com"))
    assert events(seeded) == ["user-created"] * 2


def test_nobody_takes_the_address_of_another_as_a_name(seeded: Log) -> None:
    """People log in with either, and a username is looked for first: whoever took it would keep the other out."""
    seeded.run(commands.create, draft(email="ada@example.com", root_role=3))
    seeded.run(commands.create, draft(username="Eve@Example.com", root_role=3))
    own = seeded.run(commands.create, draft(username="bob@example.com", email="bob@example.com", root_role=3))
    for wanted in (
        draft(username="ada@example.com", root_role=3),
        draft(username="ADA@example.com", root_role=3),
        draft(email="eve@example.com", root_role=3),
    ):
        with pytest.raises(BadData):
            seeded.run(commands.create, wanted)
    for taken in ("eve@example.com", "ada@example.com"):
        with pytest.raises(BadData):
            seeded.run(commands.update, own.id, UserChange(email=taken))
    seeded.run(commands.update, own.id, UserChange(email="robert@example.com"))
    seeded.run(commands.update, own.id, UserChange(email="bob@example.com"))
    assert events(seeded) == ["user-created"] * 3 + ["user-updated"] * 2


def test_two_servers_give_a_name_once(database_url: str) -> None:
    logs = [Log(database_url) for _ in range(2)]
    try:
        logs[0].run(access.seed)
        tries = [log.submit(commands.create, draft(username="ada", root_role=3)) for log in logs for _ in range(3)]
        wait(tries, 30)
        assert sorted(type(each.exception()) is BadData for each in tries) == [False] + [True] * 5
    finally:
        for log in logs:
            log.close()


def test_an_administrator_is_always_left(database_url: str) -> None:
    logs = [Log(database_url) for _ in range(2)]
    try:
        logs[0].run(access.seed)
        for turn in range(5):
            admins = [make(logs[0], f"admin {turn} {number}", 1) for number in range(2)]
            first = [user.user.id for user in logs[0].read(queries.all_users) if user.user.root_role == 1]
            for extra in first[: len(first) - 2]:
                delete(logs[0], extra)

            def remove(pair: tuple[Log, User]) -> FlagkeeperError | None:
                log, user = pair
                try:
                    delete(log, user.id)
                except FlagkeeperError as error:
                    return error
                return None

            with ThreadPoolExecutor(2) as pool:
                outcomes = list(pool.map(remove, zip(logs, admins, strict=True)))
            assert sorted(isinstance(each, InvalidOperation) for each in outcomes) == [False, True]
    finally:
        for log in logs:
            log.close()


def test_nobody_deletes_himself(seeded: Log) -> None:
    make(seeded, "boss", 1)
    me = make(seeded, "me", 1)
    with pytest.raises(InvalidOperation):
        seeded.units.run_now(Actor("me", me.id), commands.delete, me.id, delete_pats_of, leave_shared_of, leave_all)
    with pytest.raises(NotFound):
        delete(seeded, 99)


def test_a_user_who_stays_the_same_is_not_recorded(seeded: Log) -> None:
    ada = make(seeded, "ada")
    assert seeded.run(commands.update, ada.id, UserChange(root_role=3, name=" ")) == ada
    assert events(seeded) == ["user-created"]


def test_the_last_passwords_are_remembered(seeded: Log) -> None:
    ada = make(seeded, "ada", password_hash="hash 0")
    for number in range(1, KEPT + 2):
        seeded.run(commands.set_password, ada.id, f"hash {number}")
    assert seeded.read(queries.password_hashes, ada.id) == [f"hash {number}" for number in range(KEPT + 1, 1, -1)]
    with pytest.raises(NotFound):
        seeded.run(commands.set_password, 99, "hash")


def test_sessions_come_and_go(seeded: Log) -> None:
    ada, eve = make(seeded, "ada", password_hash="right"), make(seeded, "eve", password_hash="right")
    now = seeded.run(lambda unit: unit.now)
    for number in range(MOST_SESSIONS):
        assert seeded.run(commands.log_in, Proven(ada.id, "right", None, None), f"ada {number}", Visit(HOME)) == 0
    seeded.run(commands.log_in, Proven(eve.id, "right", None, None), "eve", Visit(HOME))
    assert seeded.run(commands.log_in, Proven(ada.id, "right", None, None), "one more", Visit(HOME)) == 1
    assert seeded.read(queries.count_sessions, ada.id, now) == MOST_SESSIONS
    assert seeded.read(queries.user_of_session, "one more", now) == ada.id
    assert seeded.read(queries.user_of_session, "one more", now + 2 * LIFETIME) is None
    assert seeded.read(queries.user_of_session, "nobody", now) is None

    seeded.run(lambda unit: commands.set_password(unit, ada.id, "new", keep_session="one more"))
    assert seeded.read(queries.count_sessions, ada.id, now) == 1
    seeded.run(commands.log_out, ada.id)
    assert seeded.read(queries.count_sessions, ada.id, now) == 0
    delete(seeded, eve.id)
    assert seeded.read(queries.user_of_session, "eve", now) is None
    assert events(seeded) == ["user-created", "user-created", "flagkeeper-user-password-changed", "user-deleted"]


def test_sessions_that_are_over_are_forgotten(seeded: Log) -> None:
    ada, eve = make(seeded, "ada", password_hash="right"), make(seeded, "eve", password_hash="right")
    seeded.run(commands.log_in, Proven(ada.id, "right", None, None), "old", Visit(HOME))

    def log_in_later(unit: Unit) -> int:
        unit.now += 2 * LIFETIME
        return commands.log_in(unit, Proven(eve.id, "right", None, None), "new", Visit(HOME))

    seeded.run(log_in_later)
    assert seeded.read(queries.count_sessions, ada.id, 0) == 0
    assert seeded.read(queries.count_sessions, eve.id, 0) == 1


@pytest.mark.parametrize(("user_id", "verified"), [(1, "old"), (99, "right")])
def test_a_login_that_was_overtaken(seeded: Log, user_id: int, verified: str) -> None:
    make(seeded, "ada", password_hash="right")
    with pytest.raises(PasswordMismatch):
        seeded.run(commands.log_in, Proven(user_id, verified, None, None), "session", Visit(HOME))
    assert seeded.read(queries.user_of_session, "session", 0) is None


def test_a_new_hash_takes_the_place_of_the_old_one(seeded: Log) -> None:
    ada = make(seeded, "ada", password_hash="right")
    seeded.run(commands.log_in, Proven(ada.id, "right", "renewed", None), "session", Visit(HOME))
    assert seeded.read(queries.password_hashes, ada.id) == ["renewed"]


def test_where_somebody_has_logged_in_is_known_for_a_while(seeded: Log) -> None:
    ada, eve = make(seeded, "ada", password_hash="right"), make(seeded, "eve", password_hash="right")
    now = seeded.run(lambda unit: unit.now)

    def known(name: str, network: str, session: str = "", later: int = 0) -> bool:
        found = seeded.read(queries.login_of, name, network, session, now + later)
        return bool(found.has_session if session else found.at_home)

    assert not known("ada", HOME)
    seeded.run(commands.log_in, Proven(ada.id, "right", None, None), "ada's", Visit(HOME))
    seeded.run(commands.log_in, Proven(eve.id, "right", None, None), "eve's", Visit("192.0.2.2"))
    assert known("ada", HOME)
    assert known("ada", HOME, later=NETWORK_KNOWN - clock.MINUTE)
    assert not known("ada", HOME, later=NETWORK_KNOWN + clock.MINUTE)
    assert not known("ada", "192.0.2.2")
    assert known("ada", "elsewhere", "ada's")
    assert not known("ada", "elsewhere", "ada's", later=LIFETIME + clock.MINUTE)
    assert not known("ada", "elsewhere", "eve's")
    with pytest.raises(PasswordMismatch):
        seeded.run(commands.log_in, Proven(ada.id, "wrong", None, None), "x", Visit("192.0.2.3"))
    assert not known("ada", "192.0.2.3")
    for number in range(MOST_NETWORKS):

        def log_in_later(unit: Unit, number: int = number) -> int:
            unit.now += number + 1
            return commands.log_in(
                unit, Proven(ada.id, "right", None, None), f"ada {number}", Visit(f"198.51.100.{number}")
            )

        seeded.run(log_in_later)
    assert not known("ada", HOME), "the oldest made room"
    assert known("ada", "198.51.100.0")
    delete(seeded, ada.id)
    assert seeded.read(queries.login_of, "ada", HOME, "", now) is None


def test_people_are_found_by_username_and_by_address(seeded: Log) -> None:
    seeded.run(commands.create, draft(username="eve", email="ada@example.com", root_role=3), "eve's")
    for name in ("eve", "ada@example.com", " ADA@Example.com"):
        assert seeded.read(queries.id_of, name) == 1, name
    assert seeded.read(queries.id_of, "nobody") is None
