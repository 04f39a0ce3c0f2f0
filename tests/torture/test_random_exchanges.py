"""100,000 random exchanges: the long form of what `tests/api/test_hostile_clients.py` does with some."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path

import pytest

from flagkeeper.app import openapi_document
from tests.exchanges import Exchanges, exchange, wrong
from tests.hostile import memory
from tests.server import BACKEND, FRONTEND
from tests.storm import Process

EXCHANGES = 100_000
WARM = 20_000
"""Exchanges in which caches fill before memory is measured."""
AT_ONCE = 8


@pytest.fixture
def process(database_url: str, tmp_path: Path) -> Iterator[Process]:
    process = Process(database_url, tmp_path, INIT_BACKEND_API_TOKENS=BACKEND, INIT_FRONTEND_API_TOKENS=FRONTEND)
    process.start()
    yield process
    process.kill()


@pytest.mark.timeout(1_800)
def test_whatever_is_sent_the_server_stays(process: Process) -> None:
    import msgspec

    exchanges = Exchanges(msgspec.json.decode(openapi_document()), seed=17)
    begun = before = 0
    slowest = 0.0
    statuses: dict[int, int] = {}
    with ThreadPoolExecutor(AT_ONCE) as senders:
        while begun < EXCHANGES:
            requests = [exchanges.request() for _ in range(1_000)]
            found = list(senders.map(lambda request: exchange(process.port, request), requests))
            assert not wrong(found), "\n".join(wrong(found)[:5])
            for each in found:
                statuses[each.status] = statuses.get(each.status, 0) + 1
            begun += len(found)
            if begun == WARM:
                before = memory(process.pid)
            started = time.monotonic()
            health = HTTPConnection("127.0.0.1", process.port, timeout=10)
            health.request("GET", "/health")
            assert health.getresponse().status == 200
            slowest = max(slowest, time.monotonic() - started)
            health.close()
    grown = memory(process.pid) - before
    print(
        f"{begun} exchanges {dict(sorted(statuses.items()))}, memory {before} MB + {grown} MB, slowest {slowest:.3f} s"
    )
    assert "Traceback" not in process.log()
    assert grown <= 20
    assert slowest < 0.1
