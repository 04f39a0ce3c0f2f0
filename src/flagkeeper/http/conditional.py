"""What every answer of the admin API gets that is in one piece: a weak entity tag, 304 for those who have it already,
compression, and a word about how long it may be kept. Streams and files pass in pieces, as they are.
"""

import asyncio
import gzip
import re
from hashlib import blake2b

import zstandard

from flagkeeper.http.raw import JSON, Endpoint, Message, Receive, Scope, Send, header

SMALLEST = 1_024
"""Bytes of a body from which compressing it saves a packet."""
LARGE = 65_536
"""Bytes of a body from which its tag and its compression are made on a thread: they would hold up all others."""
LEVEL = 4
"""Of gzip: half the time of the usual 6, for a few more bytes."""
ZSTD_LEVEL = 3
"""Its usual one: a fifth of gzip's time, for about as many bytes."""

REVALIDATE = (b"cache-control", b"private, no-cache")
"""For what its reader may keep, and has to ask for again each time."""
NO_STORE = (b"cache-control", b"no-store")
"""For errors, for what answers a change, and for streams."""
VARY = (b"vary", b"Accept-Encoding")

_WEIGHT = re.compile(rb"[01](\.\d{0,3})?")
_APPENDED = re.compile(rb'(?:--?|;)(?:gzip|br|zstd|deflate)(?="?$)')
_UNWANTED = re.compile(rb"q=0(\.0*)?")

Headers = list[tuple[bytes, bytes]]


def conditional(application: Endpoint) -> Endpoint:
    """The application, its answers completed."""

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        begun: Message | None = None

        async def complete(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = message
                return
            if begun is not None:
                start, begun = begun, None
                whole = not message.get("more_body")
                body = message.get("body", b"")
                start["headers"] = _headers(scope, start, body if whole else None)
                if whole and _may_be_known(start, scope):
                    start, body = await _tagged(scope, start, body)
                    message = {"type": "http.response.body", "body": body}
                await send(start)
            await send(message)

        await application(scope, receive, complete)

    return call


def is_named(known: bytes, tag: bytes) -> bool:
    """Whether `If-None-Match` names this entity tag, strongly or weakly."""
    bare = tag.removeprefix(b"W/")
    return known in (tag, b"*") or any(unmarked(part) == bare for part in known.split(b","))


def unmarked(tag: bytes) -> bytes:
    """A strong entity tag as it was given out. A proxy that packs answers makes it weak, as nginx does, or appends how
    it packed them: Apache makes `"x"` `"x-gzip"`, and nobody behind it would ever be told 304."""
    return _APPENDED.sub(b"", tag.strip().removeprefix(b"W/"))


def accepts_gzip(accept_encoding: bytes) -> bool:
    return accepts(accept_encoding, b"gzip", b"x-gzip", b"*")


def coding_for(accept_encoding: bytes) -> bytes | None:
    """How an answer is packed for somebody who sends this: as zstd where that is wanted by name, and no less than gzip.
    None: not at all."""
    zstd, gzipped = _weight(accept_encoding, b"zstd"), _weight(accept_encoding, b"gzip", b"x-gzip", b"*")
    if zstd > 0 and zstd >= gzipped:
        return b"zstd"
    return b"gzip" if gzipped > 0 else None


def _weight(accept_encoding: bytes, *names: bytes) -> float:
    """How much the first of these content codings that is named there is wanted, from 0 to 1."""
    for part in accept_encoding.lower().split(b","):
        coding, *parameters = part.split(b";")
        if coding.strip() in names:
            given = next((each.strip()[2:] for each in parameters if each.strip().startswith(b"q=")), b"1")
            return float(given) if _WEIGHT.fullmatch(given) else 0
    return 0


def accepts(accept_encoding: bytes, *names: bytes) -> bool:
    """Whether the first of these content codings that is named there is wanted."""
    for part in accept_encoding.lower().split(b","):
        coding, _, weight = part.partition(b";")
        if coding.strip() in names:
            return _UNWANTED.fullmatch(weight.strip()) is None
    return False


def _headers(scope: Scope, start: Message, body: bytes | None) -> Headers:
    """`body` is None for a stream. What has no body has no content type either."""
    given: Headers = [(name.lower(), value) for name, value in start.get("headers", ())]
    headers = [JSON if header == (JSON[0], b"application/json") else header for header in given]
    if body == b"":
        headers = [header for header in headers if header[0] != b"content-type"]
    if not any(name == b"cache-control" for name, _ in headers):
        kept = body is not None and start["status"] == 200 and scope["method"] == "GET"
        headers.append(REVALIDATE if kept else NO_STORE)
    return headers


def _may_be_known(start: Message, scope: Scope) -> bool:
    headers = start["headers"]
    asked = scope["method"] == "GET" and start["status"] == 200
    return asked and JSON in headers and not any(name == b"etag" for name, _ in headers)


async def _tagged(scope: Scope, start: Message, body: bytes) -> tuple[Message, bytes]:
    """The answer with its entity tag, compressed if that is wanted; or 304, if its reader has it."""
    known = (header(scope, b"if-none-match") or "").encode("latin-1")
    headers: Headers = [each for each in start["headers"] if each[0] != b"content-length"]
    secret = NO_STORE in headers
    coding = None
    if len(body) >= SMALLEST and not secret:
        coding = coding_for((header(scope, b"accept-encoding") or "").encode("latin-1"))
    if len(body) < LARGE:
        tag, content = _made(body, known, coding)
    else:
        tag, content = await asyncio.to_thread(_made, body, known, coding)
    headers += [(b"etag", tag), VARY]
    if content is None:
        left = [each for each in headers if each[0] != b"content-type"]
        return {**start, "status": 304, "headers": left}, b""
    if coding:
        headers.append((b"content-encoding", coding))
    headers.append((b"content-length", str(len(content)).encode()))
    return {**start, "headers": headers}, content


def _made(body: bytes, known: bytes, coding: bytes | None) -> tuple[bytes, bytes | None]:
    """The body's entity tag, and what is to be sent. None: `known` names it."""
    tag = b'W/"%x-%b"' % (len(body), blake2b(body, digest_size=12).hexdigest().encode())
    if known and is_named(known, tag):
        return tag, None
    if coding == b"zstd":
        return tag, zstandard.ZstdCompressor(ZSTD_LEVEL).compress(body)
    return tag, gzip.compress(body, LEVEL, mtime=0) if coding else body
