"""A server to which nothing happens does next to nothing."""

import threading
import time
from collections import Counter
from typing import Any

import pytest

from flagkeeper.eventlog.log_reader import LogReader
from flagkeeper.storage.reader import Reader
from flagkeeper.storage.transaction import Transaction
from tests.server import TestServer

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
    monkeypatch.setattr(LogReader, "_read", polled)
    for _ in range(2):  # what the start left to do is done meanwhile
        assert polls.acquire(timeout=30)
    reads.clear()
    writer, busy = server.services.units.writer, time.process_time()
    commits, began = writer.commits, time.monotonic()
    for _ in range(POLLS):
        assert polls.acquire(timeout=30)
    took = time.monotonic() - began
    assert reads.total() <= 15 * POLLS, reads
    assert writer.commits - commits <= 8 * POLLS, "leases of jobs, which look for work every ten seconds"
    assert time.process_time() - busy < took / 5
