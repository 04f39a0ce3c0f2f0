"""Connection poolers between a server and PostgreSQL: one that swallows notifications, and one in transaction mode."""

import contextlib
import os
import select
import socket
import threading
from collections import deque
from urllib.parse import urlsplit

NOTIFICATION = b"A"


class Pooler:
    """Passes everything on between clients and the server at `url`, but notifications while it `swallows`."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._target = (parts.hostname or "127.0.0.1", parts.port or 5432)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets: set[socket.socket] = {self._listener}
        port = self._listener.getsockname()[1]
        self.url = url.replace(f":{parts.port}/", f":{port}/") + "?sslmode=disable&gssencmode=disable"
        self.swallows = True
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        for each in list(self._sockets):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(self._target)
            self._sockets |= {client, server}
            threading.Thread(target=self._forward, args=(client, server), daemon=True).start()
            threading.Thread(target=self._answer, args=(server, client), daemon=True).start()

    def _forward(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(65_536):
                server.sendall(data)
            server.shutdown(socket.SHUT_WR)

    def _answer(self, server: socket.socket, client: socket.socket) -> None:
        """Message by message: a letter, the length of the rest, and the rest."""
        with contextlib.suppress(OSError), server.makefile("rb") as stream:
            while header := stream.read(5):
                rest = stream.read(int.from_bytes(header[1:]) - 4)
                if header[:1] != NOTIFICATION or not self.swallows:
                    client.sendall(header + rest)
            client.shutdown(socket.SHUT_WR)


class TransactionPooler:
    """What pgbouncer does in transaction mode: each transaction runs in whichever session of the server is free, never
    twice in a row in the same one, and nothing of a session is cleared in between."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._url = url
        self._target = (parts.hostname or "127.0.0.1", parts.port or 5432)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets: set[socket.socket] = {self._listener}
        self._free: deque[_Stream] = deque()
        self._lock = threading.Lock()
        self._startup = b""
        port = self._listener.getsockname()[1]
        self.url = url.replace(f":{parts.port}/", f":{port}/") + "?sslmode=disable&gssencmode=disable"
        self.transactions = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        for each in list(self._sockets):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._sockets.add(client)
            threading.Thread(target=self._serve, args=(_Stream(client),), daemon=True).start()

    def _serve(self, client: "_Stream") -> None:
        with contextlib.suppress(OSError, EOFError):
            size = int.from_bytes(client.exactly(4))
            self._startup = size.to_bytes(4) + client.exactly(size - 4)
            greeting = self._session(greet=True)
            for kind, body in greeting.greeting:
                client.send(kind, os.urandom(8) if kind == b"K" else body)
            self._free.append(greeting)
            while True:
                self._transact(client, client.message())

    def _session(self, *, greet: bool = False) -> "_Stream":
        """The session that was free for the longest, or a new one where there are not two yet."""
        with self._lock:
            if not greet and len(self._free) > 1:
                return self._free.popleft()
        server = _Stream(socket.create_connection(self._target))
        self._sockets.add(server.socket)
        server.socket.sendall(self._startup)
        while not server.greeting or server.greeting[-1][0] != b"Z":
            server.greeting.append(server.message())
        return server

    def _transact(self, client: "_Stream", first: tuple[bytes, bytes]) -> None:
        if first[0] == b"X":
            raise EOFError
        server, owed = self._session(), 0
        server.send(*first)
        owed += first[0] in (b"Q", b"S")
        self.transactions += 1
        while True:
            for ready in _readable(client, server):
                kind, body = ready.message()
                if ready is client:
                    server.send(kind, body)
                    owed += kind in (b"Q", b"S")
                else:
                    client.send(kind, body)
                    owed -= kind == b"Z"
                    if kind == b"Z" and not owed and body == b"I":
                        self._free.append(server)
                        return


class _Stream:
    """Messages of PostgreSQL's protocol: a letter, the length of the rest, and the rest."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.greeting: list[tuple[bytes, bytes]] = []
        self.buffer = b""

    def exactly(self, size: int) -> bytes:
        while len(self.buffer) < size:
            data = self.socket.recv(65_536)
            if not data:
                raise EOFError
            self.buffer += data
        found, self.buffer = self.buffer[:size], self.buffer[size:]
        return found

    def message(self) -> tuple[bytes, bytes]:
        header = self.exactly(5)
        return header[:1], self.exactly(int.from_bytes(header[1:]) - 4)

    def send(self, kind: bytes, body: bytes) -> None:
        self.socket.sendall(kind + (len(body) + 4).to_bytes(4) + body)


def _readable(*streams: _Stream) -> list[_Stream]:
    if ready := [each for each in streams if each.buffer]:
        return ready
    found, _, _ = select.select([each.socket for each in streams], [], [])
    return [each for each in streams if each.socket in found]
