"""Streams of OFREP: providers are told when to evaluate again."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from flagkeeper.features.flags.commands import switch
from flagkeeper.features.flags.model.strategy import StrategyDraft
from flagkeeper.features.tokens import commands as tokens
from flagkeeper.features.tokens.model import TokenType
from flagkeeper.features.tokens.model import draft as token_draft
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.readmodels.client_features.slice import CLIENT_FEATURES_RUNNER
from flagkeeper.readmodels.credentials.slice import CREDENTIALS
from flagkeeper.readmodels.remote_evaluation import stream_address
from flagkeeper.readmodels.remote_evaluation.slice import OFREP_STREAMS
from tests.listener import Listener
from tests.sdk import PLACE, PROJECT, make_flag, run
from tests.server import ADMIN, BACKEND, FRONTEND, Host, TestServer, settings_for

PATH = "/ofrep/v1/evaluate/flags"


def ask(server: TestServer, token: str = FRONTEND, query: str = "", **headers: str) -> httpx.Response:
    answer = server.post(f"{PATH}{query}", token=token, json={"context": {"targetingKey": "ann"}}, headers=headers)
    assert answer.status_code in (200, 304), answer.text
    return answer


def offered(server: TestServer, token: str = FRONTEND) -> str:
    """Path and query of the stream."""
    (stream,) = ask(server, token).json()["eventStreams"]
    uri = stream["endpoint"].pop("requestUri")
    assert stream == {"type": "sse", "endpoint": {}, "inactivityDelaySec": 120}
    assert isinstance(uri, str)
    return uri


def listening(server: TestServer, uri: str, last_id: str = "") -> Listener:
    """As a browser does: without a token."""
    path, _, query = uri.partition("?")
    asked: dict[str, Any] = dict(each.split("=") for each in query.split("&"))
    return Listener(server.url, None, path=path, last_id=last_id, **asked)


def told(listener: Listener) -> list[str]:
    """The tags of all events so far, each of which says nothing else."""
    found = []
    for each in listener.messages:
        if each.data:
            event = json.loads(each.data)
            assert (each.kind, event.keys(), event["type"]) == ("message", {"type", "etag"}, "refetchEvaluation")
            assert each.id == event["etag"]
            found.append(event["etag"])
    return found


def number(etag: str) -> int:
    return int(etag.partition("-")[0])


def new_token(
    server: TestServer, projects: Sequence[str] = ("*",), expires_at: clock.Millis | None = None
) -> tuple[int, str]:
    draft = token_draft("fresh", TokenType.FRONTEND, PLACE, list(projects), expires_at)
    token, secret = server.call(server.services.units.run(SYSTEM, tokens.create, draft))
    server.call(server.services[CREDENTIALS].reached(server.services.log_signal.last_id))
    return token.id, secret


def test_a_provider_is_told_when_to_evaluate_again(server: TestServer) -> None:
    make_flag(server, "f", StrategyDraft(name="default"))
    first = ask(server)
    with listening(server, offered(server)) as listener:
        assert listener.headers["content-type"] == "text/event-stream"
        assert listener.headers["access-control-allow-origin"] == "*"
        listener.wait(lambda each: len(told(each)) == 1)
        held = {"If-None-Match": first.headers["etag"]}
        again = ask(server, query=f"?flagConfigEtag={told(listener)[0]}", **held)
        assert again.status_code == 304, "it may have missed something, but has not"
        run(server, switch.turn_on, PROJECT, "f", "production")
        run(server, switch.turn_off, PROJECT, "f", PLACE)
        listener.wait(lambda each: len(told(each)) == 2)
        assert number(told(listener)[1]) == server.services.log_signal.last_id, "not of the first one"
        again = ask(server, query=f"?flagConfigEtag={told(listener)[1]}", **held)
        assert again.json()["flags"][0]["value"] is False
    last = listener.last_id
    with listening(server, offered(server), last) as back:
        run(server, switch.turn_on, PROJECT, "f", PLACE)
        back.wait(lambda each: len(told(each)) == 1)
        assert number(told(back)[0]) > number(last), "what it was told before is not told again"
    run(server, switch.turn_off, PROJECT, "f", PLACE)
    for unknown in (last.split("-")[0], last.replace("-", "-X")):
        with listening(server, offered(server), unknown) as late:
            late.wait(lambda each: len(told(each)) == 1)
    with listening(server, offered(server), last) as same:
        run(server, switch.turn_on, PROJECT, "f", PLACE)
        same.wait(lambda each: len(told(each)) > 0)
        assert number(told(same)[0]) == server.services.log_signal.last_id, "it was as it had been"


def test_nobody_is_told_of_what_their_token_does_not_see(server: TestServer) -> None:
    assert server.post("/api/admin/projects", json={"id": "elsewhere", "name": "Elsewhere"}).status_code == 201
    make_flag(server, "f")
    _, secret = new_token(server, projects=["elsewhere"])
    with listening(server, offered(server, secret)) as listener, listening(server, offered(server)) as other:
        for each in (listener, other):
            each.wait(lambda some: len(told(some)) == 1)
        run(server, switch.turn_off, PROJECT, "f", PLACE)
        other.wait(lambda each: len(told(each)) == 2)
        created = server.post("/api/admin/projects/elsewhere/features", json={"name": "theirs"})
        assert created.status_code == 201
        listener.wait(lambda each: len(told(each)) == 2)
        assert number(told(listener)[1]) > number(told(other)[1])


def test_an_address_stays_the_same_for_a_time_and_then_expires(
    server: TestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_flag(server, "f")
    begun = clock.now() // stream_address.WINDOW * stream_address.WINDOW + clock.MINUTE
    monkeypatch.setattr("flagkeeper.kernel.clock.now", lambda: begun)
    first, etag = offered(server), ask(server).headers["etag"]
    assert offered(server) == first
    assert ask(server, **{"If-None-Match": etag}).status_code == 304
    monkeypatch.setattr("flagkeeper.kernel.clock.now", lambda: begun + stream_address.WINDOW)
    assert ask(server, **{"If-None-Match": etag}).status_code == 200, "with what it has it could not come back"
    second = offered(server)
    assert second != first
    with listening(server, first) as still, listening(server, second) as new:
        for each in (still, new):
            each.wait(lambda listener: len(told(listener)) == 1)
        monkeypatch.setattr("flagkeeper.kernel.clock.now", lambda: begun + 2 * stream_address.WINDOW)
        answer = server.get(first, token=None)
        assert (answer.status_code, answer.json()["name"]) == (401, "UnauthorizedError")
        assert "expired" in answer.json()["message"]
        run(server, switch.turn_off, PROJECT, "f", PLACE)
        still.wait(lambda listener: len(told(listener)) == 2)


def test_nobody_can_make_an_address(server: TestServer) -> None:
    uri = offered(server)
    path, _, query = uri.partition("?")
    given = dict(each.split("=") for each in query.split("&"))
    other_id, _ = new_token(server)
    for changed in (
        {"tokenId": str(other_id)},
        {"tokenId": "99999"},
        {"until": str(int(given["until"]) + 3600)},
        {"until": str(int(given["until"]) - 3600)},
        {"signature": given["signature"][::-1]},
        {"signature": ""},
    ):
        wrong = "&".join(f"{name}={value}" for name, value in {**given, **changed}.items())
        assert server.get(f"{path}?{wrong}", token=None).status_code == 401, changed
    for wrong in (path, f"{path}?{query}&more=1", f"{path}?x"):
        for token in (None, FRONTEND, ADMIN):
            assert server.get(wrong, token=token).status_code == 401
    assert server.post(uri, token=None).status_code == 405
    for secret in (FRONTEND, BACKEND):
        assert secret not in ask(server, secret).text


def test_a_revoked_or_expired_token_ends_its_streams_and_no_others(server: TestServer) -> None:
    make_flag(server, "f")
    soon = clock.now() + 2_000
    (revoked, first_secret), (_, second_secret) = new_token(server), new_token(server, expires_at=soon)
    addresses = [offered(server, each) for each in (first_secret, second_secret)]
    with (
        listening(server, offered(server)) as stays,
        listening(server, addresses[0]) as first,
        listening(server, addresses[1]) as second,
    ):
        for each in (stays, first, second):
            each.wait(lambda listener: len(told(listener)) == 1)
        server.call(server.services.units.run(SYSTEM, tokens.delete, revoked))
        for each in (first, second):
            assert each.ended.wait(10)
        assert clock.now() >= soon
        for uri in addresses:
            assert server.get(uri, token=None).status_code == 401
        run(server, switch.turn_off, PROJECT, "f", PLACE)
        stays.wait(lambda listener: len(told(listener)) == 2)


@contextmanager
def places(server: TestServer, most: int) -> Iterator[None]:
    streams = server.services[OFREP_STREAMS]
    before, streams._most = streams._most, most
    yield
    streams._most = before


def test_who_finds_no_place_is_offered_none(server: TestServer) -> None:
    make_flag(server, "f")
    uri = offered(server)
    etag = ask(server).headers["etag"]
    with places(server, 2), listening(server, uri) as first, listening(server, uri) as second:
        for each in (first, second):
            each.wait(lambda listener: len(told(listener)) == 1)
        answer = ask(server, **{"If-None-Match": etag})
        assert (answer.status_code, "eventStreams" in answer.json()) == (200, False)
        refused = server.get(uri, token=None)
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "30")
        assert refused.headers["access-control-allow-origin"] == "*"
    with places(server, 0):
        assert "eventStreams" not in ask(server, BACKEND).json()


def test_all_can_be_disconnected(server: TestServer) -> None:
    with listening(server, offered(server, BACKEND)) as listener:
        listener.wait(lambda each: len(told(each)) == 1)
        assert server.post("/api/admin/streaming/disconnect-all").status_code == 200
        assert listener.ended.wait(10)


def test_the_server_stops_and_streams_end(server: TestServer) -> None:
    with listening(server, offered(server)) as listener:
        listener.wait(lambda each: len(told(each)) == 1)
        server.call(server.services[OFREP_STREAMS].stop())
        assert listener.ended.wait(10)
        assert "eventStreams" not in ask(server).json()


def test_below_a_base_path(host: Host, sqlite_url: str) -> None:
    with TestServer(host, settings_for(sqlite_url, public_url="http://flags.test/team")) as server:
        answer = server.post(f"/team{PATH}", token=FRONTEND)
        assert answer.json()["eventStreams"][0]["endpoint"]["requestUri"].startswith("/team/ofrep/v1/streams?")


def test_what_another_server_told_of_is_waited_for(server: TestServer, monkeypatch: pytest.MonkeyPatch) -> None:
    make_flag(server, "f")
    runner = server.services[CLIENT_FEATURES_RUNNER]
    assert runner.at is not None
    epoch = runner.at.epoch
    monkeypatch.setattr("flagkeeper.readmodels.remote_evaluation.streams.PATIENCE", 0.2)
    ahead = server.services.log_signal.last_id + 1_000

    def asked(etag: str) -> int:
        return server.post(f"{PATH}?flagConfigEtag={etag}", token=FRONTEND).status_code

    assert asked(f"{ahead}-{epoch}") == 503
    for of_no_use in (f"{ahead}-ANOTHER", str(ahead), "nonsense", "", '"x"'):
        assert asked(of_no_use) == 200
    assert server.post(f"{PATH}/f?flagConfigEtag={ahead}-{epoch}", token=FRONTEND).status_code == 503
    assert server.post(f"{PATH}?{'&'.join(['a=1'] * 300)}", token=FRONTEND).json()["errorCode"] == "PARSE_ERROR"
    assert server.services[OFREP_STREAMS]._awaited == {}


@pytest.mark.postgres
def test_servers_share_addresses_and_end_streams_together(host: Host, postgresql_url: str) -> None:
    other_host = Host()
    try:
        with (
            TestServer(host, settings_for(postgresql_url)) as one,
            TestServer(other_host, settings_for(postgresql_url)) as two,
        ):
            made = one.post(
                "/api/admin/api-tokens",
                json={"tokenName": "t", "type": "frontend", "environment": PLACE, "projects": ["*"]},
            ).json()["secret"]
            uri = offered(one, made)
            with listening(two, uri) as listener:
                listener.wait(lambda each: len(told(each)) == 1)
                make_flag(one, "f")
                listener.wait(lambda each: len(told(each)) >= 2)
                value = ask(two, made, f"?flagConfigEtag={told(listener)[-1]}").json()["flags"][0]["value"]
                assert value in (True, False)
                before = clock.now()
                assert one.delete(f"/api/admin/api-tokens/{made}").status_code == 200
                assert listener.ended.wait(10)
                assert clock.now() - before < 2 * clock.SECOND
            assert two.get(uri, token=None).status_code == 401
    finally:
        other_host.stop()
