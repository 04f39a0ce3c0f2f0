"""Five hundred listeners while the log grows by thousands of events and the server is killed: the long form of
`tests/api/test_tail_storm.py`."""

import asyncio
import random
import time
from pathlib import Path

import httpx

from flagkeeper.eventlog.query import EVERYTHING
from flagkeeper.eventlog.read import EventRow, LogRows, log_position
from flagkeeper.storage.database import parse_database_url
from flagkeeper.storage.reader import Reader
from tests.server import ADMIN
from tests.storm import FLAGS, Process
from tests.tail_storm import TailStorm

LISTENERS = 500
EVENTS = 10_000
KILLS = 5
NAMES = [f"storm-{number}" for number in range(20)]
BULK = "/api/admin/projects/default/bulk_features/environments/development"


def read(reader: Reader, position: int) -> list[EventRow]:
    return reader.now(lambda tx: LogRows().between(tx, position + 1, log_position(tx).last_id))


def test_five_hundred_listeners_see_everything_once(database_url: str, tmp_path: Path) -> None:
    server = Process(database_url, tmp_path, FLAGKEEPER_LIVE_TAILS=str(10 * LISTENERS))
    server.start()
    reader = Reader(parse_database_url(database_url), threads=1)
    address = f"http://127.0.0.1:{server.port}"
    choose = random.Random(7)
    with httpx.Client(base_url=address, headers={"Authorization": ADMIN}, trust_env=False, timeout=60) as client:
        for name in NAMES:
            assert client.post(FLAGS, json={"name": name}).status_code == 201
    position = reader.now(log_position).last_id

    async def change() -> None:
        """Changes flags, one or twenty at a time; kills the server now and then."""
        kills = sorted(choose.randrange(EVENTS) for _ in range(KILLS))
        async with httpx.AsyncClient(
            base_url=address, headers={"Authorization": ADMIN}, trust_env=False, timeout=60
        ) as client:
            on = False
            while (grown := reader.now(log_position).last_id - position) < EVENTS:
                if kills and grown >= kills[0]:
                    kills.pop(0)
                    await asyncio.to_thread(server.kill)
                    await asyncio.to_thread(server.start)
                on = not on
                try:
                    await client.post(f"{BULK}/{'on' if on else 'off'}", json={"features": NAMES})
                    await client.post(
                        f"{FLAGS}/{choose.choice(NAMES)}/environments/development/{'off' if on else 'on'}"
                    )
                except httpx.TransportError:
                    await asyncio.sleep(0.1)

    async def run() -> str:
        storm = TailStorm(server.port, LISTENERS, [(ADMIN, EVERYTHING)], seed=7)
        await storm.begin()
        began = time.monotonic()
        await change()
        await storm.end(read(reader, position), seconds=180)
        return f"{storm.told()}, {KILLS} kills, {time.monotonic() - began:.0f} s"

    told = asyncio.run(run())
    print(f"{reader.now(log_position).last_id - position} events, {told}")
    reader.stop()
    assert server.stop() == 0
