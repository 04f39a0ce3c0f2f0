"""Live tails that read on in the log piece by piece, and that end with the session that opened them."""

from typing import Any

import pytest
from sqlalchemy import bindparam, update

from flagkeeper.eventlog.query import EVERYTHING, parse
from flagkeeper.eventlog.read import View
from flagkeeper.features.users.model.session import hash_of
from flagkeeper.features.users.tables import sessions
from flagkeeper.http.authenticator import SESSION_COOKIE
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.readmodels.event_tail import backlog, streams
from flagkeeper.readmodels.event_tail.backlog import Stretch, read_on
from flagkeeper.readmodels.views.log import Log
from flagkeeper.storage.statement import Write
from tests.listener import Listener
from tests.people import browser, person
from tests.server import ADMIN, TestServer

FLAGS = "/api/admin/projects/default/features"
_EXPIRE = Write[Any](update(sessions).where(sessions.c.id_hash == bindparam("hash")).values(expires_at=bindparam("at")))


def create(server: TestServer, *names: str) -> None:
    for name in names:
        assert server.post(FLAGS, json={"name": name, "description": "x" * 50}).status_code == 201


def expire(server: TestServer, cookie: str, at: clock.Millis) -> None:
    server.call(server.services.units.run(SYSTEM, lambda unit: unit.tx.write(_EXPIRE, hash=hash_of(cookie), at=at)))


def test_a_tail_ends_when_its_session_expires(server: TestServer) -> None:
    """Nobody logs out: the session of one user is over, and that of another is not."""
    vera, paul = person(server, "vera"), person(server, "paul")
    with browser(server, vera.username) as hers, browser(server, paul.username) as his:
        cookies = [each.cookies[SESSION_COOKIE] for each in (hers, his)]
        headers = [{"Cookie": f"{SESSION_COOKIE}={cookie}"} for cookie in cookies]
        with (
            Listener(server.url, None, headers=headers[0]) as over,
            Listener(server.url, None, headers=headers[1]) as open_,
        ):
            for listener in (over, open_):
                listener.wait(lambda each: bool(each.messages))
            expire(server, cookies[0], clock.now() - 1)
            assert over.ended.wait(10 * streams.CHECK)
            assert over.messages[-1].kind == "end"
            create(server, "later")
            open_.wait(lambda each: "later" in [event["featureName"] for event in each.events])
            assert "later" not in [event["featureName"] for event in over.events]


def test_an_expired_session_opens_nothing(server: TestServer) -> None:
    vera = person(server, "vera")
    with browser(server, vera.username) as client:
        assert client.get("/api/admin/user/profile").status_code == 200
        expire(server, client.cookies[SESSION_COOKIE], clock.now() - 1)
        for path in ("/api/admin/user/profile", "/api/admin/log/events", "/api/admin/log/stream"):
            assert client.get(path).status_code == 401


@pytest.mark.parametrize("ids", [1, 3, 7])
def test_a_tail_that_reads_on_leaves_nothing_out(server: TestServer, monkeypatch: pytest.MonkeyPatch, ids: int) -> None:
    """At so few events at a time that the log is many times as long."""
    monkeypatch.setattr(backlog, "IDS", ids)
    names = [f"flag-{number:02}" for number in range(20)]
    create(server, *names[:15])
    with Listener(server.url, ADMIN, after="0", q="type:feature-created") as listener:
        create(server, *names[15:])
        listener.wait(lambda each: len(each.events) >= len(names))
        assert [event["featureName"] for event in listener.events] == names


@pytest.mark.parametrize("query", ["type:feature-created", 'type:feature-created "flag-0"', '"xxxx"'])
def test_stretches_of_any_size_add_up(server: TestServer, monkeypatch: pytest.MonkeyPatch, query: str) -> None:
    create(server, *(f"flag-{number:02}" for number in range(12)))
    services = server.services
    wanted, log = parse(query, clock.now()), Log(services.search, services.rows, EVERYTHING, View("", with_ip=True))

    def whole(ids: int, batch: int, size: int) -> list[int]:
        monkeypatch.setattr(backlog, "IDS", ids)
        monkeypatch.setattr(backlog, "_BATCH", batch)
        monkeypatch.setattr(backlog, "SIZE", size)
        position, turns = 0, 0
        found: list[int] = []
        while True:
            stretch: Stretch = services.reader.now(read_on, log, wanted, position)
            found += [row.id for row in stretch.rows]
            assert stretch.position > position
            position, turns = stretch.position, turns + 1
            if position == services.log_signal.last_id:
                assert turns > 1 or ids > len(found)
                return found

    expected = whole(1_000, 1_000, 1_000_000)
    assert len(expected) >= 9
    for ids, batch, size in ((1, 1, 1), (5, 2, 1_000_000), (4, 4, 1_000_000), (1_000, 3, 100)):
        assert whole(ids, batch, size) == expected
