"""The live tail over HTTP: what a listener is told, when, and when no longer."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import hypothesis
import pytest
from hypothesis import strategies as st
from sqlalchemy import bindparam, update

from flagkeeper.eventlog.query import EventQuery
from flagkeeper.eventlog.tables import log_head
from flagkeeper.features.access.model import root_role
from flagkeeper.features.tokens import commands as tokens
from flagkeeper.features.users.model.session import hash_of
from flagkeeper.features.users.tables import sessions
from flagkeeper.http import event_stream
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.readmodels.credentials.slice import CREDENTIALS
from flagkeeper.readmodels.event_tail import feed, stream, streams, wire
from flagkeeper.readmodels.event_tail.backlog import Stretch, read_on
from flagkeeper.readmodels.event_tail.slice import LIVE_TAILS
from flagkeeper.readmodels.views.log import Log
from flagkeeper.storage.statement import Write
from flagkeeper.storage.transaction import Transaction
from tests.databases import Run, fresh_sqlite, started
from tests.deliveries import until_now
from tests.listener import PATH, Listener
from tests.people import browser, person
from tests.server import ADMIN, BACKEND, Host, TestServer, settings_for
from tests.storm import Process

FLAGS = "/api/admin/projects/default/features"


@contextmanager
def listening(server: TestServer, token: str | None = ADMIN, **asked: Any) -> Iterator[Listener]:
    """A listener that the server knows of."""
    with Listener(server.url, token, **asked) as listener:
        assert listener.status == 200, listener.body
        listener.wait(lambda each: bool(each.messages))
        yield listener


def signs_of_life_come_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "HEARTBEAT", 0.2)


def at_the_end(server: TestServer, listener: Listener) -> None:
    """Waits until the listener has been told of everything that it is to be told."""
    listener.wait(lambda each: each.last_id.endswith(f"-{server.last_id()}"))


def create(server: TestServer, *names: str) -> None:
    for name in names:
        assert server.post(FLAGS, json={"name": name}).status_code == 201


def segment(server: TestServer, name: str) -> None:
    assert server.post("/api/admin/segments", json={"name": name, "constraints": []}).status_code == 201


def test_events_arrive_as_the_api_shows_them(server: TestServer) -> None:
    with listening(server) as listener:
        assert listener.headers["content-type"] == "text/event-stream"
        assert listener.headers["cache-control"] == "no-store"
        assert listener.headers["x-accel-buffering"] == "no"
        assert "content-encoding" not in listener.headers
        create(server, "checkout")
        segment(server, "staff")

        seen = listener.has(2)

    newest = server.events(limit="2")
    assert seen == newest[::-1]
    assert [each.kind for each in listener.messages] == ["message"] * 3
    assert [each.id.rpartition("-")[2] for each in listener.messages[1:]] == [str(event["id"]) for event in seen]


def test_only_what_matches_arrives(server: TestServer, monkeypatch: pytest.MonkeyPatch) -> None:
    signs_of_life_come_soon(monkeypatch)
    with (
        listening(server, q="flag:check* -flag:checkin") as by_language,
        listening(server, feature="IS:checkin", type="IS:feature-created") as by_parameters,
        listening(server, q="type:segment-*", project="IS:default") as by_both,
    ):
        create(server, "checkin", "checkout", "other", "checkup")
        segment(server, "staff")

        assert [event["featureName"] for event in by_language.has(2)] == ["checkout", "checkup"]
        assert [event["featureName"] for event in by_parameters.has(1)] == ["checkin"]
        for listener in (by_language, by_parameters, by_both):
            at_the_end(server, listener)
        assert (len(by_language.events), len(by_parameters.events), len(by_both.events)) == (2, 1, 0)


def test_wrong_questions_are_refused(server: TestServer) -> None:
    for asked, word in (
        ({"q": "typo:x"}, "position 1"),
        ({"type": "feature-created"}, "type"),
        ({"after": "-1"}, "not valid"),
        ({"after": "9" * 30}, "not valid"),
        ({"lastEventId": "nonsense"}, "Last-Event-ID"),
        ({"lastEventId": "x-9999999999999999999999"}, "Last-Event-ID"),
    ):
        answer = server.get(PATH, params=asked)
        assert (answer.status_code, word in answer.json()["message"]) == (400, True), answer.text
    assert server.get(PATH, token=None).status_code == 401
    assert server.get(PATH, token="*:*.unknown").status_code == 401
    assert server.get(PATH, token=BACKEND).status_code == 403


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@hypothesis.settings(max_examples=100, derandomize=True, suppress_health_check=list(hypothesis.HealthCheck))
@hypothesis.given(
    asked=st.dictionaries(st.sampled_from(["q", "lastEventId", "after", "type", "query", "from", "id"]), TEXTS),
    header=st.none() | st.from_regex(r"[!-~]{1,30}", fullmatch=True),
)
def test_whatever_is_asked_is_answered_or_refused(
    server: TestServer, asked: dict[str, str], header: str | None
) -> None:
    headers = {"Authorization": ADMIN, **({"Last-Event-ID": header} if header else {})}
    with server.client.stream("GET", PATH, params=asked, headers=headers) as answer:
        assert answer.status_code in (200, 400)
        if answer.status_code == 200:
            assert next(answer.iter_lines()) == f"retry: {wire.RETRY}"


def test_a_listener_that_comes_back_misses_nothing(server: TestServer) -> None:
    with listening(server, q="type:feature-created") as first:
        create(server, "one")
        first.has(1)
    create(server, "two", "three")
    segment(server, "staff")
    with listening(server, q="type:feature-created", last_id=first.last_id) as second:
        create(server, "four")
        assert [event["featureName"] for event in second.has(3)] == ["two", "three", "four"]
    with listening(server, q="type:feature-created", lastEventId=first.last_id) as in_url:
        assert [event["featureName"] for event in in_url.has(3)] == ["two", "three", "four"]
    with listening(server, q="type:feature-created", last_id=second.last_id, lastEventId=first.last_id) as both:
        create(server, "five")
        assert [event["featureName"] for event in both.has(1)] == ["five"]


def test_a_listener_may_begin_in_the_past(server: TestServer) -> None:
    create(server, "one", "two")
    everything = [event["id"] for event in server.events()][::-1]
    with listening(server, after=0) as listener:
        listener.has(len(everything))
        create(server, "three")
        listener.wait(lambda each: len(each.events) == len(everything) + 1)
        assert listener.ids == [*everything, everything[-1] + 1]
    with listening(server, after=everything[-2]) as from_one:
        assert [event["featureName"] for event in from_one.has(2)] == ["two", "three"]
    with listening(server, after=0, q="since:1h type:feature-created") as from_a_moment:
        assert [event["featureName"] for event in from_a_moment.has(3)] == ["one", "two", "three"]
    with listening(server, after=10**12) as beyond:
        create(server, "four")
        assert [event["featureName"] for event in beyond.has(1)] == ["four"]


def test_texts_that_only_looking_at_events_can_find(server: TestServer) -> None:
    """The index is not asked for them, so that it cannot give up."""
    create(server, "kiosk-checkout", "checkin")
    with listening(server, after=0, q='type:feature-created "osk-ch"') as listener:
        create(server, "big-kiosk-choice")
        assert [event["featureName"] for event in listener.has(2)] == ["kiosk-checkout", "big-kiosk-choice"]


def test_others_see_events_of_projects_without_addresses(server: TestServer) -> None:
    vera = person(server, "vera")
    with listening(server, vera.token) as hers, listening(server) as admins:
        segment(server, "staff")
        create(server, "checkout")

        (seen,) = hers.has(1)
        assert [event["type"] for event in admins.has(2)] == ["segment-created", "feature-created"]
    assert seen["featureName"] == "checkout"
    assert "ip" not in seen
    assert admins.events[1]["ip"] == "127.0.0.1"
    with listening(server, vera.token, after=0) as from_the_log:
        from_the_log.wait(lambda each: seen["id"] in each.ids)
        assert all(event["project"] and "ip" not in event for event in from_the_log.events)


def test_a_listener_sees_what_its_role_allows_now(server: TestServer) -> None:
    vera = person(server, "vera")
    with listening(server, vera.token) as hers:
        segment(server, "before")
        changed = server.put(f"/api/admin/user-admin/{vera.id}", json={"rootRole": root_role("Admin").id})
        assert changed.status_code == 200, changed.text
        hers.wait(lambda _: server.get("/api/admin/events", token=vera.token).status_code == 200)
        until_now(lambda: all(each.log.view.with_ip for each in server.services[LIVE_TAILS]._streams))
        segment(server, "after")

        (seen,) = hers.has(1)
        assert (seen["data"]["name"], seen["ip"]) == ("after", "127.0.0.1")


def test_a_stream_ends_when_its_token_is_revoked(server: TestServer) -> None:
    with listening(server) as listener:
        assert server.delete(f"/api/admin/api-tokens/{ADMIN}").status_code == 200
        assert listener.ended.wait(6 * streams.CHECK)
    assert listener.messages[-1].kind == "end"
    assert "UnauthorizedError" in listener.messages[-1].data


def test_a_stream_ends_when_its_token_expires(server: TestServer) -> None:
    vera, soon = person(server, "vera"), clock.now() + clock.SECOND
    _, secret = server.call(server.services.units.run(SYSTEM, tokens.create_pat, vera.id, "short", soon))
    server.call(server.services[CREDENTIALS].reached(server.services.log_signal.last_id))
    with listening(server, secret) as listener:
        assert listener.ended.wait(1 + 6 * streams.CHECK)
    assert listener.messages[-1].kind == "end"


def test_a_stream_ends_with_its_session(server: TestServer) -> None:
    vera, paul = person(server, "vera"), person(server, "paul")
    with browser(server, vera.username) as client, browser(server, paul.username) as other:
        cookies = [f"unleash-session={each.cookies['unleash-session']}" for each in (client, other)]
        with (
            listening(server, None, headers={"Cookie": cookies[0]}) as listener,
            listening(server, None, headers={"Cookie": cookies[1]}) as of_another,
        ):
            create(server, "checkout")
            listener.has(1)
            client.post("/logout")
            assert listener.ended.wait(6 * streams.CHECK)
            assert listener.messages[-1].kind == "end"
            create(server, "checkup")
            of_another.has(2)
            assert not of_another.ended.is_set()


def test_a_stream_ends_when_its_session_is_over(server: TestServer) -> None:
    """A session that nobody ended, and whose row is still there."""
    person(server, "vera"), person(server, "paul")
    soon = clock.now() + clock.SECOND
    over = Write[Any](update(sessions).where(sessions.c.id_hash == bindparam("which")).values(expires_at=soon))
    with browser(server, "vera") as client, browser(server, "paul") as other:
        cookie, of_paul = (each.cookies["unleash-session"] for each in (client, other))
        with (
            listening(server, None, headers={"Cookie": f"unleash-session={cookie}"}) as listener,
            listening(server, None, headers={"Cookie": f"unleash-session={of_paul}"}) as of_another,
        ):
            server.call(server.services.units.run(SYSTEM, lambda unit: unit.tx.write(over, which=hash_of(cookie))))
            assert listener.ended.wait(1 + 6 * streams.CHECK)
            assert "AuthenticationRequired" in listener.messages[-1].data
            create(server, "checkout")
            of_another.has(1)
            assert not listener.events


def test_a_stream_ends_when_its_user_is_deleted(server: TestServer) -> None:
    vera = person(server, "vera")
    with listening(server, vera.token) as listener:
        assert server.delete(f"/api/admin/user-admin/{vera.id}").status_code == 200
        assert listener.ended.wait(6 * streams.CHECK)
    assert listener.messages[-1].kind == "end"


def test_silence_is_broken_by_signs_of_life(server: TestServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """They carry the place in the log, so that a client comes back to it although nothing matched."""
    signs_of_life_come_soon(monkeypatch)
    with listening(server, q="type:nothing-like-it") as listener:
        begun = listener.last_id
        create(server, "checkout")
        listener.wait(lambda each: each.comments >= 3)
        assert listener.events == []
        assert listener.last_id != begun
        assert listener.last_id.endswith(f"-{server.last_id()}")


_RENAME = Write[int](update(log_head).where(log_head.c.id == bindparam("head")).values(epoch=bindparam("new")))


def test_a_log_that_was_replaced(server: TestServer) -> None:
    with listening(server) as listener:
        create(server, "before")
        old = listener.has(1) and listener.last_id
        server.call(server.services.units.run(SYSTEM, lambda unit: unit.tx.write(_RENAME, head=1, new="another")))
        create(server, "meanwhile")
        listener.wait(lambda each: any(message.kind == "reset" for message in each.messages))
        create(server, "after")
        listener.wait(lambda each: "after" in [event["featureName"] for event in each.events])
        assert listener.last_id.startswith("another-")
    with listening(server, last_id=old) as stale:
        stale.wait(lambda each: len(each.messages) == 2)
        assert stale.messages[1].kind == "reset"
        assert stale.messages[1].id == f"another-{server.last_id()}"
        create(server, "new")
        assert [event["featureName"] for event in stale.has(1)] == ["new"]
    with listening(server, last_id=f"another-{10**9}") as from_the_future:
        from_the_future.wait(lambda each: len(each.messages) == 2)
        assert from_the_future.messages[1].kind == "reset"


def test_a_slow_reader_gets_everything_in_order(server: TestServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """It falls out of what is in memory, reads from the log, and comes to the front again."""
    reads: list[int] = []

    def counted(tx: Transaction, /, log: Log, query: EventQuery, position: int) -> Stretch:
        reads.append(position)
        return read_on(tx, log, query, position)

    monkeypatch.setattr(stream, "read_on", counted)
    monkeypatch.setattr(feed, "MOST_EVENTS", 5)
    values = [f"{number}{'x' * 90}" for number in range(240)]
    heavy = [{"contextName": "userId", "operator": "IN", "values": values}] * 4
    names = [f"segment-{number}" for number in range(60)]
    with listening(server, q="type:segment-*") as slow, listening(server, q="type:segment-*") as quick:
        slow.reading.clear()
        for name in names:
            assert server.post("/api/admin/segments", json={"name": name, "constraints": heavy}).status_code == 201
        quick.has(len(names))
        assert len(slow.events) < len(names)
        slow.reading.set()
        slow.has(len(names))
        assert reads
        segment(server, "last")
        for listener in (slow, quick):
            assert [event["data"]["name"] for event in listener.has(61)] == [*names, "last"]


@pytest.mark.slow
def test_who_takes_nothing_for_a_minute_is_let_go(server: TestServer, monkeypatch: pytest.MonkeyPatch) -> None:
    tails, checks, check = server.services[LIVE_TAILS], threading.Semaphore(0), streams.LiveTails._check

    async def counted(self: streams.LiveTails, open_ones: Any) -> None:
        await check(self, open_ones)
        checks.release()

    monkeypatch.setattr(streams.LiveTails, "_check", counted)
    monkeypatch.setattr(streams, "CHECK", 0.05)
    values = [f"{number}{'x' * 90}" for number in range(240)]
    heavy = [{"contextName": "userId", "operator": "IN", "values": values}] * 4
    with listening(server) as deaf, listening(server) as quick:
        deaf.reading.clear()
        for number in range(60):
            body = {"name": f"segment-{number}", "constraints": heavy}
            assert server.post("/api/admin/segments", json=body).status_code == 201
        quick.has(60)
        until_now(lambda: [each.deaf for each in tails._streams] == [True, False])
        for _ in range(5):
            assert checks.acquire(timeout=10)
        assert len(tails._streams) == 2, "it has a minute"
        monkeypatch.setattr(event_stream, "DEAF", 0.1)
        until_now(lambda: [each.deaf for each in tails._streams] == [False])
        segment(server, "last")
        assert [event["data"]["name"] for event in quick.has(61)][-1] == "last"
        assert len(deaf.events) < 60


def test_who_goes_leaves_nothing_behind(server: TestServer) -> None:
    tails = server.services[LIVE_TAILS]
    with listening(server) as listener:
        assert (len(tails._streams), tails._feed.listened) == (1, True)
        listener.close()
        deadline = time.monotonic() + 5
        while tails._streams and time.monotonic() < deadline:
            time.sleep(0.01)
    assert (len(tails._streams), tails._feed.listened) == (0, False)
    create(server, "checkout")
    until_now(lambda: tails.recent.last == server.last_id())
    assert tails.recent.events == ()
    assert len(tails._channels) == 0


def test_the_server_says_how_many_listen(server: TestServer) -> None:
    def metrics() -> dict[str, float]:
        lines = server.get("/internal-backstage/prometheus").text.splitlines()
        return {name: float(value) for name, value in (line.split(" ") for line in lines if "live_tail" in line[:22])}

    with listening(server) as listener:
        create(server, "checkout")
        listener.has(1)
        assert metrics() == {
            "flagkeeper_live_tails": 1.0,
            "flagkeeper_live_tail_events_total": 1.0,
            "flagkeeper_live_tails_refused_total": 0.0,
        }


def test_there_is_a_limit(host: Host, run: Run, tmp_path: Path) -> None:
    with (
        fresh_sqlite(run, tmp_path, started) as url,
        TestServer(host, settings_for(url, live_tails=2)) as server,
        listening(server),
        listening(server),
        Listener(server.url) as third,
    ):
        assert (third.status, third.headers["retry-after"]) == (503, "10")
        assert third.body["name"] == "ServiceUnavailableError"


def test_one_caller_has_a_share_and_the_others_theirs(host: Host, run: Run, tmp_path: Path) -> None:
    with (
        fresh_sqlite(run, tmp_path, started) as url,
        TestServer(host, settings_for(url, live_tails=20)) as server,
        ExitStack() as open_ones,
    ):
        vera, otto = person(server, "vera"), person(server, "otto")
        with browser(server, "vera") as here:
            cookie = {"Cookie": f"unleash-session={here.cookies['unleash-session']}"}
            held = [open_ones.enter_context(Listener(server.url, vera.token)) for _ in range(3)]
            held += [open_ones.enter_context(Listener(server.url, None, headers=cookie)) for _ in range(2)]
            assert [each.status for each in held] == [200] * 5
            for one_more in (Listener(server.url, vera.token), Listener(server.url, None, headers=cookie)):
                with one_more as refused:
                    assert (refused.status, refused.body["name"]) == (429, "RateLimitError")
                    assert refused.headers["retry-after"] == "10"
            with listening(server, otto.token), listening(server):
                pass
            held[0].close()
            deadline = time.monotonic() + 5
            while len(server.services[LIVE_TAILS]._streams) > 4 and time.monotonic() < deadline:
                time.sleep(0.01)
            with listening(server, vera.token):
                pass


def test_administrators_have_places_that_nobody_else_can_take(host: Host, run: Run, tmp_path: Path) -> None:
    with (
        fresh_sqlite(run, tmp_path, started) as url,
        TestServer(host, settings_for(url, live_tails=20)) as server,
        ExitStack() as open_ones,
    ):
        tokens_of_all = [person(server, name).token for name in ("vera", "otto", "ida", "max")]
        statuses = [
            open_ones.enter_context(Listener(server.url, each)).status for each in tokens_of_all for _ in range(5)
        ]
        assert statuses == [200] * 18 + [503] * 2
        with listening(server), listening(server), Listener(server.url) as third:
            assert (third.status, third.headers["retry-after"]) == (503, "10")


def test_a_server_that_stops_ends_all_streams(host: Host, run: Run, tmp_path: Path) -> None:
    with (
        fresh_sqlite(run, tmp_path, started) as url,
        TestServer(host, settings_for(url)) as server,
        listening(server) as listener,
    ):
        began = time.monotonic()
        assert server.call(server.services[LIVE_TAILS].stop()) == set()
        assert listener.ended.wait(1)
        assert time.monotonic() - began < 1
        assert server.get(PATH).status_code == 503


@pytest.mark.slow
def test_nobody_holds_up_a_server_that_is_told_to_stop(sqlite_url: str, tmp_path: Path) -> None:
    """Neither one who listens, nor one who stopped reading long ago."""
    server = Process(sqlite_url, tmp_path)
    server.start()
    address = f"http://127.0.0.1:{server.port}"
    values = [f"{number}{'x' * 90}" for number in range(240)]
    heavy = [{"contextName": "userId", "operator": "IN", "values": values}] * 4
    with (
        Listener(address) as listener,
        Listener(address) as deaf,
        httpx.Client(base_url=address, headers={"Authorization": ADMIN}, trust_env=False, timeout=20) as client,
    ):
        deaf.reading.clear()
        for number in range(60):
            body = {"name": f"s-{number}", "constraints": heavy}
            assert client.post("/api/admin/segments", json=body).status_code == 201
        listener.has(60)
        began = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - began < 8, "uvicorn would have waited ten seconds for the one that does not read"
        assert listener.ended.wait(1)
        assert len(deaf.events) < 60
