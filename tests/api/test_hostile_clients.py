"""What a client who means harm can do to a server that others use; the long form is in `tests/torture`."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from http.client import HTTPConnection
from itertools import cycle
from pathlib import Path

import pytest

from tests.hostile import ATTACKS, GET, LOGIN, METRICS, Honest, held, send
from tests.server import BACKEND
from tests.storm import Process

pytestmark = pytest.mark.slow

DESCRIPTORS = 300
CONNECTIONS = 400
"""More than that."""
ROUNDS = 2
PATIENCE = 1.0
"""Seconds that 99 of 100 toggles may take at most on a machine that runs other tests as well; 0.1 in the long form."""


@pytest.fixture
def process(database_url: str, tmp_path: Path) -> Iterator[Process]:
    process = Process(database_url, tmp_path, descriptors=DESCRIPTORS, INIT_BACKEND_API_TOKENS=BACKEND)
    process.start()
    yield process
    process.kill()


def wrong_answers(answers: list[int]) -> dict[str, int]:
    """What was answered otherwise than it should, of all attacks again and again."""
    return {
        attack.name: answer
        for attack, answer in zip(cycle(ATTACKS), answers, strict=False)
        if answer not in attack.answers
    }


def is_healthy(process: Process) -> bool:
    with closing(HTTPConnection("127.0.0.1", process.port, timeout=10)) as connection:
        connection.request("GET", "/health")
        answer = connection.getresponse()
        return (answer.status, json.loads(answer.read())) == (200, {"health": "GOOD"})


def test_hostile_requests_are_refused_and_harm_nobody(process: Process) -> None:
    with Honest(process) as honest, ThreadPoolExecutor(4) as clients:
        written = len(process.log())
        answers = list(clients.map(partial(send, process.port), ATTACKS * ROUNDS))
        assert is_healthy(process)
        left = honest.memory[-1] - honest.memory[0]
    print(honest.told())
    assert not wrong_answers(answers)
    assert "Traceback" not in process.log()
    assert len(process.log()) - written < 10_000
    assert honest.grown <= 50
    assert left <= 50
    assert honest.p99 < PATIENCE


@pytest.mark.parametrize(
    "beginning",
    [b"", GET, METRICS + b"Content-Length: 100000\r\n\r\n{", LOGIN + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{"],
    ids=["nothing", "half a header", "half a body", "half a chunked body"],
)
def test_half_requests_give_way_and_the_server_stops(process: Process, beginning: bytes) -> None:
    with Honest(process) as honest, held(process.port, beginning, CONNECTIONS):
        assert all(is_healthy(process) for _ in range(20))
        seen = len(honest.seconds)
        deadline = time.monotonic() + 30
        while len(honest.seconds) < seen + 50:
            assert time.monotonic() < deadline, "toggles have stopped"
            time.sleep(0.01)
    print(honest.told())
    assert honest.grown <= 50
    assert honest.p99 < PATIENCE
    with held(process.port, beginning, CONNECTIONS):
        started = time.monotonic()
        process.stop()
        assert time.monotonic() - started < 10
    assert "Traceback" not in process.log()
