"""SDKs that listen: deltas and streams over HTTP."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest

from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.flags.commands import archive, switch
from flagkeeper.features.flags.model.strategy import StrategyDraft
from flagkeeper.features.projects import store as projects
from flagkeeper.features.tokens import commands as tokens
from flagkeeper.features.tokens.model import TokenType
from flagkeeper.features.tokens.model import draft as token_draft
from flagkeeper.http import event_stream
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.readmodels.client_features.slice import CLIENT_FEATURES, CLIENT_STREAMS
from flagkeeper.readmodels.client_features.streams import SdkStream
from flagkeeper.readmodels.credentials.slice import CREDENTIALS
from tests.listener import Listener
from tests.sdk import PLACE, PROJECT, make_flag, make_segment, run, users
from tests.server import ADMIN, BACKEND, FRONTEND, TestServer

DELTA = "/api/client/delta"
STREAM = "/api/client/streaming"
POLLED = "/api/client/features"
SPEC = {"Unleash-Client-Spec": "5.2.0"}


def listening(server: TestServer, token: str = BACKEND, **more: Any) -> Listener:
    return Listener(server.url, token, path=STREAM, **more)


def told(listener: Listener) -> list[dict[str, Any]]:
    """All events of a stream's messages."""
    return [event for each in listener.messages if each.data for event in json.loads(each.data)["events"]]


def kinds(listener: Listener) -> list[str]:
    return [event["type"] for event in told(listener)]


def new_token(server: TestServer, *projects: str, expires_at: clock.Millis | None = None) -> tuple[int, str]:
    draft = token_draft("fresh", TokenType.CLIENT, PLACE, list(projects) or ["*"], expires_at)
    token, secret = server.call(server.services.units.run(SYSTEM, tokens.create, draft))
    server.call(server.services[CREDENTIALS].reached(server.services.log_signal.last_id))
    return token.id, secret


def test_a_delta_begins_with_everything_and_goes_on_with_what_changes(server: TestServer) -> None:
    beta = make_segment(server, "beta", users("7"))
    make_flag(server, "checkout")
    first = server.get(DELTA, token=BACKEND)
    (hydration,) = first.json()["events"]
    polled = server.get(POLLED, token=BACKEND, headers=SPEC).json()
    assert (hydration["type"], hydration["features"], hydration["segments"]) == ("hydration", polled["features"], [])
    epoch = server.services[CLIENT_FEATURES].state.position.epoch
    assert first.headers["etag"] == f'"{hydration["eventId"]}-{epoch}"'

    held = first.headers["etag"]
    for known in (held, held.strip('"'), f"W/{held}", held[:-1] + '-gzip"'):
        same = server.get(DELTA, token=BACKEND, headers={"If-None-Match": known})
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", held)

    make_flag(server, "for.beta", StrategyDraft(name="default", segments=[beta]))
    run(server, archive.archive, PROJECT, "checkout")
    after = server.get(DELTA, token=BACKEND, headers={"If-None-Match": held})
    events = after.json()["events"]
    assert [event["type"] for event in events] == ["segment-updated", "feature-updated", "feature-removed"]
    assert events[0]["segment"]["id"] == beta
    assert events[1]["feature"]["name"] == "for.beta"
    assert events[2] == {
        "type": "feature-removed",
        "eventId": events[2]["eventId"],
        "featureName": "checkout",
        "project": PROJECT,
    }
    assert after.headers["etag"] == f'"{events[2]["eventId"]}-{epoch}"'
    number = events[2]["eventId"]
    for unknown in (f"1-{epoch}", f'"99999999-{epoch}"', "nonsense", '"0"', "9" * 30, f'"{number}"', f'"{number}-OLD"'):
        whole = server.get(DELTA, token=BACKEND, headers={"If-None-Match": unknown})
        assert [event["type"] for event in whole.json()["events"]] == ["hydration"], unknown


def test_another_environment_and_another_project_are_no_news(server: TestServer) -> None:
    make_flag(server, "checkout")
    server.call(server.services.units.run(SYSTEM, _another_project))
    _, elsewhere = new_token(server, "elsewhere")
    for token, command, place in ((BACKEND, switch.turn_on, "production"), (elsewhere, switch.turn_off, PLACE)):
        held = server.get(DELTA, token=token).headers["etag"]
        run(server, command, PROJECT, "checkout", place)
        assert server.get(DELTA, token=token, headers={"If-None-Match": held}).status_code == 304


def _another_project(unit: Unit) -> None:
    default = projects.load(unit.tx, "default")
    projects.add(unit.tx, msgspec.structs.replace(default, id="elsewhere"))
    unit.silent("project/elsewhere", "a test needs a second one")


@pytest.mark.parametrize("path", [DELTA, STREAM])
def test_who_may_not_listen(server: TestServer, path: str) -> None:
    assert server.get(path, token=None).status_code == 401
    assert server.get(path, token="*:development.unknown").status_code == 401
    assert server.get(path, token=FRONTEND).status_code == 403
    assert server.get(path, token=ADMIN).status_code == 403
    assert server.post(path, token=BACKEND).status_code == 405
    assert server.get(path, token=BACKEND, headers={"Unleash-Client-Spec": "v5"}).status_code == 400


def test_a_stream_begins_with_everything_and_goes_on_with_what_changes(server: TestServer) -> None:
    make_flag(server, "checkout")
    with listening(server) as listener:
        assert listener.headers["content-type"] == "text/event-stream"
        assert listener.headers["transfer-encoding"] == "chunked"
        listener.wait(lambda each: kinds(each) == ["hydration"])
        assert listener.messages[-1].kind == "unleash-connected"
        run(server, switch.turn_off, PROJECT, "checkout", PLACE)
        listener.wait(lambda each: kinds(each)[1:] == ["feature-updated"])
        last = listener.messages[-1]
        assert last.kind == "unleash-updated"
        assert last.id.split("-")[0] == str(told(listener)[-1]["eventId"])
        assert told(listener)[-1]["feature"]["enabled"] is False
    run(server, switch.turn_on, PROJECT, "checkout", PLACE)
    with listening(server, last_id=last.id) as again:
        again.wait(lambda each: kinds(each) == ["feature-updated"])
        assert again.messages[-1].kind == "unleash-connected"
    for unknown in ("1", last.id.split("-")[0], last.id.replace("-", "-X")):
        with listening(server, last_id=unknown) as late:
            late.wait(lambda each: kinds(each) == ["hydration"])


def test_a_revoked_or_expired_token_ends_its_streams_and_no_others(server: TestServer) -> None:
    soon = clock.now() + 1_500
    revoked, (_, expiring) = new_token(server), new_token(server, expires_at=soon)
    with listening(server) as stays, listening(server, revoked[1]) as first, listening(server, expiring) as second:
        for each in (stays, first, second):
            each.wait(lambda listener: kinds(listener) == ["hydration"])
        server.call(server.services.units.run(SYSTEM, tokens.delete, revoked[0]))
        for each in (first, second):
            assert each.ended.wait(10)
        assert clock.now() >= soon
        make_flag(server, "later")
        stays.wait(lambda listener: "feature-updated" in kinds(listener))
        assert kinds(first) == kinds(second) == ["hydration"]


@pytest.mark.causes("flagkeeper-streams-disconnected", action="POST /api/admin/streaming/disconnect-all")
def test_all_can_be_disconnected(server: TestServer) -> None:
    with listening(server) as listener:
        listener.wait(lambda each: kinds(each) == ["hydration"])
        assert server.post("/api/admin/streaming/disconnect-all", token=BACKEND).status_code == 403
        assert server.post("/api/admin/streaming/disconnect-all").status_code == 200
        assert listener.ended.wait(10)
    with listening(server) as again:
        again.wait(lambda each: kinds(each) == ["hydration"])


@contextmanager
def places(server: TestServer, most: int) -> Iterator[None]:
    streams = server.services[CLIENT_STREAMS]
    before, streams._most = streams._most, most
    yield
    streams._most = before


def test_who_finds_no_place_gets_everything_once_and_is_told_to_poll(server: TestServer) -> None:
    make_flag(server, "checkout")
    with places(server, 4), listening(server), listening(server), listening(server):
        refused = server.get(STREAM, token=BACKEND)
        polling, hydration, _ = refused.text.split("\n\n")
        assert polling == "event: fetch-mode\ndata: polling"
        assert hydration.startswith("event: unleash-connected")
        assert "checkout" in hydration
        with listening(server, new_token(server)[1]) as other:
            other.wait(lambda each: kinds(each) == ["hydration"])


def test_who_reads_slowly_misses_nothing_and_who_reads_nothing_loses_its_place(
    server: TestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(30):
        make_flag(server, f"flag-{number}", StrategyDraft(name="default", constraints=[users("x" * 90)] * 30))
    with listening(server) as slow:
        slow.wait(lambda each: kinds(each) == ["hydration"])
        slow.reading.clear()
        for number in range(10):
            run(server, switch.turn_off, PROJECT, f"flag-{number}", PLACE)
        slow.reading.set()
        slow.wait(lambda each: {e["feature"]["name"] for e in told(each)[1:]} == {f"flag-{n}" for n in range(10)})
    streams = server.services[CLIENT_STREAMS]
    with listening(server) as deaf:
        deaf.wait(lambda each: kinds(each) == ["hydration"])
        deaf.reading.clear()
        monkeypatch.setattr(event_stream, "DEAF", 0.1)
        number = 0
        while streams._streams:
            number += 1
            assert number < 2_000, "it keeps its place"
            run(server, switch.turn_on if number % 2 else switch.turn_off, PROJECT, "flag-1", PLACE)


def test_the_server_stops_and_streams_end(server: TestServer) -> None:
    with listening(server) as listener:
        listener.wait(lambda each: kinds(each) == ["hydration"])
        server.call(server.services[CLIENT_STREAMS].stop())
        assert listener.ended.wait(10)


def test_what_is_shared_is_made_once(server: TestServer) -> None:
    """A change costs one encoding and one delta, however many listen."""
    make_flag(server, "checkout")
    with listening(server) as first, listening(server) as second, listening(server) as third:
        for each in (first, second, third):
            each.wait(lambda listener: kinds(listener) == ["hydration"])
        run(server, switch.turn_off, PROJECT, "checkout", PLACE)
        for each in (first, second, third):
            each.wait(lambda listener: len(kinds(listener)) == 2)
        found = [stream for all_of in server.services[CLIENT_STREAMS]._streams.values() for stream in all_of]
        streams = [each for each in found if isinstance(each, SdkStream)]
        assert len({stream._held for stream in streams}) == 1
        assert len(streams[0]._updates._deltas._kept) <= 2
        assert server.services[CLIENT_FEATURES].now.history.steps
