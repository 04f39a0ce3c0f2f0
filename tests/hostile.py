"""Clients that mean harm: a table of what they send, and one who does honest work meanwhile.

To add a request, add an `Attack` to `ATTACKS`: every suite sends it then.
"""

import json
import os
import socket
import statistics
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from functools import cache
from http.client import HTTPConnection, HTTPException
from itertools import repeat
from pathlib import Path
from typing import NamedTuple

import zstandard

from tests.server import ADMIN, BACKEND
from tests.storm import FLAGS, Process

FLAG = "toggled"
_PAGE = os.sysconf("SC_PAGE_SIZE")

GET = b"GET /api/admin/projects HTTP/1.1\r\nHost: flagkeeper\r\n"
LOGIN = b"POST /auth/simple/login HTTP/1.1\r\nHost: flagkeeper\r\nContent-Type: application/json\r\n"
METRICS = (
    b"POST /api/client/metrics HTTP/1.1\r\nHost: flagkeeper\r\nContent-Type: application/json\r\nAuthorization: %b\r\n"
    % BACKEND.encode()
)
CREATE = b"POST %b HTTP/1.1\r\nHost: flagkeeper\r\nContent-Type: application/json\r\nAuthorization: %b\r\n" % (
    FLAGS.encode(),
    ADMIN.encode(),
)
HUGE = b"Content-Length: 400000000\r\n\r\n"
GZIP = b"Content-Encoding: gzip\r\n"
ZSTD = b"Content-Encoding: zstd\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"


class Attack(NamedTuple):
    """One request, or what looks like the beginning of one."""

    name: str
    pieces: Callable[[], Iterable[bytes]]
    answers: frozenset[int]
    """Statuses that are right for it; 0 is a connection that was closed without a word."""


def whole(head: bytes, body: bytes) -> Callable[[], Iterable[bytes]]:
    return lambda: [head + b"Content-Length: %d\r\n\r\n" % len(body), body]


def endless(head: bytes, piece: bytes) -> Callable[[], Iterable[bytes]]:
    """Some 400 MB of it."""
    return lambda: [head, *repeat(piece, 400_000_000 // len(piece))]


@cache
def packed(size: int) -> bytes:
    """So many zeros, in a thousandth of their size."""
    packing = zlib.compressobj(wbits=31)
    return b"".join(packing.compress(bytes(1_000_000)) for _ in range(size // 1_000_000)) + packing.flush()


@cache
def bomb() -> bytes:
    """100 MB of zeros as zstd packs them, some kilobytes."""
    return zstandard.compress(bytes(100_000_000))


def _attack(name: str, pieces: Callable[[], Iterable[bytes]], *answers: int) -> Attack:
    return Attack(name, pieces, frozenset(answers))


_MANY_HEADERS = b"".join(b"X-%d: 1\r\n" % number for number in range(2_000))
_DEEP = b"[" * 30_000
_DEEP_OBJECT = b'{"name":' * 20_000
_LATIN = '{"username": "grüße", "password": "ä", "name": "ö", "appName": "ü"}'.encode("latin-1")
_LINE = b"X: " + b"a" * 60_000 + b"\r\n"

ATTACKS = [
    _attack("headers without end", endless(GET, _LINE), 431),
    _attack("one header without end", endless(GET + b"X: ", b"a" * 65_536), 431),
    _attack("thousands of headers", lambda: [GET + _MANY_HEADERS + b"\r\n"], 431),
    _attack("an address without end", endless(b"GET /", b"a" * 65_536), 414, 431),
    _attack("a long address", lambda: [b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n"], 414),
    _attack("a query without end", endless(b"GET /health?", b"a=%41&" * 10_000), 414, 431),
    _attack("a body of 400 MB, announced", endless(LOGIN + HUGE, b" " * 65_536), 413),
    _attack("a body of 400 MB in chunks", endless(LOGIN + CHUNKED, b"10000\r\n" + b" " * 65_536 + b"\r\n"), 413),
    _attack("a body for a path that takes none", endless(GET + HUGE, b" " * 65_536), 401),
    _attack("trailers without end", endless(LOGIN + CHUNKED + b"2\r\n{}\r\n0\r\n", _LINE), 431),
    _attack("a chunk's extension without end", endless(LOGIN + CHUNKED + b"2;", b"a" * 65_536), 431),
    _attack("thousands of requests at once", lambda: [b"GET /health HTTP/1.1\r\n\r\n" * 20_000], 200),
    _attack("no HTTP at all", lambda: [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"], 400),
    _attack("an address that is no ASCII", lambda: [b"GET /gr\xfc\xdfe HTTP/1.1\r\n\r\n"], 400),
    _attack("two lengths", lambda: [LOGIN + b"Content-Length: 2\r\n" + CHUNKED + b"0\r\n\r\n"], 400),
    _attack("a negative length", lambda: [LOGIN + b"Content-Length: -2\r\n\r\n"], 400),
    _attack("deep JSON at the login", whole(LOGIN, _DEEP), 400),
    _attack("deep JSON at the metrics", whole(METRICS, _DEEP_OBJECT), 400),
    _attack("deep JSON to the admin API", whole(CREATE, _DEEP_OBJECT), 400),
    _attack("no UTF-8 at the login", whole(LOGIN, _LATIN), 400),
    _attack("no UTF-8 at the metrics", whole(METRICS, _LATIN), 400),
    _attack("no UTF-8 to the admin API", whole(CREATE, _LATIN), 400),
    _attack("half a character", whole(LOGIN, b'{"username": "\xc3"}'), 400),
    _attack("a packed bomb at the metrics", lambda: whole(METRICS + GZIP, packed(100_000_000))(), 413),
    _attack("a packed bomb at the login", lambda: whole(LOGIN + GZIP, packed(10_000_000))(), 413),
    _attack("half a packed body", whole(LOGIN + GZIP, packed(1_000_000)[:20]), 400),
    _attack("a bomb of zstd", lambda: whole(LOGIN + ZSTD, bomb())(), 413),
    _attack("half a frame of zstd", whole(LOGIN + ZSTD, zstandard.compress(b"{}" * 50)[:-4]), 400),
    _attack("an unknown packing", whole(LOGIN + b"Content-Encoding: lzma\r\n", b"{}"), 415),
    _attack("an unknown charset", whole(LOGIN.replace(b"/json", b"/json; charset=x-user"), b"{}"), 415),
]  # fmt: skip


def send(port: int, attack: Attack) -> int:
    """Sends as much of it as the server takes. Returns the status of the answer, 0 without one."""
    with closing(socket.create_connection(("127.0.0.1", port), timeout=30)) as connection:
        try:
            for piece in attack.pieces():
                connection.sendall(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it has closed: there may be an answer all the same
        answer = b""
        try:
            while b"\r\n" not in answer and (received := connection.recv(65_536)):
                answer += received
        except ConnectionResetError:
            pass
    return int(answer.split(b" ", 2)[1]) if answer else 0


def send_numbered(port: int, number: int) -> int:
    """Sends one of the table, for another process, which cannot be given an attack itself."""
    return send(port, ATTACKS[number])


@contextmanager
def held(port: int, beginning: bytes, number: int) -> Iterator[list[socket.socket]]:
    """So many connections that begin a request and leave it at that."""
    connections = []
    try:
        for _ in range(number):
            connection = socket.create_connection(("127.0.0.1", port), timeout=30)
            connections.append(connection)
            connection.sendall(beginning)
        yield connections
    finally:
        for connection in connections:
            connection.close()


class Honest:
    """Somebody who switches a flag on and off, all the time, and measures how long that takes and what memory the
    server has. Use it as a context; a request that fails is raised at the end of it."""

    def __init__(self, process: Process, warm: int = 200, flag: str = FLAG) -> None:
        """`warm`: switches before anything is measured, in which caches of the database fill. `flag`: made first."""
        self._process = process
        self._warming = warm
        self._flag = flag
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._error: BaseException | None = None
        self._warm = threading.Event()
        self.seconds: list[float] = []
        self.memory: list[int] = []
        """Megabytes, by the time."""

    def __enter__(self) -> "Honest":
        self._thread.start()
        assert self._warm.wait(60)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(60)
        if self._error is not None:
            raise self._error

    @property
    def p99(self) -> float:
        return statistics.quantiles(self.seconds, n=100)[98]

    @property
    def grown(self) -> int:
        """Megabytes more than at the beginning, at the worst moment."""
        return max(self.memory) - self.memory[0]

    def told(self) -> str:
        return (
            f"{len(self.seconds)} toggles, p99 {self.p99 * 1000:.1f} ms, memory {self.memory[0]} MB + {self.grown} MB"
        )

    def _run(self) -> None:
        try:
            with closing(HTTPConnection("127.0.0.1", self._process.port, timeout=30)) as connection:
                _ask(connection, "POST", FLAGS, json.dumps({"name": self._flag}))
                for number in range(self._warming):
                    self._toggle(connection, number)
                self.seconds.clear()
                self.memory.append(memory(self._process.pid))
                self._warm.set()
                while not self._stop.is_set():
                    self._toggle(connection, number := number + 1)
                    self.memory.append(memory(self._process.pid))
        except BaseException as error:
            self._error = error
            self._warm.set()

    def _toggle(self, connection: HTTPConnection, number: int) -> None:
        started = time.perf_counter()
        path = f"{FLAGS}/{self._flag}/environments/development/{'off' if number % 2 else 'on'}"
        try:
            _ask(connection, "POST", path)
        except (ConnectionError, HTTPException):
            connection.close()  # idle for a moment too long, and had to give way: a client connects again
            _ask(connection, "POST", path)
        self.seconds.append(time.perf_counter() - started)


def _ask(connection: HTTPConnection, method: str, path: str, body: str | None = None) -> None:
    connection.request(method, path, body, {"Authorization": ADMIN, "Content-Type": "application/json"})
    answer = connection.getresponse()
    text = answer.read()
    assert answer.status < 300, (answer.status, text)


def memory(pid: int) -> int:
    """Megabytes of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE // 1_000_000
