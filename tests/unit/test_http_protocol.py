"""One connection, with the bounds of a server, on a real socket: an application of a few lines answers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import pytest
import uvicorn
from uvicorn.server import ServerState

from flagkeeper.cli.connections import SPARE, Bounds, Connections
from flagkeeper.cli.protocol import BoundedProtocol, bounded
from flagkeeper.http.body import read_body
from flagkeeper.http.metrics import RequestMetrics
from flagkeeper.http.raw import Receive, Scope, Send, guarded, respond

GET = b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n"
CHUNKED = b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
AT_ONCE = Bounds(header_time=0.1, body_time=0.4, body_check=0.1, rate=10, idle_time=1, stalled_time=0.2, linger=0.1)
PATIENT = Bounds(linger=0.1)
FOR_EVER = 30.0


class Small:
    """A server and what it was asked."""

    def __init__(self, bounds: Bounds) -> None:
        self.connections = Connections(bounds)
        self.metrics = RequestMetrics()
        self.state = ServerState()
        self.seen: list[list[tuple[bytes, bytes]]] = []
        self.go_on = asyncio.Event()
        kind = bounded(self.connections, self.metrics)
        self._config = uvicorn.Config(
            guarded(self._answer), http=kind, log_config=None, timeout_keep_alive=bounds.idle_time
        )
        self.port = 0

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        match scope["path"]:
            case "/large":
                await respond(send, 200, bytes(50_000_000))
            case "/wait":
                await self.go_on.wait()
                await respond(send, 200, b"done")
            case "/slow":
                await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
                await self.go_on.wait()
                await send({"type": "http.response.body", "body": b"late"})
            case _:
                body = await read_body(scope, receive, 100) if scope["method"] == "POST" else b""
                self.seen.append(scope["headers"])
                await respond(send, 200, body)

    def protocol(self) -> asyncio.Protocol:
        kind = self._config.http
        assert isinstance(kind, type)
        assert issubclass(kind, BoundedProtocol)
        return kind(config=self._config, server_state=self.state, app_state={})

    def refused(self) -> dict[str, float]:
        (family,) = [each for each in self.metrics.registry.collect() if each.name == "flagkeeper_http_refused"]
        return {sample.labels["status"]: sample.value for sample in family.samples}


@asynccontextmanager
async def small(bounds: Bounds = PATIENT) -> AsyncIterator[Small]:
    server = Small(bounds)
    listening = await asyncio.get_running_loop().create_server(server.protocol, "127.0.0.1", 0)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        server.go_on.set()
        listening.close()
        for connection in list(server.state.connections):
            assert isinstance(connection, BoundedProtocol)
            connection.transport.abort()
        await asyncio.gather(*server.state.tasks, return_exceptions=True)
        while server.state.connections:
            await asyncio.sleep(0)


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    def send(self, *pieces: bytes) -> None:
        self._writer.writelines(pieces)

    async def status(self) -> int:
        """Of the next answer, which is read whole. 0: the connection was closed."""
        async with asyncio.timeout(FOR_EVER):
            try:
                head = await self._reader.readuntil(b"\r\n\r\n")
            except (asyncio.IncompleteReadError, ConnectionError):
                return 0
            self.head = head.lower()
            length = int(self.head.partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
            self.body = await self._reader.readexactly(length)
            return int(head.split(b" ", 2)[1])

    async def answers(self) -> list[int]:
        """All until the connection is closed."""
        found = []
        while status := await self.status():
            found.append(status)
        return found


@asynccontextmanager
async def client(server: Small) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=2**20)
    try:
        yield Client(reader, writer)
    finally:
        await leave(writer)


async def leave(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()
    with suppress(ConnectionError):
        await writer.wait_closed()


async def test_head_and_body_of_an_answer_are_written_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """And a head whose body takes its time does not wait for it."""
    async with small() as server, client(server) as here:
        here.send(GET)
        assert await here.status() == 200
        (connection,) = server.state.connections
        assert isinstance(connection, BoundedProtocol)
        written: list[bytes] = []
        write = connection._ending._write

        def note(data: bytes) -> None:
            written.append(data)
            write(data)

        monkeypatch.setattr(connection._ending, "_write", note)
        here.send(POST, b"0123456789")
        assert await here.status() == 200
        assert [answer.partition(b"\r\n\r\n")[2] for answer in written] == [b"0123456789"]
        written.clear()
        here.send(GET.replace(b"/x", b"/slow"))
        late = asyncio.create_task(here.status())
        while not written:
            await asyncio.sleep(0)
        server.go_on.set()
        assert await late == 200
        assert [answer.partition(b"\r\n\r\n")[2] for answer in written[:1]] == [b""]
        assert written[1:] == [b"late"]


async def test_a_connection_serves_many_requests_one_after_the_other() -> None:
    async with small() as server, client(server) as here:
        for _ in range(3):
            here.send(GET)
            assert await here.status() == 200
            assert b"connection: close" not in here.head
        here.send(POST, b"12345")
        await asyncio.sleep(0)
        here.send(b"67890", GET * 5)
        assert [await here.status() for _ in range(6)] == [200] * 6
        here.send(CHUNKED, b"2\r\nab\r\n", b"0\r\n\r\n")
        assert (await here.status(), here.body) == (200, b"ab")
        assert server.refused() == {}


@pytest.mark.parametrize(
    ("sent", "answers"),
    [
        (b"GET /x HTTP/1.1\r\nHost: a\r\n", [408]),
        (b"GET", [408]),
        (b"", []),
        (b"\r\n\r\n", []),
        (POST, [408]),
        (POST + b"12345", [408]),
        (CHUNKED + b"5\r\nab", [408]),
        (GET + b"GET /x HTTP", [200, 408]),
        (GET + POST, [200, 408]),
        (GET + b"\r\n", [200]),
        (GET, [200]),
    ],
)
async def test_what_is_not_sent_in_time_is_not_waited_for(sent: bytes, answers: list[int]) -> None:
    async with small(AT_ONCE) as server, client(server) as here:
        here.send(sent)
        assert await here.answers() == answers
        assert server.refused() == ({"408": 1} if 408 in answers else {})


async def test_a_body_that_trickles_fast_enough_still_has_to_end() -> None:
    async with small(AT_ONCE) as server, client(server) as here:
        here.send(b"POST /x HTTP/1.1\r\nContent-Length: 100\r\n\r\n")
        answer = asyncio.create_task(here.status())
        while not answer.done():
            here.send(b"a")
            await asyncio.wait({answer}, timeout=0.01)
        assert answer.result() == 408
        assert server.seen == []


async def test_empty_lines_keep_no_connection_open() -> None:
    async with small(AT_ONCE) as server, client(server) as here:
        here.send(GET)
        assert await here.status() == 200
        closed = asyncio.create_task(here.status())
        while not closed.done():
            here.send(b"\r\n")
            await asyncio.wait({closed}, timeout=0.01)
        assert closed.result() == 0


async def test_a_client_that_takes_nothing_is_left() -> None:
    async with small(AT_ONCE) as server, client(server) as here:
        here.send(b"GET /large HTTP/1.1\r\n\r\n")
        async with asyncio.timeout(FOR_EVER):
            while not server.state.connections:
                await asyncio.sleep(0.01)
            while server.state.connections:
                await asyncio.sleep(0.01)


async def test_a_client_that_takes_its_time_gets_everything() -> None:
    async with small(AT_ONCE) as server, client(server) as here:
        here.send(b"GET /large HTTP/1.1\r\nConnection: close\r\n\r\n")
        async with asyncio.timeout(FOR_EVER):
            await here._reader.readuntil(b"\r\n\r\n")
            left = 50_000_000
            while left:
                left -= len(await here._reader.read(2_000_000))
                await asyncio.sleep(0.03)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /x HTTP/1.1\r\n" + b"a: b\r\n" * 101 + b"\r\n", 431),
        (b"GET /x HTTP/1.1\r\n" + b"a: %b\r\n" % (b"b" * 9_000) * 4 + b"\r\n", 431),
        (b"GET /x HTTP/1.1\r\na: " + b"b" * 40_000, 431),
        (b"GET /" + b"x" * 16_384 + b" HTTP/1.1\r\n\r\n", 414),
        (CHUNKED + b"2;" + b"a" * 40_000, 431),
        (CHUNKED + b"2\r\nab\r\n0\r\n" + b"a: %b\r\n" % (b"b" * 9_000) * 5, 431),
        (CHUNKED + b"65\r\n" + b"a" * 101, 413),
        (b"POST /x HTTP/1.1\r\nContent-Length: 101\r\n\r\n", 413),
        (b"POST /x HTTP/1.1\r\nContent-Length: 101\r\nExpect: 100-continue\r\n\r\n", 413),
        (b"GET /x HTTP/1.1\r\nContent-Length: 1000\r\n\r\n", 200),
        (b"GET /\xff HTTP/1.1\r\n\r\n", 400),
        (b"CONNECT a:80 HTTP/1.1\r\n\r\n", 400),
        (b"GET /x HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n" + GET, 200),
    ],
)
async def test_what_goes_too_far_is_answered_once_and_ends_the_connection(sent: bytes, status: int) -> None:
    async with small() as server, client(server) as here:
        here.send(GET)
        assert await here.status() == 200
        here.send(sent)
        assert await here.status() == status
        assert b"connection: close" in here.head
        here.send(GET * 10)
        assert await here.answers() == []


async def test_as_much_as_is_allowed_is_allowed() -> None:
    async with small() as server, client(server) as here:
        here.send(b"GET /x HTTP/1.1\r\n" + b"a: b\r\n" * 100 + b"\r\n")
        here.send(b"GET /" + b"x" * 16_383 + b" HTTP/1.1\r\na: " + b"b" * 16_000 + b"\r\n\r\n")
        here.send(CHUNKED + b"1\r\na\r\n" * 100 + b"0\r\n\r\n")
        assert [await here.status() for _ in range(3)] == [200] * 3


async def test_trailers_are_no_headers() -> None:
    async with small() as server, client(server) as here:
        here.send(CHUNKED + b"2\r\nab\r\n0\r\nAuthorization: stolen\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n")
        assert await here.status() == 200
        assert [name for name, _ in server.seen[0]] == [b"host", b"transfer-encoding"]


async def test_a_bad_request_behind_a_good_one_does_not_cost_its_answer() -> None:
    async with small() as server, client(server) as here:
        here.send(b"GET /wait HTTP/1.1\r\n\r\n" + b"no HTTP\r\n\r\n")
        async with asyncio.timeout(FOR_EVER):
            while not server.refused():
                await asyncio.sleep(0.01)
        server.go_on.set()
        assert await here.answers() == [200]


async def test_requests_that_wait_for_an_answer_are_few() -> None:
    async with small() as server, client(server) as here:
        here.send(b"GET /wait HTTP/1.1\r\n\r\n" + GET * 1_000)
        async with asyncio.timeout(FOR_EVER):
            while not server.refused():
                await asyncio.sleep(0.01)
        server.go_on.set()
        assert await here.answers() == [200] * (1 + server.connections.bounds.pipelined)


async def test_a_full_server_tells_only_how_it_is() -> None:
    async with small(Bounds(in_all=1, per_address=9)) as server, client(server) as busy:
        busy.send(b"GET /wait HTTP/1.1\r\n\r\n")
        async with asyncio.timeout(FOR_EVER):
            while not server.state.tasks:
                await asyncio.sleep(0.01)
        async with client(server) as second, client(server) as third:
            second.send(GET)
            third.send(b"GET /health HTTP/1.1\r\n\r\n")
            assert await second.status() == 503
            assert b"retry-after: 1" in second.head
            assert await third.status() == 200
            assert await second.answers() == await third.answers() == []
        server.go_on.set()
        assert await busy.status() == 200


async def test_beyond_what_is_spare_there_is_no_answer() -> None:
    async with small(Bounds(in_all=1, per_address=9)) as server, AsyncExitStack() as clients:
        busy = await clients.enter_async_context(client(server))
        busy.send(b"GET /wait HTTP/1.1\r\n\r\n")
        async with asyncio.timeout(FOR_EVER):
            while not server.state.tasks:
                await asyncio.sleep(0.01)
        spare = [await clients.enter_async_context(client(server)) for _ in range(SPARE)]
        for each in spare:
            each.send(b"GET /wait HTTP/1.1\r\n\r\n")
        assert [await each.status() for each in spare] == [503] * SPARE
        assert server.refused() == {}


async def test_a_server_that_stops_waits_for_no_body() -> None:
    async with small() as server, client(server) as sending, client(server) as idle:
        sending.send(POST, b"123")
        async with asyncio.timeout(FOR_EVER):
            while not server.state.tasks or len(server.state.connections) < 2:
                await asyncio.sleep(0.01)
        for connection in list(server.state.connections):
            assert isinstance(connection, BoundedProtocol)
            connection.shutdown()
        assert await sending.status() == 503
        assert await sending.answers() == await idle.answers() == []
