"""All hostile requests for a minute, many at a time, beside half requests that fill every connection: the long form of
`tests/api/test_hostile_clients.py`, for a machine that does nothing else."""

import os
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import pytest

from tests.hostile import ATTACKS, GET, LOGIN, Honest, held, send_numbered
from tests.server import BACKEND
from tests.storm import Process

SECONDS = 60
ATTACKERS = 4
"""Processes that leave the processor to the server and to the one who measures: clients have machines of their own."""
WARM = 15_000
HALF = 500
DESCRIPTORS = 600


@pytest.fixture
def process(database_url: str, tmp_path: Path) -> Iterator[Process]:
    process = Process(database_url, tmp_path, descriptors=DESCRIPTORS, INIT_BACKEND_API_TOKENS=BACKEND)
    process.start()
    yield process
    process.kill()


def test_a_minute_of_harm(process: Process) -> None:
    deadline = time.monotonic() + SECONDS
    with (
        Honest(process, WARM) as honest,
        ProcessPoolExecutor(ATTACKERS, get_context("spawn"), os.nice, (19,)) as attackers,
    ):
        while time.monotonic() < deadline:
            with ExitStack() as connections:
                for beginning in (b"", GET, LOGIN + b"Content-Length: 1000\r\n\r\n{"):
                    connections.enter_context(held(process.port, beginning, HALF))
                answers = list(attackers.map(partial(send_numbered, process.port), range(len(ATTACKS))))
            wrong = {
                each.name: answer for each, answer in zip(ATTACKS, answers, strict=True) if answer not in each.answers
            }
            assert not wrong
        left = honest.memory[-1] - honest.memory[0]
    print(honest.told())
    assert "Traceback" not in process.log()
    assert honest.grown <= 50
    assert left <= 50
    assert honest.p99 < 0.1
    with held(process.port, GET, HALF):
        started = time.monotonic()
        process.stop()
        assert time.monotonic() - started < 10
