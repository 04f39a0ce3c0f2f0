"""A client of the live tail, on a thread of its own, that remembers all it is told."""

import json
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, NamedTuple, Self
from urllib.parse import urlencode, urlsplit

from tests.server import ADMIN

PATH = "/api/admin/log/stream"


class Message(NamedTuple):
    """A message of a stream. One without data only says where the stream is."""

    kind: str
    id: str
    data: str


class Listener:
    """Listens from `with` on. `headers` of the answer, `status` and `body` (of an error) are there from the start."""

    def __init__(
        self,
        url: str,
        token: str | None = ADMIN,
        *,
        last_id: str = "",
        headers: dict[str, str] | None = None,
        path: str = PATH,
        **asked: Any,
    ) -> None:
        address = urlsplit(url)
        self._given = {
            "Host": address.netloc,
            **({"Authorization": token} if token else {}),
            **({"Last-Event-ID": last_id} if last_id else {}),
            **(headers or {}),
        }
        self._path = f"{path}?{urlencode(asked)}"
        self._address = (str(address.hostname), int(address.port or 80))
        self.messages: list[Message] = []
        self.comments = 0
        self.ended = threading.Event()
        """Set when the server has ended the stream properly."""
        self.reading = threading.Event()
        """Cleared, the client reads no further."""
        self.reading.set()

    def __enter__(self) -> Self:
        self._socket = socket.socket()
        self._socket.settimeout(30)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)  # so that a slow reader is soon noticed
        self._socket.connect(self._address)
        head = "".join(f"{name}: {value}\r\n" for name, value in self._given.items())
        self._socket.sendall(f"GET {self._path} HTTP/1.1\r\n{head}\r\n".encode())
        self._file = self._socket.makefile("rb")
        self.status = int(self._file.readline().split()[1])
        self.headers = {}
        while line := self._file.readline().decode().strip():
            name, _, value = line.partition(": ")
            self.headers[name.lower()] = value
        self.body: dict[str, Any] = {}
        if self.status != 200:
            self.body = json.loads(self._file.read(int(self.headers["content-length"])))
            return self
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.reading.set()
        self.close()

    def close(self) -> None:
        """Goes away without a word."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._file.close()
        self._socket.close()

    def _listen(self) -> None:
        rest = ""
        try:
            while size := int(self._file.readline() or b"0", 16):
                rest += self._file.read(size).decode()
                self._file.readline()
                *whole, rest = rest.split("\n\n")
                for text in whole:
                    self._take(text)
                self.reading.wait()
            self.ended.set()
        except (OSError, ValueError):
            return

    def _take(self, text: str) -> None:
        said: dict[str, str] = {}
        for line in text.split("\n"):
            name, _, value = line.partition(": ")
            if name:
                said[name] = value
            else:
                self.comments += 1
        self.messages.append(Message(said.get("event", "message"), said.get("id", ""), said.get("data", "")))

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events of the log among the messages."""
        return [json.loads(each.data) for each in self.messages if each.kind == "message" and each.data]

    @property
    def ids(self) -> list[int]:
        return [event["id"] for event in self.events]

    @property
    def last_id(self) -> str:
        """What it would come back with."""
        return self.messages[-1].id

    def wait(self, until: Callable[["Listener"], bool], seconds: float = 10) -> None:
        """Returns once something is so."""
        deadline = time.monotonic() + seconds
        while not until(self):
            assert time.monotonic() < deadline, self.messages[-5:]
            time.sleep(0.005)

    def has(self, count: int) -> list[dict[str, Any]]:
        """The first `count` events, as soon as they are there."""
        self.wait(lambda listener: len(listener.events) >= count)
        return self.events
