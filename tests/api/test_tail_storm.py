"""Many listeners who come and go see everything exactly once; the long form is `tests/torture/test_tail_storm.py`."""

import asyncio

import pytest

from flagkeeper.eventlog.query import EVERYTHING, Visibility
from flagkeeper.eventlog.read import EventRow, log_position
from tests.people import person
from tests.server import ADMIN, TestServer
from tests.tail_storm import TailStorm

pytestmark = pytest.mark.slow

FLAGS = "/api/admin/projects/default/features"
BULK = "/api/admin/projects/default/bulk_features/environments/development"
NAMES = [f"storm-{number}" for number in range(20)]


def change_much(server: TestServer, rounds: int) -> None:
    """Some two thousand events, most of them many to a commit."""
    for number, name in enumerate(NAMES):
        assert server.post(FLAGS, json={"name": name}).status_code == 201
        assert server.post("/api/admin/segments", json={"name": f"s-{number}", "constraints": []}).status_code == 201
    for number in range(rounds):
        switch = "off" if number % 2 else "on"
        assert server.post(f"{BULK}/{switch}", json={"features": NAMES}).status_code == 200
        single = f"{FLAGS}/{NAMES[number % 20]}/environments/development/{'on' if switch == 'off' else 'off'}"
        assert server.post(single).status_code == 200


def since(server: TestServer, position: int) -> list[EventRow]:
    services = server.services
    return services.reader.now(lambda tx: services.rows.between(tx, position + 1, log_position(tx).last_id))


def test_listeners_who_come_and_go_see_everything_once(server: TestServer) -> None:
    callers = [(ADMIN, EVERYTHING), (person(server, "vera").token, Visibility())]
    position = server.last_id()
    port = int(server.url.rpartition(":")[2])

    async def run() -> list[EventRow]:
        storm = TailStorm(port, 60, callers, seed=1)
        await storm.begin()
        await asyncio.to_thread(change_much, server, 90)
        rows = await asyncio.to_thread(since, server, position)
        await storm.end(rows)
        print(storm.told())
        return rows

    assert len(asyncio.run(run())) > 1_500
