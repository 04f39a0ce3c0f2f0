"""A server to which nothing happens does next to nothing."""

import threading
import time
from collections import Counter
from typing import Any

import pytest

from flagkeeper.eventlog.log_reader import LogReader
from flagkeeper.scheduler import SETTLE, _JobRunner
from flagkeeper.storage.reader import Reader
from flagkeeper.storage.transaction import Transaction
from tests.server import TestServer

SOONEST = 0.9
"""The part of its period after which a job may run again."""
POLLS = 4
"""How often the log is polled, once a second, while the server is watched."""


@pytest.mark.slow
def test_an_idle_server_rests_between_its_polls(server: TestServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever runs in the background waits for something: a loop that does not shows in reads, commits or time."""
    reads, polls = Counter[str](), threading.Semaphore(0)
    now, look = Reader.now, LogReader._read

    def counted(reader: Reader, read: Any, *args: Any, **kwargs: Any) -> Any:
        reads[getattr(read, "__qualname__", repr(read))] += 1
        return now(reader, read, *args, **kwargs)

    def polled(log_reader: LogReader, tx: Transaction) -> Any:
        polls.release()
        return look(log_reader, tx)

    monkeypatch.setattr(Reader, "now", counted)
    run, runs = _JobRunner._run, Counter[str]()

    async def ran(runner: _JobRunner) -> bool:
        runs["begun"] += 1
        try:
            return await run(runner)
        finally:
            runs["ended"] += 1

    monkeypatch.setattr(LogReader, "_read", polled)
    monkeypatch.setattr(_JobRunner, "_run", ran)
    for _ in range(int(SETTLE) + 2):  # meanwhile every job runs for the first time
        assert polls.acquire(timeout=30)
    reads.clear()
    begun, under_way = runs["begun"], runs["begun"] - runs["ended"]
    writer, busy = server.services.units.writer, time.process_time()
    commits, began = writer.commits, time.monotonic()
    for _ in range(POLLS):
        assert polls.acquire(timeout=30)
    took = time.monotonic() - began
    assert reads.total() <= 15 * POLLS, reads
    ran_meanwhile = runs["begun"] - begun
    assert writer.commits - commits <= 2 * POLLS + 3 * (ran_meanwhile + under_way), "leases of followers and jobs"
    jobs = [job for each in server.services.slices for job in each.jobs(server.services)]
    assert ran_meanwhile <= sum(1 + int(took / (SOONEST * job.every)) for job in jobs), (
        "no job runs more often than due"
    )
    assert time.process_time() - busy < took / 5
