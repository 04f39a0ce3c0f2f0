"""Every secret that a test made over HTTP: none is in an event, in a line of the log, or in an answer that comes later.

The server of each test is watched, so that the whole suite looks for all the secrets that it makes.
"""

import gzip
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import structlog
import zstandard

from flagkeeper.eventlog.read import LogRows, log_position
from flagkeeper.http.logging import hide_secrets
from flagkeeper.http.raw import Message, Receive, Scope, Send
from flagkeeper.storage.transaction import Transaction

PASSWORDS = frozenset({"password", "oldPassword", "confirmPassword"})
TOKENS = frozenset({"secret", "token"})
LINKS = frozenset({"inviteLink", "resetPasswordUrl"})
SHORTEST = 10
"""What is shorter may be a word that stands anywhere."""
NEWEST = 3_000
"""Events that are looked at, so that tests of many take no longer."""
NO_SECRETS = ("/api/admin/invite-link", "/invite", "/api/admin/ui-config", "/api/admin/features", "/api/admin/tags")
"""Whose `token` or `secret` is none: a public link is there to be shared, and shown to administrators."""
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

    def __init__(self) -> None:
        self.made: set[str] = set()
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
        if reads:
            if path.startswith("/api/admin"):
                self._look(f"GET {path}", body.decode("utf-8", "replace"), known)
        elif head["status"] < 400 and not path.startswith(NO_SECRETS):  # type: ignore[operator]
            self.made.update(_found(sent, PASSWORDS))
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
                    if len(inner) >= SHORTEST and not re.search(r"\*{3}", inner):
                        yield inner
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
