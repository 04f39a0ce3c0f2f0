"""The body of a request: packed or not, in which charset, how large and how deep at most. One rule for every route."""

import asyncio
import re
import zlib
from codecs import BOM_UTF8
from functools import partial
from typing import TypeVar

import msgspec
import zstandard

from flagkeeper.http.raw import Receive, Scope, header
from flagkeeper.kernel.errors import BadData, Detail, TooLarge, WrongContentType
from flagkeeper.kernel.nesting import DEEPEST, is_too_deep

LARGE = 65_536
"""Bytes of a body from which it is looked at on a thread."""

_ZSTD = "zstd"
_PACKED = frozenset({"gzip", "x-gzip", "deflate", _ZSTD})
_WINDOW = 8 << 20
"""Bytes that somebody who unpacks zstd has to remember, as RFC 8878 bounds it for HTTP."""
_SLICE = 64
"""Bytes that are unpacked at once: four may stand for 128 kB, and no answer of zstd can be bounded otherwise."""
_GZIP_OR_ZLIB = zlib.MAX_WBITS | 32
_CHARSETS = frozenset({"utf-8", "utf8", "us-ascii"})

_MISSING = re.compile(r"missing required field `(\w+)`")
_UNKNOWN = re.compile(r"contains unknown field `([^`]*)`")

BodyT = TypeVar("BodyT")


async def read_body(scope: Scope, receive: Receive, largest: int) -> bytes:
    """The whole body, unpacked: UTF-8 without a byte order mark, and no deeper than JSON may be.

    Raises:
        TooLarge: it has more than `largest` bytes, packed or unpacked.
        WrongContentType: it is packed or written in a way that nobody here can read.
        BadData: it is not what it says it is, or it ended too early.
    """
    coding = _coding(scope)
    _demand_charset(header(scope, b"content-type") or "")
    body = await _received(scope, receive, largest)
    if coding:
        unpack = partial(_unpacked, coding, body, largest)
        body = await asyncio.to_thread(unpack) if len(body) > LARGE else unpack()
    body = body.removeprefix(BOM_UTF8)
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise _bad(f"The body is not UTF-8: the byte at {error.start} makes no sense.") from None
    if await asyncio.to_thread(is_too_deep, body) if len(body) > LARGE else is_too_deep(body):
        raise _bad(f"The body nests deeper than {DEEPEST} levels.")
    return body


def decode(body: bytes, kind: type[BodyT]) -> BodyT:
    """The body as a struct.

    Raises:
        BadData: it is no JSON, or not of that shape; the message says where.
    """
    try:
        return msgspec.json.decode(body, type=kind, strict=False)
    except msgspec.DecodeError as error:
        text, _, path = str(error).partition(" - at `$")
        detail = explained(text, path)
        raise BadData(detail.message, detail) from error


def explained(text: str, path: str) -> Detail:
    """What msgspec says is wrong with a body, with the path as a JSON pointer: to the field that is missing, too.

    Args:
        text: what it says.
        path: where, as it writes it: `.constraints[0].values`.
    """
    pointer = path.rstrip("`").replace("[...]", "/*").replace(".", "/").replace("[", "/").replace("]", "")
    if unknown := _UNKNOWN.search(text):
        return Detail(
            f"Nothing takes a field {unknown[1]!r} here. Leave it out, or spell it right.",
            f"/body{pointer}/{unknown[1]}",
        )
    missing = _MISSING.search(text)
    field = f"/{missing[1]}" if missing else ""
    return Detail(text.replace("`", ""), f"/body{pointer}{field}")


async def _received(scope: Scope, receive: Receive, largest: int) -> bytes:
    announced = header(scope, b"content-length")
    if announced and int(announced) > largest:
        raise _too_large(largest)
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _bad("The body ended too early.")
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > largest:
            raise _too_large(largest)
        more = message.get("more_body", False)
    return b"".join(parts)


def _coding(scope: Scope) -> str:
    """How the body is packed; nothing if it is not."""
    coding = (header(scope, b"content-encoding") or "").strip().lower()
    if coding in ("", "identity"):
        return ""
    if coding not in _PACKED:
        raise WrongContentType("The body's Content-Encoding is unknown here. Use gzip, zstd, deflate, or none.")
    return coding


def _demand_charset(content_type: str) -> None:
    for parameter in content_type.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and value.strip().strip('"').lower() not in _CHARSETS:
            raise WrongContentType("The body must be written in UTF-8.")


def _unpacked(coding: str, body: bytes, largest: int) -> bytes:
    if not body:
        return body
    try:
        unpacked, whole = _of_zstd(body, largest) if coding == _ZSTD else _of_zlib(body, largest)
    except (zlib.error, zstandard.ZstdError):
        raise _bad("The body is not packed in the way that its Content-Encoding says.") from None
    if len(unpacked) > largest:
        raise _too_large(largest)
    if not whole:
        raise _bad("The body is not packed in the way that its Content-Encoding says.")
    return unpacked


def _of_zlib(body: bytes, largest: int) -> tuple[bytes, bool]:
    """At least the beginning of what was packed, and whether that ends where the body ends."""
    unpacking = zlib.decompressobj(_GZIP_OR_ZLIB)
    unpacked = unpacking.decompress(body, largest + 1)
    return unpacked, unpacking.eof and not unpacking.unused_data


def _of_zstd(body: bytes, largest: int) -> tuple[bytes, bool]:
    """The same of one frame."""
    unpacking = zstandard.ZstdDecompressor(max_window_size=_WINDOW).decompressobj()
    unpacked = bytearray()
    for start in range(0, len(body), _SLICE):
        if unpacking.eof:
            return bytes(unpacked), False
        unpacked += unpacking.decompress(body[start : start + _SLICE])
        if len(unpacked) > largest:
            break
    return bytes(unpacked), unpacking.eof and not unpacking.unused_data


def _bad(message: str) -> BadData:
    return BadData(message, Detail(message, "/body"))


def _too_large(largest: int) -> TooLarge:
    return TooLarge(f"The body may not be larger than {largest} bytes.")
