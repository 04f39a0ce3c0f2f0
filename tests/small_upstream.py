"""A small server that answers an edge as an Unleash 8.2 was seen to answer, and as badly as a test wants."""

import hashlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.client import parse_headers
from typing import Any, NamedTuple

from tests.server import BACKEND, FRONTEND

LARGEST_BODY = 102_400
"""Bytes, as `express.json` has it."""
EMPTY = b""


class Request(NamedTuple):
    method: str
    path: str
    headers: Any
    body: bytes

    @property
    def token(self) -> str | None:
        return str(self.headers["Authorization"]) if self.headers["Authorization"] else None

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Wire:
    """The way back to the client."""

    def __init__(self, connection: socket.socket, released: threading.Event) -> None:
        self._connection = connection
        self.released = released
        """Set when the test wants whatever hangs to end."""

    def raw(self, data: bytes) -> None:
        self._connection.sendall(data)

    def answer(self, status: int, body: bytes = EMPTY, **headers: str) -> None:
        lines = [f"HTTP/1.1 {status} x", f"Content-Length: {len(body)}", "Content-Type: application/json"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.raw("\r\n".join([*lines, "", ""]).encode() + body)

    def open_stream(self) -> None:
        self.raw(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")

    def hang(self) -> None:
        self.released.wait(60)


Manner = Callable[[Request, Wire], None]
"""How a request is answered in the place of what the server would say."""


class SmallUpstream:
    """Listens on `url` until `close`."""

    def __init__(self, *, streams: bool = False) -> None:
        self.streams = streams
        self.flags: dict[str, bool] = {"plain": True}
        self.revision = 5
        self.valid = {BACKEND: "client", FRONTEND: "frontend"}
        """What it calls valid tokens, and their types."""
        self.revoked: set[str] = set()
        """What it refuses nevertheless."""
        self.largest = LARGEST_BODY
        self.requests: list[Request] = []
        self.reports: list[Any] = []
        """What it has taken of what SDKs counted."""
        self.spoiled: dict[str, Manner] = {}
        """By the beginning of the path."""
        self.most_at_once = 0
        """Questions about tokens."""
        self._at_once = 0
        self._released = threading.Event()
        self._changed = threading.Condition()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._open: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def turn(self, flag: str, *, on: bool) -> None:
        with self._changed:
            self.flags[flag] = on
            self.revision += 1
            self._changed.notify_all()

    def spoil(self, manner: Manner, *paths: str) -> None:
        """From now on. Connections that are open are broken, so that everybody has to ask again."""
        self.spoiled = dict.fromkeys(paths or ("/",), manner)
        self.cut()

    def heal(self) -> None:
        """What hangs goes on hanging where it does: nobody who waits for it is told."""
        self.spoiled = {}

    def cut(self) -> None:
        for each in list(self._open):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        with self._changed:
            self._changed.notify_all()

    def close(self) -> None:
        self._released.set()
        self._listener.close()
        self.cut()

    def asked(self, path: str) -> list[Request]:
        return [each for each in self.requests if each.path.startswith(path)]

    def document(self, **more: Any) -> bytes:
        features = [flag(name, on=on) for name, on in self.flags.items()]
        query = {"environment": "development", "inlineSegmentConstraints": False}
        meta = {"revisionId": self.revision, "etag": self._etag}
        return json.dumps({"version": 2, "features": features, "query": query, "meta": meta, **more}).encode()

    @property
    def _etag(self) -> str:
        return f'"{hashlib.sha256(json.dumps(self.flags).encode()).hexdigest()[:8]}:{self.revision}:v1"'

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        self._open.add(connection)
        with suppress(OSError, ValueError), connection, connection.makefile("rb") as reader:
            while line := reader.readline():
                method, path, _ = line.decode().split(" ", 2)
                headers = parse_headers(reader)
                body = reader.read(int(headers["Content-Length"] or 0))
                request = Request(method, path, headers, body)
                self.requests.append(request)
                spoiled = next((how for start, how in self.spoiled.items() if path.startswith(start)), self._well)
                spoiled(request, Wire(connection, self._released))
        self._open.discard(connection)

    def _well(self, request: Request, wire: Wire) -> None:
        path = request.path.partition("?")[0]
        refused = path.startswith("/api/") and (request.token not in self.valid or request.token in self.revoked)
        if path == "/edge/validate":
            self._validate(request, wire)
        elif refused:
            wire.answer(401, b'{"message":"This endpoint requires an API token."}')
        elif path == "/api/client/features":
            if request.headers["If-None-Match"] == self._etag:
                wire.answer(304, ETag=self._etag)
            else:
                wire.answer(200, self.document(), ETag=self._etag)
        elif path == "/api/client/streaming" and self.streams:
            self._stream(request, wire)
        elif path == "/api/client/metrics/bulk":
            self._bulk(request, wire)
        elif path == "/api/client/metrics/custom":
            wire.answer(202)
        elif path == "/api/frontend/client/features":
            wire.answer(405, b"{}")
        else:
            wire.answer(404, b'{"name":"NotFoundError"}')

    def _validate(self, request: Request, wire: Wire) -> None:
        """A token that was revoked goes on being called valid."""
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        found = [
            {"token": each, "type": self.valid[each], "environment": "development", "projects": ["*"]}
            for each in request.json["tokens"]
            if each in self.valid
        ]
        self._at_once -= 1
        wire.answer(200, json.dumps({"tokens": found}).encode())

    def _bulk(self, request: Request, wire: Wire) -> None:
        """Too much is refused as a page, and an empty version without a word, after the rest was taken."""
        if len(request.body) > self.largest:
            wire.answer(413, b"<html>PayloadTooLargeError</html>")
        elif any(each.get("sdkVersion", "x") in ("", None) for each in request.json["applications"]):
            wire.answer(400)
        else:
            self.reports.append(request.json)
            wire.answer(202)

    def _stream(self, request: Request, wire: Wire) -> None:
        """As ours: it begins with everything, or with what followed the place that the client names."""
        wire.open_stream()
        wire.raw(b"retry: 2000\n\n")
        told = self.revision if request.headers["Last-Event-ID"] == f"{self.revision}-log" else 0
        while not wire.released.is_set() and not self.spoiled:
            if told != self.revision:
                told = self.revision
                everything = {"type": "hydration", "eventId": told, "segments": []}
                everything["features"] = json.loads(self.document())["features"]
                wire.raw(message({"events": [everything]}, f"{told}-log"))
            else:
                wire.raw(b": keep-alive\n\n")
            with self._changed:
                self._changed.wait(0.2)


def message(data: Any, place: str) -> bytes:
    return f"event: unleash-connected\nid: {place}\ndata: {json.dumps(data)}\n\n".encode()


def flag(name: str, *, on: bool, project: str = "default") -> dict[str, Any]:
    strategy = {"name": "default", "constraints": [], "parameters": {}, "variants": []}
    return {"name": name, "type": "release", "enabled": on, "project": project, "stale": False, "variants": []} | {
        "strategies": [strategy],
        "description": None,
        "impressionData": False,
    }


def status(code: int, **headers: str) -> Manner:
    return lambda _, wire: wire.answer(code, b"{}", **headers)


def says(body: bytes) -> Manner:
    return lambda _, wire: wire.answer(200, body)


def silent(_request: Request, wire: Wire) -> None:
    wire.hang()


def half(_request: Request, wire: Wire) -> None:
    wire.raw(b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"version":2,"features":[')
    wire.hang()


def drip(_request: Request, wire: Wire) -> None:
    wire.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while not wire.released.wait(0.05):
        wire.raw(b" ")


def endless(_request: Request, wire: Wire) -> None:
    wire.raw(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n[")
    while not wire.released.is_set():
        wire.raw(b" " * 1_000_000)


def stalled_stream(_request: Request, wire: Wire) -> None:
    wire.open_stream()
    wire.raw(b"retry: 2000\n\n")
    wire.hang()


def dripping_stream(_request: Request, wire: Wire) -> None:
    wire.open_stream()
    while not wire.released.wait(0.05):
        wire.raw(b"d")


def brief_stream(_request: Request, wire: Wire) -> None:
    wire.open_stream()
    raise OSError


def garbage_stream(_request: Request, wire: Wire) -> None:
    wire.open_stream()
    wire.raw(b"event: unleash-connected\nid: 9-log\ndata: {]\n\n")
    wire.hang()


@contextmanager
def small_upstream(*, streams: bool = False) -> Iterator[SmallUpstream]:
    found = SmallUpstream(streams=streams)
    try:
        yield found
    finally:
        found.close()
