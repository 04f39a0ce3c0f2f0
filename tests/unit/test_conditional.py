"""What an answer gets on its way out: a tag, 304, compression, and how long it may be kept. Without a server."""

import gzip
from typing import Any

import pytest
import zstandard

from flagkeeper.http.conditional import (
    LARGE,
    NO_STORE,
    REVALIDATE,
    SMALLEST,
    VARY,
    accepts_gzip,
    coding_for,
    conditional,
    is_named,
    unmarked,
)
from flagkeeper.http.raw import JSON, Message, Receive, Scope, Send, respond

PLAIN = (b"content-type", b"text/plain")


async def answered(
    body: bytes = b"{}",
    *,
    status: int = 200,
    method: str = "GET",
    headers: tuple[tuple[bytes, bytes], ...] = (JSON,),
    pieces: int = 1,
    **asked: bytes,
) -> tuple[int, dict[bytes, bytes], bytes]:
    """What comes of an application's answer to a request with these headers: `if_none_match`."""

    async def application(_scope: Scope, _receive: Receive, send: Send) -> None:
        if pieces == 1:
            await respond(send, status, body, headers)
            return
        await send({"type": "http.response.start", "status": status, "headers": headers})
        for number in range(pieces):
            await send({"type": "http.response.body", "body": body, "more_body": number < pieces - 1})

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    given = [(name.replace("_", "-").encode(), value) for name, value in asked.items()]
    scope: dict[str, Any] = {"type": "http", "method": method, "headers": given}
    await conditional(application)(scope, None, send)  # type: ignore[arg-type]  # it never receives
    start, *rest = sent
    assert start["type"] == "http.response.start"
    assert [name for name, _ in start["headers"]] == list(dict(start["headers"])), "each header once"
    return start["status"], dict(start["headers"]), b"".join(each["body"] for each in rest)


async def test_an_answer_that_is_known_is_not_sent_again() -> None:
    status, headers, body = await answered()
    tag = headers[b"etag"]
    assert (status, body, headers[b"content-length"]) == (200, b"{}", b"2")
    assert headers[b"cache-control"] == REVALIDATE[1]
    assert (b"vary", headers[b"vary"]) == VARY
    assert tag.startswith(b'W/"2-')
    for known in (tag, tag.removeprefix(b"W/"), b"*", b'"x", ' + tag):
        status, headers, body = await answered(if_none_match=known)
        assert (status, body, headers[b"etag"]) == (304, b"", tag)
        assert b"content-type" not in headers
        assert b"content-length" not in headers
    for other in (b'"x"', b""):
        assert (await answered(if_none_match=other))[0] == 200
    assert (await answered(b"[]"))[1][b"etag"] != tag


@pytest.mark.parametrize(
    "answer",
    [
        {"method": "POST"},
        {"status": 201},
        {"headers": (PLAIN,)},
        {"headers": (JSON, (b"etag", b'"own"'))},
        {"pieces": 2},
    ],
)
async def test_other_answers_are_sent_as_they_are(answer: dict[str, Any]) -> None:
    large = b'"' + b"x" * SMALLEST + b'"'
    status, headers, body = await answered(large, accept_encoding=b"gzip", if_none_match=b"*", **answer)
    assert (status, body) == (answer.get("status", 200), large * answer.get("pieces", 1))
    assert headers.get(b"etag") in (None, b'"own"')
    assert b"content-encoding" not in headers


async def test_what_may_be_kept() -> None:
    for answer, kept in (
        ({}, REVALIDATE),
        ({"headers": (PLAIN,)}, REVALIDATE),
        ({"method": "POST"}, NO_STORE),
        ({"status": 404}, NO_STORE),
        ({"pieces": 2}, NO_STORE),
        ({"headers": (JSON, (b"Cache-Control", b"max-age=5"))}, (b"cache-control", b"max-age=5")),
    ):
        _, headers, _ = await answered(**answer)
        assert (b"cache-control", headers[b"cache-control"]) == kept, answer


async def test_json_says_its_encoding_and_nothing_has_no_type() -> None:
    bare = (b"Content-Type", b"application/json")
    assert (await answered(headers=(bare,)))[1][b"content-type"] == JSON[1]
    assert (await answered(headers=(PLAIN,)))[1][b"content-type"] == PLAIN[1]
    assert b"content-type" not in (await answered(b"", status=204, headers=(bare,)))[1]


@pytest.mark.parametrize("size", [SMALLEST - 1, SMALLEST, LARGE - 1, LARGE])
async def test_from_a_size_on_answers_are_packed(size: int) -> None:
    body = b"x" * size
    plain = (await answered(body))[1]
    for wanted, unpack in ((b"gzip", gzip.decompress), (b"zstd", zstandard.ZstdDecompressor().decompress)):
        _, headers, sent = await answered(body, accept_encoding=wanted)
        if size < SMALLEST:
            assert (b"content-encoding" in headers, sent) == (False, body)
        else:
            assert (headers[b"content-encoding"], unpack(sent)) == (wanted, body)
        assert headers[b"content-length"] == str(len(sent)).encode()
        assert headers[b"etag"] == plain[b"etag"], "of the content, however it is packed"
    secret = (JSON, NO_STORE)
    assert b"content-encoding" not in (await answered(body, accept_encoding=b"gzip", headers=secret))[1]


@pytest.mark.parametrize(
    ("wanted", "coding"),
    [
        (b"", None),
        (b"gzip", b"gzip"),
        (b"x-gzip", b"gzip"),
        (b"*", b"gzip"),
        (b"zstd", b"zstd"),
        (b"GZIP, ZSTD", b"zstd"),
        (b"gzip;q=1, zstd;q=0.5", b"gzip"),
        (b"gzip;q=0.5, zstd;q=0.5", b"zstd"),
        (b"gzip; q=0.4, zstd; q=0.5", b"zstd"),
        (b"zstd;q=0", None),
        (b"zstd;q=0, gzip;q=0.001", b"gzip"),
        (b"gzip;q=0, *", None),
        (b"gzip;q=2", None),
        (b"gzip;level=3;q=0", None),
        (b"br", None),
    ],
)
def test_how_answers_are_packed_for_whom(wanted: bytes, coding: bytes | None) -> None:
    assert coding_for(wanted) == coding


def test_who_accepts_gzip() -> None:
    for wanted in (b"gzip", b"br, gzip", b"x-gzip", b"*", b"GZip;q=0.1", b"gzip; q=1"):
        assert accepts_gzip(wanted), wanted
    for refused in (b"", b"br", b"gzip;q=0", b"gzip; q=0.000", b"gzip;q=0, *"):
        assert not accepts_gzip(refused), refused


def test_tags_that_proxies_have_marked() -> None:
    for known in (b'"x"', b'W/"x"', b' W/"x" ', b'"x-gzip"', b'"x--gzip"', b'"x;br"', b'"x-zstd"', b'"x"-gzip'):
        assert unmarked(known) == b'"x"', known
        assert is_named(known, b'W/"x"')
        assert is_named(b'"a", ' + known, b'"x"')
    for other in (b'"y"', b'"x-gz"', b'"xgzip"', b""):
        assert not is_named(other, b'"x"')
