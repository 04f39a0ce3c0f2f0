"""A storm on the live tail: very many listeners who are cut off, come back and dawdle while the log grows. At the end
each must have seen every event that matches, and that it may see, exactly once and in order."""

import asyncio
import random
import re
import time
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlencode

from flagkeeper.eventlog.query import Candidate, Visibility, matches, parse
from flagkeeper.eventlog.query.evaluate import visible
from flagkeeper.eventlog.read import EventRow
from flagkeeper.kernel import clock
from tests.listener import PATH

QUERIES = (
    *("", "type:feature-environment-*", "flag:storm-1*", "-flag:storm-3 env:development", "project:nowhere"),
    *("storm-7", '"orm-2"', "type:segment-created", "changed:enabled", "-storm", "by:admin type:feature-created"),
)
_MESSAGE = re.compile(rb"id: (\S+-(\d+))\n(data: )?")


class Asked(NamedTuple):
    """What a listener asks, as whom, and what that one may see."""

    query: str
    token: str
    visibility: Visibility


class StormClient:
    """A listener on plain sockets."""

    def __init__(self, port: int, asked: Asked, seed: str) -> None:
        self.asked = asked
        self.seen: list[int] = []
        self.last_id = ""
        self.begun = asyncio.Event()
        self.connections = 0
        self._port = port
        self._random = random.Random(seed)

    async def run(self) -> None:
        """Listens until it is cancelled, over as many connections as it takes."""
        while True:
            try:
                await self._listen()
            except (OSError, asyncio.IncompleteReadError):
                await asyncio.sleep(self._random.uniform(0.0, 0.3))

    async def _listen(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port, limit=2**20)
        patience = self._random.choice((1, 5, 20, 100, 10**9))
        dawdles = self._random.random() < 0.1
        try:
            writer.write(self._request())
            head = await reader.readuntil(b"\r\n\r\n")
            if b" 200 " not in head.split(b"\r\n", 1)[0]:
                raise ConnectionRefusedError(head)
            self.connections += 1
            rest = b""
            while size := int(await reader.readuntil(b"\n"), 16):
                content = rest + (await reader.readexactly(size + 2))[:-2]
                whole, _, rest = content.rpartition(b"\n\n")
                for found in _MESSAGE.finditer(whole + b"\n"):
                    self.last_id = found[1].decode()
                    self.begun.set()
                    if found[3]:
                        self.seen.append(int(found[2]))
                        patience -= 1
                if patience <= 0:
                    return
                if dawdles:
                    await asyncio.sleep(self._random.uniform(0, 0.2))
        finally:
            writer.transport.abort()

    def _request(self) -> bytes:
        lines = [
            f"GET {PATH}?{urlencode({'q': self.asked.query})} HTTP/1.1",
            "Host: localhost",
            f"Authorization: {self.asked.token}",
            *([f"Last-Event-ID: {self.last_id}"] if self.last_id else []),
        ]
        return "\r\n".join([*lines, "", ""]).encode()


class TailStorm:
    """So many listeners at one server, each asking as one of `callers`."""

    def __init__(self, port: int, clients: int, callers: Sequence[tuple[str, Visibility]], seed: int) -> None:
        choose = random.Random(seed)
        self.clients = [
            StormClient(port, Asked(choose.choice(QUERIES), *choose.choice(callers)), f"{seed}-{number}")
            for number in range(clients)
        ]
        self._running: list[asyncio.Task[None]] = []

    async def begin(self) -> None:
        """Returns when all listen."""
        self._running = [asyncio.create_task(client.run()) for client in self.clients]
        for client in self.clients:
            await asyncio.wait_for(client.begun.wait(), 60)

    async def end(self, rows: Sequence[EventRow], seconds: float = 60) -> None:
        """Waits until all have seen what they should of `rows`, which is all that happened since `begin`; and a little
        longer, for what they should not."""
        now = clock.now()
        candidates = [(row, Candidate(row)) for row in rows]
        expected: dict[Asked, list[int]] = {}
        for asked in {client.asked for client in self.clients}:
            query = parse(asked.query, now)
            expected[asked] = [
                row.id for row, candidate in candidates if visible(row, asked.visibility) and matches(query, candidate)
            ]
        deadline = time.monotonic() + seconds
        while any(len(each.seen) < len(expected[each.asked]) for each in self.clients) and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.5)
        for task in self._running:
            assert not task.done(), task.exception()
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        wrong = [each for each in self.clients if each.seen != expected[each.asked]]
        assert not wrong, _first_difference(wrong[0], expected[wrong[0].asked])

    def told(self) -> str:
        connections = sum(client.connections for client in self.clients)
        events = sum(len(client.seen) for client in self.clients)
        return f"{len(self.clients)} listeners, {connections} connections, {events} events received"


def _first_difference(client: StormClient, expected: list[int]) -> str:
    for place, (seen, wanted) in enumerate(zip(client.seen, expected, strict=False)):
        if seen != wanted:
            before = client.seen[max(0, place - 5) : place]
            return f"{client.asked.query!r}: event {seen} instead of {wanted}, after {before}"
    return f"{client.asked.query!r}: {len(client.seen)} events instead of {len(expected)}"
