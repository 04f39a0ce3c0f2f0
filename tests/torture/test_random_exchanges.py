"""100,000 random exchanges, a third of them with SDKs' paths and the login: the long form of what
`tests/api/test_hostile_clients.py` does with some."""

import statistics
import sys
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
PROMPT = 0.1
"""Seconds in which `/health` has to answer. By the clock that is asked of half of the answers, for others may use the
machine; of all it is asked by the processor's time, in which the event loop may be busy in one go."""
BEATING = Path(__file__).parents[2] / "benchmarks/beating_server.py"


@pytest.fixture
def process(database_url: str, tmp_path: Path) -> Iterator[Process]:
    process = Process(
        database_url,
        tmp_path,
        INIT_BACKEND_API_TOKENS=BACKEND,
        INIT_FRONTEND_API_TOKENS=FRONTEND,
        BEATS=str(tmp_path / "beats"),
    )
    process.command = [sys.executable, str(BEATING)]
    process.start()
    yield process
    process.kill()


@pytest.mark.timeout(1_800)
def test_whatever_is_sent_the_server_stays(process: Process, tmp_path: Path) -> None:
    import msgspec

    exchanges = Exchanges(msgspec.json.decode(openapi_document()), seed=17)
    begun = before = 0
    waited: list[float] = []
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
            waited.append(time.monotonic() - started)
            health.close()
    grown = memory(process.pid) - before
    busy = max((float(each) for each in (tmp_path / "beats").read_text().split()), default=0.0) / 1000
    print(
        f"{begun} exchanges {dict(sorted(statuses.items()))}, memory {before} MB + {grown} MB,"
        f" /health {max(waited):.3f} s at most and {statistics.median(waited):.3f} s in the middle,"
        f" event loop busy for {busy:.3f} s at most"
    )
    assert "Traceback" not in process.log()
    assert grown <= 20
    assert busy < PROMPT
    assert statistics.median(waited) < PROMPT
