"""Every secret that a test made, entered or showed over HTTP, and those of its settings: none is in an event, in a line
of the log, or in an answer that comes later.

The server of each test is watched, so that the whole suite looks for all the secrets that it has.
"""

import gzip
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import structlog
import zstandard

from flagkeeper.eventlog.read import LogRows, log_position
from flagkeeper.http.authenticator import SESSION_COOKIE
from flagkeeper.http.logging import hide_secrets
from flagkeeper.http.raw import Message, Receive, Scope, Send
from flagkeeper.settings import Settings
from flagkeeper.storage.transaction import Transaction

ENTERED = frozenset(
    {
        *("password", "oldPassword", "confirmPassword"),
        *("secret", "spCertificate"),  # of OpenID Connect and SAML
        *("authorization", "signingSecret", "accessToken", "apiKey", "licenseKey"),  # of integrations
    }
)
"""Of bodies that are sent."""
SETTINGS = (
    *("admin_password", "admin_tokens", "backend_tokens", "frontend_tokens"),
    *("secret_keys", "edge_client_secret", "mail_password"),
)
TOKENS = frozenset({"secret", "token"})
"""Of answers."""
LINKS = frozenset({"inviteLink", "resetPasswordUrl"})
SHORTEST = 10
"""What is shorter may be a word that stands anywhere."""
NEWEST = 3_000
"""Events that are looked at, so that tests of many take no longer."""
NO_SECRETS = ("/api/admin/invite-link", "/invite", "/api/admin/ui-config", "/api/admin/features", "/api/admin/tags")
"""Whose `token` or `secret` is none: a public link is there to be shared, and shown to administrators."""
_SESSION = re.compile(rf"{SESSION_COOKIE}=([^;]{{{SHORTEST},}})")
_KEY = re.compile(r"PRIVATE KEY-----\n.+\n(.+)\n")
"""Of a private key the second line: the first begins as that of any other, and no answer has the ends of lines."""
LINES: list[str] = []
"""What servers have said since the last look."""


def keep_lines() -> None:
    """Has every line that is logged looked at, as servers write it: without what is known to be a secret."""
    kept = structlog.get_config()["processors"]

    def keep(logger: Any, method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        LINES.append(repr(hide_secrets(logger, method, dict(event))))
        del LINES[:-5_000]
        return event

    structlog.configure(processors=[keep, *kept])


class SecretsMade:
    """The secrets of one server's life, and where they were seen afterwards."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.made: set[str] = set()
        for name in SETTINGS if settings else ():
            value = getattr(settings, name)
            self.made.update(each for each in ([value] if isinstance(value, str) else value) if len(each) >= SHORTEST)
        self.links: set[str] = set()
        """Of invitations: administrators see them until they are used."""
        self.leaks: list[str] = []
        LINES.clear()

    async def watch(self, application: Any, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets the application answer, and looks at what comes and goes."""
        path, reads = scope.get("path", ""), scope.get("method") in ("GET", "HEAD")
        sent, answered, head = bytearray(), bytearray(), {"status": 0, "headers": {}}

        async def heard() -> Message:
            message = await receive()
            sent.extend(message.get("body", b""))
            return message

        async def say(message: Message) -> None:
            if message["type"] == "http.response.start":
                head.update(status=message["status"], headers=dict(message["headers"]))
            elif len(answered) < 1_000_000:
                answered.extend(message.get("body", b""))
            await send(message)

        known = frozenset(self.made)
        await application(scope, heard, say)
        body = _unpacked(bytes(answered), head["headers"])  # type: ignore[arg-type]
        accepted = head["status"] < 400  # type: ignore[operator]
        if reads and path.startswith("/api/admin"):
            self._look(f"GET {path}", body.decode("utf-8", "replace"), known)
        if accepted:
            self.made.update(_shown(scope))
        if accepted and not reads and not path.startswith(NO_SECRETS):
            self.made.update(_found(sent, ENTERED))
            self.made.update(_found(body, TOKENS))
            self.links.update(each.rpartition("token=")[2] for each in _found(body, LINKS))

    def look_back(self, tx: Transaction) -> None:
        """Looks into the events, and the lines that were logged."""
        secrets = frozenset(self.made | self.links)
        if not secrets:
            return
        last = log_position(tx).last_id
        for row in LogRows().between(tx, max(1, last - NEWEST), last):
            self._look(f"event {row.type}", str(row), secrets)
        for line in LINES:
            self._look("a line of the log", line, secrets)

    def _look(self, where: str, text: str, secrets: frozenset[str]) -> None:
        self.leaks += [f"{where} shows a secret that begins with {each[:6]}" for each in secrets if each in text]


def _shown(scope: Scope) -> Iterator[str]:
    """What a caller proved with who it is: tokens of every kind, sessions."""
    for name, value in scope.get("headers", ()):
        text = value.decode("latin-1")
        if name == b"authorization" and len(secret := text.rpartition(" ")[2]) >= SHORTEST:
            yield secret
        if name == b"cookie" and (session := _SESSION.search(text)):
            yield session[1]


def _found(body: bytes | bytearray, names: frozenset[str]) -> Iterator[str]:
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return
    yield from _of(value, names)


def _of(value: Any, names: frozenset[str]) -> Iterator[str]:
    match value:
        case dict():
            for name, inner in value.items():
                if name in names and isinstance(inner, str):
                    secret = _KEY.search(inner)
                    if len(inner) >= SHORTEST and not re.search(r"\*{3}", inner):
                        yield secret[1] if secret else inner
                else:
                    yield from _of(inner, names)
        case list():
            for inner in value:
                yield from _of(inner, names)


def _unpacked(body: bytes, headers: dict[bytes, bytes]) -> bytes:
    match headers.get(b"content-encoding"):
        case b"gzip":
            return gzip.decompress(body)
        case b"zstd":
            return zstandard.ZstdDecompressor().decompressobj().decompress(body)
    return body
