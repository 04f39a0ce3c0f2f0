"""Several servers on one PostgreSQL come through what may happen to them. Of the storm this is the short form; the long
one is in `tests/torture`."""

import tempfile
import threading
import time
from pathlib import Path

import pytest

from tests.databases import Run
from tests.replicas import Replica
from tests.replicas_clients import ENVIRONMENT, Caller, Journal
from tests.replicas_storm import HELD_UP, SHORT, ReplicasStorm
from tests.storm import FLAGS

pytestmark = [pytest.mark.slow, pytest.mark.postgres, pytest.mark.timeout(300)]


def test_three_servers_come_through_a_storm(run: Run) -> None:
    folder = Path(tempfile.mkdtemp(prefix="storm-", dir=run.folder))
    with ReplicasStorm(folder, seed=1, plan=SHORT, durable=False) as storm:
        storm.rage()
        faults = storm.check()
    assert not faults, "\n".join(faults)


def test_a_server_that_stops_while_it_writes_does_not_stop_the_others(postgresql_url: str, tmp_path: Path) -> None:
    stopped, other = (Replica(name, postgresql_url, tmp_path, tmp_path / "archive") for name in ("stopped", "other"))
    journal, ended = Journal(), threading.Event()
    caller = Caller(journal)

    def write(flag: str) -> None:
        own, on = Caller(journal), False
        while not ended.is_set():
            on = not on
            own.ask(stopped, "POST", f"{FLAGS}/{flag}/{ENVIRONMENT}/{'on' if on else 'off'}", {})
        own.close()

    writers = [threading.Thread(target=write, args=(f"flag-{number}",), daemon=True) for number in range(4)]
    try:
        for server in (stopped, other):
            server.start()
        for number in range(5):
            assert caller.ask(other, "POST", FLAGS, {"name": f"flag-{number}"}).fine
        for writer in writers:
            writer.start()
        stopped.sleep_while_it_writes(postgresql_url)
        began = time.monotonic()
        while not (answer := caller.ask(other, "POST", f"{FLAGS}/flag-4/{ENVIRONMENT}/on", {})).fine:
            assert time.monotonic() - began < HELD_UP, f"the other changes nothing for {HELD_UP:.0f} s: {answer}"
        took = time.monotonic() - began
        assert took < HELD_UP, f"the other had to wait {took:.1f} s"
        stopped.wake()
        while not (answer := caller.ask(stopped, "POST", f"{FLAGS}/flag-4/{ENVIRONMENT}/off", {})).fine:
            assert time.monotonic() - began < 2 * HELD_UP, f"the one that stopped does not recover: {answer}"
        assert journal.unexpected == []
    finally:
        ended.set()
        stopped.end()
        other.end()
        for writer in writers:
            if writer.ident:
                writer.join(30)
        caller.close()
