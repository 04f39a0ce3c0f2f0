"""A storm of changes while SDKs poll and listen: at the end each must have exactly the flags that the server has."""

import asyncio
import json
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from tests.server import ADMIN, BACKEND

POLLED = "/api/client/features"
STREAM = "/api/client/streaming"
FLAGS = "/api/admin/projects/default/features"
SPEC = "Unleash-Client-Spec: 5.2.0"
WORKERS = 8
"""Clients that change flags."""

Answer = tuple[int, Mapping[str, str], bytes]


class Connection:
    """HTTP over one socket, which is opened again when it breaks."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._open: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, method: str, path: str, token: str, *headers: str) -> Answer:
        """Raises `OSError` and `asyncio.IncompleteReadError` when the server is away."""
        try:
            reader, _ = await self.send(method, path, token, *headers)
            status, given = await read_head(reader)
            body = await reader.readexactly(int(given.get("content-length", "0")))
        except (OSError, asyncio.IncompleteReadError):
            self.close()
            raise
        return status, given, body

    async def send(
        self, method: str, path: str, token: str, *headers: str
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._open is None:
            self._open = await asyncio.open_connection("127.0.0.1", self._port, limit=2**22)
        length = ["Content-Length: 0"] if method == "POST" else []
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Authorization: {token}", *length, *headers, "", ""]
        self._open[1].write("\r\n".join(lines).encode())
        return self._open

    def close(self) -> None:
        if self._open is not None:
            self._open[1].transport.abort()
        self._open = None


async def read_head(reader: asyncio.StreamReader) -> tuple[int, Mapping[str, str]]:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    given = dict(line.lower().split(": ", 1) for line in lines if line)
    return int(first.split()[1]), given


class Held(NamedTuple):
    """What an SDK has in memory."""

    flags: Mapping[str, Any]
    segments: Mapping[int, Any]


class Poller:
    """An SDK that asks for everything, again and again."""

    def __init__(self, port: int, seed: str, every: float) -> None:
        self.body = b""
        self.answers = 0
        self._port = port
        self._random = random.Random(seed)
        self._every = every

    async def run(self) -> None:
        connection, etag = Connection(self._port), ""
        try:
            while True:
                with suppress(OSError, asyncio.IncompleteReadError):
                    known = [f"If-None-Match: {etag}"] if etag else []
                    status, given, body = await connection.ask("GET", POLLED, BACKEND, SPEC, *known)
                    if status == 200:
                        self.body, etag = body, given["etag"]
                        self.answers += 1
                await asyncio.sleep(self._random.uniform(0.5, 1.5) * self._every)
        finally:
            connection.close()

    def held(self) -> Held:
        document = json.loads(self.body or b'{"features":[],"segments":[]}')
        return Held(
            {flag["name"]: flag for flag in document["features"]}, {each["id"]: each for each in document["segments"]}
        )


class Streamer:
    """An SDK that listens, by the rules of the protocol; now and then it is cut off."""

    def __init__(self, port: int, seed: str, _every: float) -> None:
        self.answers = 0
        self._flags: dict[str, Any] = {}
        self._segments: dict[int, Any] = {}
        self._port = port
        self._last_id = ""
        self._random = random.Random(seed)

    async def run(self) -> None:
        while True:
            with suppress(OSError, asyncio.IncompleteReadError):
                await self._listen()
            await asyncio.sleep(self._random.uniform(0, 0.3))

    async def _listen(self) -> None:
        connection = Connection(self._port)
        held = [f"Last-Event-ID: {self._last_id}"] if self._last_id else []
        patience = self._random.choice((20, 200, 10**9))
        try:
            reader, _ = await connection.send("GET", STREAM, BACKEND, SPEC, *held)
            if (await read_head(reader))[0] != 200:
                raise ConnectionRefusedError
            rest = b""
            while patience and (size := int(await reader.readuntil(b"\n"), 16)):
                *messages, rest = (rest + (await reader.readexactly(size + 2))[:-2]).split(b"\n\n")
                for message in messages:
                    self._take(message.decode())
                patience -= 1
        finally:
            connection.close()

    def _take(self, message: str) -> None:
        fields = dict(line.split(": ", 1) for line in message.split("\n") if not line.startswith(":") and ": " in line)
        if "data" not in fields:
            return
        for event in json.loads(fields["data"])["events"]:
            self._apply(event)
        self._last_id = fields["id"]
        self.answers += 1

    def _apply(self, event: Mapping[str, Any]) -> None:
        match event["type"]:
            case "hydration":
                self._flags = {flag["name"]: flag for flag in event["features"]}
                self._segments = {each["id"]: each for each in event["segments"]}
            case "feature-updated":
                self._flags[event["feature"]["name"]] = event["feature"]
            case "feature-removed":
                self._flags.pop(event["featureName"], None)
            case "segment-updated":
                self._segments[event["segment"]["id"]] = event["segment"]
            case "segment-removed":
                self._segments.pop(event["segmentId"], None)

    def held(self) -> Held:
        return Held(self._flags, self._segments)


class ToggleStorm:
    """So many SDKs of either kind at one server; pollers ask about `every` so many seconds."""

    def __init__(self, port: int, pollers: int, streamers: int, every: float) -> None:
        self._port = port
        self._clients: list[Poller | Streamer] = [
            *(Poller(port, f"p{number}", every) for number in range(pollers)),
            *(Streamer(port, f"s{number}", every) for number in range(streamers)),
        ]
        self._running: list[asyncio.Task[None]] = []
        self.changes = 0
        self._set: dict[str, bool] = {}
        """Which flags are on, as they were set last."""

    async def run(self, names: Sequence[str], per_second: int, seconds: float, settle: float) -> str:
        """Changes flags at that pace, and demands that all have the final state in at most `settle` seconds after."""
        self._running = [asyncio.create_task(each.run()) for each in self._clients]
        try:
            await _until(self._all_have_begun, 60)
            began = time.monotonic()
            await self._change(names, per_second, seconds)
            took = time.monotonic() - began
            ended = time.monotonic()
            await _until(self._all_have_the_last_state, settle)
            return (
                f"{self.changes / took:.0f} changes a second for {took:.0f} s, {len(self._clients)} clients took "
                f"{sum(each.answers for each in self._clients)} answers, all had the last state after "
                f"{time.monotonic() - ended:.1f} s"
            )
        finally:
            for task in self._running:
                task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)

    async def _all_have_begun(self) -> bool:
        return all(each.answers for each in self._clients)

    async def _all_have_the_last_state(self) -> bool:
        """Whether a new client would get what was set last, and all others have exactly that."""
        fresh, connection = Poller(self._port, "", 0), Connection(self._port)
        _, _, fresh.body = await connection.ask("GET", POLLED, BACKEND, SPEC)
        connection.close()
        expected = fresh.held()
        if {name: flag["enabled"] for name, flag in expected.flags.items()} != self._set:
            return False
        return all(_has(each, expected) for each in self._clients)

    async def _change(self, names: Sequence[str], per_second: int, seconds: float) -> None:
        """Each name is switched by one of the `WORKERS` only, so that the order is known."""
        assert len(names) % WORKERS == 0
        began = time.monotonic()

        async def work(first: int) -> None:
            connection = Connection(self._port)
            for number in range(first, int(per_second * seconds), WORKERS):
                await asyncio.sleep(max(0.0, began + number / per_second - time.monotonic()))
                name, on = names[number % len(names)], number // len(names) % 2 == 0
                path = f"{FLAGS}/{name}/environments/development/{'on' if on else 'off'}"
                status, _, body = await connection.ask("POST", path, ADMIN)
                assert status == 200, body
                self.changes += 1
                self._set[name] = on
            connection.close()

        await asyncio.gather(*(work(first) for first in range(WORKERS)))


def _has(client: Poller | Streamer, expected: Held) -> bool:
    held = client.held()
    needed = {id_: held.segments.get(id_) for id_ in expected.segments}
    return held.flags == expected.flags and needed == expected.segments


async def _until(holds: Callable[[], Awaitable[bool]], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not await holds():
        assert time.monotonic() < deadline, "it took too long"
        await asyncio.sleep(0.2)
