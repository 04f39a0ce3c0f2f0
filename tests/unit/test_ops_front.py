"""What every answer gets on its way out, without a server."""

from typing import Any

import structlog
from structlog.testing import capture_logs

from flagkeeper.http.front import HTTPS_ONLY, Front
from flagkeeper.http.logging import REQUEST_ID
from flagkeeper.http.metrics import RequestMetrics
from flagkeeper.http.raw import Message, Receive, Scope, Send, respond
from flagkeeper.readmodels.health.vitals import FAR_BEHIND, FollowerVitals, Vitals


async def _nothing() -> Message:
    return {"type": "http.disconnect"}


async def call(front: Front, scope: Scope) -> list[Message]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    await front({"type": "http", "method": "GET", "headers": [], **scope}, _nothing, send)
    return sent


async def answering(scope: Scope, receive: Receive, send: Send) -> None:
    scope["path_template"] = "/api/admin/api-tokens/{token}"
    structlog.get_logger("flagkeeper.test").info("inside", request_id=REQUEST_ID.get())
    await respond(send, 200, b"{}")


async def test_https_servers_tell_browsers_to_stay_there() -> None:
    start, body = await call(Front(answering, RequestMetrics(), https_only=True), {"path": "/x"})
    assert HTTPS_ONLY in start["headers"]
    assert body["body"] == b"{}"


async def test_the_access_log_names_the_route_and_not_the_path() -> None:
    front = Front(answering, RequestMetrics(), access_log=True)
    with capture_logs() as logs:
        await call(front, {"path": "/api/admin/api-tokens/secret", "query_string": b"token=secret"})
    inside, request = logs
    assert inside["request_id"]
    assert (request["event"], request["method"], request["status"]) == ("request", "GET", 200)
    assert request["route"] == "/api/admin/api-tokens/{token}"
    assert "secret" not in str(logs)


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
