"""What leaves the server, and what comes back: words that providers share with the outbound client. Pure."""

from enum import StrEnum

import msgspec


class HttpRequest(msgspec.Struct, frozen=True, kw_only=True, tag="http"):
    """One request. Redirects are never followed, and no more of the answer is read than `client` says."""

    url: str
    method: str = "POST"
    headers: dict[str, str] = {}
    body: bytes = b""
    signing_secrets: tuple[str, ...] | None = None
    """For receivers that know Standard Webhooks: what the sender signs each attempt with (`integrations.signing`);
    empty: attempts are numbered only. None for all others. `outbound` does not look at it."""


class Mail(msgspec.Struct, frozen=True, kw_only=True, tag="mail"):
    """One e-mail of plain text, to everybody at once."""

    server: str
    """`smtp://host:587` (upgraded to TLS; plain text only where no password is sent) or `smtps://host:465`."""
    username: str = ""
    password: str = ""
    sender: str
    recipients: tuple[str, ...]
    subject: str
    text: str
    headers: dict[str, str] = {}


class BrokerMessage(msgspec.Struct, frozen=True, kw_only=True, tag="broker"):
    """One message for a subject that a stream of NATS JetStream keeps."""

    server: str
    """`nats://host:4222` or `tls://host:4222`."""
    username: str = ""
    password: str = ""
    token: str = ""
    subject: str
    headers: dict[str, str] = {}
    body: bytes


Outgoing = HttpRequest | Mail | BrokerMessage


class SendResult(StrEnum):
    """What became of something that was sent."""

    ANSWERED = "answered"
    REFUSED = "refused"
    """Not sent: the address is one that this server does not speak to, or is none at all."""
    UNREACHABLE = "unreachable"
    """No connection, or it broke before the whole answer was there. The receiver may have got it."""
    TIMED_OUT = "timed out"
    """No whole answer in time. The receiver may have got it."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came back for one outgoing thing."""

    result: SendResult = SendResult.ANSWERED
    status: int = 0
    """An HTTP status. Mail servers and brokers are translated: 200 accepted, 207 accepted for some, 503 try
    again, 422 never."""
    body: bytes = b""
    """As much of it as was read."""
    retry_after: float | None = None
    """Seconds that the receiver asked us to wait."""
    message: str = ""
    """For people: why there is no answer, or what a mail server or broker said. Names no address that was looked up."""
