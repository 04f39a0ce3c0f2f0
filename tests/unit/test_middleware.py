"""What every answer gets on its way out, without a server."""

import gzip
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from flagkeeper.http.conditional import conditional
from flagkeeper.http.logging import REQUEST_ID
from flagkeeper.http.metrics import RequestMetrics
from flagkeeper.http.middleware import HTTPS_ONLY, Middleware
from flagkeeper.http.raw import JSON, Message, Receive, Scope, Send, respond
from flagkeeper.readmodels.health.vitals import FAR_BEHIND, FollowerVitals, Vitals


async def _nothing() -> Message:
    return {"type": "http.disconnect"}


async def call(middleware: Middleware, scope: Scope) -> list[Message]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    await middleware({"type": "http", "method": "GET", "headers": [], **scope}, _nothing, send)
    return sent


async def answering(scope: Scope, receive: Receive, send: Send) -> None:
    scope["path_template"] = "/api/admin/api-tokens/{token}"
    structlog.get_logger("flagkeeper.test").info("inside", request_id=REQUEST_ID.get())
    await respond(send, 200, b"{}")


async def test_https_servers_tell_browsers_to_stay_there() -> None:
    start, body = await call(Middleware(answering, RequestMetrics(), https_only=True), {"path": "/x"})
    assert HTTPS_ONLY in start["headers"]
    assert body["body"] == b"{}"


async def test_what_is_not_asked_for_is_not_done() -> None:
    with capture_logs() as logs:
        start, _ = await call(Middleware(answering, RequestMetrics()), {"path": "/x"})
    assert [each["event"] for each in logs] == ["inside"]
    assert HTTPS_ONLY not in start["headers"]


async def test_the_access_log_names_the_route_and_not_the_path() -> None:
    middleware = Middleware(answering, RequestMetrics(), access_log=True)
    with capture_logs() as logs:
        await call(middleware, {"path": "/api/admin/api-tokens/secret", "query_string": b"token=secret"})
    inside, request = logs
    assert inside["request_id"]
    assert (request["event"], request["method"], request["status"]) == ("request", "GET", 200)
    assert request["route"] == "/api/admin/api-tokens/{token}"
    assert "secret" not in str(logs)


async def streaming(scope: Scope, receive: Receive, send: Send) -> None:
    assert scope["method"] == "GET"
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for piece in (b"a", b"b", b""):
        await send({"type": "http.response.body", "body": piece, "more_body": bool(piece)})


async def test_head_is_answered_as_get_without_the_body_also_of_a_stream() -> None:
    metrics = RequestMetrics()
    start, *rest = await call(Middleware(streaming, metrics), {"path": "/x", "method": "HEAD"})
    assert (start["status"], rest) == (200, [{"type": "http.response.body"}])
    assert len(await call(Middleware(streaming, metrics), {"path": "/x"})) == 4
    for method, number in (("HEAD", 1), ("GET", 1), ("POST", None)):
        labels = {"method": method, "route": "none", "status": "200"}
        assert metrics.registry.get_sample_value("flagkeeper_http_requests_total", labels) == number


@pytest.mark.parametrize("given", ["a", "trace:1.2-3_4", "x" * 64])
async def test_an_id_that_a_proxy_gave_is_kept(given: str) -> None:
    for value, kept in ((given, True), (f"{given} ", False), (f"{given}\n", False), ("x" * 65, False), ("", False)):
        start, _ = await call(
            Middleware(answering, RequestMetrics()), {"path": "/x", "headers": [(b"x-request-id", value.encode())]}
        )
        assert ((b"x-request-id", value.encode()) in start["headers"]) is kept


@pytest.mark.parametrize(("size", "packed"), [(1_023, False), (1_024, True), (70_000, True)])
async def test_answers_of_a_kilobyte_and_more_are_compressed(size: int, packed: bool) -> None:
    async def whole(_scope: Scope, _receive: Receive, send: Send) -> None:
        await respond(send, 200, b"x" * size, (JSON,))

    async def asked(*headers: tuple[bytes, bytes]) -> tuple[Message, bytes]:
        sent: list[Message] = []

        async def send(message: Message) -> None:
            sent.append(message)

        await conditional(whole)({"method": "GET", "headers": list(headers)}, _nothing, send)
        start, body = sent
        return start, body["body"]

    start, body = await asked((b"accept-encoding", b"gzip"))
    assert ((b"content-encoding", b"gzip") in start["headers"]) is packed
    assert (gzip.decompress(body) if packed else body) == b"x" * size
    assert (b"content-length", str(len(body)).encode()) in start["headers"]
    tag = dict(start["headers"])[b"etag"]
    again, nothing = await asked((b"if-none-match", tag))
    assert (again["status"], nothing) == (304, b"")
    plain, body = await asked()
    assert (plain["status"], body, dict(plain["headers"])[b"etag"]) == (200, b"x" * size, tag)


def vitals(**changes: Any) -> Vitals:
    well = {"readable": True, "writable": True, "waiting": 0, "commits": 1, "units": 1, "last_id": 9}
    return Vitals(**{**well, **changes})


def follower(kind: str, lag: float) -> FollowerVitals:
    return FollowerVitals("features", kind, 5, lag)


def test_a_server_that_would_answer_with_old_data_is_not_ready() -> None:
    assert vitals(followers=[follower("memory", FAR_BEHIND)]).troubles() == []
    (trouble,) = vitals(followers=[follower("memory", FAR_BEHIND + 1)]).troubles()
    assert trouble == "features is 31 seconds behind the event log."


def test_a_stuck_follower_of_all_does_not_take_all_servers_out() -> None:
    assert vitals(followers=[follower("durable", 3600.0)]).troubles() == []


def test_a_database_in_trouble_is_named() -> None:
    assert vitals(readable=False, writable=False).troubles() == [
        "The database cannot be read.",
        "The database cannot be written.",
    ]
