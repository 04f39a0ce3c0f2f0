"""The watch over secrets sees what it is for."""

import asyncio
from typing import Any

import msgspec
import pytest
import structlog

from flagkeeper.eventlog.catalogue.payload import SegmentData
from flagkeeper.eventlog.catalogue.segment import SegmentCreated
from flagkeeper.eventlog.unit import Unit
from flagkeeper.http.raw import Receive, Scope, Send
from tests.log import Log
from tests.secrets_made import SecretsMade
from tests.server import settings_for

SECRET = "user:0123456789abcdef"


def ask(
    watch: SecretsMade, method: str, answer: bytes, sent: bytes = b"", headers: tuple[tuple[bytes, bytes], ...] = ()
) -> None:
    async def application(_scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": answer})

    async def receive() -> Any:
        return {"type": "http.request", "body": sent, "more_body": False}

    async def send(_message: Any) -> None:
        return None

    scope: Any = {"type": "http", "method": method, "path": "/api/admin/user/tokens", "headers": headers}
    asyncio.run(watch.watch(application, scope, receive, send))


def test_a_secret_that_is_shown_again_is_noticed(log: Log) -> None:
    watch = SecretsMade()
    ask(watch, "POST", f'{{"secret": "{SECRET}"}}'.encode())
    ask(watch, "GET", b'{"secret": "****"}')
    log.read(watch.look_back)
    assert watch.leaks == []
    ask(watch, "GET", f'{{"pats": [{{"secret": "{SECRET}"}}]}}'.encode())
    assert len(watch.leaks) == 1


KEY = "-----BEGIN PRIVATE KEY-----\nfirst-line\nsecond-line\nthird-line\n-----END PRIVATE KEY-----\n"


@pytest.mark.parametrize(
    ("method", "sent", "headers", "secret"),
    [
        ("POST", b'{"secret": "0123-of-oidc"}', (), "0123-of-oidc"),
        ("POST", msgspec.json.encode({"spCertificate": f"a certificate\n{KEY}"}), (), "second-line"),
        ("PUT", b'{"parameters": {"accessToken": "0123-of-slack"}}', (), "0123-of-slack"),
        ("GET", b"", ((b"authorization", b"Bearer scim:0123456789"),), "scim:0123456789"),
        ("GET", b"", ((b"cookie", b"a=b; unleash-session=0123456789; c=d"),), "0123456789"),
    ],
)
def test_a_secret_that_was_entered_or_shown_is_noticed(
    method: str, sent: bytes, headers: tuple[tuple[bytes, bytes], ...], secret: str
) -> None:
    watch = SecretsMade()
    ask(watch, method, b"{}", sent, headers)
    ask(watch, "GET", b"{}", headers=headers)
    assert watch.leaks == []
    ask(watch, "GET", f'{{"shown": "{secret}"}}'.encode())
    assert len(watch.leaks) == 1


def test_a_secret_of_the_settings_is_noticed() -> None:
    watch = SecretsMade(settings_for("sqlite:///unused.db", mail_password="0123-of-mail"))
    ask(watch, "GET", b'{"shown": "0123-of-mail"}')
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
