"""The watch over secrets sees what it is for."""

import asyncio
from typing import Any

import structlog

from flagkeeper.eventlog.catalogue.payload import SegmentData
from flagkeeper.eventlog.catalogue.segment import SegmentCreated
from flagkeeper.eventlog.unit import Unit
from flagkeeper.http.raw import Receive, Scope, Send
from tests.log import Log
from tests.secrets_made import SecretsMade

SECRET = "user:0123456789abcdef"


def ask(watch: SecretsMade, method: str, answer: bytes, sent: bytes = b"") -> None:
    async def application(_scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": answer})

    async def receive() -> Any:
        return {"type": "http.request", "body": sent, "more_body": False}

    async def send(_message: Any) -> None:
        return None

    scope: Any = {"type": "http", "method": method, "path": "/api/admin/user/tokens"}
    asyncio.run(watch.watch(application, scope, receive, send))


def test_a_secret_that_is_shown_again_is_noticed(log: Log) -> None:
    watch = SecretsMade()
    ask(watch, "POST", f'{{"secret": "{SECRET}"}}'.encode())
    ask(watch, "GET", b'{"secret": "****"}')
    log.read(watch.look_back)
    assert watch.leaks == []
    ask(watch, "GET", f'{{"pats": [{{"secret": "{SECRET}"}}]}}'.encode())
    assert len(watch.leaks) == 1


def test_a_password_in_an_event_or_a_line_is_noticed(log: Log) -> None:
    def record(unit: Unit) -> None:
        data = SegmentData(id=1, name="Correct-horse-9", description="", constraints=[], created_by="a", created_at="b")
        unit.record(SegmentCreated(data=data))

    log.run(record)
    watch = SecretsMade()
    ask(watch, "PUT", b"{}", b'{"password": "Correct-horse-9"}')
    structlog.get_logger("test").info("said", of="Correct-horse-9")
    log.read(watch.look_back)
    assert sorted(each.partition(" shows")[0] for each in watch.leaks) == ["a line of the log", "event segment-created"]
