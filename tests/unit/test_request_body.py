"""What a request's body may be, before anybody looks at what is in it."""

import gzip
import zlib
from codecs import BOM_UTF8

import pytest
import zstandard

from flagkeeper.http.body import decode, read_body
from flagkeeper.http.raw import Message
from flagkeeper.kernel.errors import BadData, FlagkeeperError, TooLarge, WrongContentType
from flagkeeper.kernel.nesting import DEEPEST, is_too_deep

LARGEST = 1_000
zstd = zstandard.ZstdCompressor()


async def read(*pieces: bytes, leaves: object = False, **headers: str) -> bytes:
    """Reads a body that arrives in pieces; `leaves`: the client goes away before its end."""
    messages: list[Message] = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    messages.append({"type": "http.disconnect"} if leaves else {"type": "http.request"})

    async def receive() -> Message:
        return messages.pop(0)

    names = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    return await read_body({"headers": names}, receive, LARGEST)


def nested(depth: int) -> bytes:
    return b'{"a":[' * (depth // 2) + b"[" * (depth % 2) + b"]" * (depth % 2) + b"]}" * (depth // 2)


@pytest.mark.parametrize("depth", [1, DEEPEST - 1, DEEPEST])
def test_json_may_nest_as_deep_as_anybody_needs(depth: int) -> None:
    assert not is_too_deep(nested(depth))


@pytest.mark.parametrize(
    "text",
    [
        nested(DEEPEST + 1),
        b"[" * 5_000_000,
        b'{"a":' * 1_000_000,
        b"[]," * 3000 + b"[" * 101,
        b'["\\\\", ' + b"[" * 100,
    ],
)
def test_json_that_nests_deeper_is_found(text: bytes) -> None:
    assert is_too_deep(text)


@pytest.mark.parametrize(
    "text",
    [
        b'{"a": "' + b"[{" * 500 + b'"}',
        b'{"a": "\\"' + b"[" * 500 + b'"}',
        b'["' + b"[" * 500,  # a string that never ends
        b'["' + b'\\"' * 500_000,
        b'["' + b"\\\\" * 50 + b'", "' + b"[" * 500 + b'"]',
        b'["' + b"x[" * 20_000 + b'"]',  # a string longer than what is looked at at a time
        b"[" + b"[]," * 100_000 + b"[]]",
        b"{}" * 50_000,
        b'["' + b"x" * 16_381 + b'\\\\\\"' + b"[" * 500 + b'"]',  # backslashes where a look would end
    ],
)
def test_brackets_in_text_and_side_by_side_are_not_deep(text: bytes) -> None:
    assert not is_too_deep(text)


async def test_a_body_is_put_together_and_unpacked() -> None:
    text = '{"name": "größe"}'.encode()
    assert await read(text[:3], b"", text[3:]) == text
    assert await read(BOM_UTF8, text) == text
    assert await read(gzip.compress(text), content_encoding="gzip") == text
    assert await read(gzip.compress(BOM_UTF8 + text), content_encoding="x-GZIP") == text
    assert await read(zlib.compress(text), content_encoding="deflate") == text
    assert await read(zstd.compress(text), content_encoding="zstd") == text
    streamed = zstd.compressobj()  # its header does not say how much it is
    assert await read(streamed.compress(text) + streamed.flush(), content_encoding="ZSTD") == text
    assert await read(text, content_encoding="identity", content_type='application/json; charset="UTF-8"') == text
    assert await read() == await read(content_encoding="gzip") == b""


@pytest.mark.parametrize(("window", "taken"), [(23, True), (24, False)])
async def test_zstd_may_look_back_as_far_as_its_standard_allows(window: int, taken: bool) -> None:
    """8 MB: whoever unpacks it has to remember so much."""
    given = zstandard.ZstdCompressionParameters(window_log=window)
    packing = zstandard.ZstdCompressor(compression_params=given).compressobj()
    body = packing.compress(b"{}") + packing.flush()
    if taken:
        assert await read(body, content_encoding="zstd") == b"{}"
    else:
        with pytest.raises(BadData):
            await read(body, content_encoding="zstd")


@pytest.mark.parametrize(
    ("error", "pieces", "headers"),
    [
        (TooLarge, [b"x" * LARGEST, b"x"], {}),
        (TooLarge, [b""], {"content_length": str(LARGEST + 1)}),
        (TooLarge, [gzip.compress(bytes(LARGEST + 1))], {"content_encoding": "gzip"}),
        (BadData, [gzip.compress(bytes(50))[:-4]], {"content_encoding": "gzip"}),
        (BadData, [gzip.compress(b"{}") * 2], {"content_encoding": "gzip"}),
        (TooLarge, [zstd.compress(bytes(LARGEST + 1))], {"content_encoding": "zstd"}),
        (TooLarge, [zstd.compress(bytes(1 << 30))[:900]], {"content_encoding": "zstd"}),
        (BadData, [zstd.compress(b"{}" * 50)[:-4]], {"content_encoding": "zstd"}),
        (BadData, [zstd.compress(b"{}") * 2], {"content_encoding": "zstd"}),
        (BadData, [zstd.compress(b"{}") + b"x" * 100], {"content_encoding": "zstd"}),
        (BadData, [zstd.compress(b"{}" * 50) + b"x"], {"content_encoding": "zstd"}),
        (BadData, [gzip.compress(b"{}")], {"content_encoding": "zstd"}),
        (WrongContentType, [b"{}"], {"content_encoding": "zstd, gzip"}),
        (BadData, [b"{}"], {"content_encoding": "deflate"}),
        (WrongContentType, [b"{}"], {"content_encoding": "br"}),
        (WrongContentType, [b"{}"], {"content_encoding": "gzip, gzip"}),
        (WrongContentType, ["{}".encode("utf-16")], {"content_type": "application/json; charset=utf-16"}),
        (WrongContentType, [b"{}"], {"content_type": "application/json;charset=\xff"}),
        (BadData, [b'{"a": "\xfc"}'], {}),
        (BadData, ["{}".encode("utf-16")], {}),
        (BadData, [gzip.compress(b"\xff")], {"content_encoding": "gzip"}),
        (BadData, [b"[" * (DEEPEST + 1)], {}),
        (BadData, [gzip.compress(b"[" * 900)], {"content_encoding": "gzip"}),
    ],
)
async def test_a_body_that_nobody_can_read_is_refused(
    error: type[FlagkeeperError], pieces: list[bytes], headers: dict[str, str]
) -> None:
    with pytest.raises(error):
        await read(*pieces, **headers)


async def test_a_client_that_goes_away_has_sent_nothing() -> None:
    with pytest.raises(BadData):
        await read(b"{}", leaves=True)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (b"{", "/body"),
        (b"[]", "/body"),
        (b'{"b": 1}', "/body/a"),
        (b'{"a": [{"c": 1}, {}]}', "/body/a/1/c"),
        (b'{"a": [{"c": "x"}]}', "/body/a/0/c"),
    ],
)
def test_a_problem_names_its_place(body: bytes, path: str) -> None:
    import msgspec

    inner = msgspec.defstruct("Inner", [("c", int)])
    outer = msgspec.defstruct("Outer", [("a", list[inner])])  # type: ignore[valid-type]
    with pytest.raises(BadData) as caught:
        decode(body, outer)
    assert [detail.path for detail in caught.value.details] == [path]
