"""A receiver of webhooks on a real socket, which answers as a test wants: also badly, late, or not at all.

It runs on a thread with an event loop of its own, in the process of the test, and speaks just enough HTTP.
"""

import asyncio
import json
import random
import socket
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple, Self

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Arrival(NamedTuple):
    """A request that was read to its end."""

    at: float
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def message_id(self) -> str:
        return self.headers["webhook-id"]


class Answer(NamedTuple):
    """How a request is answered.

    Args:
        status: None: not at all.
        delay: seconds before it.
        headers: lines that end in a line break.
        cut: bytes of the answer after which the connection breaks.
        reset: the connection breaks the hard way.
        twice: it is sent two times.
    """

    status: int | None = 200
    delay: float = 0.0
    headers: str = ""
    cut: int | None = None
    reset: bool = False
    twice: bool = False

    def written(self) -> bytes:
        if self.status == 200 and not self.headers:
            return OK
        return f"HTTP/1.1 {self.status} Test\r\n{self.headers}Content-Length: 4\r\n\r\ntest".encode()


Decide = Callable[[Arrival], Answer]
FINE = Answer()
HANGS = Answer(status=None, delay=3600)
RESETS = Answer(status=None, reset=True)
CLOSES = Answer(status=None)


def always(answer: Answer) -> Decide:
    return lambda _: answer


def in_turn(*answers: Answer) -> Decide:
    """The answers in turn, then the last one for ever."""
    left = list(answers)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


class Chaos:
    """Answers at random: well, badly, late, broken off, not at all."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def __call__(self, _arrival: Arrival) -> Answer:
        dice = self._random.random()
        match dice:
            case _ if dice < 0.80:
                return FINE
            case _ if dice < 0.85:
                return Answer(500)
            case _ if dice < 0.90:
                return Answer(429, headers="Retry-After: 0\r\n")
            case _ if dice < 0.93:
                return RESETS
            case _ if dice < 0.96:
                return CLOSES
            case _ if dice < 0.97:
                return Answer(200, cut=9)
            case _ if dice < 0.98:
                return Answer(200, twice=True)
            case _ if dice < 0.995:
                return Answer(200, delay=self._random.uniform(0, 0.3))
            case _:
                return Answer(None, delay=1.0)


class _Connection(asyncio.Protocol):
    def __init__(self, receiver: "Receiver") -> None:
        self._receiver = receiver
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._receiver.connections.add(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._receiver.connections.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while True:
            head, separator, rest = self._buffer.partition(b"\r\n\r\n")
            if not separator:
                return
            lines = head.decode("latin-1").split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
            length = int(headers.get("content-length", "0"))
            if len(rest) < length:
                return
            body, self._buffer = rest[:length], rest[length:]
            self._answer(Arrival(time.time(), lines[0].split(" ")[1], headers, body))

    def _answer(self, arrival: Arrival) -> None:
        answer = self._receiver.receive(arrival)
        if answer.delay:
            asyncio.get_running_loop().call_later(answer.delay, self._write, answer, arrival)
        else:
            self._write(answer, arrival)

    def _write(self, answer: Answer, arrival: Arrival) -> None:
        if self._transport.is_closing():
            return
        if answer.reset:
            # Zero seconds to linger: the other side sees a reset.
            self._transport.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0"
            )
            self._transport.abort()
        elif answer.status is None:
            self._transport.close()
        elif answer.cut is not None:
            self._transport.write(answer.written()[: answer.cut])
            self._transport.close()
        else:
            self._transport.write(answer.written() * (2 if answer.twice else 1))
            self._receiver.acknowledged(arrival, answer)


class Receiver:
    """`with` starts and stops it. What it got is in `arrivals`, in the order in which it came."""

    def __init__(self, decide: Decide | None = None) -> None:
        self.decide = decide or always(FINE)
        self.arrivals: list[Arrival] = []
        self.accepted: list[str] = []
        """The message ids that were answered with 2xx, in the order of the answers."""
        self.connections: set[asyncio.Transport] = set()
        """Those that are open."""
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, name="test-receiver", daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def receive(self, arrival: Arrival) -> Answer:
        self.arrivals.append(arrival)
        return self.decide(arrival)

    def acknowledged(self, arrival: Arrival, answer: Answer) -> None:
        if answer.status is not None and 200 <= answer.status < 300 and "webhook-id" in arrival.headers:
            self.accepted.append(arrival.message_id)

    def events(self) -> list[int]:
        """The ids of the events that arrived, each as often as it came."""
        return [int(arrival.event["id"]) for arrival in list(self.arrivals)]

    def wait(self, number: int, timeout: float = 10.0) -> list[Arrival]:
        """The arrivals, once there are so many."""
        deadline = time.monotonic() + timeout
        while len(self.arrivals) < number:
            assert time.monotonic() < deadline, f"{len(self.arrivals)} of {number} arrived"
            time.sleep(0.005)
        return list(self.arrivals)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._started.wait(10)
        return self

    def __exit__(self, *_error: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _stop(self) -> None:
        self._server.close()
        for connection in list(self.connections):
            connection.abort()
        while self.connections:
            await asyncio.sleep(0.001)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._server = self._loop.run_until_complete(
            self._loop.create_server(lambda: _Connection(self), "127.0.0.1", 0)
        )
        self.port: int = self._server.sockets[0].getsockname()[1]
        self._started.set()
        self._loop.run_forever()
