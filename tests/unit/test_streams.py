"""Answers that are sent in pieces, and streams without an end: without a server."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from flagkeeper.http.event_stream import DEAF, HEADERS, HEARTBEAT, Ending, EventStream, stop_all
from flagkeeper.http.raw import JSON, Message, Receive, Scope, Send, guarded, header
from flagkeeper.http.stream import at_once, begun
from flagkeeper.kernel.errors import NotFound, Unavailable

HTML = {"Content-Type": "text/html"}


class Client:
    """Takes what is sent, and leaves after so many messages (None: it stays)."""

    def __init__(self, leaves_after: int | None = None) -> None:
        self.taken: list[Message] = []
        self._leaves_after = leaves_after
        self._left = asyncio.Event()
        self._asked = 0

    async def send(self, message: Message) -> None:
        self.taken.append(message)
        if len(self.taken) == self._leaves_after:
            self._left.set()
        await asyncio.sleep(0)

    async def receive(self) -> Message:
        self._asked += 1
        if self._asked == 1:
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._left.wait()
        return {"type": "http.disconnect"}

    @property
    def body(self) -> list[tuple[bytes, bool]]:
        return [(each.get("body", b""), each.get("more_body", False)) for each in self.taken[1:]]


async def pieces(*given: bytes | Exception, closed: list[bool] | None = None) -> AsyncGenerator[bytes, None]:
    try:
        for each in given:
            if isinstance(each, Exception):
                raise each
            yield each
    finally:
        if closed is not None:
            closed.append(True)


async def streamed(client: Client, *given: bytes | Exception) -> list[bool]:
    closed: list[bool] = []
    answer = await begun(pieces(*given, closed=closed), HTML, lambda reason: f"!{reason}".encode())
    await answer({"path": "/x"}, client.receive, client.send)  # type: ignore[arg-type]  # a scope of few words
    return closed


async def test_an_answer_in_pieces_has_an_end() -> None:
    client = Client()
    assert await streamed(client, b"a", b"", b"b") == [True]
    assert client.taken[0] == {
        "type": "http.response.start",
        "status": 200,
        "headers": [(b"Content-Type", b"text/html")],
    }
    assert client.body == [(b"a", True), (b"b", True), (b"", False)]
    empty = Client()
    await streamed(empty)
    assert empty.body == [(b"", True), (b"", False)]


async def test_an_answer_that_is_cut_off_says_so_and_has_no_end() -> None:
    client = Client()
    with capture_logs() as logs:
        await streamed(client, b"a", Unavailable("The database is away."))
    assert client.body == [(b"a", True), (b"!The database is away.", True)]
    assert [(each["event"], each["path"]) for each in logs] == [("answer_cut_off", "/x")]


async def test_what_fails_before_the_first_piece_is_an_error_and_a_defect_always_is() -> None:
    with pytest.raises(Unavailable):
        await begun(pieces(Unavailable("away")), HTML, str.encode)
    client = Client()
    with pytest.raises(ValueError, match="defect"):
        await streamed(client, b"a", ValueError("defect"))
    assert client.body == [(b"a", True)]


async def test_nothing_is_made_for_who_has_left() -> None:
    made: list[int] = []

    async def endless() -> AsyncGenerator[bytes, None]:
        while True:
            made.append(1)
            yield b"x"

    client = Client(leaves_after=5)
    answer = await begun(endless(), HTML, str.encode)
    await answer({"path": "/x"}, client.receive, client.send)  # type: ignore[arg-type]  # a scope of few words
    assert 4 <= len(made) < 20
    assert client.body[-1] == (b"x", True), "no end"


async def test_an_answer_in_one_piece() -> None:
    client = Client()
    await at_once(b"{}")({}, client.receive, client.send)  # type: ignore[arg-type]  # nothing is asked
    start, body = client.taken
    assert (start["status"], dict(start["headers"])[b"content-length"], body["body"]) == (200, b"2", b"{}")


class Written(EventStream):
    """A stream that does what it is told."""

    def __init__(self, does: Callable[["Written", Send], Awaitable[None]], client: Any = ("10.0.0.1", 99)) -> None:
        super().__init__(client)
        self._does = does

    async def write(self, send: Send) -> None:
        await self._does(self, send)


async def waits(stream: Written, send: Send) -> None:
    await stream.send_on(send, b"data: 1\n\n")
    await asyncio.Event().wait()


async def test_a_stream_ends_when_its_client_leaves_or_it_is_told_to() -> None:
    left = Client(leaves_after=2)
    assert await Written(waits).run(left.receive, left.send) == Ending("left")
    assert left.taken[0] == {"type": "http.response.start", "status": 200, "headers": list(HEADERS)}
    assert left.body == [(b"data: 1\n\n", True), (b"", False)]

    client, stream = Client(), Written(waits)
    running = asyncio.create_task(stream.run(client.receive, client.send, [(b"x", b"y")]))
    while len(client.taken) < 2:
        await asyncio.sleep(0)
    stream.end(Ending("told", b"bye"))
    stream.end(Ending("again"))
    assert await running == Ending("told", b"bye"), "the first reason counts"
    assert (client.body[-1], client.taken[0]["headers"], stream.deaf) == ((b"bye", False), [(b"x", b"y")], False)


@pytest.mark.parametrize(("error", "reason"), [(Unavailable("away"), "unavailable"), (ValueError("defect"), "failed")])
async def test_a_stream_that_fails_says_how(error: Exception, reason: str) -> None:
    async def fails(_stream: Written, _send: Send) -> None:
        raise error

    client = Client()
    with capture_logs() as logs:
        assert (await Written(fails).run(client.receive, client.send)).reason == reason
    assert [each["event"] for each in logs] == (["stream_failed"] if reason == "failed" else [])
    assert client.body == [(b"", False)]


async def test_a_stream_gives_signs_of_life_and_the_deaf_lose_their_place() -> None:
    stream = Written(waits)
    stream.sent_at = 100.0
    stream.look_after(100.0 + HEARTBEAT - 0.1)
    assert not stream.woken.is_set()
    stream.look_after(100.0 + HEARTBEAT)
    assert stream.woken.is_set()
    stream.deaf = True
    client = Client()
    stream.look_after(100.0 + DEAF - 0.1)
    stream.sent_at = asyncio.get_running_loop().time() - DEAF
    assert stream.is_silent
    stream.look_after(stream.sent_at + DEAF)
    assert await stream.run(client.receive, client.send) == Ending("deaf")
    assert not stream.is_silent


async def test_who_is_deaf_when_all_streams_are_stopped_is_named() -> None:
    first, second, unknown = Written(waits), Written(waits, ("10.0.0.2", 5)), Written(waits, None)
    for each in (first, second, unknown):
        each.ended.set()
    second.deaf = unknown.deaf = True
    assert (first.address, unknown.address) == (("10.0.0.1", 99), None)
    assert await stop_all([first, second, unknown]) == {("10.0.0.2", 5)}
    client = Client()
    assert await second.run(client.receive, client.send) == Ending("stopped")


@pytest.mark.parametrize(("error", "status"), [(NotFound("None is here."), 404), (ValueError("secret"), 500)])
async def test_an_endpoint_answers_its_errors(error: Exception, status: int) -> None:
    async def fails(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise error

    client = Client()
    with capture_logs() as logs:
        await guarded(fails)({"path": "/x"}, client.receive, client.send)
    start, body = client.taken
    assert (start["status"], JSON in start["headers"], b"secret" in body["body"]) == (status, True, False)
    assert [(each["event"], each["path"]) for each in logs] == ([("request_failed", "/x")] if status == 500 else [])


def test_a_header_is_found_by_its_name() -> None:
    scope: Scope = {"headers": [(b"a", b"1"), (b"b", b"\xe4"), (b"a", b"2")]}
    assert (header(scope, b"a"), header(scope, b"b"), header(scope, b"c")) == ("1", "\xe4", None)
