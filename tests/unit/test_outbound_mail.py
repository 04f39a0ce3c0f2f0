"""E-mail to a real mail server (aiosmtpd), with and without encryption."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.message import Message
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from flagkeeper.outbound.address import Policy, read_policy
from flagkeeper.outbound.client import OutboundClient
from flagkeeper.outbound.outgoing import Mail, SendResult
from tests.certificates import Certificates
from tests.conversation import silent, talking

MAIL = Mail(
    server="smtp://127.0.0.1",
    sender="flags@corp.example",
    recipients=("team@corp.example", "boss@corp.example"),
    subject="Flag created: Überraschung",
    text="anna created checkout.\nhttp://flagkeeper.test/projects/default",
    headers={"Message-ID": "<1@flagkeeper>"},
)


class Inbox:
    """What the mail server accepted; `says` is its answer to each recipient."""

    def __init__(self) -> None:
        self.mails: list[Envelope] = []
        self.says: dict[str, str] = {}
        self.encrypted: list[bool] = []
        self.logins: list[LoginPassword] = []

    async def handle_RCPT(  # noqa: N802 - aiosmtpd looks for this name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        answer = self.says.get(address, "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - the same
        self.mails.append(envelope)
        self.encrypted.append(session.ssl is not None)
        return "250 kept"

    def login(self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any) -> AuthResult:
        self.logins.append(data)
        return AuthResult(success=data.password == b"right", handled=False)

    def message(self) -> Message:
        content = self.mails[0].content
        assert isinstance(content, bytes)
        return message_from_bytes(content)


@asynccontextmanager
async def mail_server(inbox: Inbox, tls: ssl.SSLContext | None = None, **options: Any) -> AsyncIterator[int]:
    loop = asyncio.get_running_loop()
    make = partial(SMTP, inbox, hostname="mail.example", authenticator=inbox.login, loop=loop, **options)
    server = await loop.create_server(make, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@asynccontextmanager
async def outbound_client(policy: Policy | None = None, timeout: float = 5.0) -> AsyncIterator[OutboundClient]:
    opened = OutboundClient(policy or read_policy(("127.0.0.1", "localhost")), timeout=timeout)
    try:
        yield opened
    finally:
        await opened.close()


@pytest.fixture
def certificates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Certificates:
    made = Certificates(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.authority))
    return made


def to(port: int, scheme: str = "smtp", **changes: Any) -> Mail:
    return msgspec.structs.replace(MAIL, server=f"{scheme}://localhost:{port}", **changes)


async def test_a_mail_arrives_as_it_was_written() -> None:
    inbox = Inbox()
    async with mail_server(inbox) as port, outbound_client() as opened:
        answer = await opened.send(to(port))
    assert (answer.result, answer.status, answer.message) == (SendResult.ANSWERED, 200, "accepted")
    assert inbox.mails[0].mail_from == "flags@corp.example"
    assert inbox.mails[0].rcpt_tos == ["team@corp.example", "boss@corp.example"]
    message = inbox.message()
    assert message["Message-ID"] == "<1@flagkeeper>"
    assert "checkout" in str(message.get_payload(decode=True))


async def test_a_server_that_can_encrypt_is_asked_to(certificates: Certificates) -> None:
    inbox = Inbox()
    server = mail_server(inbox, tls_context=certificates.server(), require_starttls=True)
    async with server as port, outbound_client() as opened:
        answer = await opened.send(to(port, username="flags", password="right"))
    assert (answer.status, inbox.encrypted) == (200, [True])
    assert inbox.logins[0].login == b"flags"


async def test_a_connection_can_be_encrypted_from_the_start(certificates: Certificates) -> None:
    inbox = Inbox()
    async with mail_server(inbox, certificates.server(), auth_require_tls=False) as port, outbound_client() as opened:
        answer = await opened.send(to(port, "smtps", username="flags", password="right"))
    assert (answer.status, answer.message) == (200, "accepted")


async def test_a_wrong_password_is_never_tried_again(certificates: Certificates) -> None:
    inbox = Inbox()
    async with mail_server(inbox, tls_context=certificates.server()) as port, outbound_client() as opened:
        answer = await opened.send(to(port, username="flags", password="wrong"))
    assert (answer.status, inbox.mails) == (422, [])
    assert "wrong" not in answer.message


async def test_a_password_does_not_travel_in_clear() -> None:
    inbox = Inbox()
    async with mail_server(inbox, auth_require_tls=False) as port, outbound_client() as opened:
        answer = await opened.send(to(port, username="flags", password="right"))
    assert (answer.result, inbox.logins, inbox.mails) == (SendResult.REFUSED, [], [])
    assert answer.message == "localhost offers no encryption, so the password is not sent"


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
async def test_a_certificate_of_nobody_is_not_trusted(scheme: str, tmp_path: Path) -> None:
    inbox, server = Inbox(), Certificates(tmp_path).server()
    at_once, later = (server, None) if scheme == "smtps" else (None, server)
    async with mail_server(inbox, at_once, tls_context=later) as port, outbound_client() as opened:
        answer = await opened.send(to(port, scheme, username="flags", password="right"))
    assert (answer.result, inbox.logins, inbox.mails) == (SendResult.UNREACHABLE, [], [])


@pytest.mark.parametrize(
    ("says", "status"),
    [
        ({"team@corp.example": "550 nobody", "boss@corp.example": "551 gone"}, 422),
        ({"team@corp.example": "450 later", "boss@corp.example": "550 nobody"}, 503),
        ({"team@corp.example": "550 nobody"}, 207),
    ],
)
async def test_recipients_may_be_refused(says: dict[str, str], status: int) -> None:
    inbox = Inbox()
    inbox.says = says
    async with mail_server(inbox) as port, outbound_client() as opened:
        answer = await opened.send(to(port))
    assert answer.status == status
    assert ("refused for team@corp.example" in answer.message) == (status == 207)


async def test_more_than_one_line_is_no_subject() -> None:
    inbox = Inbox()
    async with mail_server(inbox) as port, outbound_client() as opened:
        answer = await opened.send(to(port, subject="Hello\r\nBcc: all@corp.example"))
    assert (answer.result, inbox.mails) == (SendResult.REFUSED, [])


async def test_a_server_that_says_nothing_is_left_after_a_while() -> None:
    async with talking(silent) as port, outbound_client(timeout=0.3) as opened:
        answer = await opened.send(to(port))
    assert answer.result is SendResult.TIMED_OUT


async def test_addresses_that_are_refused_for_http_are_refused_for_mail() -> None:
    inbox = Inbox()
    async with mail_server(inbox) as port, outbound_client(Policy()) as opened:
        assert (await opened.send(to(port))).result is SendResult.REFUSED
    assert inbox.mails == []
