"""Requests for access: the laws of keepers, two servers that decide at once, and people who are forgotten."""

from functools import partial
from threading import Barrier, Thread
from typing import Any

import msgspec
import pytest

from flagkeeper.eventlog.archive.pseudonymiser import PseudonymContext, put_in_place
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.access import commands as access
from flagkeeper.features.access_requests import commands, queries
from flagkeeper.features.access_requests.model import Asker
from flagkeeper.features.logins.model import AuthType
from flagkeeper.features.retention import commands as retention
from flagkeeper.features.retention.model import Person
from flagkeeper.features.sso import commands as sso
from flagkeeper.features.sso.model.proof import Asked, Proof
from flagkeeper.features.users import commands as users
from flagkeeper.features.users import queries as seen_users
from flagkeeper.features.users.model.user import UserChange, draft
from flagkeeper.keepers import KEEPERS
from flagkeeper.kernel.errors import BadData, FlagkeeperError, NotFound
from flagkeeper.slices import SLICES
from tests.keeping import StandingIn, check_steps
from tests.log import ALICE, Log
from tests.story import Change, attempt, tell

KINDS = {"user-access-request"}
SEEN = KINDS | {"role", "user"}
PORTS = StandingIn({})
VIEWER = 3
ELSEWHERE = [names for each in SLICES for names in each.names_outside_log]


def proof(name: str, called: str | None = None) -> Proof:
    email, subject = f"{name}@example.com", f"subject-{name}"
    asker = Asker(email=email, name=called, auth_type=AuthType.OIDC, issuer="https://id.test", subject=subject)
    return Proof(asker=asker, ends_at=0)


def asks(name: str, called: str | None = None) -> Change:
    return lambda unit: sso.ask(unit, proof(name, called))


def open_id(unit: Unit, name: str) -> str:
    return next(each.id for each in queries.open_requests(unit.tx) if each.asker.email == f"{name}@example.com")


def approves(name: str, role: int = VIEWER, *, by_mail: bool = False) -> Change:
    return lambda unit: commands.approve(unit, open_id(unit, name), role, sso.admit, by_mail=by_mail)


def rejects(name: str) -> Change:
    return lambda unit: commands.reject(unit, open_id(unit, name))


STORY: list[Change] = [
    access.seed,
    asks("ada", "Ada"),
    asks("ada", "Ada again"),
    asks("bob"),
    asks("cleo"),
    asks("dan"),
    approves("ada", by_mail=True),
    asks("ada"),
    rejects("bob"),
    asks("bob"),
    approves("bob", 1),
    lambda unit: users.create(unit, draft(email="cleo@example.com", root_role=VIEWER)),
    lambda unit: users.create(unit, draft(username="dan", root_role=VIEWER)),
    lambda unit: users.update(unit, 4, UserChange(email="dan@example.com")),
    asks("eve"),
]


def test_every_command(log: Log) -> None:
    tell(log, STORY, kinds=SEEN)
    (left,) = log.read(queries.open_requests)
    assert left.asker.email == "eve@example.com"
    subjects = {f"user-access-request/{each}" for each in _ids(log)}
    assert len(subjects) == 6
    ended = subjects - {f"user-access-request/{left.id}"}
    assert check_steps(log, PORTS, kinds=KINDS, refused=ended) == 0
    keeper = KEEPERS.of_kind("user-access-request")
    with pytest.raises(FlagkeeperError, match="approves or rejects"):
        keeper.steps(f"user-access-request/{left.id}", left.state(), None)


def test_what_is_refused_leaves_nothing(log: Log) -> None:
    tell(log, STORY[:2], kinds=SEEN)
    refused: list[tuple[Change, type[Exception]]] = [
        (approves("ada", 4_711), BadData),
        (lambda unit: commands.reject(unit, "nobody"), NotFound),
        (lambda unit: commands.approve(unit, "nobody", VIEWER, sso.admit, by_mail=True), NotFound),
        (asks("no address"), BadData),
    ]
    for wanted, error in refused:
        assert isinstance(attempt(log, wanted, kinds=SEEN), error)


def test_two_servers_that_decide_at_once_make_one_user(log: Log) -> None:
    """Each has a writer of its own, as two processes have."""
    log.run(access.seed)
    other = Log(log.database)
    try:
        for number in range(5):
            name = f"p{number}"
            assert log.run(sso.ask, proof(name)) is Asked.NOW
            (waiting,) = log.read(queries.open_requests)
            before = log.count()
            first = partial(commands.approve, request_id=waiting.id, root_role=VIEWER, admit=sso.admit, by_mail=False)
            second = partial(commands.reject, request_id=waiting.id) if number % 2 else first
            results = _at_once((log, first), (other, second))
            assert sorted(isinstance(each, NotFound) for each in results) == [False, True]
            told = [each.type for each in log.events(limit=log.count() - before)]
            was_made = log.read(seen_users.with_email, f"{name}@example.com") is not None
            assert told == (
                ["user-access-request-approved", "user-created"] if was_made else ["user-access-request-rejected"]
            )
        ask = partial(sso.ask, proof=proof("twin"))
        asked_twice = _at_once((log, ask), (other, ask))
        assert sorted(each.name for each in asked_twice) == ["BEFORE", "NOW"]
    finally:
        other.close()


def _at_once(*asked: tuple[Log, Any]) -> list[Any]:
    """What each came to."""
    barrier, results = Barrier(len(asked)), []

    def run(log: Log, command: Any) -> None:
        barrier.wait()
        try:
            results.append(log.run(command))
        except FlagkeeperError as error:
            results.append(error)

    threads = [Thread(target=run, args=each) for each in asked]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return results


def test_who_is_forgotten_waits_for_nothing(log: Log) -> None:
    for each in (
        access.seed,
        asks("grace", "Grace B. Hopper"),
        asks("namesake", "grace@example.com"),
        asks("ada", "Ada"),
    ):
        log.run(each)
    done = forget(log, "grace@example.com")
    left = {each.asker.email: each.asker.name for each in log.read(queries.open_requests)}
    assert left == {"namesake@example.com": done, "ada@example.com": "Ada"}
    kept = [f"{each.data}{each.summary}" for each in log.events("type:user-access-request-*")]
    assert len(kept) == 4
    assert not any("grace@example.com" in each for each in kept)
    assert sum(done in each for each in kept) == 2
    (rejected,) = log.events("type:user-access-request-rejected")
    assert rejected.created_by == "unleash_system_user"


def forget(log: Log, name: str) -> str:
    asked = log.units.run_now(ALICE, retention.ask_pseudonym, Person(name=name))
    context = PseudonymContext(None, log.units, log.reader, seen_users.names_in_use, ELSEWHERE)
    assert put_in_place(context, asked.pseudonym)
    return asked.pseudonym


def _ids(log: Log) -> set[str]:
    return {msgspec.json.decode(each.data)["id"] for each in log.events("type:user-access-request-*") if each.data}
